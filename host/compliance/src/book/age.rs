//! Metrics age: an object that reports no more does not keep its last load for ever.

use std::sync::Arc;

use super::{
    Book,
    page::Id,
    timers::{ClockKey, Task},
};
use crate::record::EndCause;

impl Book {
    /// Sets the timers of an object's metrics that have none, by this clock.
    pub(super) fn plan_ages(&mut self, object: &str, clock: &ClockKey) {
        let age_ns = self.compiled.config().metrics_age_ms.saturating_mul(1_000_000);
        let Some(known) = self.registry.object(object).filter(|_| age_ns > 0) else { return };
        let mut due: Vec<(Id, u64)> = Vec::new();
        for (name, sample) in &known.metrics {
            // What only an inventory says has no age.
            let listed = known.listed.metrics.get(name) == Some(&sample.value);
            if sample.time_ns > 0 && !listed {
                due.push((name.as_str().into(), sample.time_ns.saturating_add(age_ns)));
            }
        }
        let object: Id = object.into();
        for (name, due_ns) in due {
            match self.ages.get_mut(&(Arc::clone(&object), Arc::clone(&name))) {
                // It is set again, by the clock that was heard last, when it fires too early.
                Some((_, next)) => next.clone_from(clock),
                None => {
                    self.timers.add((due_ns, Arc::clone(&object), Task::Age, Arc::clone(&name)), clock);
                    self.ages.insert((Arc::clone(&object), name), (due_ns, clock.clone()));
                }
            }
        }
    }

    /// Sets the timers of all metrics again, by the age that is configured now. Which source told of them
    /// is not known any more: all of them have to be read to their end first.
    pub(super) fn plan_all_ages(&mut self) {
        self.ages.clear();
        let objects: Vec<String> = self.registry.objects().map(|object| object.id.clone()).collect();
        objects.iter().for_each(|object| self.plan_ages(object, &ClockKey::all()));
    }

    /// A metric's time may be up.
    pub(super) fn aged(&mut self, object: &Id, metric: &Id, time_ns: u64) {
        let key = (Arc::clone(object), Arc::clone(metric));
        if self.ages.get(&key).is_none_or(|(due_ns, _)| *due_ns > time_ns) {
            return;
        }
        let Some((_, clock)) = self.ages.remove(&key) else { return };
        let age_ns = self.compiled.config().metrics_age_ms.saturating_mul(1_000_000);
        let sample = self.registry.object(object).and_then(|known| known.metrics.get(&**metric)).cloned();
        let Some(sample) = sample.filter(|sample| age_ns > 0 && sample.time_ns > 0) else { return };
        if sample.time_ns.saturating_add(age_ns) > time_ns {
            return self.plan_ages(object, &clock);
        }
        let before = serde_json::json!({ "metric": &**metric, "value": sample.value, "time_ns": sample.time_ns });
        let touched = self.registry.expire(object, metric);
        self.note(time_ns, "time", "metric expired", object, before, serde_json::Value::Null);
        self.touched_by(touched, time_ns, "time", EndCause::MetricExpired);
    }
}
