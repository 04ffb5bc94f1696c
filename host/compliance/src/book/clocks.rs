//! Time in the book: events advance the event clock of their object and source, the host's clock goes
//! by itself, and what is due by both is done, each at its own time.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use super::{
    Book,
    page::Id,
    timers::{ClockKey, Task},
};
use crate::{change::PendingTransition, expression::Meter};

/// The host's clock may go back this far without anything being made of it.
const SET_BACK_NS: u64 = 1_000_000_000;

impl PendingTransition {
    /// The clock by which it goes.
    pub(super) fn clock(&self) -> ClockKey {
        ClockKey::new(&self.clock_source, &self.clock_object.as_str().into())
    }
}

impl Book {
    /// Notes an event of `object`, and does what is due before it. Returns the time that the event
    /// counts for: none is later than the host's clock, so that a clock that is ahead neither ends
    /// holds nor outranks what comes after it, also where both are read long after they were written.
    pub(super) fn hear(&mut self, object: &str, time_ns: u64) -> u64 {
        let counted_ns = self.counted(time_ns);
        self.hearing = ClockKey::new(&self.source, &object.into());
        let time_ns = self.timers.hear(&self.hearing, counted_ns, counted_ns < time_ns);
        self.fire();
        self.event_ns = self.event_ns.max(time_ns);
        self.at_ns = time_ns;
        time_ns
    }

    /// What was heard last is of an object that the registry did not take up: it has no clock.
    pub(super) fn unhear(&mut self, object: &str) {
        if self.registry.object(object).is_none() {
            self.timers.unhear(&self.hearing);
        }
    }

    /// What is done now goes by the host's clock, unless it turns out to be an event.
    pub(super) fn by_host(&mut self) {
        (self.hearing, self.at_ns) = (ClockKey::host(), self.stamp());
    }

    /// No event is later than the host's clock.
    fn counted(&self, time_ns: u64) -> u64 {
        if self.clock_ns > 0 { time_ns.min(self.clock_ns) } else { time_ns }
    }

    /// How far the event clock in hand has come.
    pub(super) fn heard_ns(&self) -> u64 {
        self.timers.time(&self.hearing)
    }

    /// Event time has come this far, everywhere.
    pub(super) fn pass(&mut self, time_ns: u64) {
        self.timers.pass(time_ns);
        self.fire();
        self.event_ns = self.event_ns.max(time_ns);
    }

    /// Nothing has come until now, but of what is behind.
    pub(super) fn rest(&mut self, until_ns: u64, behind: Vec<(String, u64)>) {
        self.advance_clock(until_ns);
        let behind: BTreeMap<Id, u64> = behind.into_iter().map(|(source, ns)| (source.into(), ns)).collect();
        self.timers.rest(until_ns, behind);
    }

    /// A source is at its end, and its last line is of this event time.
    pub(super) fn caught_up(&mut self, source: &str, time_ns: u64) {
        let time_ns = self.counted(time_ns);
        self.event_ns = self.event_ns.max(time_ns);
        self.timers.lift(source, time_ns);
    }

    /// Does what is due, each at its own time; what comes of it goes by the same event clock.
    fn fire(&mut self) {
        let (hearing, at_ns) = (self.hearing.clone(), self.at_ns);
        while let Some(((due_ns, object, task, name), key)) = self.timers.pop() {
            (self.hearing, self.at_ns) = (key, due_ns);
            self.meter = Meter::default();
            match task {
                Task::Hold => self.held(&object, &name, due_ns),
                Task::Wait => self.waited(&object, &name, due_ns),
                Task::Age => self.aged(&object, &name, due_ns),
            }
        }
        (self.hearing, self.at_ns) = (hearing, at_ns);
    }

    /// The host's clock as it is now. If it was wrong and is right again, it is followed back.
    pub(super) fn turn_clock(&mut self, time_ns: u64) {
        match time_ns.saturating_add(SET_BACK_NS) < self.clock_ns {
            true => self.set_back(time_ns),
            false => self.advance_clock(time_ns),
        }
    }

    /// The host's clock has come this far.
    pub(super) fn advance_clock(&mut self, time_ns: u64) {
        let before_ns = self.clock_ns;
        if time_ns <= before_ns {
            return;
        }
        self.clock_ns = time_ns;
        self.at_ns = self.stamp();
        self.timers.set_host(time_ns);
        self.turn_silences(before_ns);
        self.end_rules();
        if self.next_hours.is_some_and(|change_ns| change_ns <= time_ns) {
            self.next_hours = self.compiled.next_hours_change(time_ns);
            self.decide_anew();
        }
        // In an order that does not depend on when they were looked at before.
        let mut due = BTreeSet::new();
        while self.repeats.first().is_some_and(|(due_ns, ..)| *due_ns <= time_ns) {
            due.extend(self.repeats.pop_first().map(|(_, object, name)| (object, name)));
        }
        due.iter().for_each(|(object, name)| self.tell_again(object, name));
    }

