//! What follows when something changed for a definition on an object: it opens, waits, goes on,
//! waits to be cancelled, or is cancelled.

use std::sync::Arc;

use super::{Book, judge::Case, life::Opening, page::Id, symptoms::Raise, timers::Task};
use crate::{
    change::PendingTransition,
    record::{AlertStatus, EndCause},
};

/// What made the book look.
#[derive(Clone, Copy, Debug)]
pub(super) struct Trigger<'a> {
    /// What it is called if an alert ends by it.
    pub(super) cause: EndCause,
    /// Event time.
    pub(super) time_ns: u64,
    /// Who, for the audit log.
    pub(super) who: &'a str,
    /// The raise, if it was one.
    pub(super) raise: Option<&'a Raise>,
    /// Groups, policies or definitions may have changed, so that the why is made anew.
    pub(super) review: bool,
}

impl Book {
    /// Looks at `name` on `object` and does what follows.
    pub(super) fn look(&mut self, object: &Id, name: &Id, trigger: &Trigger<'_>) {
        let case = self.judge(object, name);
        self.note_undecided(object, name, &case);
        let Some(page) = self.pages.get(object) else { return };
        let open = page.open(name).is_some();
        let waits = page.pending.get(name).map(|pending| pending.opening);
        if !case.enabled {
            self.stop_waiting(object, name);
            if open {
                let by_fact = matches!(trigger.cause, EndCause::Fact | EndCause::MetricExpired);
                let cause = if by_fact { trigger.cause } else { EndCause::Policy };
                self.cancel(object, name, cause, trigger.time_ns, trigger.who);
            }
            return;
        }
        match (open, case.holds, waits) {
            (false, true, Some(true)) => self.wait_as_configured(object, name, true),
            (false, true, _) => self.begin(object, name, &case, trigger),
            (false, false, _) => {
                self.stop_waiting(object, name);
                self.note_ceased(object, name);
            }
            (true, true, _) => {
                self.stop_waiting(object, name);
                self.amend(object, name, &case, trigger);
            }
            (true, false, waits) => {
                match waits {
                    Some(false) => self.wait_as_configured(object, name, false),
                    _ => self.cease(object, name, trigger),
                }
                self.amend_ceasing(object, name, trigger);
            }
        }
    }

    /// It holds and did not: opens, or waits.
    fn begin(&mut self, object: &Id, name: &Id, case: &Case, trigger: &Trigger<'_>) {
        if self.is_held_by_hand(object, name, trigger) {
            return;
        }
        let since_ns = self.since(case, trigger);
        let wait_ms = self.compiled.definition(name).map_or(0, |definition| definition.wait_ms);
        if wait_ms > 0 {
            return self.wait(object, name, true, since_ns, wait_ms);
        }
        let opener = match trigger.raise {
            Some(raise) => format!("{:016x}", raise.fingerprint),
            None => since_ns.to_string(),
        };
        let opening = Opening { since_ns, opened_ns: since_ns, opener };
        self.open(object, name, case, &opening, trigger);
    }

    /// Since when it holds: the trigger or the last of its symptoms completed it.
    fn since(&self, case: &Case, trigger: &Trigger<'_>) -> u64 {
        let symptom = |(object, name): &(Id, Id)| self.pages.get(object)?.symptoms.get(name);
        let symptoms = case.found.symptoms.iter().filter_map(symptom).map(|symptom| symptom.since_ns);
        symptoms.max().unwrap_or(0).max(trigger.time_ns)
    }

    /// It held and does not: is cancelled, or waits to be.
    fn cease(&mut self, object: &Id, name: &Id, trigger: &Trigger<'_>) {
        match self.compiled.definition(name).map_or(0, |definition| definition.cancel_ms) {
            0 => self.cancel(object, name, trigger.cause, trigger.time_ns, trigger.who),
            cancel_ms => self.wait(object, name, false, trigger.time_ns, cancel_ms),
        }
    }

    fn wait(&mut self, object: &Id, name: &Id, opening: bool, since_ns: u64, wait_ms: u64) {
        let due_ns = since_ns.saturating_add(wait_ms.saturating_mul(1_000_000));
        let Some(page) = self.pages.get_mut(object) else { return };
        // What waits already goes on by the clock that it began with.
        let same = |pending: &&PendingTransition| (pending.opening, pending.since_ns) == (opening, since_ns);
        let (clock, heard_ns) = match page.pending.get(name).filter(same) {
            Some(pending) => (pending.clock(), pending.heard_ns),
            None => (self.hearing.clone(), self.clock_ns),
        };
        let pending = PendingTransition {
            object: object.to_string(),
            definition: name.to_string(),
            opening,
            since_ns,
            due_ns,
            clock_source: clock.source.to_string(),
            clock_object: clock.object.to_string(),
            heard_ns,
        };
        page.pending.insert(Arc::clone(name), pending);
        self.timers.add((due_ns, Arc::clone(object), Task::Wait, Arc::clone(name)), &clock);
        self.dirty.pending.insert((Arc::clone(object), Arc::clone(name)));
    }

