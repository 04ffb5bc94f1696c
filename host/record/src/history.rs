//! Filters of queries about the past.

use lifesigns_compliance::Pattern;

/// Which cancelled alerts. Fields that are empty match all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AlertHistoryFilter {
    /// Only of these objects.
    pub object: Option<Pattern>,
    /// Only of these definitions.
    pub definition: Option<Pattern>,
    /// Cancelled at this event time or later.
    pub from_ns: u64,
    /// Cancelled before this event time.
    pub until_ns: Option<u64>,
    /// Only those that come after the alert that was cancelled at this time and has this id.
    pub after: Option<(u64, String)>,
    /// At most this many; 0 for all.
    pub limit: usize,
}

/// Which entries of the audit. Fields that are empty match all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// Only about this: an alert's, silence's or object's id.
    pub subject: Option<String>,
    /// Written at this time of the host's clock or later.
    pub since_ns: u64,
    /// Only entries with a lower number.
    pub before: Option<u64>,
    /// At most this many, the latest; 0 for all.
    pub limit: usize,
}
