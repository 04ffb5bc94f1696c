//! How long a record keeps what is over, and what one step of retention removes.

/// How long things are kept, counted from when they were written last, on the host's clock; and
/// how large the file may become. 0 is without a bound.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RetentionPolicy {
    /// Cancelled alerts, dead letters, and silences that have ended; in milliseconds.
    pub alerts_age_ms: u64,
    /// Entries of the audit, in milliseconds.
    pub audit_age_ms: u64,
    /// Points of badges' history, in milliseconds.
    pub badges_age_ms: u64,
    /// What is in use of the file, in bytes.
    pub size_bytes: u64,
}

/// What one step removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RetentionStep {
    /// Cancelled alerts.
    pub alerts: usize,
    /// Entries of the audit.
    pub audit: usize,
    /// Points of badges' history.
    pub badges: usize,
    /// Dead letters.
    pub dead_letters: usize,
    /// Silences.
    pub silences: usize,
    /// What rules were given when they raised a symptom or failed; they go with the age of alerts.
    pub calls: usize,
    /// Free pages that were given back to the disk.
    pub pages: u64,
    /// What is still in use beyond the size that was allowed, in bytes.
    pub over_bytes: u64,
    /// There is more to remove: take another step soon.
    pub more: bool,
}
