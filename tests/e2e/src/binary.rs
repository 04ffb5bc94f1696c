//! The real binary, built once for each test process.

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
    BINARY.get_or_init(|| lifesigns_artifacts::binary("lifesigns"))
}
