//! A running host that keeps a record: alerts that live, badges, receivers, and a store that all of
//! it survives in.

use std::sync::{Arc, Mutex, PoisonError, Weak};

use lifesigns_engine::{Engine, RuleSet, Totals};
use lifesigns_model::{Chunk, EventSource, ObjectFacts};
use lifesigns_recorder::{INVENTORY, Keep};

use crate::{host::Watch, own::Plain};

/// A running host that keeps a record. What to ask it: [`KeptHost::keep`].
pub struct KeptHost {
    engine: Arc<Engine>,
    watch: Watch,
    keep: Keep,
    /// One inventory after the other.
    inventory: Mutex<()>,
    source: Arc<EventSource>,
}

/// Where lines and facts go in. A store that takes nothing makes sources wait, and whoever is to stop
/// cannot wait for it: then the door is closed. Whoever waits goes on, and nothing is taken any more;
/// it was not acknowledged, so it comes again.
#[derive(Clone, Debug)]
pub struct Door(Weak<Engine>);

impl Door {
    /// Closes it for good.
    pub fn close(&self) {
        if let Some(engine) = self.0.upgrade() {
            engine.close();
        }
    }
}

impl KeptHost {
    pub(crate) fn new(engine: Arc<Engine>, watch: Watch, keep: Keep, news: Vec<ObjectFacts>) -> Self {
        let source = EventSource {
            name: INVENTORY.into(),
            rank: u32::MAX,
            object: String::new(),
            app: None,
            decoder: Arc::new(Plain),
        };
        let host = Self { engine, watch, keep, inventory: Mutex::default(), source: Arc::new(source) };
        host.tell_rules(news);
        host
    }

    /// Hands in lines; waits while too much is in flight. Chunks of one source must come from one
    /// thread, in order. They are acknowledged ([`Chunk::done`]) once all that came of them is on
    /// the disk. Says whether they were taken: nothing is once the host has been [closed](Door).
    pub fn submit(&self, chunk: Chunk) -> bool {
        self.engine.submit(chunk)
    }

    /// Hands in facts about one object; the rules that watch them are told, and what is open on it
    /// is judged anew. Says whether they were taken.
    pub fn submit_facts(&self, source: &Arc<EventSource>, facts: ObjectFacts) -> bool {
        self.engine.submit_facts(source, facts)
    }

    /// The host's front door, to be closed from another thread.
    pub fn door(&self) -> Door {
        Door(Arc::downgrade(&self.engine))
    }

    /// The inventory, whole, in the place of the one before: what has changed in it holds from now
    /// on, for the rules as for the groups.
    ///
    /// # Errors
    /// When the store takes nothing now.
    pub fn inventory(&self, objects: Vec<ObjectFacts>) -> Result<(), String> {
        let _one = self.inventory.lock().unwrap_or_else(PoisonError::into_inner);
        self.tell_rules(self.keep.news(&objects));
        self.keep.inventory(objects)
    }

    fn tell_rules(&self, news: Vec<ObjectFacts>) {
        for facts in news {
            self.engine.submit_inventory(&self.source, facts);
        }
    }

    /// The record: questions, commands, configuration, alerts as they change, status.
    pub fn keep(&self) -> &Keep {
        &self.keep
    }

    /// The rules in force.
    pub fn rules(&self) -> Arc<RuleSet> {
        self.engine.rules()
    }

    /// What has been counted so far.
    pub fn totals(&self) -> Totals {
        self.engine.totals()
    }

    /// Waits until everything that was handed in is committed, or the host is stopped.
    pub fn settle(&self) {
        self.engine.flush();
    }

    /// Stops watching, commits everything that was handed in, lets deliveries finish, and says what
    /// was counted.
    pub fn stop(self) -> Totals {
        self.watch.end();
        self.keep.stop();
        self.engine.totals()
    }
}
