//! When which follower is looked at: at once when it was marked, in the order of the marks; after a pause
//! otherwise. Data only: threads and clocks are elsewhere.

use std::{
    collections::{BTreeSet, HashMap, VecDeque},
    time::{Duration, Instant},
};

/// The shortest pause between looks that nothing asked for, and how much longer it is for each follower that
/// is watched, or polled; never more than the longest.
const PAUSE: Duration = Duration::from_millis(250);
const WATCHED_US: u64 = 500;
const POLLED_US: u64 = 100;
const LONGEST: Duration = Duration::from_secs(5);
/// Pauses end at multiples of this, so that many followers are looked at when a thread wakes.
const TICK: Duration = Duration::from_millis(25);
/// Where changes keep coming, looks are spaced: the first pause between two of them, and the longest.
const GAP_FIRST: Duration = Duration::from_millis(1);
const GAP_LAST: Duration = Duration::from_millis(8);

/// The number of a follower.
pub(crate) type FollowerId = u64;

/// How a follower is looked at when nothing was reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Attention {
    /// Its changes are reported; a look now and then makes sure of it.
    Watched,
    /// Only looks show its changes.
    Polled,
}

/// What a look has come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LookResult {
    /// Everything was read.
    AtEnd,
    /// There is more to read, now.
    More,
}

#[derive(Debug)]
enum SlotPhase {
    Waiting,
    Ready,
    /// A thread looks. It may have been marked again since.
    Running {
        marked: bool,
    },
}

#[derive(Debug)]
struct Slot {
    phase: SlotPhase,
    /// When it is due without a mark, or may be looked at after one.
    timer: Option<Instant>,
    /// When the present or last look began, and the one before it.
    began: Instant,
    before: Option<Instant>,
    /// The pause after the last look.
    gap: Duration,
    /// No look has ended yet.
    is_new: bool,
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Schedule {
    origin: Instant,
    slots: HashMap<FollowerId, Slot>,
    ready: VecDeque<FollowerId>,
    timers: BTreeSet<(Instant, FollowerId)>,
}

impl Schedule {
    /// Nothing is scheduled; times are measured from here.
    pub(crate) fn new(origin: Instant) -> Self {
        Self { origin, slots: HashMap::new(), ready: VecDeque::new(), timers: BTreeSet::new() }
    }

    /// Adds a follower, which is due at once.
    pub(crate) fn add(&mut self, id: FollowerId) {
        let (began, gap) = (self.origin, Duration::ZERO);
        let slot = Slot { phase: SlotPhase::Ready, timer: None, began, before: None, gap, is_new: true };
        self.slots.insert(id, slot);
        self.ready.push_back(id);
    }

    /// Removes a follower that no thread looks at.
    pub(crate) fn remove(&mut self, id: FollowerId) {
        if let Some(slot) = self.slots.remove(&id) {
            if let Some(timer) = slot.timer {
                self.timers.remove(&(timer, id));
            }
            if matches!(slot.phase, SlotPhase::Ready) {
                self.ready.retain(|other| *other != id);
            }
        }
    }

    /// Something has changed for a follower: it is due now, or after a short pause where changes keep coming.
    pub(crate) fn mark(&mut self, id: FollowerId, now: Instant) {
        let Some(slot) = self.slots.get_mut(&id) else { return };
        match &mut slot.phase {
            SlotPhase::Ready => {}
            SlotPhase::Running { marked } => *marked = true,
            SlotPhase::Waiting => {
                let not_before = slot.began + slot.gap;
                if not_before > now {
                    self.set_timer(id, not_before);
                } else {
                    self.make_ready(id);
                }
            }
        }
    }

    /// Something may have changed for each follower: all are due now.
    pub(crate) fn mark_all(&mut self) {
        let ids: Vec<FollowerId> = self.slots.keys().copied().collect();
        for id in ids {
            match self.slots.get_mut(&id).map(|slot| &mut slot.phase) {
                Some(SlotPhase::Running { marked }) => *marked = true,
                Some(SlotPhase::Waiting) => self.make_ready(id),
                Some(SlotPhase::Ready) | None => {}
            }
        }
    }

