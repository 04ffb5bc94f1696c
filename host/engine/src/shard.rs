//! A shard owns some of the objects, alone: their facts, their rules' state, their rules'
//! instances. It is a plain value that a thread drives; the same events give the same alerts.

use std::{collections::HashMap, mem, sync::Arc};

use lifesigns_model::{EventKind, ObjectFacts, RuleAlertBatch, RuleAlertOrder, StateChange, limits};

use crate::{
    RuleSet,
    condition::Check,
    facts::Noted,
    objects::Objects,
    origin::{Origin, Paid},
    outlet::{Outlet, Spot, Stage, Standing},
    report::ShardReport,
    scanned::Scanned,
    slot::{Around, Clock, Shown, Slot},
    state::{Ledger, Memory},
    throttle::Together,
    usage::Usage,
};

/// Everything that belongs to some of the objects.
pub(crate) struct Shard {
    rules: Arc<RuleSet>,
    pub(crate) slots: Vec<Option<Box<Slot>>>,
    /// Slots with an open batch.
    open: Vec<u32>,
    /// State of rules that have no slot now, by name: a rule that comes back finds it.
    pub(crate) states: HashMap<String, Box<Memory>>,
    pub(crate) objects: Objects,
    answer: RuleAlertBatch,
    pub(crate) clock: Clock,
    pub(crate) report: ShardReport,
    /// What rules hold, in all shards.
    pub(crate) ledger: Arc<Ledger>,
    /// What all rules of this shard may use together.
    together: Together,
    /// Slots that have run since their use was last taken.
    ran: Vec<u32>,
    /// State of objects that were let go since the last cut.
    pub(crate) gone: Vec<StateChange>,
    /// The last line that was taken, and how many reminders have fired.
    spot: Spot,
}

impl Shard {
    pub(crate) fn new(rules: Arc<RuleSet>, clock: Clock, ledger: Arc<Ledger>, cpu_ms_per_s: u64) -> Self {
        let slots = rules.rules().iter().map(|_| None).collect();
        Self {
            rules,
            slots,
            open: Vec::new(),
            states: HashMap::new(),
            objects: Objects::default(),
            answer: RuleAlertBatch::default(),
            clock,
            report: ShardReport::default(),
            ledger,
            together: Together::new(cpu_ms_per_s),
            ran: Vec::new(),
            gone: Vec::new(),
            spot: Spot::default(),
        }
    }

    /// What was counted since the last call.
    pub(crate) fn take_report(&mut self) -> ShardReport {
        mem::take(&mut self.report)
    }

    /// What rules have used since the last call.
    pub(crate) fn take_usage(&mut self) -> Vec<(String, Usage)> {
        let mut ran = mem::take(&mut self.ran);
        ran.sort_unstable();
        ran.dedup();
        let mut used = Vec::with_capacity(ran.len());
        for number in ran {
            if let Some(Some(slot)) = self.slots.get_mut(number as usize) {
                used.push((slot.rule.name.clone(), mem::take(&mut slot.usage)));
            }
        }
        used
    }

    /// How many objects it knows.
    pub(crate) fn objects(&self) -> usize {
        self.objects.len()
    }

    /// Sets the driver's clock.
    pub(crate) fn set_clock(&mut self, clock: Clock) {
        self.clock = clock;
    }

    /// Takes what is known from the start, without telling any rule; the object is never let go.
    pub(crate) fn know(&mut self, facts: &ObjectFacts) {
        let number = match self.objects.hear(&facts.object) {
            Some(number) => number,
            None => self.objects.add(&facts.object),
        };
        self.objects.keep(number);
        self.note(number, facts);
    }

    /// Takes facts without telling any rule.
    pub(crate) fn note(&mut self, object: u32, facts: &ObjectFacts) {
        let object = self.objects.get_mut(object);
        for (name, value) in &facts.properties {
            object.facts.set_property(name, value.as_deref(), facts.time_ns);
        }
        for (name, value) in &facts.metrics {
            object.facts.set_metric(name, *value, facts.time_ns);
        }
    }

