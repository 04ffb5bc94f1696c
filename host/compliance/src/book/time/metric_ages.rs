//! The age of metrics: the last sample of an object that no longer reports is not kept for ever.

use std::sync::Arc;

use crate::{
    book::{
        ids::{Id, KeyMap, key},
        time::{
            event_clock::{ClockKey, TimerKind},
            timers::Timers,
        },
    },
    record::Object,
};

/// Metrics with a timer: its event time, and the clock that the next one goes by.
#[derive(Debug, Default)]
pub(crate) struct MetricAges {
    planned: KeyMap<(u64, ClockKey)>,
}

impl MetricAges {
    /// Sets the timers of an object's metrics that have none, by `clock`. `age_ns` of 0 is for ever.
    pub(crate) fn plan(&mut self, object: &Object, age_ns: u64, clock: &ClockKey, timers: &mut Timers) {
        if age_ns == 0 {
            return;
        }
        let id: Id = object.id.as_str().into();
        for (name, sample) in &object.metrics {
            // A metric that only an inventory names has no age.
            let is_listed = object.listed.metrics.get(name) == Some(&sample.value);
            if sample.time_ns == 0 || is_listed {
                continue;
            }
            let name: Id = name.as_str().into();
            if let Some((_, next)) = self.planned.get_mut(&key(&id, &name)) {
                // A timer that fires too early is set again, by the latest clock.
                next.clone_from(clock);
                continue;
            }
            let due_ns = sample.time_ns.saturating_add(age_ns);
            timers.add((due_ns, Arc::clone(&id), TimerKind::Age, Arc::clone(&name)), clock);
            self.planned.insert((Arc::clone(&id), name), (due_ns, clock.clone()));
        }
    }

    /// Takes the plan of a metric whose timer fired, if it is due. Returns the clock that its next timer goes by.
    pub(crate) fn take_due(&mut self, object: &Id, metric: &Id, time_ns: u64) -> Option<ClockKey> {
        let key = key(object, metric);
        let (due_ns, _) = self.planned.get(&key)?;
        if *due_ns > time_ns {
            return None;
        }
        self.planned.remove(&key).map(|(_, clock)| clock)
    }

    /// Drops all plans; their timers find nothing.
    pub(crate) fn clear(&mut self) {
        self.planned.clear();
    }

    /// Drops the plans of an object.
    pub(crate) fn remove(&mut self, object: &Id) {
        self.planned.retain(|(planned, _), _| planned != object);
    }
}
