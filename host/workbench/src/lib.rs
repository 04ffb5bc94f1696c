//! The rule authors' tools: making and building rules, which needs cargo, and inspecting modules, which needs their
//! bytes. None of them needs the sandbox.

mod build;
mod cargo;
mod command;
mod component;
mod crates;
mod inspect;
mod native;
mod new_rule;
mod sdk_files;
mod toolchain;
mod unit_tests;

pub use build::{BuiltModule, RuleBuildError, build, kebab};
pub use command::{cargo_command, outer_cargo};
pub use crates::{CrateError, rule_crates};
pub use inspect::{Inspection, ModuleKind, digest, inspect};
pub use native::{NativeError, native_program};
pub use new_rule::{NewRule, NewRuleError, SdkSource, TemplateKind};
pub use toolchain::{TARGET, Toolchain, ToolchainError, ensure_target};
pub use unit_tests::{UnitTestError, unit_tests};
