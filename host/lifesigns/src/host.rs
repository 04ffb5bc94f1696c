//! A running host without a record: an engine and a rules folder whose changes take effect at once.

use std::{
    sync::{Arc, Mutex, PoisonError},
    thread::JoinHandle,
};

use lifesigns_engine::{Engine, EngineTotals, RuleSet};
use lifesigns_model::{Chunk, EventSource, ObjectFacts, WakeSignal};

/// A running host that evaluates and remembers nothing after its end.
pub struct Host {
    pub(crate) engine: Arc<Engine>,
    pub(crate) watch: Watch,
}

impl Host {
    /// Submits lines; waits while too much is in flight. Chunks of one source must come from one
    /// thread, in order.
    pub fn submit(&self, chunk: Chunk) {
        // Refused by a closed engine only, and this host closes its engine nowhere.
        let _ = self.engine.submit(chunk);
    }

    /// Submits facts about one object; rules that watch them are evaluated.
    pub fn submit_facts(&self, source: &Arc<EventSource>, facts: ObjectFacts) {
        // As above.
        let _ = self.engine.submit_facts(source, facts);
    }

    /// Waits until everything that was submitted has been evaluated and its alerts are out.
    pub fn wait_evaluated(&self) {
        self.engine.flush();
    }

    /// Returns the rules in force.
    pub fn rules(&self) -> Arc<RuleSet> {
        self.engine.rules()
    }

    /// Returns the counters since the start.
    pub fn totals(&self) -> EngineTotals {
        self.engine.totals()
    }

    /// Stops watching the rules folder, evaluates what was submitted, and returns the counters.
    pub fn stop(self) -> EngineTotals {
        self.watch.end();
        self.engine.flush();
        self.engine.totals()
    }
}

/// The thread that watches the rules folder; it ends with the host.
pub(crate) struct Watch(Mutex<Option<(WakeSignal, JoinHandle<()>)>>);

impl Watch {
    pub(crate) fn new(running: (WakeSignal, JoinHandle<()>)) -> Self {
        Self(Mutex::new(Some(running)))
    }

    pub(crate) fn end(&self) {
        let watch = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some((signal, thread)) = watch {
            signal.stop();
            let _ = thread.join();
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.end();
    }
}
