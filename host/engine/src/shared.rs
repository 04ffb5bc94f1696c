//! What the threads of one engine share.
//!
//! Lock order. Each lock is a private field of the type that it guards, so that only that type's
//! methods take it, and none hands out a guard:
//!
//! 1. `Engine::next_checkpoint`, held while a checkpoint is made;
//! 2. [`Ingress`] or [`Handover`], never both at once;
//! 3. leaves, which take no other lock but that within a [`WakeSignal`]: [`Statistics`],
//!    [`CheckpointSignal`], [`ByteSemaphore`], [`StateLedger`].
//!
//! A thread that holds a lock takes only locks with a higher number.

use std::sync::Arc;

use lifesigns_model::{SharedClock, WakeSignal};

use crate::{
    RuleAlertObserver, RuleAlertSink, byte_semaphore::ByteSemaphore, checkpoint_signal::CheckpointSignal,
    handover::Handover, ingress::Ingress, kept_events::KeptEvents, state::StateLedger, statistics::Statistics,
};

/// See the module.
pub(crate) struct EngineShared {
    pub(crate) ingress: Ingress,
    pub(crate) handover: Handover,
    pub(crate) statistics: Arc<Statistics>,
    pub(crate) semaphore: Arc<ByteSemaphore>,
    pub(crate) signal: Arc<CheckpointSignal>,
    /// The state that rules hold.
    pub(crate) ledger: Arc<StateLedger>,
    pub(crate) clock: SharedClock,
    pub(crate) sink: RuleAlertSink,
    pub(crate) on_rule_alerts: RuleAlertObserver,
    /// Whether observations and acknowledgements wait for checkpoints.
    pub(crate) checkpoints: bool,
    /// See [`crate::EngineConfig::rules_cpu_ms_per_s`].
    pub(crate) rules_cpu_ms_per_s: u64,
    /// The events that rules were given lately.
    pub(crate) kept_events: Arc<KeptEvents>,
    /// Bytes of observations that may wait for a checkpoint in one shard.
    pub(crate) observation_limit_bytes: usize,
    /// Stopped once, by [`EngineShared::set_broken`].
    pub(crate) broken: WakeSignal,
}

impl EngineShared {
    /// Whether a thread has panicked: then no checkpoint is made any more.
    pub(crate) fn is_broken(&self) -> bool {
        self.broken.is_stopped()
    }

    /// Marks the engine as broken, and wakes the recorder.
    pub(crate) fn set_broken(&self) {
        self.broken.stop();
        self.signal.note(0, true);
    }
}

/// Held by a thread for as long as it lives: marks the engine as broken when the thread panics.
pub(crate) struct PanicGuard<'a>(pub(crate) &'a EngineShared);

impl Drop for PanicGuard<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.set_broken();
        }
    }
}
