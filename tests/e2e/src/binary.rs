//! Real binaries, built once for each test process.

use std::{
    path::{Path, PathBuf},
    sync::OnceLock,
};

/// Returns the path of `lifesigns`, built by the cargo that runs the tests.
///
/// # Panics
/// When it does not build.
pub fn lifesigns() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| built("lifesigns-cli"))
}

/// Builds a package's one binary with the cargo that runs the tests; its path.
///
/// # Panics
/// When it does not build.
pub fn built(package: &str) -> PathBuf {
    let output = lifesigns_artifacts::cargo()
        .args(["build", "--bins", "--package", package, "--message-format", "json"])
        .current_dir(lifesigns_artifacts::root())
        .output()
        .unwrap_or_else(|error| panic!("cargo does not start: {error}"));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let messages = String::from_utf8_lossy(&output.stdout);
    let executable = messages.lines().find_map(|line| {
        let message: serde_json::Value = serde_json::from_str(line).ok()?;
        Some(PathBuf::from(message.get("executable")?.as_str()?))
    });
    executable.unwrap_or_else(|| panic!("cargo names no executable of {package}"))
}
