//! Silences: added, ended by hand or by the clock, and the alerts that they keep from being told.

use std::sync::Arc;

use super::{Book, page::Id};
use crate::record::{Alert, Silence};

impl Silence {
    /// Whether it is in force at `clock_ns`.
    pub(super) fn is_in_force(&self, clock_ns: u64) -> bool {
        self.from_ns <= clock_ns && clock_ns < self.until_ns
    }

    /// Whether all its matchers match.
    pub(super) fn matches(&self, alert: &Alert) -> bool {
        !self.matchers.is_empty() && self.matchers.iter().all(|matcher| matcher.matches(alert))
    }
}

impl Book {
    /// Adds a silence that was checked.
    pub(super) fn silence(&mut self, silence: Silence, now_ns: u64) {
        let id = silence.id.clone();
        let said = serde_json::to_value(&silence).unwrap_or_default();
        self.note(now_ns, &silence.who, "silence added", &id, serde_json::Value::Null, said);
        self.news.silences.push(silence.clone());
        self.silences.insert(id, silence.clone());
        self.rehush_where(|alert| silence.matches(alert));
    }

    /// Puts `after` in the place of `before`, which has the same id.
    pub(super) fn replace_silence(&mut self, before: Silence, after: Silence) {
        self.news.silences.push(after.clone());
        self.silences.insert(after.id.clone(), after.clone());
        self.rehush_where(|alert| {
            alert.silenced_by.as_deref() == Some(&*before.id) || before.matches(alert) || after.matches(alert)
        });
    }

    /// Ends a silence.
    pub(super) fn expire(&mut self, id: &str, time_ns: u64, who: &str) {
        let Some(mut silence) = self.silences.remove(id) else { return };
        let until_ns = |silence: &Silence| serde_json::json!({ "until_ns": silence.until_ns });
        let before = until_ns(&silence);
        silence.until_ns = silence.until_ns.min(time_ns);
        self.note(time_ns, who, "silence expired", id, before, until_ns(&silence));
        self.news.silences.push(silence);
        self.rehush_where(|alert| alert.silenced_by.as_deref() == Some(id));
    }

    /// Ends the silences whose time is up, and lets those take hold whose time has come.
    pub(super) fn turn_silences(&mut self, from_ns: u64) {
        let clock_ns = self.clock_ns;
        let over = self.silences.values().filter(|silence| silence.until_ns <= clock_ns);
        let mut over: Vec<(u64, String)> = over.map(|silence| (silence.until_ns, silence.id.clone())).collect();
        over.sort();
        for (until_ns, id) in over {
            self.expire(&id, until_ns, "time");
        }
        let begins = |silence: &&Silence| from_ns < silence.from_ns && silence.is_in_force(clock_ns);
        let begun: Vec<Silence> = self.silences.values().filter(begins).cloned().collect();
        for silence in begun {
            self.rehush_where(|alert| silence.matches(alert));
        }
    }

    /// Looks again at what keeps each open alert from being told.
    pub(super) fn rehush_all(&mut self) {
        self.rehush_where(|_| true);
    }

    fn rehush_where(&mut self, is_meant: impl Fn(&Alert) -> bool) {
        let mut meant: Vec<(Id, Id)> = Vec::new();
        for (object, page) in &self.pages {
            let open = page.alerts.keys().filter(|name| page.open(name).is_some_and(&is_meant));
            meant.extend(open.map(|name| (Arc::clone(object), Arc::clone(name))));
        }
        meant.iter().for_each(|(object, name)| self.rehush(object, name));
    }
}
