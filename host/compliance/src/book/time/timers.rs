//! Timers: symptoms whose hold time ends, definitions that have waited, metrics that are too old.
//! Each timer goes by one event clock: that of an object in one source.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use lifesigns_model::clamp_event_time;

use crate::book::{
    ids::Id,
    limits,
    time::{
        event_clock::{ALL_SOURCES, ClockKey, Timer},
        event_clocks::EventClocks,
    },
};

/// The share of the event clocks that is evicted when there are too many; evicting one at a time would scan all
/// clocks each time.
const EVICTED_SHARE: usize = 16;

/// All timers with their clocks.
#[derive(Debug, Default)]
pub(crate) struct Timers {
    clocks: EventClocks,
    all: BTreeSet<(Timer, ClockKey)>,
    /// Event clocks by source, apart from those of the host's clock, in the order in which the host's clock makes
    /// them due.
    queues: BTreeMap<(bool, Id), BTreeSet<(u64, Id)>>,
    ready: BTreeSet<(Timer, ClockKey)>,
    /// Everything up to this event time was observed, everywhere.
    watermark_ns: u64,
    /// The host's clock; 0 where there is none.
    wall_ns: u64,
    /// Everything that came before this time of the host's clock was observed.
    until_ns: u64,
    /// Sources in which not everything was observed, and the time until which it was.
    behind: BTreeMap<Id, u64>,
    /// The number of event clocks at which idle ones are looked for again.
    evict_at: usize,
}

impl Timers {
    /// Sets the host's clock.
    pub(crate) fn set_wall_clock(&mut self, wall_ns: u64) {
        self.wall_ns = wall_ns;
    }

    /// Observes an event of a clock. `is_ahead`: it was stamped ahead of the host's clock. Returns the time for which
    /// it counts.
    pub(crate) fn observe(&mut self, key: &ClockKey, time_ns: u64, is_ahead: bool) -> u64 {
        let is_full = self.clocks.len() >= limits::EVENT_CLOCKS.max(self.evict_at);
        if is_full && self.clocks.get(key).is_none() {
            self.evict_idle(limits::EVENT_CLOCKS / EVICTED_SHARE);
        }
        let clock = match self.clocks.get_mut(key) {
            Some(clock) => clock,
            None => self.clocks.entry_or_default(key),
        };
        let time_ns = clock.observe(time_ns, is_ahead, self.wall_ns);
        if clock.has_timers() {
            self.collect(key);
        }
        time_ns
    }

    /// Evicts `count` event clocks without timers, those first that were observed longest ago: they matter only to
    /// lines that come late. If there are fewer, none are looked for until `count` clocks more are there.
    fn evict_idle(&mut self, count: usize) {
        let idle = self.clocks.iter().filter(|(_, clock)| !clock.has_timers());
        let mut idle: Vec<((u64, u64), ClockKey)> = idle.map(|(key, clock)| (clock.age(), key)).collect();
        if count < idle.len() {
            idle.select_nth_unstable(count);
            idle.truncate(count);
        }
        for (_, key) in idle {
            self.clocks.remove(&key);
        }
        self.evict_at = self.clocks.len() + count;
    }

    /// Drops the clock of an object that is not kept, unless it has timers.
    pub(crate) fn forget_clock(&mut self, key: &ClockKey) {
        if self.clocks.get(key).is_some_and(|clock| !clock.has_timers()) {
            self.clocks.remove(key);
        }
    }

    /// Puts back an event from before a restart, that came at `observed_ns` of the host's clock.
    pub(crate) fn restore(&mut self, key: &ClockKey, time_ns: u64, observed_ns: u64) {
        self.clocks.entry_or_default(key).restore(time_ns, observed_ns);
    }

    /// Goes on after a restart. `reports`: whether a source reports how far it was read; the clocks of the others
    /// stood still while the host was away.
    pub(crate) fn resume(&mut self, now_ns: u64, reports: impl Fn(&str) -> bool) {
        let keys = self.clocks.iter().map(|(key, _)| key);
        let silent: Vec<ClockKey> = keys.filter(|key| !key.is_wall() && !reports(&key.source)).collect();
        for key in silent {
            self.clocks.entry_or_default(&key).resume(now_ns);
            self.requeue(&key);
        }
    }

