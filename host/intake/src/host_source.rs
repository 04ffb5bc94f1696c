//! This machine as a source: what it is called, and how its metrics are read.

/// The metrics of this machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HostMetricsSettings {
    /// How often they are read, in milliseconds.
    pub every_ms: u64,
}

/// Where the kernel says what this machine is called.
const HOST_NAME: &str = "/proc/sys/kernel/hostname";

/// Returns the name of this machine, which is the object of what its programs write; `localhost` if it has none.
pub fn host_name() -> String {
    let name = std::fs::read_to_string(HOST_NAME).unwrap_or_default();
    let name = name.trim();
    if name.is_empty() { "localhost".to_owned() } else { name.to_owned() }
}

impl Default for HostMetricsSettings {
    /// Returns 15 s.
    fn default() -> Self {
        Self { every_ms: 15_000 }
    }
}
