//! A shard owns some of the objects, alone: their facts, their rules' state, their rules'
//! instances. It is a plain value that a thread drives; the same events give the same alerts.

use std::{collections::HashMap, mem, sync::Arc};

use lifesigns_model::{Answer, Kind, ObjectFacts, limits};

use crate::{
    RuleSet,
    facts::Noted,
    objects::Objects,
    origin::Origin,
    report::Report,
    scanned::Scanned,
    slot::{Around, Clock, Shown, Sink, Slot},
    state::Memory,
};

/// Everything that belongs to some of the objects.
pub(crate) struct Shard {
    rules: Arc<RuleSet>,
    slots: Vec<Option<Box<Slot>>>,
    /// Slots with an open batch.
    open: Vec<u32>,
    /// State of rules that have no slot now, by name: a rule that comes back finds it.
    states: HashMap<String, Box<Memory>>,
    objects: Objects,
    answer: Answer,
    clock: Clock,
    report: Report,
}

impl Shard {
    pub(crate) fn new(rules: Arc<RuleSet>, clock: Clock) -> Self {
        let slots = rules.rules().iter().map(|_| None).collect();
        Self {
            rules,
            slots,
            open: Vec::new(),
            states: HashMap::new(),
            objects: Objects::default(),
            answer: Answer::default(),
            clock,
            report: Report::default(),
        }
    }

    /// What was counted since the last call.
    pub(crate) fn take_report(&mut self) -> Report {
        mem::take(&mut self.report)
    }

    /// How many objects it knows.
    pub(crate) fn objects(&self) -> usize {
        self.objects.len()
    }

    /// Sets the driver's clock.
    pub(crate) fn set_clock(&mut self, clock: Clock) {
        self.clock = clock;
    }

    /// Takes what is known from the start, without telling any rule.
    pub(crate) fn know(&mut self, facts: &ObjectFacts) {
        let number = match self.objects.hear(&facts.object) {
            Some(number) => number,
            None => self.objects.add(&facts.object),
        };
        self.objects.keep(number);
        let object = self.objects.get_mut(number);
        for (name, value) in &facts.properties {
            object.facts.set_property(name, value.as_deref(), facts.time_ns);
        }
        for (name, value) in &facts.metrics {
            object.facts.set_metric(name, *value, facts.time_ns);
        }
    }

    /// Takes a line: its facts, and its message for the rules that want it.
    pub(crate) fn line(&mut self, scanned: &Arc<Scanned>, number: u32, sink: &mut Sink<'_>) {
        if !Arc::ptr_eq(&scanned.rules, &self.rules) {
            self.adopt(&scanned.rules, sink);
        }
        let line = &scanned.lines[number as usize];
        let time_ns = line.time_ns.unwrap_or_default();
        let object = match self.objects.hear(scanned.object(line)) {
            Some(object) => object,
            None => self.meet(scanned.object(line), sink),
        };
        self.advance_object(object, time_ns, scanned.handed_in_ns, sink);
        let origin = Origin::Line(Arc::clone(scanned), number);
        if let Some(facts) = line.facts {
            self.apply(object, &scanned.facts[facts as usize], time_ns, &origin, sink);
        }
        let rules = &scanned.rules;
        let mut shown_to = u32::MAX;
        for hit in &scanned.hits[line.hits.start as usize..line.hits.end as usize] {
            let interest = &rules.index.interests[*hit as usize];
            // Interests come rule by rule, and a rule sees an event once.
            if interest.rule == shown_to || !self.properties_pass(object, time_ns, &interest.properties) {
                continue;
            }
            shown_to = interest.rule;
            let message = line.message.get(&scanned.text);
            let line = Some((&**scanned, line));
            let shown = Shown { object, time_ns, kind: Kind::Log, message, line, origin: origin.clone() };
            self.show(shown_to, shown, sink);
        }
    }

    /// Shows all open batches to their rules.
    pub(crate) fn flush(&mut self, sink: &mut Sink<'_>) {
        while let Some(number) = self.open.pop() {
            self.flush_slot(number, sink);
        }
    }

    /// Lets event time pass: reminders that are due by `time_ns` fire.
    pub(crate) fn advance(&mut self, time_ns: u64, sink: &mut Sink<'_>) {
        self.flush(sink);
        for object in self.objects.reminded() {
            self.fire(object, time_ns, sink);
        }
    }

    /// Lets time pass for objects that nothing is heard of: their event time goes on with the
    /// driver's clock from the last event on. Everything that was handed in before `now_ns` must have
    /// been taken.
    pub(crate) fn idle(&mut self, now_ns: u64, sink: &mut Sink<'_>) {
        self.flush(sink);
        for number in self.objects.reminded() {
            let object = self.objects.get(number);
            let time_ns = object.time_ns.saturating_add(now_ns.saturating_sub(object.seen_ns));
            self.fire(number, time_ns, sink);
        }
    }

    /// Goes over to another generation. Rules that stay keep their instances, names keep their state.
    pub(crate) fn adopt(&mut self, rules: &Arc<RuleSet>, sink: &mut Sink<'_>) {
        self.flush(sink);
        let mut staying: HashMap<String, Box<Slot>> = HashMap::new();
        for slot in self.slots.drain(..).flatten() {
            staying.insert(slot.rule.name.clone(), slot);
        }
        self.rules = Arc::clone(rules);
        for (number, rule) in rules.rules().iter().enumerate() {
            let slot = match staying.remove(&rule.name) {
                Some(slot) if Arc::ptr_eq(&slot.rule, rule) => Some(Box::new(slot.moved(number as u32))),
                Some(slot) => Some(Box::new(Slot::new(Arc::clone(rule), number as u32, slot.into_state()))),
                None => None,
            };
            self.slots.push(slot);
        }
        for (name, slot) in staying {
            self.states.extend(slot.into_state().map(|state| (name, state)));
        }
    }

