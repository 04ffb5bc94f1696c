//! Rules on disk: manifests, a cached scan of a rules folder, and a watch that says when to scan again.
//! It reads files and decides nothing about what runs.
//!
//! In a rules folder
//! - `NAME.toml` is one rule, called NAME. It names its module (without `module` that is `NAME.wasm`
//!   beside it), settings, limits and grants: see [`Manifest`].
//! - `shadow` in a manifest names a second module, which is a rule of the same name in the lane
//!   [`RuleLane::Shadow`](lifesigns_model::RuleLane).
//! - `NAME.wasm` that no manifest uses is a rule NAME with default settings. When there is a
//!   `NAME.toml` as well, the manifest is the rule; a `NAME.wasm` that it does not use is refused.
//! - `versions/NAME` has the modules that were put in place through the host, and their history: see
//!   [`Versions`].
//! - Everything else is ignored: other endings, hidden files, editors' and downloaders' unfinished
//!   files, subfolders. Modules may be in subfolders; rules may not.

mod allowed_folders;
mod file;
mod implicit;
mod manifest;
mod manifest_edit;
mod modules;
mod scan;
mod setting_places;
mod snapshot;
mod system_watch;
mod versions;
mod watch;

pub use lifesigns_document::Diagnostics;
pub use manifest::{Grants, Manifest, ManifestShadow, NAME_BYTES, check_name, manifest_schema};
pub use manifest_edit::ManifestChange;
pub use modules::ModuleBytes;
pub use scan::RuleStore;
pub use snapshot::{RefusedFile, RuleSpec, Snapshot};
pub use versions::{PendingChange, VersionEntry, VersionHistory, Versions, replace};
pub use watch::{WatchOutcome, Watcher};
