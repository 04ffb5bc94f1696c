//! The vocabulary of lifesigns: plain data, bounds, and the few ports between the crates. No
//! thread, no file and no Wasm in here, and of time only the [`Clock`] port; everything else may
//! know this crate.

mod alert;
mod batch;
mod chunk;
mod clock;
mod cut;
mod description;
mod drops;
mod fact;
pub mod limits;
mod ports;
mod record;
mod span;

pub use alert::{Alert, AlertRef, Attributes, Evidence, Order};
pub use batch::{Answer, AnswerRow, Batch, Change, FIXED_SPANS};
pub use chunk::{Chunk, Done, Source};
pub use clock::{Clock, ManualClock, SharedClock, SystemClock};
pub use cut::{Cut, Held, ObjectClock, Place, ReminderSet, Sign, Start, StateChange};
pub use description::{
    Condition, Criticality, Description, Impact, Interest, Kind, Kinds, Subject, Symptom, Test, Wants,
};
pub use drops::{DropKind, Drops};
pub use fact::ObjectFacts;
pub use limits::Limits;
pub use ports::{Cell, CellError, Level, Module, OpenError, Opened, ReminderChange, Row, State, StateError};
pub use record::{BYTE_LIST_MARKS, Decoder, Facts, Record};
pub use span::Span;
