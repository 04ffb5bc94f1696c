//! What a rule is given in a run, recorded with what its state answered, so that the same calls can be made again and
//! again, and by another build of the rule.

use std::{any::Any, sync::Arc};

use parking_lot::Mutex;

use lifesigns::{
    MemoryBudget,
    model::{
        DescribedInstance, Description, EventBatch, EventRow, InstanceError, InstantiateError, Limits, LogLevel,
        Module, ReminderChange, RuleAlertBatch, RuleInstance, RuleState, StateError,
    },
};

/// Bytes of batches that are recorded.
const RECORDED_BYTES: usize = 64 << 20;

/// What a call of the state returned.
#[derive(Clone, Debug)]
pub(super) enum StateAnswer {
    Done,
    Bytes(Option<Vec<u8>>),
    Number(u64),
    Is(bool),
}

/// A call of the rule.
pub(super) struct RecordedCall {
    pub(super) batch: EventBatch,
    pub(super) answers: Arc<[StateAnswer]>,
}

/// The calls of a run.
#[derive(Default)]
pub(super) struct Recording {
    pub(super) calls: Vec<RecordedCall>,
    bytes: usize,
    /// Events of calls that were not recorded, because there were too many.
    pub(super) left_out: u64,
    /// The most memory that the rule was charged for.
    pub(super) memory_bytes: usize,
}

/// A module whose calls are recorded.
pub(super) struct RecordingModule {
    pub(super) inner: Arc<dyn Module>,
    pub(super) recording: Arc<Mutex<Recording>>,
    pub(super) memory: Arc<MemoryBudget>,
}

impl Module for RecordingModule {
    fn digest(&self) -> &str {
        self.inner.digest()
    }

    fn instantiate(&self, settings: &str, limits: &Limits) -> Result<DescribedInstance, InstantiateError> {
        let DescribedInstance { instance, description } = self.inner.instantiate(settings, limits)?;
        let wants = description.wants.clone();
        let (recording, memory) = (Arc::clone(&self.recording), Arc::clone(&self.memory));
        Ok(DescribedInstance {
            instance: Box::new(RecordingInstance { inner: instance, recording, memory, wants }),
            description,
        })
    }

    fn describe(&self, settings: &str, limits: &Limits) -> Result<Description, InstantiateError> {
        self.inner.describe(settings, limits)
    }
}

struct RecordingInstance {
    inner: Box<dyn RuleInstance>,
    recording: Arc<Mutex<Recording>>,
    memory: Arc<MemoryBudget>,
    wants: lifesigns::model::Wants,
}

impl RuleInstance for RecordingInstance {
    fn evaluate(
        &mut self,
        batch: &EventBatch,
        state: Box<dyn RuleState>,
        answer: &mut RuleAlertBatch,
    ) -> (Box<dyn RuleState>, Result<(), InstanceError>) {
        let wrapped = Box::new(RecordingState { inner: state, answers: Vec::new() });
        let (state, outcome) = self.inner.evaluate(batch, wrapped, answer);
        let Ok(state) = (state as Box<dyn Any>).downcast::<RecordingState>() else {
            unreachable!("an instance gives back the state that it was passed");
        };
        let RecordingState { inner, answers } = *state;
        let mut recording = self.recording.lock();
        recording.memory_bytes = recording.memory_bytes.max(self.memory.used_bytes());
        if outcome.is_ok() {
            recording.add(batch, answers, &self.wants);
        }
        (inner, outcome)
    }
}

impl Recording {
    fn add(&mut self, batch: &EventBatch, answers: Vec<StateAnswer>, wants: &lifesigns::model::Wants) {
        let bytes = batch.text.len() + 4 * batch.spans.len() + 17 * batch.len() + 16 * answers.len();
        if self.bytes + bytes > RECORDED_BYTES {
            self.left_out += batch.len() as u64;
            return;
        }
        self.bytes += bytes;
        let mut copy = EventBatch::default();
        (0..batch.len()).for_each(|index| copy.copy_event(batch, index, wants));
        self.calls.push(RecordedCall { batch: copy, answers: answers.into() });
    }

    /// Returns the calls as a program of the workbench reads them: numbers in little-endian order, each list after its
    /// length.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.bytes + 64 * self.calls.len());
        let length = |out: &mut Vec<u8>, length: usize| out.extend((length as u32).to_le_bytes());
        length(&mut out, self.calls.len());
        for RecordedCall { batch, answers } in &self.calls {
            length(&mut out, batch.text.len());
            out.extend_from_slice(batch.text.as_bytes());
            length(&mut out, batch.times_ns.len());
            batch.times_ns.iter().for_each(|time| out.extend(time.to_le_bytes()));
            out.extend_from_slice(&batch.kinds);
            length(&mut out, batch.spans.len());
            batch.spans.iter().for_each(|span| out.extend(span.to_le_bytes()));
            length(&mut out, batch.numbers.len());
            batch.numbers.iter().for_each(|number| out.extend(number.to_le_bytes()));
            length(&mut out, answers.len());
            for answer in answers.iter() {
                match answer {
                    StateAnswer::Done => out.push(0),
                    StateAnswer::Bytes(None) => out.push(1),
                    StateAnswer::Bytes(Some(bytes)) => {
                        out.push(2);
                        length(&mut out, bytes.len());
                        out.extend_from_slice(bytes);
                    }
                    StateAnswer::Number(number) => {
                        out.push(3);
                        out.extend(number.to_le_bytes());
                    }
                    StateAnswer::Is(is) => out.extend([4, u8::from(*is)]),
                }
            }
        }
        out
    }
}

