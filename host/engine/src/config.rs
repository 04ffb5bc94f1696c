//! How an engine is set up.

use std::sync::Arc;

use lifesigns_model::{RuleAlertRef, SharedClock, SystemClock, limits};

/// Receives the live engine's rule alerts, on shard threads. Those of one object come in order.
pub type RuleAlertSink = Arc<dyn Fn(&RuleAlertRef<'_>) + Send + Sync>;

/// The number of threads of an engine, and its limits.
#[derive(Clone, Debug)]
pub struct EngineConfig {
    /// Scanner threads.
    pub scanners: usize,
    /// Shards, each with a thread of its own.
    pub shards: usize,
    /// Bytes between sources and shards.
    pub inflight_bytes: usize,
    /// Whether threads are pinned to cores.
    pub pin: bool,
    /// Whether acknowledgements wait for [`crate::Engine::checkpoint`], which has all rule alerts. The sink is
    /// given them before.
    pub checkpoints: bool,
    /// The host's clock.
    pub clock: SharedClock,
    /// CPU that all rules of a shard may use together of its thread, in milliseconds a second, beyond
    /// the allowance of their events.
    pub rules_cpu_ms_per_s: u64,
    /// State of all rules, in bytes.
    pub rules_state_bytes: usize,
}

impl Default for EngineConfig {
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self {
            scanners: cores.div_ceil(2),
            shards: cores.div_ceil(2),
            inflight_bytes: limits::INFLIGHT_BYTES,
            pin: true,
            checkpoints: false,
            clock: SystemClock::shared(),
            rules_cpu_ms_per_s: limits::RULES_CPU_MS_PER_S,
            rules_state_bytes: limits::RULES_STATE_BYTES,
        }
    }
}
