//! Plain lines: the whole line is the message, but for bytes before it that are no text, and a time
//! is read where one of the usual shapes is at the front.

use lifesigns_model::LogRecord;

use super::{front, reference::Reference};

/// Returns the line as a plain one.
pub(crate) fn record<'a>(line: &'a str, reference: Reference<'_>, malformed: bool) -> LogRecord<'a> {
    let stamp = front::leading(line.as_bytes(), reference);
    let vague = stamp.is_some_and(|stamp| stamp.vague);
    let time_ns = stamp.and_then(|stamp| stamp.ns);
    LogRecord { time_ns, message: Some(line.into()), malformed: malformed || vague, ..LogRecord::default() }
}
