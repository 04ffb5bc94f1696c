//! The objects that the book has something to say about, with the symptoms that rules raised on them.

use std::sync::Arc;

use lifesigns_model as model;

use crate::{
    book::{
        ids::{Id, KeySet, drain_sorted, key},
        limits,
        objects::symptom::{ClearOutcome, RaiseOutcome},
        shared_parts::SharedParts,
    },
    change::BookChanges,
    evidence::EvidenceLine,
    record::{EndCause, SymptomState},
    shared_map::SharedMap,
    shared_table::SharedTable,
};

type Symptoms = SharedMap<Arc<SymptomState>>;

/// All objects with their symptoms. Every change of a symptom is noted for the store.
#[derive(Debug, Default)]
pub(crate) struct ObjectStates {
    /// Symptoms, active or not, by object and `RULE/SYMPTOM`. A state is shared with what was taken out and is
    /// not written yet.
    objects: SharedTable<Symptoms>,
    dirty: KeySet,
    parts: SharedParts,
    /// The name of the symptom in hand, to be looked for.
    name: String,
}

/// The outcome of a raise or clear before it is applied.
#[derive(Debug)]
pub(crate) enum Admission {
    /// It is applied next, to the symptom of this name.
    Admitted(Id),
    /// It was applied before: the line was read twice.
    Repeated,
    /// The object has no room for another symptom of this name.
    NoRoom(Id),
}

/// A raise that was applied.
#[derive(Debug)]
pub(crate) struct Raised {
    pub(crate) outcome: RaiseOutcome,
    /// Event time of a hold timer that has to be set.
    pub(crate) hold_due_ns: Option<u64>,
}

/// What a hold timer that fired found.
#[derive(Debug)]
pub(crate) enum Hold {
    /// The symptom has no hold time that runs.
    None,
    /// The hold time ends later, by the event clock of this source.
    Until { due_ns: u64, source: String },
    /// The symptom ended, at this event time.
    Ended { due_ns: u64 },
}

impl ObjectStates {
    /// Returns the objects as they are now, to be read. What is noted for the store stays here.
    pub(crate) fn share(&self) -> Self {
        Self { objects: self.objects.share(), ..Self::default() }
    }

    /// Adds an object without symptoms.
    pub(crate) fn add(&mut self, object: &Id) {
        self.objects.insert(Arc::clone(object), Symptoms::default());
    }

    /// Returns the shared id of an object, if the book has something to say about it.
    pub(crate) fn id(&self, object: &str) -> Option<&Id> {
        self.objects.get_key_value(object).map(|(id, _)| id)
    }

    /// Returns all objects, by id.
    pub(crate) fn ids(&self) -> impl Iterator<Item = &Id> {
        self.objects.keys()
    }

    /// Returns a symptom.
    pub(crate) fn symptom(&self, object: &str, name: &str) -> Option<&SymptomState> {
        self.objects.get(object)?.get(name).map(|symptom| &**symptom)
    }

    /// Returns a symptom with its shared object and name.
    pub(crate) fn entry(&self, object: &str, name: &str) -> Option<(&Id, &Id, &SymptomState)> {
        let (object, symptoms) = self.objects.get_key_value(object)?;
        let (name, symptom) = symptoms.get_key_value(name)?;
        Some((object, name, symptom))
    }

    /// Returns the symptoms of an object, active or not, by name.
    pub(crate) fn symptoms(&self, object: &str) -> impl Iterator<Item = (&Id, &SymptomState)> {
        self.objects.get(object).into_iter().flatten().map(|(name, symptom)| (name, &**symptom))
    }

    /// Returns the names of an object's active symptoms.
    pub(crate) fn active(&self, object: &str) -> impl Iterator<Item = &Id> {
        self.symptoms(object).filter(|(_, symptom)| symptom.active).map(|(name, _)| name)
    }

    /// Returns all symptoms, active or not, by object and name.
    pub(crate) fn all(&self) -> impl Iterator<Item = (&Id, &Id, &Arc<SymptomState>)> {
        self.objects
            .iter()
            .flat_map(|(object, symptoms)| symptoms.iter().map(move |(name, symptom)| (object, name, symptom)))
    }

    /// Admits a raise or clear of an object that is there, and remembers its fingerprint.
    pub(crate) fn admit(&mut self, object: &Id, rule_alert: &model::RuleAlert, fingerprint: u64) -> Admission {
        let symptoms = self.objects.entry_or_default(object);
        self.name.clear();
        for part in [&rule_alert.rule, "/", &rule_alert.symptom] {
            self.name.push_str(part);
        }
        let name = match symptoms.get_key_value(&self.name) {
            Some((_, symptom)) if symptom.recent.contains(&fingerprint) => return Admission::Repeated,
            Some((name, _)) => Arc::clone(name),
            None if symptoms.len() >= limits::OBJECT_SYMPTOMS => return Admission::NoRoom(self.name.as_str().into()),
            None => {
                let name: Id = self.name.as_str().into();
                let new = SymptomState::inactive(rule_alert, object, &name);
                symptoms.insert(Arc::clone(&name), Arc::new(new));
                name
            }
        };
        self.dirty.insert(key(object, &name));
        let Some(symptom) = symptoms.get_mut(&name) else { unreachable!("{object} has {name}") };
        let recent = &mut Arc::make_mut(symptom).recent;
        if recent.len() >= limits::FINGERPRINTS {
            recent.remove(0);
        }
        if recent.is_empty() {
            // Most symptoms are raised once.
            recent.reserve_exact(1);
        }
        recent.push(fingerprint);
        Admission::Admitted(name)
    }

