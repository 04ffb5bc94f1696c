//! The rule authors' tools: building rules, which needs cargo, and inspecting modules, which needs their
//! bytes. Neither needs the sandbox.

mod build;
mod cargo;
mod command;
mod component;
mod crates;
mod inspect;
mod toolchain;

pub use build::{BuiltModule, RuleBuildError, build, kebab};
pub use command::{cargo_command, outer_cargo};
pub use crates::{CrateError, rule_crates};
pub use inspect::{Inspection, ModuleKind, digest, inspect};
pub use toolchain::{TARGET, Toolchain, ToolchainError, ensure_target};
