//! How event time passes for a shard's objects, and how their reminders fire.

use lifesigns_model::{EventKind, RuleKey, limits};

use super::Shard;
use crate::{
    event_sink::{EventSink, Phase, StreamPosition},
    origin::{EventOrigin, Paid},
    property_cost::PropertyCost,
    rule_runner::RuleEvent,
};

impl Shard {
    /// Advances event time: reminders that are due by `time_ns` fire.
    pub(crate) fn advance(&mut self, time_ns: u64, sink: &mut dyn EventSink) {
        self.flush(sink);
        for object in self.objects.with_reminders_list() {
            self.fire(object, time_ns, Phase::Silence, sink);
        }
    }

    /// Advances time for silent objects: their event time goes on with the driver's clock from the last
    /// event on. Everything that was handed in before `now_ns` must have been taken; `clock_ns` is the
    /// time of the clock. Returns whether reminders were due.
    pub(crate) fn advance_silent(&mut self, now_ns: u64, clock_ns: u64, sink: &mut dyn EventSink) -> bool {
        let fired = self.position.nth;
        self.flush(sink);
        for number in self.objects.with_reminders_list() {
            // Their alerts would only wait.
            if sink.is_backlogged() {
                break;
            }
            let time_ns = self.objects.get_mut(number).silent_time(now_ns, clock_ns);
            self.fire(number, time_ns, Phase::Silence, sink);
        }
        self.position.nth > fired
    }

    pub(super) fn advance_object(&mut self, number: u32, time_ns: u64, seen_ns: u64, sink: &mut dyn EventSink) {
        self.objects.advance(number, time_ns, seen_ns);
        // Rules that may set a reminder must have seen everything before time goes on.
        for rule in self.objects.get_mut(number).take_pending() {
            self.flush_rule(rule, sink);
        }
        self.fire(number, time_ns, Phase::Reminder, sink);
    }

    fn fire(&mut self, object: u32, time_ns: u64, phase: Phase, sink: &mut dyn EventSink) {
        for _ in 0..limits::REMINDERS_PER_GAP {
            let (runners, now_ns) = (&self.runners, self.clock.at(time_ns));
            let waits = |key: &RuleKey| runners.defers_reminders(key, now_ns);
            let Some(reminder) = self.objects.due(object, time_ns, &waits) else { return };
            self.position.nth += 1;
            let Some(number) = self.runners.number_of(&reminder.rule) else { continue };
            let mut cost = PropertyCost::of(number);
            let facts = &self.objects.get(object).facts;
            let wanted = self.runners.rules().index.of_rule(number).iter().any(|interest| {
                interest.takes_message(EventKind::Reminder, &reminder.name)
                    && cost.passes(facts, reminder.due_ns, &interest.properties)
            });
            self.charge(cost);
            if wanted {
                let message = Some(&*reminder.name);
                let origin = EventOrigin::Reminder(reminder.line, Paid(reminder.pays));
                let (time_ns, position) = (reminder.due_ns, StreamPosition { phase, ..self.position });
                let shown =
                    RuleEvent { object, time_ns, kind: EventKind::Reminder, message, line: None, origin, position };
                self.show(number, shown, sink);
                self.flush_rule(number, sink);
            }
        }
        self.report.reminders_put_off += 1;
    }

    fn flush_rule(&mut self, number: u32, sink: &mut dyn EventSink) {
        let (runners, mut parts) = self.split(sink);
        runners.flush_rule(number, &mut parts);
    }
}
