//! Which rules exist. What a rule that is gone said ends after a grace, so that a rule that is copied again
//! finds it as it was.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use super::{Book, look::Trigger, page::Id};
use crate::{
    change::{KnownRule, RemovedRule, RequestError},
    limits::RULE_GRACE_MS,
    pattern::Pattern,
    record::EndCause,
};

/// The rules that exist, as far as the book was informed.
#[derive(Debug, Default)]
pub(super) struct Rules {
    /// By name, with their symptoms where they are known; `None` if the book never heard which rules exist.
    known: Option<BTreeMap<String, Option<BTreeSet<String>>>>,
    /// Rules with active symptoms that are gone, and since when (the host's clock).
    gone: BTreeMap<String, u64>,
}

impl Rules {
    pub(super) fn restore(&mut self, rules: Option<Vec<KnownRule>>) {
        self.gone.clear();
        self.known = rules.map(by_name);
    }

    /// No rule has been gone since later than `time_ns`.
    pub(super) fn set_back(&mut self, time_ns: u64) {
        self.gone.values_mut().for_each(|since_ns| *since_ns = (*since_ns).min(time_ns));
    }

    /// Whether a rule is known not to exist.
    pub(super) fn is_gone(&self, rule: &str) -> bool {
        self.known.as_ref().is_some_and(|known| !known.contains_key(rule))
    }

    /// When the next grace is over, on the host's clock.
    pub(super) fn due_ns(&self) -> Option<u64> {
        self.gone.values().map(|since_ns| since_ns.saturating_add(RULE_GRACE_MS * 1_000_000)).min()
    }

    /// A rule that is gone still has an active symptom.
    pub(super) fn note_gone(&mut self, rule: &str, clock_ns: u64) {
        if self.is_gone(rule) {
            self.gone.entry(rule.to_owned()).or_insert(clock_ns);
        }
    }

    /// Whether a rule may raise the symptom `RULE/SYMPTOM`; `None` if that is not known.
    pub(super) fn may_raise(&self, name: &str) -> Option<bool> {
        let known = self.known.as_ref()?;
        let (rule, symptom) = name.split_once('/')?;
        match known.get(rule) {
            None => Some(false),
            Some(None) => None,
            Some(Some(symptoms)) => Some(symptoms.contains(symptom)),
        }
    }

    /// The symptoms of all rules that match, `RULE/SYMPTOM`; `None` if not all of them are known.
    pub(super) fn matching(&self, pattern: &Pattern) -> Option<Vec<String>> {
        let mut all = Vec::new();
        for (rule, symptoms) in self.known.as_ref()? {
            let names = symptoms.as_ref()?.iter().map(|symptom| format!("{rule}/{symptom}"));
            all.extend(names.filter(|name| pattern.matches(name)));
        }
        Some(all)
    }

    /// The names of all symptoms that are known.
    pub(super) fn symptoms(&self) -> Vec<String> {
        self.matching_known(|_| true)
    }

    fn matching_known(&self, is_meant: impl Fn(&str) -> bool) -> Vec<String> {
        let rules = self.known.iter().flatten();
        let names = rules
            .flat_map(|(rule, symptoms)| symptoms.iter().flatten().map(move |symptom| format!("{rule}/{symptom}")));
        names.filter(|name| is_meant(name)).collect()
    }
}

fn by_name(rules: Vec<KnownRule>) -> BTreeMap<String, Option<BTreeSet<String>>> {
    rules.into_iter().map(|rule| (rule.name, rule.symptoms.map(|all| all.into_iter().collect()))).collect()
}

/// The rule of `RULE/SYMPTOM`.
fn rule_of(symptom: &str) -> &str {
    symptom.split_once('/').map_or(symptom, |(rule, _)| rule)
}

