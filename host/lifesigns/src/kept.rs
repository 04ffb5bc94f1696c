//! A running host that keeps a record: alerts that live, badges, receivers, and a store that all of
//! it survives in.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError, Weak},
};

use lifesigns_engine::{Engine, RuleSet, Totals, now_ns};
use lifesigns_keeper::Keep;
use lifesigns_model::{Chunk, ObjectFacts, Source};

use crate::{host::Watch, own::Plain};

/// A running host that keeps a record. What to ask it: [`KeptHost::keep`].
pub struct KeptHost {
    engine: Arc<Engine>,
    watch: Watch,
    keep: Keep,
    inventory: Mutex<BTreeMap<String, ObjectFacts>>,
    source: Arc<Source>,
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
    pub(crate) fn new(engine: Arc<Engine>, watch: Watch, keep: Keep, known: Vec<ObjectFacts>) -> Self {
        let source = Source {
            name: "inventory".into(),
            rank: u32::MAX,
            object: String::new(),
            app: None,
            decoder: Arc::new(Plain),
        };
        Self { engine, watch, keep, inventory: Mutex::new(ever(known)), source: Arc::new(source) }
    }

    /// Hands in lines; waits while too much is in flight. Chunks of one source must come from one
    /// thread, in order. They are acknowledged ([`Chunk::done`]) once all that came of them is on
    /// the disk. Says whether they were taken: nothing is once the host has been [closed](Door).
    pub fn submit(&self, chunk: Chunk) -> bool {
        self.engine.submit(chunk)
    }

    /// Hands in facts about one object; the rules that watch them are told, and what is open on it
    /// is judged anew. Says whether they were taken.
    pub fn submit_facts(&self, source: &Arc<Source>, facts: ObjectFacts) -> bool {
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
        let now_ns = now_ns();
        let mut known = self.inventory.lock().unwrap_or_else(PoisonError::into_inner);
        let mut new = by_id(objects);
        let mut told = Vec::with_capacity(2 * new.len());
        for (id, facts) in &mut new {
            // What stays has held ever since, and must not outdo what the stream said later.
            facts.time_ns = 0;
            let before = known.get(id);
            let mut changed = ObjectFacts { time_ns: now_ns, ..difference(before, facts) };
            if before.is_none_or(|before| before != facts) {
                self.engine.submit_facts(&self.source, changed.clone());
            }
            changed.properties.retain(|(_, value)| value.is_some());
            if before.is_some() {
                told.push(facts.clone());
            }
            told.push(changed);
        }
        for (id, before) in known.iter().filter(|(id, _)| !new.contains_key(*id)) {
            let gone = ObjectFacts { object: id.clone(), time_ns: now_ns, ..ObjectFacts::default() };
            self.engine.submit_facts(&self.source, difference(Some(before), &gone));
        }
        self.keep.inventory(told)?;
        *known = new;
        Ok(())
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
        self.engine.settle();
    }

    /// Stops watching, commits everything that was handed in, lets deliveries finish, and says what
    /// was counted.
    pub fn stop(self) -> Totals {
        self.watch.end();
        self.keep.stop();
        self.engine.totals()
    }
}

/// By object, as what has held ever since.
fn ever(known: Vec<ObjectFacts>) -> BTreeMap<String, ObjectFacts> {
    let mut all = by_id(known);
    all.values_mut().for_each(|facts| facts.time_ns = 0);
    all
}

/// By object; one that several files name has the facts of all, and of the same fact the last.
pub(crate) fn by_id(objects: Vec<ObjectFacts>) -> BTreeMap<String, ObjectFacts> {
    let mut all = BTreeMap::<String, ObjectFacts>::new();
    for facts in objects {
        let Some(one) = all.get_mut(&facts.object) else {
            all.insert(facts.object.clone(), facts);
            continue;
        };
        one.time_ns = one.time_ns.max(facts.time_ns);
        one.kind = facts.kind.or(one.kind.take());
        one.parent = facts.parent.or(one.parent.take());
        one.properties.retain(|(name, _)| facts.properties.iter().all(|(other, _)| other != name));
        one.properties.extend(facts.properties);
        one.metrics.retain(|(name, _)| facts.metrics.iter().all(|(other, _)| other != name));
        one.metrics.extend(facts.metrics);
    }
    all
}

/// What changed: new values, and `None` for properties that are gone. Metrics are samples and stay.
fn difference(before: Option<&ObjectFacts>, now: &ObjectFacts) -> ObjectFacts {
    let mut changed = now.clone();
    let Some(before) = before else { return changed };
    changed.properties.retain(|pair| !before.properties.contains(pair));
    let gone = before.properties.iter().filter(|(name, _)| now.properties.iter().all(|(other, _)| other != name));
    changed.properties.extend(gone.map(|(name, _)| (name.clone(), None)));
    changed.metrics.retain(|pair| !before.metrics.contains(pair));
    changed
}
