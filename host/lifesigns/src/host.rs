//! A running host without a record: an engine and a rules folder whose changes take effect at once.

use std::{sync::Arc, thread::JoinHandle};

use parking_lot::Mutex;

use lifesigns_engine::{Engine, EngineClosed, EngineTotals, RuleSet, TrySubmitError};
use lifesigns_model::{Chunk, EventSource, ObjectFacts, WakeSignal};

/// A running host that evaluates and remembers nothing after its end.
pub struct Host {
    pub(crate) engine: Arc<Engine>,
    pub(crate) watch: Watch,
}

impl Host {
    /// Submits lines; waits while too much is in flight. Chunks of one source must come from one
    /// thread, in order.
    ///
    /// # Errors
    /// The host was stopped; the chunk is dropped.
    pub fn submit(&self, chunk: Chunk) -> Result<(), EngineClosed> {
        self.engine.submit(chunk)
    }

    /// Submits lines if there is room for them now.
    ///
    /// # Errors
    /// Too much is in flight, or the host was stopped. The chunk is given back.
    pub fn try_submit(&self, chunk: Chunk) -> Result<(), TrySubmitError> {
        self.engine.try_submit(chunk)
    }

    /// Submits facts about one object; rules that watch them are evaluated.
    ///
    /// # Errors
    /// The host was stopped.
    pub fn submit_facts(&self, source: &Arc<EventSource>, facts: ObjectFacts) -> Result<(), EngineClosed> {
        self.engine.submit_facts(source, facts)
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

    /// Stops watching the rules folder, takes nothing more, evaluates what was submitted, and returns the counters.
    /// It may be called again, and by any thread that shares the host.
    pub fn stop(&self) -> EngineTotals {
        self.watch.end();
        self.engine.close();
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
        let watch = self.0.lock().take();
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
