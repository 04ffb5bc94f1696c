//! The outcome of each rule in one load of the rules folder.

use std::{fmt, path::PathBuf};

use lifesigns_model::RuleKey;

/// The outcome of a rule in one load.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LoadOutcome {
    /// It runs from now on, for the first time or in a new version.
    Loaded,
    /// It runs as before.
    Unchanged,
    /// It runs as before; its file was refused meanwhile and matches the running version again.
    Restored,
    /// It is being compiled, and comes when it is ready.
    Compiling {
        /// An old version runs meanwhile.
        old_version_runs: bool,
        /// It was being compiled already when this was said last.
        again: bool,
    },
    /// It is not there any more, or is disabled.
    Removed,
    /// It does not run; the old version does, if there was one.
    Refused {
        /// What is wrong, and the fix.
        why: String,
        /// An old version keeps running.
        old_version_runs: bool,
        /// It was refused before, and nothing about it has changed since.
        again: bool,
    },
}

/// One rule, or its shadow, and its outcome in one load.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleLoad {
    /// The rule.
    pub key: RuleKey,
    /// Its manifest, or its module if it has none.
    pub path: PathBuf,
    /// `sha256:…` of its module; empty where that is not known.
    pub digest: String,
    /// The outcome.
    pub outcome: LoadOutcome,
}

impl fmt::Display for RuleLoad {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const OLD: &str = " (the old version keeps running)";
        let name = lifesigns_text::visible(&self.key.label());
        match &self.outcome {
            LoadOutcome::Loaded => write!(f, "{name}: loaded"),
            LoadOutcome::Unchanged => write!(f, "{name}: unchanged"),
            LoadOutcome::Restored => write!(f, "{name}: its file matches the running version again; no longer refused"),
            LoadOutcome::Compiling { old_version_runs, .. } => {
                write!(
                    f,
                    "{name}: being compiled; it sees nothing until it is loaded{}",
                    if *old_version_runs { OLD } else { "" }
                )
            }
            LoadOutcome::Removed => write!(f, "{name}: removed"),
            LoadOutcome::Refused { why, old_version_runs, .. } => {
                write!(f, "{name}: refused: {why}{}", if *old_version_runs { OLD } else { "" })
            }
        }
    }
}
