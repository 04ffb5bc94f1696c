//! Programs of this workspace, built as its tests are.

use std::path::PathBuf;

use crate::{cargo, root};

/// Builds a program of the workspace with the cargo that runs the tests; its path.
///
/// # Panics
/// When it does not build.
pub fn binary(name: &str) -> PathBuf {
    // The selection of `cargo test --workspace`, so that features and with them all libraries are the same: there is
    // no example, but where one is asked for, development dependencies count.
    let output = cargo()
        .args(["build", "--workspace", "--bin", name, "--examples", "--message-format", "json"])
        .current_dir(root())
        .output()
        .unwrap_or_else(|error| panic!("cargo does not start: {error}"));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let messages = String::from_utf8_lossy(&output.stdout);
    let mut paths = messages.lines().filter_map(|line| {
        let message: serde_json::Value = serde_json::from_str(line).ok()?;
        Some(PathBuf::from(message.get("executable")?.as_str()?))
    });
    let executable = paths.find(|path| path.file_stem().is_some_and(|stem| stem == name));
    executable.unwrap_or_else(|| panic!("cargo names no executable {name}"))
}
