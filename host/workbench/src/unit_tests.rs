//! The unit tests of a rule's crate.

use std::{path::Path, process::Command};

use crate::toolchain::Toolchain;

/// Why unit tests did not pass.
#[derive(Debug, thiserror::Error)]
pub enum UnitTestError {
    /// Cargo does not start.
    #[error("`{cargo}` does not run ({cause}): install Rust from https://rustup.rs, or set CARGO to it")]
    Start {
        /// The command.
        cargo: String,
        /// The error of the system.
        cause: std::io::Error,
    },
    /// They fail, or do not compile: cargo has said why.
    #[error("the unit tests fail")]
    Failed,
}

/// Runs `cargo test` in a rule's crate; its output goes to the terminal.
///
/// # Errors
/// Cargo does not start, or a test fails.
pub fn unit_tests(folder: &Path) -> Result<(), UnitTestError> {
    let cargo = Toolchain::default().cargo;
    let status = Command::new(&cargo).args(["test", "--quiet", "--lib"]).current_dir(folder).status();
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(_) => Err(UnitTestError::Failed),
        Err(cause) => Err(UnitTestError::Start { cargo: cargo.to_string_lossy().into_owned(), cause }),
    }
}
