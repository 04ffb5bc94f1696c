//! An event on its way to a rule.

use lifesigns_model::EventKind;

use crate::{
    event_sink::StreamPosition,
    origin::EventOrigin,
    scanned::{ScannedChunk, ScannedLine},
};

/// An event for a rule.
pub(crate) struct RuleEvent<'a> {
    pub(crate) object: u32,
    pub(crate) time_ns: u64,
    pub(crate) kind: EventKind,
    pub(crate) message: Option<&'a str>,
    /// The log line whose fields and app it has.
    pub(crate) line: Option<(&'a ScannedChunk, &'a ScannedLine)>,
    pub(crate) origin: EventOrigin,
    /// Where it stands in the stream.
    pub(crate) position: StreamPosition,
}
