//! Rules on disk: manifests, a cached scan of a rules folder, and a watch that tells when to scan again.
//! It reads files and decides nothing about what runs.
//!
//! In a rules folder
//! - `NAME.toml` is one rule, called NAME. It names its module (without `module` that is `NAME.wasm`
//!   beside it), settings, limits and grants: see [`Manifest`].
//! - `NAME.wasm` that no manifest refers to is a rule NAME with default settings. When there is a
//!   `NAME.toml` as well, the manifest is the rule; a `NAME.wasm` that it does not use is refused.
//! - Everything else is passed over: other endings, hidden files, editors' and downloaders'
//!   unfinished files, subfolders. Modules may lie in subfolders; rules do not.

mod file;
mod flaw;
mod inside;
mod json;
mod lone;
mod manifest;
mod modules;
mod notice;
mod nudges;
mod scan;
mod snapshot;
mod typed;
mod watch;

pub use flaw::Flaw;
pub use manifest::{Grants, Manifest, NAME_BYTES, check_name};
pub use modules::ModuleBytes;
pub use scan::RuleStore;
pub use snapshot::{Found, Refusal, Snapshot};
pub use watch::{Stopper, Waker, WatchOutcome, Watcher};
