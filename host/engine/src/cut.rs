//! How a cut is put together of its pieces, and what a shard gives and takes of one.

use std::{collections::BTreeMap, sync::Arc};

use lifesigns_model::{
    Checkpoint, InitialState, ObjectClock, ObjectFacts, Observation, PendingAcks, ReminderUpdate, RuleAlertRef,
    SourceOffset, StateChange, limits,
};

use crate::{
    budget::Permit,
    objects::Objects,
    origin::Kept,
    outlet::Spot,
    reminders::Set,
    scanned::{Ticket, Withheld},
    shard::Shard,
    shard_of,
};

/// A sign, with its place in the stream and its rule.
type Said = (Spot, u32, Observation);

/// What a shard knows anew.
#[derive(Default)]
pub(crate) struct Part {
    states: Vec<StateChange>,
    reminders: Vec<ReminderUpdate>,
    objects: Vec<ObjectClock>,
}

/// Entries that changed, by rule, object and key.
type Changed = BTreeMap<(String, String, String), Option<Vec<u8>>>;

fn note(objects: &Objects, states: &mut Changed, rule: &str, changes: Vec<(u32, Box<str>, Option<Vec<u8>>)>) {
    for (object, key, entry) in changes {
        let id = objects.get(object).id.to_string();
        states.insert((rule.to_owned(), id, key.into()), entry);
    }
}

/// A piece of a cut.
pub(crate) enum Piece {
    /// What came from the sources, how far they have got, and whether the cut was made before its
    /// turn.
    Sources(Withheld, Vec<SourceOffset>, bool),
    /// What a shard said, in order, with the room that it takes, and what it knows.
    Shard(Vec<Said>, Option<Permit>, Part),
}

/// The pieces of a cut.
#[derive(Default)]
pub(crate) struct Pieces {
    sources: Option<(Withheld, Vec<SourceOffset>, bool)>,
    shards: usize,
    signs: Vec<Said>,
    room: Option<Permit>,
    part: Part,
}

impl Pieces {
    pub(crate) fn add(&mut self, piece: Piece) {
        match piece {
            Piece::Sources(withheld, places, early) => self.sources = Some((withheld, places, early)),
            Piece::Shard(signs, room, part) => {
                self.shards += 1;
                self.signs.extend(signs);
                self.room = match (self.room.take(), room) {
                    (Some(one), Some(other)) => Some(one.and(other)),
                    (one, other) => one.or(other),
                };
                self.part.states.extend(part.states);
                self.part.reminders.extend(part.reminders);
                self.part.objects.extend(part.objects);
            }
        }
    }

    /// What its signs take.
    pub(crate) fn sign_bytes(&self) -> usize {
        self.room.as_ref().map_or(0, Permit::bytes)
    }

    /// The cut; `None` if one of so many shards is missing.
    pub(crate) fn join(mut self, shards: usize) -> Option<Checkpoint> {
        let (mut withheld, places, early) = self.sources.filter(|_| self.shards == shards)?;
        withheld.0.push(Ticket { done: None, permit: self.room });
        // Stable, and a line is of one shard.
        self.signs.sort_by_key(|(spot, rule, _)| (*spot, *rule));
        let Part { mut states, mut reminders, mut objects } = self.part;
        states.sort_by(|one, other| {
            let key = |state: &StateChange| (state.rule.clone(), state.object.clone(), state.key.clone());
            key(one).cmp(&key(other))
        });
        reminders
            .sort_by(|one, other| (&one.object, &one.rule, &one.name).cmp(&(&other.object, &other.rule, &other.name)));
        objects.sort_by(|one, other| one.object.cmp(&other.object));
        Some(Checkpoint {
            observations: self.signs.into_iter().map(|(_, _, sign)| sign).collect(),
            states,
            reminders,
            objects,
            offsets: places,
            early,
            acks: PendingAcks::new(Box::new(move || withheld.release())),
        })
    }
}

impl Shard {
    /// From now on it notes what changes.
    pub(crate) fn note_changes(&mut self) {
        self.objects.note_changes();
    }

    /// What has changed since the last call.
    pub(crate) fn part(&mut self) -> Part {
        let mut states = Changed::new();
        for gone in std::mem::take(&mut self.gone) {
            states.insert((gone.rule, gone.object, gone.key), None);
        }
        for slot in self.slots.iter_mut().flatten() {
            slot.waiting = 0;
            let Some(state) = slot.state_mut() else { continue };
            let changes = state.changes();
            let sizes = || changes.iter().filter_map(|(.., entry)| entry.as_ref()).map(|entry| entry.len() as u64);
            let bytes = sizes().sum();
            let beyond = sizes().map(|size| size.saturating_sub(limits::FREE_STATE_BYTES)).sum();
            slot.pay_for_state(bytes, beyond, self.clock, &mut self.report);
            note(&self.objects, &mut states, &slot.rule.name, changes);
        }
        for (rule, state) in &mut self.states {
            note(&self.objects, &mut states, rule, state.changes());
        }
        let state = |((rule, object, key), entry)| StateChange { rule, object, key, entry };
        let (reminders, objects) = self.objects.changes();
        Part { states: states.into_iter().map(state).collect(), reminders, objects }
    }

    /// Begins with its share of what is known and was committed.
    pub(crate) fn begin(&mut self, start: &InitialState, number: usize, shards: usize, now_ns: u64) {
        let mine = |object: &str| shard_of(object, shards) == number;
        start.known.iter().filter(|facts| mine(&facts.object)).for_each(|facts| self.know(facts));
        let mut objects: Vec<&ObjectClock> = start.objects.iter().filter(|clock| mine(&clock.object)).collect();
        // If they are too many, those go that have been silent longest.
        objects.sort_by_key(|clock| (clock.time_ns, &clock.object));
        for clock in objects {
            let Some(time_ns) = clock.time_ns else { continue };
            let object = self.back(&clock.object);
            let object = self.objects.get_mut(object);
            // How long the host was away says nothing about the object.
            (object.time_ns, object.seen_ns) = (time_ns, now_ns);
        }
        for facts in start.facts.iter().filter(|facts| mine(&facts.object)) {
            let object = self.back(&facts.object);
            // Nothing is known of later than now: the clock was ahead when it was heard.
            let time_ns = facts.time_ns.min(now_ns);
            self.note(object, &ObjectFacts { time_ns, ..facts.clone() });
        }
        let mut left_out = 0;
        for state in start.states.iter().filter(|state| mine(&state.object)) {
            let Some(entry) = &state.entry else { continue };
            let object = self.back(&state.object);
            let memory = self.states.entry(state.rule.clone());
            let memory = memory.or_insert_with(|| Box::new(self.ledger.memory(&state.rule)));
            left_out += u64::from(!memory.restore(object, &state.key, entry));
        }
        if left_out > 0 {
            tracing::warn!(entries = left_out, "state from before the start cannot be read and is left out");
            self.report.states_left_out += left_out;
        }
        for set in start.reminders.iter().filter(|set| mine(&set.object)) {
            let Some(due_ns) = set.due_ns else { continue };
            let (source, text) = (set.source.clone(), set.text.clone());
            let line = Arc::new(Kept { source, rank: 0, line: set.line, text });
            let object = self.back(&set.object);
            self.objects.restore(object, &set.rule, &set.name, Set { due_ns, line, pays: true });
        }
    }

    /// The number of an object from before the start.
    fn back(&mut self, id: &str) -> u32 {
        match self.objects.hear(id) {
            Some(object) => object,
            // Nothing is in an open batch yet.
            None => self.meet(id, &mut |_: &RuleAlertRef<'_>| ()),
        }
    }
}