    /// What waits goes by the `wait` and `cancel` of the definition as it is now.
    fn wait_as_configured(&mut self, object: &Id, name: &Id, opening: bool) {
        let Some(pending) = self.pages.get(object).and_then(|page| page.pending.get(name)) else { return };
        let wait_ms = self.compiled.definition(name).map_or(0, |definition| match opening {
            true => definition.wait_ms,
            false => definition.cancel_ms,
        });
        let since_ns = pending.since_ns;
        if pending.due_ns != since_ns.saturating_add(wait_ms.saturating_mul(1_000_000)) {
            self.wait(object, name, opening, since_ns, wait_ms);
        }
    }

    /// An alert that waits to be cancelled is still what policy says it is: by the symptoms that made it.
    fn amend_ceasing(&mut self, object: &Id, name: &Id, trigger: &Trigger<'_>) {
        if self.pages.get(object).is_some_and(|page| page.open(name).is_some()) {
            let case = self.judge_ceased(object, name);
            self.amend(object, name, &case, &Trigger { raise: None, ..*trigger });
        }
    }

    pub(super) fn stop_waiting(&mut self, object: &Id, name: &Id) -> Option<PendingTransition> {
        let pending = self.pages.get_mut(object)?.pending.remove(name)?;
        self.dirty.pending.insert((Arc::clone(object), Arc::clone(name)));
        Some(pending)
    }

    /// A definition may have waited long enough.
    pub(super) fn waited(&mut self, object: &Id, name: &Id, time_ns: u64) {
        let due = |pending: &PendingTransition| pending.due_ns <= time_ns;
        if !self.pages.get(object).and_then(|page| page.pending.get(name)).is_some_and(due) {
            return;
        }
        let Some(pending) = self.stop_waiting(object, name) else { return };
        let cause = self.why_over(object, name);
        let trigger = Trigger { cause, time_ns: pending.due_ns, who: "time", raise: None, review: false };
        match pending.opening {
            false => self.cancel(object, name, cause, pending.due_ns, "time"),
            true => {
                let case = self.judge(object, name);
                if case.enabled && case.holds {
                    let (since_ns, opened_ns) = (pending.since_ns, pending.due_ns);
                    let opening = Opening { since_ns, opened_ns, opener: since_ns.to_string() };
                    self.open(object, name, &case, &opening, &trigger);
                }
            }
        }
    }

    /// Why an alert that waited to be cancelled is over: a symptom was cleared or held no longer,
    /// or, while all of them are still there, a fact changed.
    fn why_over(&self, object: &Id, name: &Id) -> EndCause {
        let Some(page) = self.pages.get(object) else { return EndCause::Clear };
        let symptoms = page.alerts.get(name).map(|alert| &alert.symptoms[..]).unwrap_or_default();
        let gone = symptoms.iter().filter_map(|one| page.symptoms.get(&**one)).filter(|one| !one.active);
        let gone: Vec<EndCause> = gone.map(|symptom| symptom.ended_by.unwrap_or(EndCause::Clear)).collect();
        match gone[..] {
            [] => EndCause::Fact,
            [first, ..] if gone.iter().all(|cause| *cause == first) => first,
            _ => EndCause::Clear,
        }
    }

    /// Whether a person cancelled it, it has not ceased since, and no new raise says that it is there
    /// again.
    fn is_held_by_hand(&self, object: &Id, name: &Id, trigger: &Trigger<'_>) -> bool {
        let alert = self.pages.get(object).and_then(|page| page.alerts.get(name));
        let Some(alert) = alert.filter(|alert| alert.cause == Some(EndCause::Hand) && !alert.ceased) else {
            return false;
        };
        alert.status == AlertStatus::Cancelled && trigger.raise.is_none_or(|raise| raise.time_ns < alert.last_ns)
    }

    /// What a person cancelled may open again once it has ceased.
    fn note_ceased(&mut self, object: &Id, name: &Id) {
        let alert = self.pages.get(object).and_then(|page| page.alerts.get(name));
        if alert.is_none_or(|alert| alert.status == AlertStatus::Open || alert.ceased) {
            return;
        }
        if let Some(alert) = self.pages.get_mut(object).and_then(|page| page.alert_mut(name)) {
            alert.ceased = true;
            self.mark(object, name);
        }
    }
}
