//! What becomes due at an event time: symptoms that hold no longer, definitions that have waited.
//! Each timer goes by one event clock: that of an object as one source tells of it.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Bound,
    sync::Arc,
};

use super::{ids::Id, limits};
use crate::change::PendingTransition;

/// What is due. Of what is due at one time on one object, holds end first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum TimerKind {
    /// A symptom's hold time may be up.
    Hold,
    /// A definition may have waited long enough.
    Wait,
    /// A metric may not be known any more.
    Age,
}

/// A timer is a reminder to look; whether something is due then, the page says.
pub(super) type Timer = (u64, Id, TimerKind, Id);

/// Names an event clock: an object as one source tells of it. Empty: the host's clock.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct ClockKey {
    pub(super) source: Id,
    pub(super) object: Id,
}

impl ClockKey {
    pub(super) fn new(source: &str, object: &Id) -> Self {
        Self { source: source.into(), object: Arc::clone(object) }
    }

    /// The host's clock: what neither a line nor a fact of the stream has brought about goes by it.
    pub(super) fn wall() -> Self {
        Self::default()
    }

    /// The host's clock once all sources were read to their end: what some source brought about goes by it
    /// when it is not known any more which.
    pub(super) fn all() -> Self {
        Self { source: ALL.into(), object: "".into() }
    }

    fn is_wall(&self) -> bool {
        self.object.is_empty()
    }
}

impl From<&PendingTransition> for ClockKey {
    /// Returns the clock by which a definition waits.
    fn from(pending: &PendingTransition) -> Self {
        Self::new(&pending.clock_source, &pending.clock_object.as_str().into())
    }
}

/// Stands for all sources, where no object does: a source of this name is one like any other.
const ALL: &str = "(all)";
/// Which part of the event clocks goes when there are too many: one by one, each would cost a look at all.
const PART: usize = 16;

/// An event clock: how far the object's time has come, and since when nothing has been heard.
#[derive(Debug, Default)]
struct EventClock {
    /// The latest event.
    own_ns: u64,
    /// As of when the latest event counts that was stamped ahead of the host's clock.
    ahead_ns: u64,
    /// From here on it goes with the host's clock while nothing is heard.
    base_ns: u64,
    /// The host's clock at `base_ns`.
    heard_ns: u64,
    timers: BTreeSet<Timer>,
    /// Under which time of the host's clock it stands in `Timers::quiet`.
    queued_ns: Option<u64>,
}

impl EventClock {
    /// When the host's clock makes the first timer due, if nothing is heard until then.
    fn due_by_wall_clock(&self) -> Option<u64> {
        let (due_ns, ..) = self.timers.first()?;
        let quiet_ns = due_ns.saturating_sub(self.base_ns).max(limits::QUIET_NS);
        Some(self.heard_ns.saturating_add(quiet_ns).max(*due_ns))
    }

    /// How far it has come by itself when everything was heard until `until_ns` of the host's clock.
    fn quiet_time_ns(&self, until_ns: u64) -> u64 {
        match until_ns.saturating_sub(self.heard_ns) {
            quiet_ns if quiet_ns >= limits::QUIET_NS => self.base_ns.saturating_add(quiet_ns),
            _ => self.base_ns,
        }
    }
}

/// All timers.
#[derive(Debug, Default)]
pub(super) struct Timers {
    clocks: BTreeMap<ClockKey, EventClock>,
    all: BTreeSet<(Timer, ClockKey)>,
    /// Event clocks by source, those of the host's clock for themselves, in the order in which the host's
    /// clock makes them due.
    quiet: BTreeMap<(bool, Id), BTreeSet<(u64, Id)>>,
    ready: BTreeSet<(Timer, ClockKey)>,
    /// Everything up to this event time has been heard, everywhere.
    watermark_ns: u64,
    /// The host's clock; 0 where there is none.
    wall_ns: u64,
    /// Everything that came before this time of the host's clock has been heard.
    until_ns: u64,
    /// Sources of which that is not so, and until when it is.
    behind: BTreeMap<Id, u64>,
    /// No room is made before there are so many event clocks.
    crowded: usize,
}