    /// Takes the next follower that is due, to look at it.
    pub(crate) fn take(&mut self, now: Instant) -> Option<FollowerId> {
        while let Some((due, id)) = self.timers.first().copied() {
            if due > now {
                break;
            }
            self.make_ready(id);
        }
        let id = self.ready.pop_front()?;
        if let Some(slot) = self.slots.get_mut(&id) {
            slot.phase = SlotPhase::Running { marked: false };
            slot.before = (!slot.is_new).then_some(slot.began);
            slot.began = now;
        }
        Some(id)
    }

    /// A look has ended.
    pub(crate) fn done(&mut self, id: FollowerId, now: Instant, result: LookResult, attention: Attention) {
        let pause = self.pause(id, attention);
        let tick = self.next_tick(now + pause);
        let Some(slot) = self.slots.get_mut(&id) else { return };
        let marked = matches!(slot.phase, SlotPhase::Running { marked: true });
        slot.phase = SlotPhase::Waiting;
        slot.is_new = false;
        slot.gap = gap(slot);
        match result {
            LookResult::More => self.make_ready(id),
            LookResult::AtEnd if marked => self.mark(id, now),
            LookResult::AtEnd => self.set_timer(id, tick),
        }
    }

    /// Whether any follower is due without waiting.
    pub(crate) fn has_ready(&self) -> bool {
        !self.ready.is_empty()
    }

    /// Returns when the next follower is due that is not yet.
    pub(crate) fn next_timer(&self) -> Option<Instant> {
        self.timers.first().map(|(due, _)| *due)
    }

    fn make_ready(&mut self, id: FollowerId) {
        let Some(slot) = self.slots.get_mut(&id) else { return };
        if let Some(timer) = slot.timer.take() {
            self.timers.remove(&(timer, id));
        }
        slot.phase = SlotPhase::Ready;
        self.ready.push_back(id);
    }

    fn set_timer(&mut self, id: FollowerId, due: Instant) {
        let Some(slot) = self.slots.get_mut(&id) else { return };
        if let Some(before) = slot.timer.replace(due) {
            self.timers.remove(&(before, id));
        }
        self.timers.insert((due, id));
    }

    /// Returns the pause before a look that nothing asks for: the more followers there are, the longer, so
    /// that such looks cost the same whatever their number.
    fn pause(&self, id: FollowerId, attention: Attention) -> Duration {
        let count = self.slots.len() as u64;
        let each_us = match attention {
            Attention::Watched => WATCHED_US,
            Attention::Polled => POLLED_US,
        };
        let pause = Duration::from_micros(count * each_us).clamp(PAUSE, LONGEST);
        let is_new = self.slots.get(&id).is_some_and(|slot| slot.is_new);
        if is_new { pause.mul_f64(fraction(id)) } else { pause }
    }

    fn next_tick(&self, time: Instant) -> Instant {
        let ticks = (time - self.origin).as_nanos().div_ceil(TICK.as_nanos());
        self.origin + TICK * u32::try_from(ticks).unwrap_or(u32::MAX)
    }
}

/// Returns the pause after a look: none, unless the look before had been shortly before.
fn gap(slot: &Slot) -> Duration {
    let near = 2 * slot.gap.max(GAP_FIRST);
    let keep_coming = slot.before.is_some_and(|before| slot.began - before <= near);
    if keep_coming { (2 * slot.gap).clamp(GAP_FIRST, GAP_LAST) } else { Duration::ZERO }
}

/// Returns a number in 0..1 that spreads followers which began together.
fn fraction(id: FollowerId) -> f64 {
    let mixed = id.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed >> 40) as f64 / (1_u64 << 24) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(count: u64) -> Duration {
        Duration::from_millis(count)
    }

    /// Looks at all that is due at `now`.
    fn look(schedule: &mut Schedule, now: Instant) -> Vec<FollowerId> {
        let mut seen = Vec::new();
        while let Some(id) = schedule.take(now) {
            schedule.done(id, now, LookResult::AtEnd, Attention::Watched);
            seen.push(id);
            assert!(seen.len() < 100_000, "it never ends");
        }
        seen
    }