    /// Shares the name of a line's source with the lines before.
    pub(crate) fn share_source(&mut self, line: &mut EvidenceLine) {
        self.parts.share_source(line);
    }

    /// Applies a raise that was admitted. `event_ns` is how far the event clock of its object and source has
    /// come, `wall_ns` the host's clock.
    pub(crate) fn raise(
        &mut self,
        (object, name): (&Id, &Id),
        rule_alert: Box<model::RuleAlert>,
        evidence: EvidenceLine,
        event_ns: u64,
        wall_ns: u64,
    ) -> Raised {
        // Its admission has noted for the store that it changes.
        let symptom = symptom_of(&mut self.objects, object, name);
        let is_other_source = *symptom.source() != *evidence.source;
        let outcome = symptom.raise(rule_alert, evidence.time_ns, event_ns, evidence);
        if outcome == RaiseOutcome::Changed {
            self.parts.share_symptom(symptom);
        }
        if outcome == RaiseOutcome::Stale {
            return Raised { outcome, hold_due_ns: None };
        }
        symptom.heard_ns = wall_ns;
        // One timer a symptom and source is enough: it is set again when it fires too early.
        let needs_timer = outcome == RaiseOutcome::Changed || is_other_source;
        Raised { outcome, hold_due_ns: symptom.hold_due_ns().filter(|_| needs_timer) }
    }

    /// Applies a clear that was admitted.
    pub(crate) fn clear(&mut self, object: &Id, name: &Id, time_ns: u64) -> ClearOutcome {
        self.symptom_mut(object, name).clear(time_ns)
    }

    /// Ends an active symptom that its rule did not clear; not before its last raise. Returns when it ended.
    pub(crate) fn end(&mut self, object: &Id, name: &Id, time_ns: u64, cause: EndCause) -> u64 {
        let symptom = self.symptom_mut(object, name);
        let time_ns = time_ns.max(symptom.last_ns);
        symptom.end(time_ns, cause);
        time_ns
    }

    /// Ends a symptom whose hold time is over at `time_ns`.
    pub(crate) fn end_hold(&mut self, object: &Id, name: &Id, time_ns: u64) -> Hold {
        // It may have left the book, or have ended, since its timer was set.
        let Some(symptom) = self.symptom(object, name) else { return Hold::None };
        let Some(due_ns) = symptom.hold_due_ns() else { return Hold::None };
        if due_ns > time_ns {
            return Hold::Until { due_ns, source: symptom.source().to_owned() };
        }
        self.symptom_mut(object, name).end(due_ns, EndCause::Hold);
        Hold::Ended { due_ns }
    }

    /// Moves all times that are later than `time_ns` back to it.
    pub(crate) fn set_back(&mut self, time_ns: u64) {
        self.objects.for_each_mut(|object, symptoms| {
            symptoms.for_each_mut(|name, shared| {
                if shared.since_ns.max(shared.last_ns) > time_ns {
                    let symptom = Arc::make_mut(shared);
                    symptom.since_ns = symptom.since_ns.min(time_ns);
                    symptom.last_ns = symptom.last_ns.min(time_ns);
                    self.dirty.insert(key(object, name));
                }
            });
        });
    }

    /// Puts back a symptom that a store kept, of an object that is there.
    pub(crate) fn restore(&mut self, object: &Id, name: Id, mut symptom: Arc<SymptomState>) {
        // What a store kept is shared with nothing else.
        self.parts.share_symptom(Arc::make_mut(&mut symptom));
        self.symptoms_mut(object).insert(name, symptom);
    }

    /// Removes an object with its symptoms.
    pub(crate) fn remove(&mut self, object: &Id) {
        for name in self.objects.remove(object).unwrap_or_default().keys() {
            self.dirty.insert(key(object, name));
        }
    }

    /// Writes to `changes` what changed since the last call.
    pub(crate) fn take_changes(&mut self, changes: &mut BookChanges) {
        for (object, name) in drain_sorted(&mut self.dirty) {
            match self.objects.get(&object).and_then(|symptoms| symptoms.get(&name)) {
                Some(symptom) => changes.symptoms.push(Arc::clone(symptom)),
                None => changes.symptoms_gone.push((object.to_string(), name.to_string())),
            }
        }
    }

    fn symptoms_mut(&mut self, object: &Id) -> &mut Symptoms {
        self.objects.entry_or_default(object)
    }

    /// Returns a symptom to be changed, and notes for the store that it is.
    fn symptom_mut(&mut self, object: &Id, name: &Id) -> &mut SymptomState {
        self.dirty.insert(key(object, name));
        symptom_of(&mut self.objects, object, name)
    }
}

/// Returns a symptom that must be there, to be changed.
fn symptom_of<'a>(objects: &'a mut SharedTable<Symptoms>, object: &Id, name: &Id) -> &'a mut SymptomState {
    match objects.get_mut(object).and_then(|symptoms| symptoms.get_mut(name)) {
        Some(symptom) => Arc::make_mut(symptom),
        None => unreachable!("{object} has no symptom {name}"),
    }
}
