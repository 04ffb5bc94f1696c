//! How an engine is set up.

use std::{fmt, sync::Arc};

use lifesigns_model::{RuleAlert, RuleAlertRef, SharedClock, SystemClock, limits};

/// Receives the live engine's rule alerts, on shard threads. Those of one object come in order.
pub type RuleAlertSink = Arc<dyn Fn(&RuleAlertRef<'_>) + Send + Sync>;

/// See [`RuleAlertObserver`].
pub type ObserveRuleAlerts = dyn Fn(&[&RuleAlert]) + Send + Sync;

/// Observes the rule alerts of an engine with checkpoints, on shard threads, as soon as they are there: many at a
/// time where there are many. Those of one object come in order, and before the checkpoint that has them.
#[derive(Clone)]
pub struct RuleAlertObserver(pub Arc<ObserveRuleAlerts>);

impl Default for RuleAlertObserver {
    fn default() -> Self {
        Self(Arc::new(|_| ()))
    }
}

impl fmt::Debug for RuleAlertObserver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RuleAlertObserver")
    }
}

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
    /// Whether rule alerts and acknowledgements wait for [`crate::Engine::checkpoint`]. The sink is then
    /// not called.
    pub checkpoints: bool,
    /// Observes rule alerts before the checkpoint that has them.
    pub on_rule_alerts: RuleAlertObserver,
    /// The host's clock.
    pub clock: SharedClock,
    /// CPU that all rules of a shard may use together of its thread, in milliseconds a second, beyond
    /// the allowance of their events.
    pub rules_cpu_ms_per_s: u64,
    /// State of all rules, in bytes.
    pub rules_state_bytes: usize,
    /// Memory for the log events that rules were given, which [`crate::KeptEvents`] finds again, in bytes; 0 for none.
    pub keep_events_bytes: usize,
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
            on_rule_alerts: RuleAlertObserver::default(),
            clock: SystemClock::shared(),
            rules_cpu_ms_per_s: limits::RULES_CPU_MS_PER_S,
            rules_state_bytes: limits::RULES_STATE_BYTES,
            keep_events_bytes: 0,
        }
    }
}
