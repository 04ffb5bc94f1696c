//! What the rule was given when it raised a symptom or failed, kept so that it can be run again from that alone: the
//! first of many raises, at most 32 a second, each of a bounded size.

use lifesigns_model::{Change, EventBatch, InstanceError, RuleCall, Subject, TapEvent, limits};

use super::RuleRunner;
use crate::{call_keeper::GivenBatch, flush_context::FlushContext, objects::TrackedObject, state::RuleMemory, tap};

impl RuleRunner {
    /// Keeps what the rule was given for the raises of its answer. Called before the changes of `state` are committed.
    pub(super) fn keep_raises(
        &mut self,
        given: &GivenBatch<'_>,
        state: &RuleMemory,
        context: &mut FlushContext<'_, '_>,
    ) -> Vec<RuleCall> {
        let mut calls = Vec::new();
        if context.answer.rows.is_empty() || self.rule.key.is_shadow() || !context.sink.keeps_calls() {
            return calls;
        }
        for row in &context.answer.rows {
            let at = given.rows[row.event as usize];
            if row.change == Change::Clear {
                self.calls.cleared(at.object, row.symptom);
                continue;
            }
            if !self.calls.wants(at.object, row.symptom, at.time_ns) {
                continue;
            }
            if !self.calls.has_room(context.clock.at(at.time_ns)) {
                self.usage.calls_left_out += 1;
                continue;
            }
            let mut call = self.call(given, row.event as usize, state, context);
            call.symptom.clone_from(&self.rule.description.symptoms[row.symptom as usize].id);
            if let Some(event) = call.events.last_mut() {
                event.answers = tap::answers(&self.rule.description, context.answer, row.event, usize::MAX);
            }
            calls.push(self.bounded(call));
        }
        calls
    }

    /// Keeps what the rule was given when it failed on an event, which was alone in its batch.
    pub(super) fn keep_failure(
        &mut self,
        given: &GivenBatch<'_>,
        error: &InstanceError,
        context: &mut FlushContext<'_, '_>,
    ) {
        if !context.sink.keeps_calls() {
            return;
        }
        let now_ns = context.clock.at(given.rows[0].time_ns);
        if !self.calls.has_room(now_ns) {
            self.usage.calls_left_out += 1;
            return;
        }
        let Some(state) = self.state.take() else { return };
        let mut call = self.call(given, 0, &state, context);
        self.state = Some(state);
        call.events.iter_mut().for_each(|event| event.error = error.to_string());
        let call = self.bounded(call);
        context.sink.call(call);
    }

    fn call(
        &self,
        given: &GivenBatch<'_>,
        index: usize,
        state: &RuleMemory,
        context: &FlushContext<'_, '_>,
    ) -> RuleCall {
        let object = given.rows[index].object;
        let (_, evidence) = given.origins[index].0.evidence();
        // State is by object: what other events did does not matter.
        let first = if state.is_changed(object) { 0 } else { index };
        let mut bytes = 0;
        let mut events = Vec::new();
        for before in (first..=index).filter(|before| given.rows[*before].object == object) {
            bytes += text_bytes(given.batch, before, EventBatch::width(&self.rule.description.wants));
            if bytes <= limits::CALL_BYTES {
                events.push(tap::given(&self.rule.description, given.batch, before, usize::MAX));
            }
        }
        let (state, mut left_out) = match state.before(object, limits::CALL_STATE_BYTES) {
            Ok(state) => (state, String::new()),
            Err(bytes) => {
                let most = limits::CALL_STATE_BYTES;
                (Vec::new(), format!("its state of the object took {bytes} bytes, and {most} are kept with a call"))
            }
        };
        if bytes > limits::CALL_BYTES {
            left_out = format!("its events took {bytes} bytes, and {} are kept", limits::CALL_BYTES);
        }
        if let Some(event) = events.last_mut() {
            self.add_conditions(event, context.objects.get(object));
        }
        RuleCall {
            rule: self.rule.name().to_owned(),
            lane: self.rule.key.lane,
            object: context.objects.get(object).id().to_string(),
            symptom: String::new(),
            source: evidence.source.to_owned(),
            line: evidence.line,
            module: self.rule.module.digest().to_owned(),
            settings: self.rule.settings.clone(),
            state_version: self.rule.description.state_version,
            events,
            state,
            left_out,
        }
    }

    /// Adds the properties of an object that interests ask for and the rule does not read.
    fn add_conditions(&self, event: &mut TapEvent, object: &TrackedObject) {
        let conditions = self.rule.description.interests.iter().flat_map(|interest| &interest.conditions);
        for condition in conditions {
            let Subject::Property(name) = &condition.subject else { continue };
            let value = object.facts.property(name, event.time_ns);
            if let (Some(value), false) = (value, event.properties.iter().any(|(known, _)| known == name)) {
                event.properties.push((name.clone(), value.to_owned()));
            }
        }
    }

    /// Returns a call without what is too large.
    fn bounded(&mut self, mut call: RuleCall) -> RuleCall {
        let bytes = call.bytes() - call.settings.len();
        if call.left_out.is_empty() && bytes > limits::CALL_BYTES + 2 * limits::CALL_STATE_BYTES {
            call.left_out = format!("what it answered took {bytes} bytes");
        }
        let numbers = call.events.iter().flat_map(|event| &event.metrics);
        if call.left_out.is_empty() && numbers.into_iter().any(|(_, value)| !value.is_finite()) {
            call.left_out = "a metric that it read is not a finite number".to_owned();
        }
        if !call.left_out.is_empty() {
            self.usage.calls_left_out += 1;
            (call.events, call.state) = (Vec::new(), Vec::new());
        }
        call
    }
}

/// Returns the bytes of an event's texts.
fn text_bytes(batch: &EventBatch, index: usize, width: usize) -> usize {
    let width = 2 * width;
    batch.spans[index * width..(index + 1) * width].as_chunks::<2>().0.iter().map(|[_, len]| *len as usize).sum()
}
