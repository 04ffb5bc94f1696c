//! What follows when something changed for a definition on an object: its alert opens, waits, goes on,
//! waits to be cancelled, or is cancelled.

use lifesigns_model::{DropKind, NS_PER_MS};

use crate::{
    book::{
        alerts::lifecycle::{Opened, Opening},
        evaluation::outcome::Evaluation,
        ids::Id,
        state::BookState,
        time::event_clock::TimerKind,
        trigger::Trigger,
    },
    change::PendingTransition,
    record::{Alert, AlertStatus, EndCause},
};

/// Evaluates definitions again and does what follows.
pub(crate) struct Reevaluator<'a> {
    pub(crate) state: &'a mut BookState,
}

impl<'a> Reevaluator<'a> {
    pub(crate) fn new(state: &'a mut BookState) -> Self {
        Self { state }
    }

    /// Evaluates `name` on `object`, which the book has, and does what follows.
    pub(crate) fn update(&mut self, object: &Id, name: &Id, trigger: &Trigger<'_>) {
        let evaluation = self.state.evaluator().evaluate(object, name);
        let undecided = evaluation.undecided.as_ref().filter(|_| evaluation.enabled);
        self.state.undecided.record(&self.state.compiled, object, name, undecided);
        let is_open = self.state.alerts.open(object, name).is_some();
        if !evaluation.enabled {
            self.stop_waiting(object, name);
            self.state.cancel(object, name, cause_of_disabling(trigger.cause), trigger.time_ns, trigger.who);
            return;
        }
        let opening = self.state.alerts.pending(object, name).map(|pending| pending.opening);
        match (is_open, evaluation.holds) {
            (false, true) if opening == Some(true) => self.adjust_wait(object, name),
            (false, true) => self.begin(object, name, &evaluation, trigger),
            (false, false) => {
                self.stop_waiting(object, name);
                self.note_ceased(object, name);
            }
            (true, true) => {
                self.stop_waiting(object, name);
                self.amend(object, name, &evaluation, trigger);
            }
            (true, false) => {
                if opening == Some(false) {
                    self.adjust_wait(object, name);
                } else {
                    self.cease(object, name, trigger);
                }
                self.amend_ceasing(object, name, trigger);
            }
        }
    }

    /// Opens the alert of a definition that holds and did not, or lets it wait.
    fn begin(&mut self, object: &Id, name: &Id, evaluation: &Evaluation, trigger: &Trigger<'_>) {
        if self.state.alerts.get(object, name).is_some_and(|alert| is_held_closed(alert, trigger)) {
            return;
        }
        let since_ns = self.holds_since_ns(evaluation, trigger);
        let wait_ms = self.state.compiled.definition(name).map_or(0, |definition| definition.wait_ms);
        if wait_ms > 0 {
            return self.wait(object, name, true, since_ns, wait_ms);
        }
        let opener = match trigger.raise {
            Some(raise) => format!("{:016x}", raise.fingerprint),
            None => since_ns.to_string(),
        };
        let opening = Opening { since_ns, opened_ns: since_ns, opener };
        self.open(object, name, evaluation, &opening, trigger);
    }

    fn open(&mut self, object: &Id, name: &Id, evaluation: &Evaluation, opening: &Opening, trigger: &Trigger<'_>) {
        match self.state.lifecycle().open(object, name, evaluation, opening, trigger) {
            Opened::Opened(change) => self.state.publish(&change),
            Opened::NoRoom => self.state.drops.note(DropKind::Alerts, format_args!("{name} on {object}")),
        }
    }

    fn amend(&mut self, object: &Id, name: &Id, evaluation: &Evaluation, trigger: &Trigger<'_>) {
        if let Some(change) = self.state.lifecycle().amend(object, name, evaluation, trigger) {
            self.state.publish(&change);
        }
    }

    /// Returns since when a definition holds: the trigger or the last of its symptoms completed it.
    fn holds_since_ns(&self, evaluation: &Evaluation, trigger: &Trigger<'_>) -> u64 {
        let matched = evaluation.matched.first.iter();
        let symptoms = matched.filter_map(|(object, name)| self.state.objects.symptom(object, name));
        symptoms.map(|symptom| symptom.since_ns).fold(trigger.time_ns, u64::max)
    }

    /// Cancels the alert of a definition that held and does not, or lets it wait.
    fn cease(&mut self, object: &Id, name: &Id, trigger: &Trigger<'_>) {
        match self.state.compiled.definition(name).map_or(0, |definition| definition.cancel_ms) {
            0 => self.state.cancel(object, name, trigger.cause, trigger.time_ns, trigger.who),
            cancel_ms => self.wait(object, name, false, trigger.time_ns, cancel_ms),
        }
    }