impl Timers {
    /// The host's clock.
    pub(super) fn set_wall_clock(&mut self, wall_ns: u64) {
        self.wall_ns = wall_ns;
    }

    /// Notes an event of this clock, and returns as of when it counts. What comes after an event that was
    /// stamped ahead (`is_ahead`) in the same source does not count as of before it.
    pub(super) fn observe(&mut self, key: &ClockKey, time_ns: u64, is_ahead: bool) -> u64 {
        if self.clocks.len() >= limits::EVENT_CLOCKS.max(self.crowded) && !self.clocks.contains_key(key) {
            self.make_room(limits::EVENT_CLOCKS / PART);
        }
        let wall_ns = self.wall_ns;
        let clock = self.clocks.entry(key.clone()).or_default();
        let time_ns = match wall_ns {
            0 => time_ns,
            _ => time_ns.max(clock.ahead_ns).min(wall_ns),
        };
        if is_ahead {
            clock.ahead_ns = time_ns;
        }
        if time_ns >= clock.own_ns {
            (clock.own_ns, clock.base_ns, clock.heard_ns) = (time_ns, time_ns, wall_ns);
        }
        if !clock.timers.is_empty() {
            self.collect(key);
        }
        time_ns
    }

    /// Lets so many event clocks go that no timer goes by, those first that were heard longest ago: they
    /// matter to lines that come late, and to nothing else. Where there are not so many, it is looked for them
    /// again when there are as many clocks more.
    fn make_room(&mut self, part: usize) {
        let idle = self.clocks.iter().filter(|(_, clock)| clock.timers.is_empty());
        let mut idle: Vec<(u64, u64, ClockKey)> =
            idle.map(|(key, clock)| (clock.heard_ns, clock.own_ns, key.clone())).collect();
        if part < idle.len() {
            idle.select_nth_unstable(part);
            idle.truncate(part);
        }
        for (.., key) in idle {
            self.clocks.remove(&key);
        }
        self.crowded = self.clocks.len() + part;
    }

    /// What was heard by this clock is of an object that is not kept.
    pub(super) fn forget_clock(&mut self, key: &ClockKey) {
        if self.clocks.get(key).is_some_and(|clock| clock.timers.is_empty()) {
            self.clocks.remove(key);
        }
    }

    /// An event clock as it was before a restart.
    pub(super) fn restore(&mut self, key: &ClockKey, time_ns: u64, heard_ns: u64) {
        let clock = self.clocks.entry(key.clone()).or_default();
        if time_ns >= clock.own_ns {
            let heard_ns = if time_ns == clock.own_ns { heard_ns.max(clock.heard_ns) } else { heard_ns };
            (clock.own_ns, clock.base_ns, clock.heard_ns) = (time_ns, time_ns, heard_ns);
        }
    }

    /// Sources that do not say whether lines wait in them are as quiet as the host was away.
    pub(super) fn resume(&mut self, now_ns: u64, says: impl Fn(&str) -> bool) {
        let keys: Vec<ClockKey> = self.clocks.keys().filter(|key| !key.is_wall()).cloned().collect();
        for key in keys {
            if !says(&key.source)
                && let Some(clock) = self.clocks.get_mut(&key)
            {
                clock.heard_ns = now_ns;
                self.requeue(&key);
            }
        }
    }

    pub(super) fn add(&mut self, timer: Timer, key: &ClockKey) {
        self.clocks.entry(key.clone()).or_default().timers.insert(timer.clone());
        self.all.insert((timer, key.clone()));
        self.collect(key);
    }

    /// Everything up to `time_ns` has been heard, everywhere.
    pub(super) fn advance_all(&mut self, time_ns: u64) {
        self.watermark_ns = self.watermark_ns.max(time_ns);
        let bound = self.bounded(self.watermark_ns);
        let due = self.all.iter().take_while(|((due_ns, ..), _)| *due_ns <= bound);
        let due: BTreeSet<ClockKey> = due.map(|(_, key)| key.clone()).collect();
        due.iter().for_each(|key| self.collect(key));
    }