    #[test]
    fn a_follower_that_is_marked_is_due_at_once_and_once() {
        let now = Instant::now();
        let mut schedule = Schedule::new(now);
        (0..3).for_each(|id| schedule.add(id));
        assert_eq!(look(&mut schedule, now), [0, 1, 2]);
        assert_eq!(schedule.take(now), None);
        schedule.mark(2, now);
        schedule.mark(1, now);
        schedule.mark(2, now);
        assert_eq!(look(&mut schedule, now), [2, 1]);
    }

    #[test]
    fn a_mark_during_a_look_asks_for_another_and_no_second_thread_gets_it() {
        let now = Instant::now();
        let mut schedule = Schedule::new(now);
        schedule.add(7);
        assert_eq!(schedule.take(now), Some(7));
        schedule.mark(7, now);
        schedule.mark_all();
        assert_eq!(schedule.take(now), None, "it is being looked at");
        schedule.done(7, now, LookResult::AtEnd, Attention::Watched);
        assert_eq!(schedule.take(now), Some(7));
    }

    #[test]
    fn without_a_mark_each_is_due_after_a_pause_that_grows_with_their_number() {
        let now = Instant::now();
        let mut schedule = Schedule::new(now);
        schedule.add(0);
        look(&mut schedule, now);
        assert_eq!(look(&mut schedule, now + PAUSE + TICK), [0]);
        (1..10_000).for_each(|id| schedule.add(id));
        assert_eq!(look(&mut schedule, now + ms(300)).len(), 9999);
        // Spread over the pause, from the first on.
        let seen = look(&mut schedule, now + ms(300) + LONGEST / 2).len();
        assert!((4500..5500).contains(&seen), "{seen}");
        let seen: Vec<_> = look(&mut schedule, now + ms(325) + LONGEST);
        assert!(seen.len() > 4500, "{}", seen.len());
        // Polled ones are looked at more often.
        assert!(schedule.pause(1, Attention::Polled) < schedule.pause(1, Attention::Watched));
    }

    #[test]
    fn changes_that_keep_coming_are_gathered_and_single_ones_are_not() {
        let mut now = Instant::now();
        let mut schedule = Schedule::new(now);
        schedule.add(0);
        look(&mut schedule, now);
        for _ in 0..10 {
            now += ms(20);
            schedule.mark(0, now);
            assert_eq!(look(&mut schedule, now), [0], "lines that are far apart are read at once");
        }
        let mut looks = 0;
        for _ in 0..1000 {
            now += ms(1);
            schedule.mark(0, now);
            looks += look(&mut schedule, now).len();
        }
        assert!((100..200).contains(&looks), "one every 8 ms: {looks}");
        now += ms(100);
        schedule.mark(0, now);
        assert_eq!(look(&mut schedule, now), [0], "after a pause at once again");
    }

    #[test]
    fn one_with_much_to_read_takes_turns_with_others() {
        let now = Instant::now();
        let mut schedule = Schedule::new(now);
        (0..2).for_each(|id| schedule.add(id));
        assert_eq!(schedule.take(now), Some(0));
        schedule.done(0, now, LookResult::More, Attention::Watched);
        assert_eq!(schedule.take(now), Some(1));
        assert_eq!(schedule.take(now), Some(0));
    }

    #[test]
    fn what_is_removed_is_not_due_and_when_all_are_marked_all_are_due() {
        let now = Instant::now();
        let mut schedule = Schedule::new(now);
        (0..4).for_each(|id| schedule.add(id));
        schedule.remove(1);
        assert_eq!(look(&mut schedule, now), [0, 2, 3]);
        schedule.remove(2);
        schedule.mark(2, now);
        schedule.mark_all();
        let mut seen = look(&mut schedule, now);
        seen.sort_unstable();
        assert_eq!(seen, [0, 3]);
        schedule.remove(0);
        schedule.remove(3);
        assert!(schedule.next_timer().is_none() && !schedule.has_ready());
    }
}
