//! What a rule runner does when its rule fails on a batch.

use lifesigns_model::{EventBatch, EventRow, InstanceError};

use super::RuleRunner;
use crate::{
    call_keeper::GivenBatch,
    event_sink::StreamPosition,
    flush_context::{FlushContext, ShardClock},
    origin::EventOrigin,
};

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
            let given = GivenBatch { batch: &single, rows: &rows[one.clone()], origins: &origins[one] };
            if let Err(error) = self.paid(given.batch, given.rows, given.origins, context) {
                self.failed_on_event(&given, &error, context);
            }
        }
    }

    /// Counts and logs an event on which the rule failed; it is set aside with what the rule was given.
    pub(super) fn failed_on_event(
        &mut self,
        given: &GivenBatch<'_>,
        error: &InstanceError,
        context: &mut FlushContext<'_, '_>,
    ) {
        let error = match self.counted(given, error, context) {
            Ok(()) => return,
            Err(error) => error,
        };
        let (row, (origin, _)) = (given.rows[0], &given.origins[0]);
        let now_ns = context.clock.at(row.time_ns);
        let pause_ms = self.quarantine.failed(now_ns);
        self.keep_failure(given, &error, context);
        let object = context.objects.get(row.object).id();
        let place = origin.place();
        tracing::warn!(
            rule = &*self.rule.key.label(),
            object = &**object,
            pause_ms,
            "rule failed on an event: {error}; {place}"
        );
        context.report.failed(&self.rule.key, &format!("{error}; {place}"), (now_ns, pause_ms));
    }

    /// Shows a replay's event again to an instance whose instructions are counted, if its deadline has passed: time
    /// depends on the machine and its load, and a replay must not.
    ///
    /// # Errors
    /// It failed again, or it cannot be counted.
    fn counted(
        &mut self,
        given: &GivenBatch<'_>,
        error: &InstanceError,
        context: &mut FlushContext<'_, '_>,
    ) -> Result<(), InstanceError> {
        let is_late = matches!(error, InstanceError::Deadline { .. });
        if !is_late || !matches!(context.clock, ShardClock::Event) {
            return Err(error.clone());
        }
        let opened = self.rule.module.instantiate_counted(&self.rule.settings, &self.rule.limits);
        let Some(Ok(opened)) = opened else { return Err(error.clone()) };
        self.instance = Some(opened.instance);
        let outcome = self.paid(given.batch, given.rows, given.origins, context);
        // The next event has an instance that is fast.
        self.instance = None;
        let (rule, place) = (self.rule.key.label(), given.origins[0].0.place());
        match &outcome {
            Ok(()) => tracing::info!(
                rule = &*rule,
                "a call took longer than its deadline on this machine, and not too many instructions: its answer \
                 counts, as on every machine; {place}"
            ),
            Err(error) => tracing::debug!(rule = &*rule, "decided by the number of instructions: {error}; {place}"),
        }
        outcome
    }
}
