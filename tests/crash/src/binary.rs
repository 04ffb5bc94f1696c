//! The real binary, built once for each test process.

use std::{
    path::{Path, PathBuf},
    sync::OnceLock,
};

/// The path of `lifesigns`, built by the cargo that runs the tests; with the points at which it can be
/// made to die.
///
/// # Panics
/// When it does not build.
pub(crate) fn lifesigns() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| {
        let output = lifesigns_artifacts::cargo()
            .args(["build", "--package", "lifesigns-cli", "--message-format", "json"])
            .current_dir(lifesigns_artifacts::root())
            .output()
            .expect("cargo starts");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let messages = String::from_utf8_lossy(&output.stdout);
        let mut paths = messages.lines().filter_map(|line| {
            let message: serde_json::Value = serde_json::from_str(line).ok()?;
            Some(PathBuf::from(message.get("executable")?.as_str()?))
        });
        let lifesigns = paths.find(|path| path.file_stem().is_some_and(|stem| stem == "lifesigns"));
        lifesigns.expect("cargo names the executable `lifesigns`")
    })
}
