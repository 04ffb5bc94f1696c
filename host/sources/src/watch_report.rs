//! How changes of followed files are noticed.

use std::{fmt, sync::Arc};

/// How changes of followed files are noticed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WatchReport {
    /// Folders whose changes the system reports.
    pub watched_folders: u64,
    /// Folders whose changes it does not report, or not all: files in them are polled.
    pub polled_folders: u64,
    /// Times that reports were lost since the start. Each time all files were looked at.
    pub missed: u64,
    /// What keeps files from being watched, or makes reports be lost; empty if nothing does.
    pub problem: String,
    /// How to mend it; empty if the problem says it.
    pub fix: String,
}

/// Returns the present report; the default one of no watch.
#[derive(Clone)]
pub(crate) struct WatchReports(Arc<dyn Fn() -> WatchReport + Send + Sync>);

impl WatchReports {
    pub(crate) fn new(report: impl Fn() -> WatchReport + Send + Sync + 'static) -> Self {
        Self(Arc::new(report))
    }

    pub(crate) fn report(&self) -> WatchReport {
        (self.0)()
    }
}

impl Default for WatchReports {
    fn default() -> Self {
        Self::new(WatchReport::default)
    }
}

impl fmt::Debug for WatchReports {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("WatchReports").field(&self.report()).finish()
    }
}
