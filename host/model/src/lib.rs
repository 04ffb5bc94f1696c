//! The vocabulary of lifesigns: plain data, bounds, and the few ports between the crates. No
//! thread, no file and no Wasm in here, and of time only the [`Clock`] port and the [`WakeSignal`] that
//! is waited for; everything else may know this crate.

mod backoff;
mod batch;
mod byte_block;
mod checkpoint;
mod chunk;
mod clock;
mod description;
mod drops;
mod escape;
mod event_time;
mod fact;
pub mod limits;
mod object_aliases;
mod ports;
mod record;
mod rule_alert;
mod rule_call;
mod rule_key;
mod shadow_diff;
mod span;
mod tap;
mod wake_signal;

pub use backoff::Backoff;
pub use batch::{Change, EventBatch, FIXED_SPANS, RuleAlertBatch, RuleAlertRow};
pub use byte_block::ByteBlock;
pub use checkpoint::{
    Checkpoint, InitialState, ObjectClock, Observation, PendingAcks, ReminderUpdate, RuleChangeMark, SourceOffset,
    StateChange,
};
pub use chunk::{AckCallback, Chunk, EventSource};
pub use clock::{Clock, ManualClock, NS_PER_MS, NS_PER_S, SharedClock, SystemClock};
pub use description::{
    Criticality, Description, EventKind, EventKinds, Impact, Interest, InterestCondition, Subject, SymptomDefinition,
    ValueTest, Wants,
};
pub use drops::{DropKind, Drops};
pub use escape::escaped_number;
pub use event_time::clamp_event_time;
pub use fact::ObjectFacts;
pub use limits::Limits;
pub use object_aliases::ObjectAliases;
pub use ports::{
    DeclaredSetting, DescribedInstance, EventRow, InstanceError, InstantiateError, LogLevel, Module, ReminderChange,
    RuleInstance, RuleState, SettingsMistakes, StateError,
};
pub use record::{BYTE_LIST_MARKS, Decoder, Facts, LogRecord};
pub use rule_alert::{Attributes, EvidenceRef, LineEvidence, RuleAlert, RuleAlertOrder, RuleAlertRef};
pub use rule_call::{InterestCheck, InterestMatch, RuleCall, StateValue};
pub use rule_key::{RuleKey, RuleLane};
pub use shadow_diff::{ChangeCount, DiffExample, LaneWork, ShadowDiff};
pub use span::Span;
pub use tap::{TapAnswer, TapEvent, TapPage};
pub use wake_signal::{WakeSignal, Wakeup};