    /// The host's clock was ahead, and is right again: what is remembered of later counts as of now,
    /// and what goes by the clock is decided again.
    fn set_back(&mut self, time_ns: u64) {
        let before_ns = std::mem::replace(&mut self.clock_ns, time_ns);
        (self.event_ns, self.at_ns) = (self.event_ns.min(time_ns), time_ns);
        self.registry.set_back(time_ns);
        self.rules.set_back(time_ns);
        self.set_pages_back(time_ns);
        self.next_hours = self.compiled.next_hours_change(time_ns);
        let time = |ns: u64| json!({ "clock_ns": ns });
        self.note(time_ns, "time", "clock set back", "", time(before_ns), time(time_ns));
        self.decide_anew();
        self.rehush_all();
        self.plan_repeats();
    }

    /// Symptoms, alerts and what waits: none of it is later than `time_ns`.
    fn set_pages_back(&mut self, time_ns: u64) {
        let late = |ns: &mut u64| {
            let is_late = *ns > time_ns;
            *ns = (*ns).min(time_ns);
            is_late
        };
        for (object, page) in &mut self.pages {
            for (name, shared) in &mut page.symptoms {
                if shared.since_ns.max(shared.last_ns) > time_ns {
                    let symptom = std::sync::Arc::make_mut(shared);
                    let _ = (late(&mut symptom.since_ns), late(&mut symptom.last_ns));
                    self.dirty.symptoms.insert((Id::clone(object), Id::clone(name)));
                }
            }
            for (name, shared) in &mut page.alerts {
                let told_ns = shared.told.values().map(|told| told.last_ns).max().unwrap_or(0);
                if shared.opened_ns.max(shared.last_ns).max(shared.cancelled_ns.unwrap_or(0)).max(told_ns) > time_ns {
                    let alert = std::sync::Arc::make_mut(shared);
                    let _ = (late(&mut alert.opened_ns), late(&mut alert.last_ns));
                    alert.cancelled_ns = alert.cancelled_ns.map(|ns| ns.min(time_ns));
                    alert.told.values_mut().for_each(|told| told.last_ns = told.last_ns.min(time_ns));
                    self.dirty.alerts.insert((Id::clone(object), Id::clone(name)));
                }
            }
            for (name, pending) in &mut page.pending {
                let wait_ns = pending.due_ns.saturating_sub(pending.since_ns);
                if late(&mut pending.since_ns) {
                    pending.due_ns = time_ns.saturating_add(wait_ns);
                    self.dirty.pending.insert((Id::clone(object), Id::clone(name)));
                }
            }
            for (ns, _) in &mut page.history {
                late(ns);
            }
        }
        self.timers.clear();
        self.timers.set_host(time_ns);
        self.restore_timers(time_ns);
        self.plan_all_ages();
    }

    /// Sets the timers of everything on the pages, which goes on as it began; where it is not known when
    /// that was, nothing has been heard since `heard_ns` of the host's clock.
    pub(super) fn restore_timers(&mut self, heard_ns: u64) {
        let heard = |since_ns: u64| if since_ns > 0 { since_ns.min(heard_ns) } else { heard_ns };
        for (object, page) in &self.pages {
            for (name, symptom) in &page.symptoms {
                if let Some(due_ns) = symptom.hold_due() {
                    let key = ClockKey::new(symptom.source(), object);
                    self.timers.restore(&key, symptom.last_ns, heard(symptom.heard_ns));
                    self.timers.add((due_ns, Id::clone(object), Task::Hold, Id::clone(name)), &key);
                }
            }
            for (name, pending) in &page.pending {
                let key = pending.clock();
                self.timers.restore(&key, pending.since_ns, heard(pending.heard_ns));
                self.timers.add((pending.due_ns, Id::clone(object), Task::Wait, Id::clone(name)), &key);
            }
        }
    }

    /// What is due already, because it came late; then the badges.
    pub(super) fn settle(&mut self) {
        self.fire();
        self.settle_badges();
    }

    /// The host's clock, or event time where there is none.
    pub(super) fn stamp(&self) -> u64 {
        if self.clock_ns > 0 { self.clock_ns } else { self.event_ns }
    }
}