/// A state that notes what it answers.
struct RecordingState {
    inner: Box<dyn RuleState>,
    answers: Vec<StateAnswer>,
}

impl RuleState for RecordingState {
    fn begin(&mut self, rows: &[EventRow], reminds: bool) {
        self.inner.begin(rows, reminds);
    }

    fn commit(&mut self) -> Vec<ReminderChange> {
        self.inner.commit()
    }

    fn rollback(&mut self) {
        self.inner.rollback();
    }

    fn get(&mut self, event: u32, key: &str) -> Result<Option<&[u8]>, StateError> {
        let value = self.inner.get(event, key)?;
        self.answers.push(StateAnswer::Bytes(value.map(<[u8]>::to_vec)));
        Ok(value)
    }

    fn set(&mut self, event: u32, key: &str, value: &[u8], ttl_ms: u64) -> Result<(), StateError> {
        self.answers.push(StateAnswer::Done);
        self.inner.set(event, key, value, ttl_ms)
    }

    fn delete(&mut self, event: u32, key: &str) -> Result<(), StateError> {
        self.answers.push(StateAnswer::Done);
        self.inner.delete(event, key)
    }

    fn count(&mut self, event: u32, key: &str, amount: u32, window_ms: u64) -> Result<u64, StateError> {
        let count = self.inner.count(event, key, amount, window_ms)?;
        self.answers.push(StateAnswer::Number(count));
        Ok(count)
    }

    fn distinct(&mut self, event: u32, key: &str, value: Option<&str>, window_ms: u64) -> Result<u64, StateError> {
        let count = self.inner.distinct(event, key, value, window_ms)?;
        self.answers.push(StateAnswer::Number(count));
        Ok(count)
    }

    fn rename(&mut self, event: u32, key: &str, to: &str) -> Result<bool, StateError> {
        let is = self.inner.rename(event, key, to)?;
        self.answers.push(StateAnswer::Is(is));
        Ok(is)
    }

    fn remind_at(&mut self, event: u32, name: &str, time_ns: u64) -> Result<(), StateError> {
        self.answers.push(StateAnswer::Done);
        self.inner.remind_at(event, name, time_ns)
    }

    fn forget(&mut self, event: u32, name: &str) -> Result<(), StateError> {
        self.answers.push(StateAnswer::Done);
        self.inner.forget(event, name)
    }

    fn log(&mut self, level: LogLevel, message: &str) {
        self.inner.log(level, message);
    }
}

/// A state that answers what was recorded.
pub(super) struct RecordedState {
    answers: Arc<[StateAnswer]>,
    next: usize,
}

impl RecordedState {
    pub(super) fn new(answers: &Arc<[StateAnswer]>) -> Self {
        Self { answers: Arc::clone(answers), next: 0 }
    }

    fn answer(&mut self) -> Result<&StateAnswer, StateError> {
        let at = self.next;
        self.next += 1;
        self.answers.get(at).ok_or_else(|| StateError("it asks for more than when it was recorded".to_owned()))
    }

    fn number(&mut self) -> Result<u64, StateError> {
        match self.answer()? {
            StateAnswer::Number(number) => Ok(*number),
            _ => Err(StateError("it asks for something else than when it was recorded".to_owned())),
        }
    }
}

impl RuleState for RecordedState {
    fn begin(&mut self, _: &[EventRow], _: bool) {}

    fn commit(&mut self) -> Vec<ReminderChange> {
        Vec::new()
    }

    fn rollback(&mut self) {}

    fn get(&mut self, _: u32, _: &str) -> Result<Option<&[u8]>, StateError> {
        match self.answer()? {
            StateAnswer::Bytes(bytes) => Ok(bytes.as_deref()),
            _ => Err(StateError("it asks for something else than when it was recorded".to_owned())),
        }
    }

    fn set(&mut self, _: u32, _: &str, _: &[u8], _: u64) -> Result<(), StateError> {
        self.answer().map(drop)
    }

    fn delete(&mut self, _: u32, _: &str) -> Result<(), StateError> {
        self.answer().map(drop)
    }

    fn count(&mut self, _: u32, _: &str, _: u32, _: u64) -> Result<u64, StateError> {
        self.number()
    }

    fn distinct(&mut self, _: u32, _: &str, _: Option<&str>, _: u64) -> Result<u64, StateError> {
        self.number()
    }

    fn rename(&mut self, _: u32, _: &str, _: &str) -> Result<bool, StateError> {
        Ok(matches!(self.answer()?, StateAnswer::Is(true)))
    }

    fn remind_at(&mut self, _: u32, _: &str, _: u64) -> Result<(), StateError> {
        self.answer().map(drop)
    }

    fn forget(&mut self, _: u32, _: &str) -> Result<(), StateError> {
        self.answer().map(drop)
    }

    fn log(&mut self, _: LogLevel, _: &str) {}
}
