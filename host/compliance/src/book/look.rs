//! What follows when something changed for a definition on an object: it opens, waits, goes on,
//! waits to be cancelled, or is cancelled.

use std::sync::Arc;

use super::{Book, judge::Case, page::Id, symptoms::Raise, timers::Task};
use crate::{
    change::Pending,
    record::{Cause, Status},
};

/// What made the book look.
#[derive(Clone, Copy, Debug)]
pub(super) struct Trigger<'a> {
    /// What it is called if an alert ends by it.
    pub(super) cause: Cause,
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
        let Some(page) = self.pages.get(object) else { return };
        let open = page.open(name).is_some();
        let waits = page.pending.get(name).map(|pending| pending.opening);
        if !case.enabled {
            self.stop_waiting(object, name);
            if open {
                let cause = if trigger.cause == Cause::Fact { Cause::Fact } else { Cause::Policy };
                self.cancel(object, name, cause, trigger.time_ns, trigger.who);
            }
            return;
        }
        match (open, case.holds, waits) {
            (false, true, Some(true)) | (true, false, Some(false)) => {}
            (false, true, _) => self.begin(object, name, &case, trigger),
            (false, false, _) => {
                self.stop_waiting(object, name);
                self.lift_hand(object, name);
            }
            (true, true, _) => {
                self.stop_waiting(object, name);
                self.amend(object, name, &case, trigger);
            }
            (true, false, _) => self.cease(object, name, trigger),
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
        self.open(object, name, case, since_ns, &opener, trigger);
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
        let pending = Pending { object: object.to_string(), definition: name.to_string(), opening, since_ns, due_ns };
        let Some(page) = self.pages.get_mut(object) else { return };
        page.pending.insert(Arc::clone(name), pending);
        self.timers.add(due_ns, object, Task::Wait, name);
        self.dirty.pending.insert((Arc::clone(object), Arc::clone(name)));
    }

    pub(super) fn stop_waiting(&mut self, object: &Id, name: &Id) -> Option<Pending> {
        let pending = self.pages.get_mut(object)?.pending.remove(name)?;
        self.dirty.pending.insert((Arc::clone(object), Arc::clone(name)));
        Some(pending)
    }

    /// A definition may have waited long enough.
    pub(super) fn waited(&mut self, object: &Id, name: &Id, time_ns: u64) {
        let due = |pending: &Pending| pending.due_ns <= time_ns;
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
                    self.open(object, name, &case, pending.due_ns, &pending.since_ns.to_string(), &trigger);
                }
            }
        }
    }

    /// Why an alert that waited to be cancelled is over: a symptom was cleared or held no longer,
    /// or, while all of them are still there, a fact changed.
    fn why_over(&self, object: &Id, name: &Id) -> Cause {
        let Some(page) = self.pages.get(object) else { return Cause::Clear };
        let symptoms = page.alerts.get(name).map(|alert| &alert.symptoms[..]).unwrap_or_default();
        let gone = symptoms.iter().filter_map(|one| page.symptoms.get(&**one)).filter(|one| !one.active);
        let gone: Vec<bool> = gone.map(|symptom| symptom.since_ns > symptom.last_ns).collect();
        match gone[..] {
            [] => Cause::Fact,
            _ if gone.iter().all(|held| *held) => Cause::Hold,
            _ => Cause::Clear,
        }
    }

    /// Whether a person cancelled it, and no new raise says that it is there again.
    fn is_held_by_hand(&self, object: &Id, name: &Id, trigger: &Trigger<'_>) -> bool {
        let alert = self.pages.get(object).and_then(|page| page.alerts.get(name));
        let Some(alert) = alert.filter(|alert| alert.cause == Some(Cause::Hand)) else { return false };
        alert.status == Status::Cancelled && trigger.raise.is_none_or(|raise| raise.time_ns < alert.last_ns)
    }

    /// What a person cancelled, and what is made of facts alone, may open again once it has ceased.
    fn lift_hand(&mut self, object: &Id, name: &Id) {
        let Some(alert) = self.pages.get_mut(object).and_then(|page| page.alert_mut(name)) else { return };
        if alert.cause == Some(Cause::Hand) && alert.symptoms.is_empty() {
            alert.cause = Some(Cause::Fact);
            self.mark(object, name);
        }
    }
}