impl Book {
    /// Which rules exist now.
    pub(super) fn rules(&mut self, rules: Vec<KnownRule>) {
        let known = Some(by_name(rules.clone()));
        // The same rules are news all the same after a restart: the grace of one that was gone begins again.
        let is_same = known == self.rules.known;
        if !is_same {
            self.rules.known = known;
            self.news.rules = Some(rules);
        }
        let mut with_symptoms: BTreeSet<&str> = BTreeSet::new();
        for page in self.pages.values() {
            with_symptoms.extend(page.active().map(|name| rule_of(name)));
        }
        let clock_ns = self.clock_ns;
        let gone = &mut self.rules.gone;
        let known = self.rules.known.as_ref();
        gone.retain(|rule, _| known.is_some_and(|known| !known.contains_key(rule)));
        for rule in with_symptoms.into_iter().filter(|rule| known.is_some_and(|known| !known.contains_key(*rule))) {
            gone.entry(rule.to_owned()).or_insert(clock_ns);
        }
        if !is_same {
            // What counts in the badges may be another.
            self.recount();
        }
    }

    /// Ends the symptoms of rules whose grace is over.
    pub(super) fn end_rules(&mut self) {
        let grace_ns = RULE_GRACE_MS * 1_000_000;
        let clock_ns = self.clock_ns;
        let over = self.rules.gone.iter().filter(|(_, since_ns)| since_ns.saturating_add(grace_ns) <= clock_ns);
        let over: Vec<String> = over.map(|(rule, _)| rule.clone()).collect();
        for rule in over {
            self.rules.gone.remove(&rule);
            self.end_rule(&rule);
        }
    }

    fn end_rule(&mut self, rule: &str) {
        let mut active: Vec<(Id, Id)> = Vec::new();
        for (object, page) in &self.pages {
            let meant = page.active().filter(|name| rule_of(name) == rule);
            active.extend(meant.map(|name| (Arc::clone(object), Arc::clone(name))));
        }
        let audited = self.news.audit.len();
        let (who, time_ns) = (format!("rule {rule}"), self.stamp());
        for (object, name) in &active {
            self.end_symptom(object, name, EndCause::RuleRemoved, time_ns, &who);
        }
        let alerts = self.news.audit[audited..].iter().filter(|entry| entry.what == "alert cancelled").count();
        let after = serde_json::json!({ "symptoms": active.len(), "alerts": alerts });
        self.note(self.stamp(), "configuration", "rule removed", rule, serde_json::Value::Null, after);
        self.news.rules_gone.push(RemovedRule { rule: rule.to_owned(), symptoms: active.len(), alerts });
    }

    /// Ends an active symptom that its rule did not clear.
    fn end_symptom(&mut self, object: &Id, name: &Id, cause: EndCause, time_ns: u64, who: &str) {
        let Some(symptom) = self.pages.get_mut(object).and_then(|page| page.symptom_mut(name)) else { return };
        let time_ns = time_ns.max(symptom.last_ns);
        symptom.end(time_ns, cause);
        self.dirty.symptoms.insert((Arc::clone(object), Arc::clone(name)));
        self.symptom_changed(object, name, &Trigger::of(cause, time_ns, who));
    }

    /// A person says that a symptom is over. A later raise makes it active again.
    pub(super) fn clear_by_hand(
        &mut self,
        object: &str,
        symptom: &str,
        why: &str,
        clock_ns: u64,
        who: &str,
    ) -> Result<(), RequestError> {
        let found = self.pages.get_key_value(object);
        let Some((object, page)) = found else { return Err(super::commands::unknown("object", object)) };
        let Some((name, state)) = page.symptoms.get_key_value(symptom) else {
            return Err(super::commands::unknown("symptom", symptom));
        };
        if !state.active {
            return Err(RequestError::Useless(format!("{name} is not active on {object}: there is nothing to clear")));
        }
        let (object, name) = (Arc::clone(object), Arc::clone(name));
        let after = serde_json::json!({ "symptom": &*name, "why": why });
        self.note(clock_ns, who, "symptom cleared", &object, serde_json::Value::Null, after);
        self.end_symptom(&object, &name, EndCause::Hand, self.stamp(), who);
        Ok(())
    }
}