    /// Adds a timer to a clock.
    pub(crate) fn add(&mut self, timer: Timer, key: &ClockKey) {
        self.clocks.entry_or_default(key).add(timer.clone());
        self.all.insert((timer, key.clone()));
        self.collect(key);
    }

    /// Notes that everything up to `time_ns` was observed, everywhere.
    pub(crate) fn advance_all(&mut self, time_ns: u64) {
        self.watermark_ns = self.watermark_ns.max(time_ns);
        let bound_ns = self.clamp(self.watermark_ns);
        let due = self.all.iter().take_while(|((due_ns, ..), _)| *due_ns <= bound_ns);
        let due: BTreeSet<ClockKey> = due.map(|(_, key)| key.clone()).collect();
        due.iter().for_each(|key| self.collect(key));
    }

    /// Notes that everything that came before `until_ns` of the host's clock was observed; in the sources in
    /// `behind` only what came before their time.
    pub(crate) fn set_quiet_until(&mut self, until_ns: u64, behind: BTreeMap<Id, u64>) {
        self.until_ns = until_ns;
        self.behind = behind;
        let mut due = Vec::new();
        for ((is_wall, source), queue) in &self.queues {
            let until_ns = self.observed_until_ns(*is_wall, source);
            for (_, object) in queue.iter().take_while(|(due_ns, _)| *due_ns <= until_ns) {
                due.push(ClockKey { source: Arc::clone(source), object: Arc::clone(object) });
            }
        }
        due.iter().for_each(|key| self.collect(key));
    }

    /// Notes that a source is at its end after a long time, and that its last line is of `time_ns`: its clocks
    /// advance to that time.
    pub(crate) fn advance_source(&mut self, source: &str, time_ns: u64) {
        let time_ns = self.clamp(time_ns);
        let wall_ns = self.wall_ns;
        let mut advanced = Vec::new();
        for (key, clock) in self.clocks.of_source_mut(source) {
            if !key.is_wall() && time_ns > clock.quiet_time_ns(wall_ns) {
                clock.go_on_from(time_ns, wall_ns);
                advanced.push(key);
            }
        }
        advanced.iter().for_each(|key| self.collect(key));
    }

    /// Returns how far an event clock has come. The host's clock does not bound it.
    pub(crate) fn time_ns(&self, key: &ClockKey) -> u64 {
        let until_ns = self.observed_until_ns(key.is_wall(), &key.source);
        if key.is_wall() {
            return until_ns.max(self.watermark_ns);
        }
        let clock_ns = self.clocks.get(key).map_or(0, |clock| clock.time_ns(until_ns));
        clock_ns.max(self.watermark_ns)
    }

    /// Returns whether a timer is due.
    pub(crate) fn is_any_due(&self) -> bool {
        !self.ready.is_empty()
    }

    /// Takes the first timer that is due: in order of time, object, kind, name.
    pub(crate) fn pop_due(&mut self) -> Option<(Timer, ClockKey)> {
        self.ready.pop_first()
    }

    /// Returns the first event time at which something is due, and when that is on the host's clock.
    pub(crate) fn next_due(&self) -> (Option<u64>, Option<u64>) {
        let event_ns = self.all.first().map(|((due_ns, ..), _)| *due_ns);
        let queued = self.queues.values().filter_map(BTreeSet::first);
        (event_ns, queued.map(|(due_ns, _)| *due_ns).min())
    }

    /// Drops all timers and clocks but the host's.
    pub(crate) fn clear(&mut self) {
        *self = Self { wall_ns: self.wall_ns, ..Self::default() };
    }

    /// Drops the clocks of an object that have no timers.
    pub(crate) fn forget_object(&mut self, object: &Id) {
        self.clocks.remove_object(object, |clock| !clock.has_timers());
    }

    fn observed_until_ns(&self, is_wall: bool, source: &str) -> u64 {
        if is_wall && source == ALL_SOURCES {
            return self.behind.values().copied().fold(self.until_ns, u64::min);
        }
        self.behind.get(source).map_or(self.until_ns, |until_ns| self.until_ns.min(*until_ns))
    }

    /// Returns how far time has come by which timers are due: no further than the host's clock.
    fn clamp(&self, time_ns: u64) -> u64 {
        clamp_event_time(time_ns, self.wall_ns)
    }

