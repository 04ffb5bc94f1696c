//! The rule authors' tools. Building rules needs cargo, and looking into a module needs its bytes;
//! neither needs the sandbox.

mod build;
mod cargo;
mod component;
mod crates;
mod inspect;
mod toolchain;

pub use build::{BuildError, Built, build, kebab};
pub use crates::{CrateError, rule_crates};
pub use inspect::{Inspection, Kind, digest, inspect};
pub use toolchain::{TARGET, Toolchain, ToolchainError, ensure_target};
