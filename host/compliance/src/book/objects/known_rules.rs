//! Which rules exist, and since when those with active symptoms do not.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use lifesigns_model::NS_PER_MS;

use crate::{change::KnownRule, limits::RULE_GRACE_MS, pattern::Pattern};

type Symptoms = Option<BTreeSet<String>>;

/// The rules that exist, as far as the book was informed.
#[derive(Debug, Default)]
pub(crate) struct KnownRules {
    /// By name, with their symptoms where these are known; `None` until the book is informed.
    known: Option<Arc<BTreeMap<String, Symptoms>>>,
    /// Rules with active symptoms that are gone, and since when (the host's clock).
    gone: BTreeMap<String, u64>,
}

/// Whether the rules that exist are the same as before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RulesUpdate {
    Same,
    Changed,
}

impl KnownRules {
    /// Returns the rules that exist now, to be read. Which are gone, and since when, stays here.
    pub(crate) fn share(&self) -> Self {
        Self { known: self.known.clone(), gone: BTreeMap::new() }
    }

    /// Goes on from the rules that a store kept.
    pub(crate) fn restore(&mut self, rules: Option<Vec<KnownRule>>) {
        self.gone.clear();
        self.known = rules.map(by_name);
    }

    /// Sets which rules exist now. Of those in `raised`, the rules with active symptoms, the ones that are gone
    /// have their grace from now on.
    pub(crate) fn update(&mut self, rules: Vec<KnownRule>, raised: BTreeSet<String>, wall_ns: u64) -> RulesUpdate {
        let known = Some(by_name(rules));
        let update = if known == self.known { RulesUpdate::Same } else { RulesUpdate::Changed };
        self.known = known;
        let mut gone = std::mem::take(&mut self.gone);
        gone.retain(|rule, _| self.is_gone(rule));
        for rule in raised {
            if self.is_gone(&rule) {
                gone.entry(rule).or_insert(wall_ns);
            }
        }
        self.gone = gone;
        update
    }

    /// Moves the times at which rules went that are later than `time_ns` back to it.
    pub(crate) fn set_back(&mut self, time_ns: u64) {
        self.gone.values_mut().for_each(|since_ns| *since_ns = (*since_ns).min(time_ns));
    }

    /// Returns whether a rule is known not to exist.
    pub(crate) fn is_gone(&self, rule: &str) -> bool {
        self.known.as_ref().is_some_and(|known| !known.contains_key(rule))
    }

    /// Returns when the next grace is over, on the host's clock.
    pub(crate) fn next_due_ns(&self) -> Option<u64> {
        self.gone.values().map(|since_ns| grace_end_ns(*since_ns)).min()
    }

    /// Takes the rules whose grace is over.
    pub(crate) fn take_due(&mut self, wall_ns: u64) -> Vec<String> {
        let due = self.gone.iter().filter(|(_, since_ns)| grace_end_ns(**since_ns) <= wall_ns);
        let due: Vec<String> = due.map(|(rule, _)| rule.clone()).collect();
        for rule in &due {
            self.gone.remove(rule);
        }
        due
    }

    /// Notes that a rule has an active symptom; its grace begins if it is gone.
    pub(crate) fn note_raised(&mut self, rule: &str, wall_ns: u64) {
        if self.is_gone(rule) {
            self.gone.entry(rule.to_owned()).or_insert(wall_ns);
        }
    }

    /// Returns whether a rule may raise the symptom `RULE/SYMPTOM`; `None` if that is not known.
    pub(crate) fn may_raise(&self, name: &str) -> Option<bool> {
        let known = self.known.as_ref()?;
        let (rule, symptom) = name.split_once('/')?;
        match known.get(rule) {
            None => Some(false),
            Some(None) => None,
            Some(Some(symptoms)) => Some(symptoms.contains(symptom)),
        }
    }

    /// Returns the symptoms `RULE/SYMPTOM` of all rules that match; `None` if not all symptoms are known.
    pub(crate) fn matching(&self, pattern: &Pattern) -> Option<Vec<String>> {
        let mut all = Vec::new();
        for (rule, symptoms) in self.known.as_deref()? {
            let names = symptoms.as_ref()?.iter().map(|symptom| format!("{rule}/{symptom}"));
            all.extend(names.filter(|name| pattern.matches(name)));
        }
        Some(all)
    }

    /// Returns the names `RULE/SYMPTOM` of all symptoms that are known.
    pub(crate) fn symptoms(&self) -> Vec<String> {
        let mut all = Vec::new();
        for (rule, symptoms) in self.known.iter().flat_map(|known| &**known) {
            all.extend(symptoms.iter().flatten().map(|symptom| format!("{rule}/{symptom}")));
        }
        all
    }
}

/// Returns the rule of `RULE/SYMPTOM`.
pub(crate) fn rule_of(symptom: &str) -> &str {
    symptom.split_once('/').map_or(symptom, |(rule, _)| rule)
}

fn grace_end_ns(since_ns: u64) -> u64 {
    since_ns.saturating_add(RULE_GRACE_MS * NS_PER_MS)
}

fn by_name(rules: Vec<KnownRule>) -> Arc<BTreeMap<String, Symptoms>> {
    let known = rules.into_iter().map(|rule| (rule.name, rule.symptoms.map(|all| all.into_iter().collect())));
    Arc::new(known.collect())
}
