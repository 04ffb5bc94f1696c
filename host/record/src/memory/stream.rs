//! What the engine resumes from: offsets of sources, clocks of objects, rules' state, reminders, facts.

use std::collections::BTreeMap;

use lifesigns_model::{
    InitialState, ObjectClock, ObjectFacts, ReminderUpdate, RuleChangeMark, RuleKey, SourceOffset, StateChange,
    limits::OBJECT_FACTS,
};

use crate::{
    commit::Commit,
    fact_history::{FactHistory, observe},
};

/// Whether a fact is a property or a metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum FactKind {
    Property,
    Metric,
}

/// The facts of one object, by kind and name.
type Facts = BTreeMap<(FactKind, String), FactHistory>;

/// The state of rules on one object, by rule and key, with the version of each entry.
type Entries = BTreeMap<(RuleKey, String), (u32, Vec<u8>)>;

#[derive(Debug, Default)]
pub(super) struct StreamTables {
    offsets: BTreeMap<String, SourceOffset>,
    clocks: BTreeMap<String, u64>,
    /// By object.
    states: BTreeMap<String, Entries>,
    /// By object, rule and name.
    reminders: BTreeMap<String, BTreeMap<(RuleKey, String), ReminderUpdate>>,
    facts: BTreeMap<String, Facts>,
    /// The last change of each rule.
    rule_changes: BTreeMap<String, String>,
}

impl StreamTables {
    /// Removes everything about an object.
    pub(super) fn forget(&mut self, object: &str) {
        self.facts.remove(object);
        self.states.remove(object);
        self.reminders.remove(object);
        self.clocks.remove(object);
    }

    pub(super) fn apply(&mut self, commit: &Commit) {
        for offset in &commit.offsets {
            if offset.is_forgotten {
                self.offsets.remove(&offset.source);
            } else {
                self.offsets.insert(offset.source.clone(), offset.clone());
            }
        }
        // An evicted object is cleared first: what the commit has of it came after that.
        for clock in &commit.objects {
            match clock.time_ns {
                Some(time_ns) => drop(self.clocks.insert(clock.object.clone(), time_ns)),
                None => self.forget(&clock.object),
            }
        }
        for RuleChangeMark { rule, change } in &commit.rule_changes {
            self.rule_changes.insert(rule.clone(), change.clone());
        }
        for state in &commit.states {
            self.set_state(state);
        }
        for reminder in &commit.reminders {
            self.set_reminder(reminder);
        }
        for facts in &commit.facts {
            self.add_facts(facts);
        }
    }

    fn set_state(&mut self, state: &StateChange) {
        let of_object = self.states.entry(state.object.clone()).or_default();
        let key = (state.rule.clone(), state.key.clone());
        match &state.entry {
            Some(entry) => drop(of_object.insert(key, (state.version, entry.clone()))),
            None => drop(of_object.remove(&key)),
        }
    }

    fn set_reminder(&mut self, reminder: &ReminderUpdate) {
        let of_object = self.reminders.entry(reminder.object.clone()).or_default();
        let key = (reminder.rule.clone(), reminder.name.clone());
        if reminder.due_ns.is_some() {
            of_object.insert(key, reminder.clone());
        } else {
            of_object.remove(&key);
        }
    }

    fn add_facts(&mut self, facts: &ObjectFacts) {
        let of_object = self.facts.entry(facts.object.clone()).or_default();
        for (name, value) in &facts.properties {
            add_fact(of_object, FactKind::Property, name, facts.time_ns, value.clone());
        }
        for (name, value) in &facts.metrics {
            add_fact(of_object, FactKind::Metric, name, facts.time_ns, Some(value.to_string()));
        }
    }

    pub(super) fn load(&self) -> InitialState {
        let states = self.states.iter().flat_map(|(object, of_object)| {
            of_object.iter().map(|((rule, key), (version, entry))| StateChange {
                rule: rule.clone(),
                object: object.clone(),
                key: key.clone(),
                version: *version,
                entry: Some(entry.clone()),
            })
        });
        let mark = |(rule, change): (&String, &String)| RuleChangeMark { rule: rule.clone(), change: change.clone() };
        InitialState {
            known: Vec::new(),
            facts: self.facts.iter().flat_map(|(object, facts)| by_time(object, facts)).collect(),
            states: states.collect(),
            reminders: self.reminders.values().flat_map(BTreeMap::values).cloned().collect(),
            objects: self.clocks.iter().map(object_clock).collect(),
            offsets: self.offsets.values().cloned().collect(),
            rule_changes: self.rule_changes.iter().map(mark).collect(),
        }
    }
}

fn object_clock((object, time_ns): (&String, &u64)) -> ObjectClock {
    ObjectClock { object: object.clone(), time_ns: Some(*time_ns) }
}

/// Adds an observation of one fact. As in the engine, an object that has too many facts of a kind loses
/// the property that was removed longest ago, or does not take the new one.
fn add_fact(facts: &mut Facts, kind: FactKind, name: &str, time_ns: u64, value: Option<String>) {
    let key = (kind, name.to_owned());
    if !facts.contains_key(&key) && (value.is_none() || !make_room(facts, kind)) {
        return;
    }
    observe(facts.entry(key).or_default(), time_ns, value);
}

/// Returns whether there is room for one more fact of a kind, after removing one if necessary.
fn make_room(facts: &mut Facts, kind: FactKind) -> bool {
    if facts.keys().filter(|(of, _)| *of == kind).count() < OBJECT_FACTS {
        return true;
    }
    let mut longest_gone: Option<(u64, &String)> = None;
    for ((of, name), history) in facts.iter() {
        if *of == kind
            && let Some((time_ns, None)) = history.last()
            && longest_gone.is_none_or(|longest| (*time_ns, name) < longest)
        {
            longest_gone = Some((*time_ns, name));
        }
    }
    let Some((_, name)) = longest_gone else { return false };
    let key = (kind, name.clone());
    facts.remove(&key);
    true
}

/// Returns one set of facts for each time at which something of an object was observed, by time.
fn by_time(object: &str, facts: &Facts) -> Vec<ObjectFacts> {
    let mut times: BTreeMap<u64, ObjectFacts> = BTreeMap::new();
    for ((kind, name), history) in facts {
        for (time_ns, value) in history {
            let at = times.entry(*time_ns).or_insert_with(|| ObjectFacts {
                object: object.to_owned(),
                time_ns: *time_ns,
                ..ObjectFacts::default()
            });
            match (kind, value) {
                (FactKind::Property, value) => at.properties.push((name.clone(), value.clone())),
                // Written by `add_fact`, so it is a number.
                (FactKind::Metric, Some(value)) => at.metrics.extend(value.parse().map(|value| (name.clone(), value))),
                (FactKind::Metric, None) => {}
            }
        }
    }
    times.into_values().collect()
}
