//! The files that belong to the project: what git tracks, or, without git, what is not built.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// The root of the workspace.
///
/// # Panics
/// When this crate is no longer two folders below it.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).expect("this crate is `tests/tidy`")
}

/// Paths from the root, sorted, with `/`. Files that are tracked but gone are left out.
pub fn committed() -> Vec<String> {
    let mut files = tracked().unwrap_or_else(walked);
    files.retain(|path| root().join(path).is_file());
    files.sort_unstable();
    files
}

/// The SDK's bindings: generated, so house rules for files that people write do not hold there.
pub const BINDINGS: &str = "rules/sdk/src/bindings.rs";

/// The Rust files of the two wings and the tests, but for [`BINDINGS`].
pub fn sources() -> Vec<String> {
    let wings = ["host/", "rules/", "tests/", "examples/"];
    let mut files = committed();
    files.retain(|path| path.ends_with(".rs") && wings.iter().any(|wing| path.starts_with(wing)) && path != BINDINGS);
    files
}

/// The text of a file; invalid UTF-8 is replaced.
///
/// # Panics
/// When it cannot be read.
pub fn read(path: &str) -> String {
    match fs::read(root().join(path)) {
        Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        Err(error) => panic!("{path} cannot be read: {error}"),
    }
}

fn tracked() -> Option<Vec<String>> {
    let listed = Command::new("git").arg("-C").arg(root()).args(["ls-files", "-z", "--full-name"]).output().ok()?;
    let files: Vec<String> = String::from_utf8(listed.stdout).ok()?.split_terminator('\0').map(str::to_owned).collect();
    // An archive of the project that lies within another repository has nothing tracked.
    (listed.status.success() && files.iter().any(|path| path == "Cargo.toml")).then_some(files)
}

fn walked() -> Vec<String> {
    let built = [".git", "target", "rules-built"];
    let mut folders = vec![PathBuf::new()];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(root().join(&folder)).into_iter().flatten().flatten() {
            let path = folder.join(entry.file_name());
            match entry.file_type() {
                Ok(kind) if kind.is_dir() && !built.iter().any(|name| entry.file_name() == *name) => folders.push(path),
                Ok(kind) if kind.is_file() => files.push(path.to_string_lossy().replace('\\', "/")),
                _ => {}
            }
        }
    }
    files
}