    /// Everything that came before `until_ns` of the host's clock has been heard; of the sources in
    /// `behind` only what came before their time.
    pub(super) fn set_quiet_until(&mut self, until_ns: u64, behind: BTreeMap<Id, u64>) {
        self.until_ns = until_ns;
        self.behind = behind;
        let mut due = Vec::new();
        for ((is_wall, source), queue) in &self.quiet {
            let until_ns = self.heard_until(*is_wall, source);
            let keys = queue.iter().take_while(|(due_ns, _)| *due_ns <= until_ns);
            due.extend(keys.map(|(_, object)| ClockKey { source: Arc::clone(source), object: Arc::clone(object) }));
        }
        due.iter().for_each(|key| self.collect(key));
    }

    /// A source is at its end after a long time, and its last line is of `time_ns`: what was heard in
    /// it before has been quiet up to then at least.
    pub(super) fn advance_source(&mut self, source: &str, time_ns: u64) {
        let (time_ns, wall_ns) = (self.bounded(time_ns), self.wall_ns);
        let first = ClockKey { source: source.into(), object: "".into() };
        let of_source = self.clocks.range((Bound::Included(first), Bound::Unbounded));
        let keys = of_source.map(|(key, _)| key).take_while(|key| &*key.source == source);
        let keys: Vec<ClockKey> = keys.filter(|key| !key.is_wall()).cloned().collect();
        for key in keys {
            let Some(clock) = self.clocks.get_mut(&key) else { continue };
            if time_ns > clock.quiet_time_ns(wall_ns) {
                (clock.base_ns, clock.heard_ns) = (time_ns, wall_ns);
                self.collect(&key);
            }
        }
    }

    /// How far an event clock has come. The host's clock does not bound it.
    pub(super) fn time_ns(&self, key: &ClockKey) -> u64 {
        let until_ns = self.heard_until(key.is_wall(), &key.source);
        if key.is_wall() {
            return until_ns.max(self.watermark_ns);
        }
        let clock = self.clocks.get(key).map_or(0, |clock| clock.own_ns.max(clock.quiet_time_ns(until_ns)));
        clock.max(self.watermark_ns)
    }

    /// Up to when everything has been heard, everywhere.
    #[cfg(test)]
    pub(super) fn watermark_ns(&self) -> u64 {
        self.watermark_ns
    }

    /// The first that is due: in order of time, object, task, name.
    pub(super) fn pop_due(&mut self) -> Option<(Timer, ClockKey)> {
        self.ready.pop_first()
    }

    /// The first event time at which something is due, and when that is on the host's clock.
    pub(super) fn next_due(&self) -> (Option<u64>, Option<u64>) {
        let event_ns = self.all.first().map(|((due_ns, ..), _)| *due_ns);
        (event_ns, self.quiet.values().filter_map(|queue| Some(queue.first()?.0)).min())
    }

    pub(super) fn clear(&mut self) {
        *self = Self { wall_ns: self.wall_ns, ..Self::default() };
    }

    /// Forgets the clocks of an object.
    pub(super) fn forget_object(&mut self, object: &Id) {
        let gone: Vec<ClockKey> = self.clocks.keys().filter(|key| key.object == *object).cloned().collect();
        for key in gone {
            if self.clocks.get(&key).is_some_and(|clock| clock.timers.is_empty()) {
                self.clocks.remove(&key);
            }
        }
    }

    fn heard_until(&self, is_wall: bool, source: &str) -> u64 {
        if is_wall && source == ALL {
            return self.behind.values().copied().fold(self.until_ns, u64::min);
        }
        self.behind.get(source).map_or(self.until_ns, |until_ns| self.until_ns.min(*until_ns))
    }

    /// No timer is due before the host's clock says so.
    fn bounded(&self, time_ns: u64) -> u64 {
        if self.wall_ns > 0 { time_ns.min(self.wall_ns) } else { time_ns }
    }

