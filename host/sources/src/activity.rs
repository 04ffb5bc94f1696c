//! What a source does, and what one that listens has received.

use std::{fmt, sync::Arc};

/// What a source does now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Activity {
    /// It has just been started.
    #[default]
    Starting,
    /// It waits for its file, for this reason.
    Waiting(String),
    /// What its path leads to cannot be read as a source, for this reason; it is looked at again.
    Refused(String),
    /// It reads, or waits for more.
    Reading,
    /// It was read to its end.
    Ended,
    /// It has ended with this error.
    Failed(String),
}

/// What a source that listens has received since it was started.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SourceTraffic {
    /// Where it listens.
    pub address: String,
    /// Connections that are open.
    pub connections: u64,
    /// Connections that were refused because too many were open.
    pub refused: u64,
    /// Lines.
    pub lines: u64,
    /// Bytes, with what is between lines.
    pub bytes: u64,
    /// Datagrams that the kernel dropped because the host did not read them in time.
    pub dropped: u64,
    /// Lines that are not of the protocol; they are kept as plain text.
    pub malformed: u64,
    /// Lines that were longer than they may be.
    pub cut: u64,
    /// Items and requests that were refused, with the reason in the answer.
    pub rejected: u64,
    /// Samples that no setting selects.
    pub skipped: u64,
    /// Requests that were asked to come again later.
    pub turned_away: u64,
    /// What went wrong last; empty if nothing did.
    pub problem: String,
}

/// Returns the present figures of a source.
#[derive(Clone)]
pub(crate) struct TrafficReader(pub(crate) Arc<dyn Fn() -> SourceTraffic + Send + Sync>);

impl TrafficReader {
    pub(crate) fn read(&self) -> SourceTraffic {
        (self.0)()
    }
}

impl fmt::Debug for TrafficReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TrafficReader").field(&self.read()).finish()
    }
}
