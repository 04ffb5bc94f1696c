//! Sources and chunks that an embedding platform makes itself.

use std::sync::Arc;

use lifesigns_intake::Format;
use lifesigns_model::{Chunk, Clock, Decoder, EventSource, LogRecord, SharedClock, SystemClock};

/// A source whose lines are decoded in this format, as those of `lifesigns run` are; what names no
/// object is about `object`. A source is known by its name: after a restart it goes on counting its
/// lines where it left off. Times without a year are completed by the system's clock; a host that has
/// another one ([`HostBuilder::clock`](crate::HostBuilder::clock)) takes [`source_by`].
pub fn source(name: impl Into<String>, object: impl Into<String>, format: Format) -> Arc<EventSource> {
    source_by(Arc::new(SystemClock), name, object, format)
}

/// As [`source`], by this clock.
pub fn source_by(
    clock: SharedClock,
    name: impl Into<String>,
    object: impl Into<String>,
    format: Format,
) -> Arc<EventSource> {
    let decoder = format.live_decoder(clock);
    Arc::new(EventSource { name: name.into(), rank: 0, object: object.into(), app: None, decoder })
}

/// A source whose lines are messages as they are, in no format; all are about `object`. A source is
/// known by its name: after a restart it goes on counting its lines where it left off.
pub fn plain(name: impl Into<String>, object: impl Into<String>) -> Arc<EventSource> {
    let decoder = Arc::new(PlainDecoder);
    Arc::new(EventSource { name: name.into(), rank: 0, object: object.into(), app: None, decoder })
}

/// Whole lines of a source, at most [`lifesigns_model::limits::CHUNK_BYTES`], that arrive now, by the
/// system's clock; for a host that has another one ([`HostBuilder::clock`](crate::HostBuilder::clock)) there is
/// [`lines_by`]. To know when they are on the disk, set [`Chunk::ack`].
pub fn lines(source: &Arc<EventSource>, bytes: impl Into<Vec<u8>>) -> Chunk {
    lines_by(&SystemClock, source, bytes)
}

/// As [`lines`], by this clock.
pub fn lines_by(clock: &dyn Clock, source: &Arc<EventSource>, bytes: impl Into<Vec<u8>>) -> Chunk {
    let (source, bytes) = (Arc::clone(source), bytes.into());
    Chunk { source, bytes, arrived_ns: Some(clock.now_ns()), cursor: None, ack: None }
}

/// Takes each line as a message, unchanged.
pub(crate) struct PlainDecoder;

impl Decoder for PlainDecoder {
    fn decode<'a>(&self, line: &'a str) -> LogRecord<'a> {
        LogRecord { message: Some(line.into()), ..LogRecord::default() }
    }

    fn escapes(&self) -> bool {
        false
    }

    fn facts(&self) -> bool {
        false
    }

    fn may_have_time(&self, _: &[u8]) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use lifesigns_model::ManualClock;

    use super::*;

    #[test]
    fn own_lines_go_by_the_clock_that_is_given() {
        const S: u64 = 1_000_000_000;
        // 2001-09-09 01:46:40 UTC.
        let clock = Arc::new(ManualClock::new(1_000_000_000 * S));
        let source = source_by(Arc::<ManualClock>::clone(&clock), "own", "web-1", Format::Syslog);
        let time = || source.decoder.decode("Sep  9 01:00:00 web-1 app: up").time_ns;
        assert_eq!(lines_by(&*clock, &source, "x\n").arrived_ns, Some(1_000_000_000 * S));
        assert_eq!(time(), Some(999_997_200 * S));
        clock.set(1_031_536_000 * S);
        assert_eq!(lines_by(&*clock, &source, "x\n").arrived_ns, Some(1_031_536_000 * S));
        assert_eq!(time(), Some(1_031_533_200 * S), "a year later");
    }
}
