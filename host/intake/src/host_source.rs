//! How the metrics of this machine are read.

/// The metrics of this machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HostMetricsSettings {
    /// How often they are read, in milliseconds.
    pub every_ms: u64,
}

impl Default for HostMetricsSettings {
    /// Returns 15 s.
    fn default() -> Self {
        Self { every_ms: 15_000 }
    }
}