    /// Makes the timers ready that are due by an event clock.
    fn collect(&mut self, key: &ClockKey) {
        let time_ns = self.clamp(self.time_ns(key));
        let Some(clock) = self.clocks.get_mut(key) else { unreachable!("there is no clock {key:?}") };
        while let Some(timer) = clock.pop_due(time_ns) {
            let entry = (timer, key.clone());
            self.all.remove(&entry);
            self.ready.insert(entry);
        }
        self.requeue(key);
    }

    /// Queues an event clock for the time at which the host's clock makes it due.
    fn requeue(&mut self, key: &ClockKey) {
        let Some(clock) = self.clocks.get_mut(key) else { unreachable!("there is no clock {key:?}") };
        let due_ns = if key.is_wall() { clock.first_due_ns() } else { clock.due_by_wall_clock_ns() };
        let before_ns = clock.set_queued(due_ns);
        if before_ns == due_ns {
            return;
        }
        let queue_key = (key.is_wall(), Arc::clone(&key.source));
        let queue = self.queues.entry(queue_key.clone()).or_default();
        if let Some(before_ns) = before_ns {
            queue.remove(&(before_ns, Arc::clone(&key.object)));
        }
        if let Some(due_ns) = due_ns {
            queue.insert((due_ns, Arc::clone(&key.object)));
        }
        if queue.is_empty() {
            self.queues.remove(&queue_key);
        }
    }
}

#[cfg(test)]
impl Timers {
    /// Returns the number of event clocks.
    pub(crate) fn clocks(&self) -> usize {
        self.clocks.len()
    }

    /// Returns the event time up to which everything was observed, everywhere.
    pub(crate) fn watermark_ns(&self) -> u64 {
        self.watermark_ns
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::book::time::event_clock::TimerKind;

    fn key(source: &str, object: &str) -> ClockKey {
        ClockKey::new(source, &object.into())
    }

    fn hold(due_ns: u64, object: &str) -> Timer {
        (due_ns, object.into(), TimerKind::Hold, "s".into())
    }

    #[test]
    fn of_too_many_clocks_those_without_timers_are_evicted_that_were_observed_longest_ago() {
        let mut timers = Timers::default();
        for number in 0..10 {
            timers.set_wall_clock(1000 + number);
            timers.observe(&key("log", &format!("vm-{number}")), 500 + number, false);
        }
        timers.add(hold(9000, "vm-0"), &key("log", "vm-0"));
        timers.evict_idle(3);
        let mut left: Vec<String> = timers.clocks.iter().map(|(key, _)| key.object.to_string()).collect();
        left.sort_unstable();
        assert_eq!(left, ["vm-0", "vm-4", "vm-5", "vm-6", "vm-7", "vm-8", "vm-9"]);
        // Where all clocks have timers nothing is evicted, and not all events look for some.
        let all: Vec<ClockKey> = timers.clocks.iter().map(|(key, _)| key).collect();
        all.iter().for_each(|key| timers.add(hold(9000, &key.object), key));
        timers.evict_idle(3);
        assert_eq!((timers.clocks(), timers.evict_at), (7, 10));
    }

    #[test]
    fn a_source_may_have_any_name() {
        for source in ["log", ALL_SOURCES, "(inventory)"] {
            let mut timers = Timers::default();
            timers.set_wall_clock(1_000_000_000_000);
            let own = key(source, "vm");
            timers.observe(&own, 1_000_000_000_000, false);
            timers.add(hold(1_005_000_000_000, "vm"), &own);
            timers.add(hold(1_005_000_000_000, "other"), &ClockKey::all());
            timers.set_wall_clock(1_010_000_000_000);
            // Another source is behind: that does not hold up this one, but what waits for all sources.
            timers.set_quiet_until(1_010_000_000_000, BTreeMap::from([("other".into(), 1_001_000_000_000)]));
            assert_eq!(timers.pop_due().map(|(_, key)| key), Some(own), "{source}");
            assert_eq!(timers.pop_due(), None, "{source}");
            timers.set_quiet_until(1_010_000_000_000, BTreeMap::new());
            assert_eq!(timers.pop_due().map(|(_, key)| key), Some(ClockKey::all()), "{source}");
        }
    }
}
