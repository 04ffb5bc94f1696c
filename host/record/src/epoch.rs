//! The epoch of a writer, by which a record refuses one that was superseded.

use std::fmt;

/// A number that a record hands out to each writer that opens it, higher than all before. Every commit
/// carries the epoch of its writer; a record refuses a commit whose epoch is not the latest, because
/// another host has taken over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WriterEpoch(pub u64);

impl WriterEpoch {
    /// Returns the epoch of the next writer.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

impl fmt::Display for WriterEpoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A commit of a writer that was superseded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "another host has taken over this record: its writer epoch is {current}, this host's is {ours}; nothing was \
     written, stop this host"
)]
pub struct Superseded {
    /// The epoch of the writer whose commit was refused.
    pub ours: WriterEpoch,
    /// The latest epoch.
    pub current: WriterEpoch,
}