    /// Takes up an object that is not known; if that is one too many, others go.
    fn meet(&mut self, id: &str, sink: &mut Sink<'_>) -> u32 {
        if self.objects.is_full() {
            self.flush(sink);
            let going = self.objects.oldest();
            self.report.objects_let_go += going.len() as u64;
            for object in going {
                self.slots.iter_mut().flatten().for_each(|slot| slot.evict(object));
                self.states.values_mut().for_each(|state| state.evict(object));
                self.objects.remove(object);
            }
        }
        self.objects.add(id)
    }

    fn advance_object(&mut self, number: u32, time_ns: u64, seen_ns: u64, sink: &mut Sink<'_>) {
        let object = self.objects.get_mut(number);
        object.time_ns = object.time_ns.max(time_ns);
        object.seen_ns = object.seen_ns.max(seen_ns);
        if !object.pending.is_empty() {
            // Whoever may set a reminder must have seen everything before time goes on.
            for slot in mem::take(&mut object.pending) {
                self.flush_slot(slot, sink);
            }
        }
        self.fire(number, time_ns, sink);
    }

    fn fire(&mut self, object: u32, time_ns: u64, sink: &mut Sink<'_>) {
        for _ in 0..limits::REMINDERS_PER_GAP {
            let Some(reminder) = self.objects.due(object, time_ns) else { return };
            let Ok(number) = self.rules.rules().binary_search_by(|rule| rule.name.as_str().cmp(&*reminder.rule)) else {
                continue;
            };
            let wanted = self.rules.index.of_rule(number as u32).iter().any(|interest| {
                interest.takes_message(Kind::Reminder, &reminder.name)
                    && self.properties_pass(object, reminder.due_ns, &interest.properties)
            });
            if wanted {
                let (message, origin) = (Some(&*reminder.name), Origin::Reminder(reminder.line));
                let shown =
                    Shown { object, time_ns: reminder.due_ns, kind: Kind::Reminder, message, line: None, origin };
                self.show(number as u32, shown, sink);
                self.flush_slot(number as u32, sink);
            }
        }
        self.report.reminders_put_off += 1;
    }

    /// Notes facts and tells the rules that want to know of them.
    fn apply(&mut self, object: u32, facts: &ObjectFacts, time_ns: u64, origin: &Origin, sink: &mut Sink<'_>) {
        let mut changed: Vec<(u32, &str)> = Vec::new();
        let rules = Arc::clone(&self.rules);
        let index = &rules.index;
        let known = &mut self.objects.get_mut(object).facts;
        let mut left_out = 0;
        for (name, value) in &facts.properties {
            let noted = known.set_property(name, value.as_deref(), time_ns);
            left_out += u64::from(noted == Noted::LeftOut);
            if noted == Noted::Changed {
                let watchers = index.property_watchers.get(name).into_iter().flatten();
                changed.extend(watchers.map(|rule| (*rule, name.as_str())));
            }
        }
        for (name, value) in &facts.metrics {
            if known.set_metric(name, *value, time_ns) == Noted::LeftOut {
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
            let wanted = index.of_rule(rule).iter().any(|interest| {
                interest.takes_message(Kind::Fact, &message)
                    && self.properties_pass(object, time_ns, &interest.properties)
            });
            if wanted {
                let message = Some(message.as_str());
                let shown = Shown { object, time_ns, kind: Kind::Fact, message, line: None, origin: origin.clone() };
                self.show(rule, shown, sink);
            }
        }
    }

    fn properties_pass(&self, object: u32, time_ns: u64, conditions: &[(String, lifesigns_model::Test)]) -> bool {
        conditions.is_empty() || {
            let facts = &self.objects.get(object).facts;
            conditions.iter().all(|(name, test)| test.passes(facts.property(name, time_ns)))
        }
    }

    fn show(&mut self, number: u32, shown: Shown<'_>, sink: &mut Sink<'_>) {
        let object = shown.object;
        let slot = match &mut self.slots[number as usize] {
            Some(slot) => slot,
            empty => {
                let rule = Arc::clone(&self.rules.rules()[number as usize]);
                let state = self.states.remove(&rule.name);
                empty.insert(Box::new(Slot::new(rule, number, state)))
            }
        };
        if slot.is_empty() {
            self.open.push(number);
        }
        let mut around = Around {
            objects: &mut self.objects,
            answer: &mut self.answer,
            report: &mut self.report,
            clock: self.clock,
            sink,
        };
        if slot.push(&self.rules, shown, &mut around) {
            slot.flush(&mut around);
        } else if slot.reminds {
            let pending = &mut self.objects.get_mut(object).pending;
            if !pending.contains(&number) {
                pending.push(number);
            }
        }
    }

    fn flush_slot(&mut self, number: u32, sink: &mut Sink<'_>) {
        let Some(Some(slot)) = self.slots.get_mut(number as usize) else { return };
        slot.flush(&mut Around {
            objects: &mut self.objects,
            answer: &mut self.answer,
            report: &mut self.report,
            clock: self.clock,
            sink,
        });
    }
}
