//! A running host that records: alerts with a lifecycle, badges, receivers, and the store in which all
//! of it survives a restart.

use std::sync::{Arc, Weak};

use parking_lot::{Mutex, MutexGuard};

use lifesigns_api::ApiError;
use lifesigns_engine::{Engine, EngineClosed, EngineTotals, RuleSet, TrySubmitError};
use lifesigns_model::{Chunk, EventSource, ObjectAliases, ObjectFacts};
use lifesigns_recorder::{INVENTORY_SOURCE, RecorderHandle};

use crate::{host::Watch, plain_source::PlainDecoder};

/// A running host that records what its rules say. Queries and commands go to
/// [`RecordingHost::recorder`].
pub struct RecordingHost {
    pub(crate) engine: Arc<Engine>,
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
    /// in order. They are acknowledged ([`Chunk::ack`]) once all their results are committed.
    ///
    /// # Errors
    /// The host was stopped, or its intake [closed](IngestHandle); the chunk is dropped.
    pub fn submit(&self, chunk: Chunk) -> Result<(), EngineClosed> {
        self.engine.submit(chunk)
    }

    /// Submits lines if there is room for them now.
    ///
    /// # Errors
    /// Too much is in flight, the host was stopped, or its intake closed. The chunk is given back.
    pub fn try_submit(&self, chunk: Chunk) -> Result<(), TrySubmitError> {
        self.engine.try_submit(chunk)
    }

    /// Submits facts about one object: rules that watch them are evaluated, and the open alerts of the
    /// object are re-evaluated.
    ///
    /// # Errors
    /// The host was stopped, or its intake closed.
    pub fn submit_facts(&self, source: &Arc<EventSource>, facts: ObjectFacts) -> Result<(), EngineClosed> {
        self.engine.submit_facts(source, facts)
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
        self.inventory.lock()
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

    pub(crate) fn engine(&self) -> &Engine {
        &self.engine
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

    /// Stops watching the rules folder, takes nothing more, commits everything that was submitted, lets deliveries
    /// finish, and returns the counters. It may be called again, and by any thread that shares the host: all calls
    /// return when it is done. It blocks: see [`unblock`](crate::unblock).
    pub fn stop(&self) -> EngineTotals {
        self.watch.end();
        self.engine.close();
        self.recorder.stop();
        self.engine.totals()
    }
}
