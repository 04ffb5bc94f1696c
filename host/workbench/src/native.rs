//! A program that has a rule linked natively and makes recorded calls of it: for benches.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use crate::{
    command::cargo_command,
    crates::{CrateError, sdk_of},
    toolchain::{Toolchain, last_lines},
};

/// Why a rule cannot be linked natively.
#[derive(Debug, thiserror::Error)]
pub enum NativeError {
    /// The crate cannot be read.
    #[error(transparent)]
    Crate(#[from] CrateError),
    /// The crate does not have the SDK in a folder.
    #[error("its SDK is not in a folder beside it: make it with `lifesigns rule new`, or with `path = …`")]
    Sdk,
    /// There is no `export!` in its `src/lib.rs`.
    #[error("there is no `lifesigns_rule::export!(TYPE)` in its src/lib.rs")]
    NoExport,
    /// A file cannot be written or read.
    #[error("{}: {cause}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The error of the system.
        cause: io::Error,
    },
    /// It does not build.
    #[error("it does not build natively (the type of the rule has to be `pub`):\n{0}")]
    Build(String),
}

/// Its source, in which `RULE` stands for the rule's type.
const PROGRAM: &str = include_str!("native/program.rs.txt");

/// Builds a program that makes calls of the rule in `folder`: its arguments are the settings as JSON, a file of
/// recorded calls, and the number of rounds. Cargo's status lines go to `progress`. Returns its path.
///
/// # Errors
/// See [`NativeError`].
pub fn native_program(folder: &Path, progress: &mut dyn FnMut(&str)) -> Result<PathBuf, NativeError> {
    let file = |path: &Path| {
        let path = path.to_owned();
        move |cause| NativeError::File { path, cause }
    };
    let folder = folder.canonicalize().map_err(file(folder))?;
    let (package, sdk) = sdk_of(&folder)?;
    let sdk = sdk.ok_or(NativeError::Sdk)?;
    let source = folder.join("src/lib.rs");
    let text = fs::read_to_string(&source).map_err(file(&source))?;
    let rule = exported(&text).ok_or(NativeError::NoExport)?;
    let dir = folder.join("target/lifesigns/native");
    fs::create_dir_all(dir.join("src")).map_err(file(&dir))?;
    let manifest = format!(
        "[package]\nname = \"native-bench\"\nversion = \"0.0.0\"\nedition = \"2024\"\npublish = false\n\n[workspace]\n\n\
         [dependencies]\nrule = {{ package = {package:?}, path = {folder:?} }}\nlifesigns-rule = {{ path = {sdk:?} }}\n\n\
         [profile.release]\nlto = true\ncodegen-units = 1\n"
    );
    let lock = folder.join("Cargo.lock");
    if lock.is_file() && !dir.join("Cargo.lock").exists() {
        // The same versions, which are there without the network.
        let _ = fs::copy(&lock, dir.join("Cargo.lock"));
    }
    for (name, content) in
        [("Cargo.toml", manifest), ("src/main.rs", PROGRAM.replace("RULE", &format!("rule::{rule}")))]
    {
        let path = dir.join(name);
        // What stays as it is need not be built again.
        if fs::read_to_string(&path).is_ok_and(|before| before == content) {
            continue;
        }
        fs::write(&path, content).map_err(file(&path))?;
    }
    progress(&format!("linking {package} natively"));
    let mut command = cargo_command(&Toolchain::default().cargo);
    command.current_dir(&dir).args(["build", "--release", "--quiet"]).arg("--target-dir").arg(dir.join("target"));
    command.env_remove("RUSTFLAGS").env_remove("CARGO_ENCODED_RUSTFLAGS");
    let output = command.output().map_err(file(&dir))?;
    if !output.status.success() {
        return Err(NativeError::Build(last_lines(&output.stderr)));
    }
    Ok(dir.join("target/release/native-bench"))
}

/// Returns the type that a source exports as the rule.
fn exported(source: &str) -> Option<&str> {
    let code = source.lines().filter(|line| !line.trim_start().starts_with("//"));
    let line = code.into_iter().find(|line| line.contains("export!("))?;
    let (_, rest) = line.split_once("export!(")?;
    let (name, _) = rest.split_once(')')?;
    let is_path = name.split("::").all(|part| {
        !part.is_empty() && part.chars().all(|character| character.is_ascii_alphanumeric() || character == '_')
    });
    is_path.then_some(name.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exported_type_is_found() {
        let source = "// export!(No);\npub struct Mine;\nlifesigns_rule::export!(Mine);\n";
        assert_eq!(exported(source), Some("Mine"));
        assert_eq!(exported("export!(a::Mine);"), Some("a::Mine"));
        assert_eq!((exported("fn main() {}"), exported("export!(a; b)")), (None, None));
    }
}
