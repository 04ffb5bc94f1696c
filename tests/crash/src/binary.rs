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
    BINARY.get_or_init(|| lifesigns_artifacts::binary("lifesigns"))
}
