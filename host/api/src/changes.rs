//! Changes of alerts and badges as they are committed, for those that follow them.

use std::sync::Arc;

use lifesigns_compliance::{Alert, BadgePoint};

/// One change.
#[derive(Clone, Debug)]
pub enum ChangeEvent {
    /// An alert as it is now.
    Alert(Arc<Alert>),
    /// A badge as it is now.
    Badge(BadgePoint),
}

/// Changes that follow each other.
#[derive(Clone, Debug, Default)]
pub struct ChangeBatch {
    /// The changes.
    pub events: Vec<ChangeEvent>,
    /// The number of the last of them, or, if there are none, of the last that there was.
    pub last: u64,
    /// Changes before them that are no longer kept.
    pub missed: u64,
}

/// The last changes of a running host. A reader keeps its own place, so a slow one costs the host nothing.
pub trait ChangeFeed: Send + Sync {
    /// Returns what distinguishes this run of the host from others: numbers begin again with each.
    fn run(&self) -> u64;

    /// Returns the number of the last change; 0 if there was none.
    fn last(&self) -> u64;

    /// Returns at most `most` changes after the one with the number `after`.
    fn after(&self, after: u64, most: usize) -> ChangeBatch;

    /// Calls `wake` after each commit that changed something. It must not wait.
    fn wake_with(&self, wake: Box<dyn Fn() + Send + Sync>);
}
