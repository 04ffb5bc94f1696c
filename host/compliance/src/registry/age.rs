//! Metrics that expire because no new sample came.

use std::{collections::BTreeSet, sync::Arc};

use lifesigns_model::DropKind;

use super::{AffectedObjects, ObjectRegistry};
use crate::{groups::FactChanges, limits::OBJECT_METRICS, record::Fact};

impl ObjectRegistry {
    /// Expires a metric of an object, which was not reported again in time. The inventory's value, if there
    /// is one, applies again; otherwise the metric is no longer known.
    pub fn expire_metric(&mut self, object: &str, metric: &str) -> AffectedObjects {
        let Some(entry) = self.objects.get_mut(object).map(Arc::make_mut) else { return AffectedObjects::default() };
        let Some(sample) = entry.object.metrics.remove(metric) else { return AffectedObjects::default() };
        let id: Arc<str> = object.into();
        let parent = entry.object.parent.clone();
        if let Some(value) = entry.object.listed.metrics.get(metric) {
            entry.object.metrics.insert(metric.to_owned(), Fact { value: *value, time_ns: 0 });
        }
        entry.object.stale.insert(metric.to_owned(), sample);
        while entry.object.stale.len() > OBJECT_METRICS {
            // A stream of ever new names must not fill the store: the oldest is forgotten.
            let oldest = entry.object.stale.iter().min_by_key(|(_, sample)| sample.time_ns);
            let Some(oldest) = oldest.map(|(name, _)| name.clone()) else { break };
            entry.object.stale.remove(&oldest);
            self.dropped.note(DropKind::StaleMetrics, format_args!("{oldest} of {id}"));
        }
        self.dirty.insert(Arc::clone(&id));
        let changed = FactChanges { metrics: [metric.to_owned()].into(), ..FactChanges::default() };
        let mut affected = BTreeSet::new();
        self.propagate(&id, &changed, parent, &mut affected);
        AffectedObjects::of(affected)
    }
}
