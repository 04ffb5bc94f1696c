//! A running host that records: alerts with a lifecycle, badges, receivers, and the store in which all
//! of it survives a restart.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use lifesigns_api::ApiError;
use lifesigns_engine::{Engine, EngineTotals, RuleSet};
use lifesigns_model::{Chunk, EventSource, ObjectAliases, ObjectFacts};
use lifesigns_recorder::{INVENTORY_SOURCE, RecorderHandle};

use crate::{host::Watch, plain_source::PlainDecoder};

/// A running host that records what its rules say. Queries and commands go to
/// [`RecordingHost::recorder`].
pub struct RecordingHost {
    engine: Arc<Engine>,
    watch: Watch,
    recorder: RecorderHandle,
    /// Other names of objects, by the inventory. Serializes its changes.
    inventory: Mutex<ObjectAliases>,
    source: Arc<EventSource>,
}

/// Closes the intake of a host from another thread. While the store takes no commits, sources wait in
/// [`RecordingHost::submit`]; closing releases them, and nothing more is accepted. What was not
/// acknowledged is read again after the next start.
#[derive(Clone, Debug)]
pub struct IngestHandle(Weak<Engine>);

impl IngestHandle {
    /// Closes the intake permanently.
    pub fn close(&self) {
        if let Some(engine) = self.0.upgrade() {
            engine.close();
        }
    }
}

impl RecordingHost {
    pub(crate) fn new(engine: Arc<Engine>, watch: Watch, recorder: RecorderHandle, news: Vec<ObjectFacts>) -> Self {
        let source = EventSource {
            name: INVENTORY_SOURCE.into(),
            rank: u32::MAX,
            object: String::new(),
            app: None,
            decoder: Arc::new(PlainDecoder),
        };
        let host = Self { engine, watch, recorder, inventory: Mutex::default(), source: Arc::new(source) };
        host.name_objects(&host.recorder.listed(), &mut host.lock_inventory());
        host.submit_listed(news);
        host
    }

    /// Submits lines; waits while too much is in flight. Chunks of one source must come from one thread,
    /// in order. They are acknowledged ([`Chunk::ack`]) once all their results are committed. Returns
    /// false if the intake was [closed](IngestHandle) and the chunk was not accepted.
    pub fn submit(&self, chunk: Chunk) -> bool {
        self.engine.submit(chunk).is_ok()
    }

    /// Submits facts about one object: rules that watch them are evaluated, and the open alerts of the
    /// object are re-evaluated. Returns false if the intake was closed.
    pub fn submit_facts(&self, source: &Arc<EventSource>, facts: ObjectFacts) -> bool {
        self.engine.submit_facts(source, facts).is_ok()
    }

    /// Returns a handle that closes the intake from another thread.
    pub fn ingest_handle(&self) -> IngestHandle {
        IngestHandle(Arc::downgrade(&self.engine))
    }

    /// Replaces the whole inventory. Changes hold from now on, for rules and for groups. An object that was discovered
    /// under what is now another's other name is forgotten, and its open alerts are cancelled.
    ///
    /// # Errors
    /// The store takes no commits now; the text is for a person.
    pub fn inventory(&self, objects: Vec<ObjectFacts>) -> Result<(), ApiError> {
        let mut aliases = self.lock_inventory();
        self.name_objects(&objects, &mut aliases);
        self.submit_listed(self.recorder.inventory_diff(&objects).facts_from_now());
        self.recorder.inventory(objects)
    }

    /// Lets the engine know the other names of objects, if they have changed.
    fn name_objects(&self, objects: &[ObjectFacts], known: &mut ObjectAliases) {
        let aliases = ObjectAliases::of(objects);
        if aliases != *known {
            known.clone_from(&aliases);
            self.engine.set_aliases(aliases);
        }
    }

    fn lock_inventory(&self) -> MutexGuard<'_, ObjectAliases> {
        self.inventory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn submit_listed(&self, news: Vec<ObjectFacts>) {
        for facts in news {
            // A closed engine takes none, and needs none.
            let _ = self.engine.submit_inventory(&self.source, facts);
        }
    }

    /// Returns the recorder: queries, commands, configuration, alert changes, status.
    pub fn recorder(&self) -> &RecorderHandle {
        &self.recorder
    }

    /// Returns the rules in force.
    pub fn rules(&self) -> Arc<RuleSet> {
        self.engine.rules()
    }

    /// Returns the counters since the start.
    pub fn totals(&self) -> EngineTotals {
        self.engine.totals()
    }

    /// Waits until everything that was submitted is committed, or the host is stopped.
    pub fn wait_committed(&self) {
        self.engine.flush();
    }

    /// Stops watching the rules folder, commits everything that was submitted, lets deliveries finish, and
    /// returns the counters.
    pub fn stop(self) -> EngineTotals {
        self.watch.end();
        self.recorder.stop();
        self.engine.totals()
    }
}
