//! What became of rules in one load.

use std::{fmt, path::PathBuf};

/// What became of a rule in one load.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It runs from now on, for the first time or in a new version.
    Loaded,
    /// It runs as before.
    Unchanged,
    /// It runs as before; its file was refused meanwhile, and is again what runs.
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

/// One rule's fate in one load.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Load {
    /// The rule's name.
    pub name: String,
    /// Its manifest, or its module if it has none.
    pub path: PathBuf,
    /// `sha256:…` of its module; empty where that is not known.
    pub digest: String,
    /// What became of it.
    pub outcome: Outcome,
}

impl fmt::Display for Load {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const OLD: &str = " (the old version keeps running)";
        let name = lifesigns_text::visible(&self.name);
        match &self.outcome {
            Outcome::Loaded => write!(f, "{name}: loaded"),
            Outcome::Unchanged => write!(f, "{name}: unchanged"),
            Outcome::Restored => write!(f, "{name}: its file is again what runs; nothing is refused any more"),
            Outcome::Compiling { old_version_runs, .. } => {
                write!(
                    f,
                    "{name}: being compiled; it sees nothing until it is loaded{}",
                    if *old_version_runs { OLD } else { "" }
                )
            }
            Outcome::Removed => write!(f, "{name}: removed"),
            Outcome::Refused { why, old_version_runs, .. } => {
                write!(f, "{name}: refused: {why}{}", if *old_version_runs { OLD } else { "" })
            }
        }
    }
}
