//! Which objects a shard knows, and their facts.

use std::sync::Arc;

use lifesigns_model::{EventKind, ObjectFacts};

use super::Shard;
use crate::{
    event_sink::{EventSink, Phase, StreamPosition},
    facts::FactOutcome,
    origin::EventOrigin,
    property_cost::PropertyCost,
    rule_runner::RuleEvent,
};

impl Shard {
    /// Inserts an object of the inventory with its facts, of which no rule is notified. It is never evicted.
    pub(crate) fn insert_known(&mut self, facts: &ObjectFacts) {
        let number = match self.objects.touch(&facts.object) {
            Some(number) => number,
            None => self.objects.insert(&facts.object),
        };
        self.objects.pin(number);
        self.objects.get_mut(number).facts.set_all(facts);
    }

    /// Inserts an object that is not known; if that is one too many, others are evicted.
    pub(crate) fn insert_object(&mut self, id: &str, sink: &mut dyn EventSink) -> u32 {
        if self.objects.is_full() {
            self.flush(sink);
            let going = self.objects.eviction_candidates();
            self.report.objects_evicted += going.len() as u64;
            going.into_iter().for_each(|object| self.evict_object(object));
        }
        self.objects.insert(id)
    }

    /// Forgets objects, with their facts, rules' state, reminders and clocks; pinned ones too.
    pub(crate) fn forget(&mut self, objects: &[String], sink: &mut dyn EventSink) {
        // No open batch has events of an object that is gone.
        self.flush(sink);
        let known: Vec<u32> = objects.iter().filter_map(|id| self.objects.find(id)).collect();
        known.into_iter().for_each(|object| self.evict_object(object));
    }

    fn evict_object(&mut self, object: u32) {
        self.runners.evict(object, self.objects.get(object).id());
        self.objects.remove(object);
    }

    /// Applies facts and shows them to the rules that watch them.
    pub(super) fn apply_facts(
        &mut self,
        object: u32,
        facts: &ObjectFacts,
        time_ns: u64,
        origin: &EventOrigin,
        sink: &mut dyn EventSink,
    ) {
        let mut changed: Vec<(u32, &str)> = Vec::new();
        let rules = Arc::clone(self.runners.rules());
        let index = &rules.index;
        let known = &mut self.objects.get_mut(object).facts;
        let mut left_out = 0;
        for (name, value) in &facts.properties {
            let noted = known.set_property(name, value.as_deref(), time_ns);
            left_out += u64::from(noted == FactOutcome::LeftOut);
            if noted == FactOutcome::Changed {
                let watchers = index.property_watchers.get(name).into_iter().flatten();
                changed.extend(watchers.map(|rule| (*rule, name.as_str())));
            }
        }
        for (name, value) in &facts.metrics {
            if known.set_metric(name, *value, time_ns) == FactOutcome::LeftOut {
                left_out += 1;
                continue;
            }
            let watchers = index.metric_watchers.get(name).into_iter().flatten();
            changed.extend(watchers.map(|rule| (*rule, name.as_str())));
        }
        self.report.facts_left_out += left_out;
        changed.sort_by_key(|(rule, _)| *rule);
        for names in changed.chunk_by(|(one, _), (other, _)| one == other) {
            let rule = names[0].0;
            let message = names.iter().map(|(_, name)| *name).collect::<Vec<_>>().join(",");
            let mut cost = PropertyCost::of(rule);
            let known = &self.objects.get(object).facts;
            let wanted = index.of_rule(rule).iter().any(|interest| {
                interest.takes_message(EventKind::Fact, &message) && cost.passes(known, time_ns, &interest.properties)
            });
            self.charge(cost);
            if wanted {
                let message = Some(message.as_str());
                let (origin, position) =
                    (origin.clone(), StreamPosition { phase: Phase::Event, nth: 0, ..self.position });
                let shown = RuleEvent { object, time_ns, kind: EventKind::Fact, message, line: None, origin, position };
                self.show(rule, shown, sink);
            }
        }
    }
}
