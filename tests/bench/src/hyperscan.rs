//! The bare loop with Hyperscan, where its development files are installed: a small C program, compiled when it is
//! wanted.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

/// Compiles the loop into `folder`. `None` if Hyperscan or a C compiler is not installed.
///
/// # Panics
/// When they are and it does not compile.
pub fn hyperscan(folder: &Path) -> Option<PathBuf> {
    let flags = Command::new("pkg-config").args(["--cflags", "--libs", "libhs"]).output().ok()?;
    if !flags.status.success() {
        return None;
    }
    let flags = String::from_utf8_lossy(&flags.stdout).into_owned();
    let program = folder.join("hyperscan");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/hyperscan.c");
    let mut compile = Command::new("cc");
    compile.arg("-O3").arg("-o").arg(&program).arg(source).args(flags.split_whitespace());
    let status = compile.status().ok()?;
    assert!(status.success(), "the loop with Hyperscan does not compile: {compile:?}");
    Some(program)
}
