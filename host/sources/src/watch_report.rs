//! How changes of followed files are noticed.

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
