//! What a rule runner does when its rule fails on a batch.

use lifesigns_model::{EventBatch, EventRow, InstanceError};

use super::RuleRunner;
use crate::{event_sink::StreamPosition, flush_context::FlushContext, origin::EventOrigin};

impl RuleRunner {
    /// Shows the rule the events of a batch that failed again, each alone: only those at fault are lost to it.
    pub(super) fn retry_one_by_one(
        &mut self,
        batch: &EventBatch,
        rows: &[EventRow],
        origins: &[(EventOrigin, StreamPosition)],
        context: &mut FlushContext<'_, '_>,
    ) {
        let mut single = EventBatch::default();
        for (index, row) in rows.iter().enumerate() {
            if self.blocks(context.clock.at(row.time_ns)) {
                context.report.missed(&self.rule.key, 1);
                continue;
            }
            if context.sink.is_full(self.waiting) {
                context.report.no_room(&self.rule.key);
                continue;
            }
            single.clear();
            single.copy_event(batch, index, &self.rule.description.wants);
            let one = index..index + 1;
            if let Err(error) = self.paid(&single, &rows[one.clone()], &origins[one], context) {
                self.failed_on_event(*row, &origins[index].0, &error, context);
            }
        }
    }

    /// Counts and logs an event on which the rule failed.
    pub(super) fn failed_on_event(
        &mut self,
        row: EventRow,
        origin: &EventOrigin,
        error: &InstanceError,
        context: &mut FlushContext<'_, '_>,
    ) {
        let now_ns = context.clock.at(row.time_ns);
        let pause_ms = self.quarantine.failed(now_ns);
        let object = &context.objects.get(row.object).id;
        let place = origin.place();
        tracing::warn!(
            rule = &*self.rule.key.label(),
            object = &**object,
            pause_ms,
            "rule failed on an event: {error}; {place}"
        );
        context.report.failed(&self.rule.key, &format!("{error}; {place}"), (now_ns, pause_ms));
    }
}