    /// Takes out what is due by an event clock.
    fn collect(&mut self, key: &ClockKey) {
        let time_ns = self.bounded(self.time_ns(key));
        let Some(clock) = self.clocks.get_mut(key) else { return };
        while clock.timers.first().is_some_and(|(due_ns, ..)| *due_ns <= time_ns) {
            if let Some(timer) = clock.timers.pop_first() {
                let entry = (timer, key.clone());
                self.all.remove(&entry);
                self.ready.insert(entry);
            }
        }
        self.requeue(key);
    }

    /// Puts an event clock where the host's clock makes it due.
    fn requeue(&mut self, key: &ClockKey) {
        let Some(clock) = self.clocks.get_mut(key) else { return };
        let due_ns = match key.is_wall() {
            true => clock.timers.first().map(|(due_ns, ..)| *due_ns),
            false => clock.due_by_wall_clock(),
        };
        let before_ns = std::mem::replace(&mut clock.queued_ns, due_ns);
        if before_ns == due_ns {
            return;
        }
        let of = (key.is_wall(), Arc::clone(&key.source));
        let queue = self.quiet.entry(of.clone()).or_default();
        if let Some(before_ns) = before_ns {
            queue.remove(&(before_ns, Arc::clone(&key.object)));
        }
        if let Some(due_ns) = due_ns {
            queue.insert((due_ns, Arc::clone(&key.object)));
        }
        if queue.is_empty() {
            self.quiet.remove(&of);
        }
    }
}

#[cfg(test)]
impl Timers {
    /// How many event clocks there are.
    pub(super) fn clocks(&self) -> usize {
        self.clocks.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(source: &str, object: &str) -> ClockKey {
        ClockKey::new(source, &object.into())
    }

    fn hold(due_ns: u64, object: &str) -> Timer {
        (due_ns, object.into(), TimerKind::Hold, "s".into())
    }

    #[test]
    fn of_too_many_clocks_a_part_goes_that_was_heard_longest_ago_and_no_timer_goes_by() {
        let mut timers = Timers::default();
        for number in 0..10 {
            timers.set_wall_clock(1000 + number);
            timers.observe(&key("log", &format!("vm-{number}")), 500 + number, false);
        }
        timers.add(hold(9000, "vm-0"), &key("log", "vm-0"));
        timers.make_room(3);
        let left: Vec<&str> = timers.clocks.keys().map(|key| &*key.object).collect();
        assert_eq!(left, ["vm-0", "vm-4", "vm-5", "vm-6", "vm-7", "vm-8", "vm-9"]);
        // Where there are timers only, nothing goes, and it is not looked for at each event.
        let all: Vec<ClockKey> = timers.clocks.keys().cloned().collect();
        all.iter().for_each(|key| timers.add(hold(9000, &key.object), key));
        timers.make_room(3);
        assert_eq!((timers.clocks(), timers.crowded), (7, 10));
    }

    #[test]
    fn a_source_may_have_any_name() {
        for source in ["log", ALL, "(inventory)"] {
            let mut timers = Timers::default();
            timers.set_wall_clock(1_000_000_000_000);
            let own = key(source, "vm");
            timers.observe(&own, 1_000_000_000_000, false);
            timers.add(hold(1_005_000_000_000, "vm"), &own);
            timers.add(hold(1_005_000_000_000, "other"), &ClockKey::all());
            timers.set_wall_clock(1_010_000_000_000);
            // Another source is behind: that is nothing to this one, and holds up what waits for all.
            timers.set_quiet_until(1_010_000_000_000, BTreeMap::from([("other".into(), 1_001_000_000_000)]));
            assert_eq!(timers.pop_due().map(|(_, key)| key), Some(own), "{source}");
            assert_eq!(timers.pop_due(), None, "{source}");
            timers.set_quiet_until(1_010_000_000_000, BTreeMap::new());
            assert_eq!(timers.pop_due().map(|(_, key)| key), Some(ClockKey::all()), "{source}");
        }
    }
}
