//! The last changes of alerts and badges, in memory: bounded, so that who reads too slowly misses some and learns it.

use std::collections::VecDeque;

use lifesigns_api::{ChangeBatch, ChangeEvent, ChangeFeed};
use lifesigns_compliance::BookChanges;
use parking_lot::Mutex;

/// Changes that are kept.
const KEPT: usize = 8192;

/// See the module.
pub(crate) struct ChangeLog {
    run: u64,
    state: Mutex<LogState>,
    wakes: Mutex<Vec<Box<dyn Fn() + Send + Sync>>>,
}

#[derive(Default)]
struct LogState {
    /// The number of the last change.
    last: u64,
    kept: VecDeque<ChangeEvent>,
}

impl ChangeLog {
    /// Makes the log of a run that began at this time.
    pub(crate) fn new(run: u64) -> Self {
        Self { run, state: Mutex::default(), wakes: Mutex::default() }
    }

    /// Notes what a commit changed.
    pub(crate) fn note(&self, changes: &BookChanges) {
        if changes.alerts.is_empty() && changes.badges.is_empty() {
            return;
        }
        let alerts = changes.alerts.iter().map(|alert| ChangeEvent::Alert(alert.clone()));
        let badges = changes.badges.iter().map(|badge| ChangeEvent::Badge(badge.clone()));
        let mut state = self.state.lock();
        for event in alerts.chain(badges) {
            if state.kept.len() == KEPT {
                state.kept.pop_front();
            }
            state.kept.push_back(event);
            state.last += 1;
        }
        drop(state);
        self.wakes.lock().iter().for_each(|wake| wake());
    }
}

impl ChangeFeed for ChangeLog {
    fn run(&self) -> u64 {
        self.run
    }

    fn last(&self) -> u64 {
        self.state.lock().last
    }

    fn after(&self, after: u64, most: usize) -> ChangeBatch {
        let state = self.state.lock();
        let before = state.last - state.kept.len() as u64;
        let begin = after.clamp(before, state.last);
        let skipped = usize::try_from(begin - before).unwrap_or(usize::MAX);
        let events: Vec<_> = state.kept.iter().skip(skipped).take(most).cloned().collect();
        let last = if events.is_empty() { state.last } else { begin + events.len() as u64 };
        ChangeBatch { events, last, missed: before.saturating_sub(after) }
    }

    fn wake_with(&self, wake: Box<dyn Fn() + Send + Sync>) {
        self.wakes.lock().push(wake);
    }
}

#[cfg(test)]
mod tests {
    use lifesigns_compliance::{Badge, BadgeOwner, BadgePoint};

    use super::*;

    fn badges(scores: std::ops::Range<u64>) -> BookChanges {
        let badge = Badge { score: 1, worst: 1, share: 1, violations: 0, allowed: 0 };
        let point = |time_ns| BadgePoint { of: BadgeOwner::Group, name: "a".to_owned(), time_ns, badge };
        BookChanges { badges: scores.map(point).collect(), ..BookChanges::default() }
    }

    #[test]
    fn a_reader_goes_on_where_it_was_and_learns_what_it_missed() {
        let log = ChangeLog::new(7);
        assert_eq!((log.last(), log.after(0, 10).events.len()), (0, 0));
        log.note(&badges(0..5));
        let first = log.after(0, 3);
        assert_eq!((first.events.len(), first.last, first.missed), (3, 3, 0));
        let rest = log.after(first.last, 3);
        assert_eq!((rest.events.len(), rest.last, rest.missed), (2, 5, 0));
        log.note(&badges(5..5 + KEPT as u64));
        let late = log.after(rest.last - 2, 1);
        assert_eq!((late.events.len(), late.last, late.missed), (1, 6, 2));
        // A number that never was is as good as the last.
        assert_eq!(log.after(u64::MAX, 1).events.len(), 0);
    }
}