    /// Takes a line: its facts, and its message for the rules that want it.
    pub(crate) fn line(&mut self, scanned: &Arc<Scanned>, number: u32, outlet: &mut dyn Outlet) {
        if !Arc::ptr_eq(&scanned.rules, &self.rules) {
            self.adopt(&scanned.rules, outlet);
        }
        let line = &scanned.lines[number as usize];
        let time_ns = line.time_ns.unwrap_or_default();
        // Nothing is known of later than now: a clock that is ahead must not outrank what comes after it.
        let known_ns = if scanned.handed_in_ns > 0 { time_ns.min(scanned.handed_in_ns) } else { time_ns };
        self.spot = Spot { chunk: scanned.number, line: number, stage: Stage::Seen, nth: self.spot.nth };
        let source_line = scanned.first_line + u64::from(line.number);
        let order = RuleAlertOrder {
            time_ns: known_ns,
            source: scanned.source.rank,
            line: source_line,
            ..RuleAlertOrder::default()
        };
        let source = (!scanned.listed).then_some(&*scanned.source.name);
        let standing = |stage, spot| Standing { spot: Spot { stage, nth: 0, ..spot }, order, source };
        let object = match self.objects.hear(scanned.object(line)) {
            Some(object) => object,
            None => {
                let object = self.meet(scanned.object(line), outlet);
                outlet.seen(standing(Stage::Seen, self.spot), scanned.object(line));
                object
            }
        };
        self.advance_object(object, known_ns, scanned.handed_in_ns, outlet);
        let origin = Origin::Line(Arc::clone(scanned), number);
        if let Some(facts) = line.facts {
            let facts = &scanned.facts[facts as usize];
            outlet.facts(standing(Stage::Facts, self.spot), facts);
            self.apply(object, facts, known_ns, &origin, outlet);
        }
        let spot = Spot { stage: Stage::Event, nth: 0, ..self.spot };
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
            let shown = Shown { object, time_ns, kind: EventKind::Log, message, line, origin: origin.clone(), spot };
            self.show(shown_to, shown, outlet);
        }
    }

    /// Shows all open batches to their rules.
    pub(crate) fn flush(&mut self, outlet: &mut dyn Outlet) {
        while let Some(number) = self.open.pop() {
            self.flush_slot(number, outlet);
        }
    }

    /// Lets event time pass: reminders that are due by `time_ns` fire.
    pub(crate) fn advance(&mut self, time_ns: u64, outlet: &mut dyn Outlet) {
        self.flush(outlet);
        for object in self.objects.reminded() {
            self.fire(object, time_ns, Stage::Silence, outlet);
        }
    }

    /// Lets time pass for objects that nothing is heard of: their event time goes on with the
    /// driver's clock from the last event on. Everything that was handed in before `now_ns` must have
    /// been taken; `clock_ns` is what the clock shows. Says whether reminders were due.
    pub(crate) fn idle(&mut self, now_ns: u64, clock_ns: u64, outlet: &mut dyn Outlet) -> bool {
        let fired = self.spot.nth;
        self.flush(outlet);
        for number in self.objects.reminded() {
            // Their alerts would only wait.
            if outlet.is_much() {
                break;
            }
            let object = self.objects.get_mut(number);
            // Where the clock was set back since, time goes on from here.
            object.seen_ns = object.seen_ns.min(clock_ns);
            let time_ns = object.time_ns.saturating_add(now_ns.saturating_sub(object.seen_ns));
            self.fire(number, time_ns, Stage::Silence, outlet);
        }
        self.spot.nth > fired
    }

    /// Goes over to another generation. Rules that stay keep their instances, names keep their state.
    pub(crate) fn adopt(&mut self, rules: &Arc<RuleSet>, outlet: &mut dyn Outlet) {
        self.flush(outlet);
        let mut staying: HashMap<String, Box<Slot>> = HashMap::new();
        for slot in self.slots.drain(..).flatten() {
            staying.insert(slot.rule.name.clone(), slot);
        }
        self.ran.clear();
        self.rules = Arc::clone(rules);
        for (number, rule) in rules.rules().iter().enumerate() {
            let slot = match staying.remove(&rule.name) {
                Some(slot) if Arc::ptr_eq(&slot.rule, rule) => {
                    self.ran.push(number as u32);
                    Some(Box::new(slot.moved(number as u32)))
                }
                Some(slot) => {
                    slot.into_state().map(|state| Box::new(Slot::new(Arc::clone(rule), number as u32, state)))
                }
                None => None,
            };
            self.slots.push(slot);
        }
        for (name, slot) in staying {
            self.states.extend(slot.into_state().map(|state| (name, state)));
        }
    }

    /// Takes up an object that is not known; if that is one too many, others go.
    pub(crate) fn meet(&mut self, id: &str, outlet: &mut dyn Outlet) -> u32 {
        if self.objects.is_full() {
            self.flush(outlet);
            let going = self.objects.oldest();
            self.report.objects_let_go += going.len() as u64;
            going.into_iter().for_each(|object| self.let_go(object));
        }
        self.objects.add(id)
    }

    /// Forgets objects, with their facts, rules' state, reminders and clocks; also those that would stay.
    pub(crate) fn forget(&mut self, objects: &[String], outlet: &mut dyn Outlet) {
        // No open batch has events of an object that is gone.
        self.flush(outlet);
        let known: Vec<u32> = objects.iter().filter_map(|id| self.objects.find(id)).collect();
        known.into_iter().for_each(|object| self.let_go(object));
    }

    fn let_go(&mut self, object: u32) {
        let slots = self.slots.iter_mut().flatten();
        let states = slots.filter_map(|slot| Some((slot.rule.name.clone(), slot.state_mut()?)));
        for (rule, state) in states.chain(self.states.iter_mut().map(|(rule, state)| (rule.clone(), &mut **state))) {
            let id = &self.objects.get(object).id;
            self.gone.extend(state.evict(object).into_iter().map(|key| StateChange {
                rule: rule.clone(),
                object: id.to_string(),
                key: key.into(),
                entry: None,
            }));
        }
        self.objects.remove(object);
    }

    fn advance_object(&mut self, number: u32, time_ns: u64, seen_ns: u64, outlet: &mut dyn Outlet) {
        self.objects.advance(number, time_ns, seen_ns);
        let object = self.objects.get_mut(number);
        if !object.pending.is_empty() {
            // Whoever may set a reminder must have seen everything before time goes on.
            for slot in mem::take(&mut object.pending) {
                self.flush_slot(slot, outlet);
            }
        }
        self.fire(number, time_ns, Stage::Reminder, outlet);
    }

    fn fire(&mut self, object: u32, time_ns: u64, stage: Stage, outlet: &mut dyn Outlet) {
        for _ in 0..limits::REMINDERS_PER_GAP {
            // What a rule has set itself can wait while it is over its budget.
            let (slots, clock, rules) = (&self.slots, self.clock, self.rules.rules());
            let number_of = |name: &str| rules.binary_search_by(|rule| rule.name.as_str().cmp(name)).ok();
            let waits = |name: &str| {
                let slot = number_of(name).and_then(|number| slots[number].as_ref());
                slot.is_some_and(|slot| slot.is_over_budget(clock.at(time_ns)))
            };
            let Some(reminder) = self.objects.due(object, time_ns, &waits) else { return };
            self.spot.nth += 1;
            let Some(number) = number_of(&reminder.rule) else { continue };
            let number = number as u32;
            let wanted = self.rules.index.of_rule(number).iter().any(|interest| {
                interest.takes_message(EventKind::Reminder, &reminder.name)
                    && self.properties_pass(object, reminder.due_ns, &interest.properties)
            });
            if wanted {
                let message = Some(&*reminder.name);
                let origin = Origin::Reminder(reminder.line, Paid(reminder.pays));
                let (time_ns, spot) = (reminder.due_ns, Spot { stage, ..self.spot });
                let shown = Shown { object, time_ns, kind: EventKind::Reminder, message, line: None, origin, spot };
                self.show(number, shown, outlet);
                self.flush_slot(number, outlet);
            }
        }
        self.report.reminders_put_off += 1;
    }

    /// Notes facts and tells the rules that want to know of them.
    fn apply(&mut self, object: u32, facts: &ObjectFacts, time_ns: u64, origin: &Origin, outlet: &mut dyn Outlet) {
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
                interest.takes_message(EventKind::Fact, &message)
                    && self.properties_pass(object, time_ns, &interest.properties)
            });
            if wanted {
                let message = Some(message.as_str());
                let (origin, spot) = (origin.clone(), Spot { stage: Stage::Event, nth: 0, ..self.spot });
                let shown = Shown { object, time_ns, kind: EventKind::Fact, message, line: None, origin, spot };
                self.show(rule, shown, outlet);
            }
        }
    }

    fn properties_pass(&self, object: u32, time_ns: u64, conditions: &[(String, Check)]) -> bool {
        conditions.is_empty() || {
            let facts = &self.objects.get(object).facts;
            conditions.iter().all(|(name, check)| check.passes(facts.property(name, time_ns)))
        }
    }

    fn show(&mut self, number: u32, shown: Shown<'_>, outlet: &mut dyn Outlet) {
        let object = shown.object;
        let slot = match &mut self.slots[number as usize] {
            Some(slot) => slot,
            empty => {
                let rule = Arc::clone(&self.rules.rules()[number as usize]);
                let state = self.states.remove(&rule.name);
                let state = state.unwrap_or_else(|| Box::new(self.ledger.memory(&rule.name)));
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
            together: &mut self.together,
            ledger: &self.ledger,
            outlet,
        };
        if slot.push(&self.rules, shown, &mut around) {
            self.ran.push(number);
            slot.flush(&mut around);
        } else if slot.reminds {
            let pending = &mut self.objects.get_mut(object).pending;
            if !pending.contains(&number) {
                pending.push(number);
            }
        }
    }

    fn flush_slot(&mut self, number: u32, outlet: &mut dyn Outlet) {
        let Some(Some(slot)) = self.slots.get_mut(number as usize) else { return };
        if slot.is_empty() {
            return;
        }
        if self.ran.last() != Some(&number) {
            self.ran.push(number);
        }
        slot.flush(&mut Around {
            objects: &mut self.objects,
            answer: &mut self.answer,
            report: &mut self.report,
            clock: self.clock,
            together: &mut self.together,
            ledger: &self.ledger,
            outlet,
        });
    }
}