    fn wait(&mut self, object: &Id, name: &Id, opening: bool, since_ns: u64, wait_ms: u64) {
        let due_ns = wait_end_ns(since_ns, wait_ms);
        let same = |pending: &&PendingTransition| pending.opening == opening && pending.since_ns == since_ns;
        // A definition that waits already goes on by the clock that it began with.
        let (clock, heard_ns) = match self.state.alerts.pending(object, name).filter(same) {
            Some(pending) => (pending.into(), pending.heard_ns),
            None => (self.state.clock.active().clone(), self.state.clock.wall_ns()),
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
        self.state.alerts.put_pending(object, name, pending);
        self.state.timers.add((due_ns, object.clone(), TimerKind::Wait, name.clone()), &clock);
    }

    /// Adjusts a wait, which must be there, to the `wait` and `cancel` of the definition as it is now.
    fn adjust_wait(&mut self, object: &Id, name: &Id) {
        let pending = self.state.alerts.existing_pending(object, name);
        let (opening, since_ns, due_ns) = (pending.opening, pending.since_ns, pending.due_ns);
        let definition = self.state.compiled.definition(name);
        let wait_ms = definition.map_or(0, |it| if opening { it.wait_ms } else { it.cancel_ms });
        if due_ns != wait_end_ns(since_ns, wait_ms) {
            self.wait(object, name, opening, since_ns, wait_ms);
        }
    }

    /// Amends an alert that waits to be cancelled: it is what policy says of the symptoms that made it.
    fn amend_ceasing(&mut self, object: &Id, name: &Id, trigger: &Trigger<'_>) {
        // It was cancelled just now if it does not wait.
        let Some(alert) = self.state.alerts.open(object, name) else { return };
        let symptoms = alert.symptoms.clone();
        let evaluation = self.state.evaluator().evaluate_ceasing(object, name, &symptoms);
        self.amend(object, name, &evaluation, &Trigger { raise: None, ..*trigger });
    }

    /// Ends the wait of a definition, if it waits.
    pub(crate) fn stop_waiting(&mut self, object: &Id, name: &Id) {
        self.state.alerts.take_pending(object, name);
    }

    /// Opens or cancels the alert of a definition if it has waited long enough at `time_ns`.
    pub(crate) fn finish_wait(&mut self, object: &Id, name: &Id, time_ns: u64) {
        let due = self.state.alerts.pending(object, name).filter(|pending| pending.due_ns <= time_ns);
        // The wait may have ended, or begun again, since the timer was set.
        let Some(PendingTransition { opening, since_ns, due_ns, .. }) = due.cloned() else { return };
        self.stop_waiting(object, name);
        let cause = self.cause_of_end(object, name);
        if !opening {
            return self.state.cancel(object, name, cause, due_ns, "time");
        }
        let evaluation = self.state.evaluator().evaluate(object, name);
        if evaluation.enabled && evaluation.holds {
            let opening = Opening { since_ns, opened_ns: due_ns, opener: since_ns.to_string() };
            self.open(object, name, &evaluation, &opening, &Trigger::of(cause, due_ns, "time"));
        }
    }

    /// Returns why an alert that waited to be cancelled is over: the cause for which its symptoms ended, or a
    /// change of a fact while all of them are active still.
    fn cause_of_end(&self, object: &Id, name: &Id) -> EndCause {
        let alert = self.state.alerts.get(object, name);
        let mut cause = None;
        for symptom in alert.into_iter().flat_map(|alert| &alert.symptoms) {
            let Some(symptom) = self.state.objects.symptom(object, symptom).filter(|symptom| !symptom.active) else {
                continue;
            };
            let ended_by = symptom.ended_by.unwrap_or(EndCause::Clear);
            if cause.is_some_and(|cause| cause != ended_by) {
                return EndCause::Clear;
            }
            cause = Some(ended_by);
        }
        cause.unwrap_or(EndCause::Fact)
    }

    /// Notes that a definition does not hold: what a person cancelled may open again from now on.
    fn note_ceased(&mut self, object: &Id, name: &Id) {
        let alert = self.state.alerts.get(object, name);
        if alert.is_some_and(|alert| alert.status == AlertStatus::Cancelled && !alert.ceased) {
            self.state.alerts.change(object, name, |alert| alert.ceased = true);
        }
    }
}

/// Returns whether a person cancelled an alert, it has not ceased since, and no new raise says that it is there
/// again.
fn is_held_closed(alert: &Alert, trigger: &Trigger<'_>) -> bool {
    let is_closed = alert.status == AlertStatus::Cancelled && alert.cause == Some(EndCause::Hand);
    let is_raised = trigger.raise.is_some_and(|raise| raise.time_ns >= alert.last_ns);
    is_closed && !alert.ceased && !is_raised
}

/// Returns the cause of an end because the definition is no longer evaluated on the object.
fn cause_of_disabling(trigger: EndCause) -> EndCause {
    match trigger {
        EndCause::Fact | EndCause::MetricExpired => trigger,
        _ => EndCause::Policy,
    }
}

fn wait_end_ns(since_ns: u64, wait_ms: u64) -> u64 {
    since_ns.saturating_add(wait_ms.saturating_mul(NS_PER_MS))
}
