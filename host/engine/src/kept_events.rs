//! The log events that rules were given lately, kept for people who search them: segments of bytes for each shard,
//! the oldest dropped first.

use std::{collections::VecDeque, ops::ControlFlow, sync::Arc};

use parking_lot::{Mutex, MutexGuard};

use lifesigns_model::{EventSource, limits};

/// The largest segment; the oldest one is dropped whole.
const SEGMENT_BYTES: usize = 256 * 1024;
/// The least memory of a shard: four segments with room for the longest entry.
const LEAST_BYTES: usize = 128 * 1024;
/// Numbers before the texts of an entry: time, line, source, and the lengths of object and text.
const HEAD_BYTES: usize = 8 + 8 + 4 + 4 + 4;

/// One event that is kept.
#[derive(Clone, Copy, Debug)]
pub struct KeptEvent<'a> {
    /// Event time, nanoseconds since the Unix epoch.
    pub time_ns: u64,
    /// The object that it is about.
    pub object: &'a str,
    /// Its source, whose decoder reads the line.
    pub source: &'a EventSource,
    /// The line's number in the source, from 1.
    pub line: u64,
    /// The raw line, of a long one its beginning.
    pub text: &'a str,
}

/// How much is kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KeptTotals {
    /// Events.
    pub events: u64,
    /// Memory, in bytes.
    pub bytes: usize,
    /// What it may be.
    pub limit_bytes: usize,
    /// Events that were dropped because later ones needed their room.
    pub forgotten: u64,
    /// When the oldest event came of the shard that goes back least, if a shard has forgotten any: from then on all
    /// are there. On the clock of the engine.
    pub complete_since_ns: Option<u64>,
}

/// The events of all shards. A shard locks its own part to add one; who searches takes the segments and looks at
/// them without a lock.
pub struct KeptEvents {
    shards: Vec<Mutex<Ring>>,
    limit_bytes: usize,
}

#[derive(Default)]
struct Ring {
    full: VecDeque<Arc<Segment>>,
    open: Segment,
    full_bytes: usize,
    forgotten: u64,
}

#[derive(Clone, Default)]
struct Segment {
    bytes: Vec<u8>,
    sources: Vec<Arc<EventSource>>,
    events: u64,
    /// When the first of them came.
    began_ns: u64,
}

impl KeptEvents {
    /// Makes room for as many bytes; 0 for none.
    pub(crate) fn new(limit_bytes: usize, shards: usize) -> Self {
        let limit_bytes = if limit_bytes == 0 { 0 } else { limit_bytes.max(shards * LEAST_BYTES) };
        Self { shards: (0..shards).map(|_| Mutex::default()).collect(), limit_bytes }
    }

    /// Returns whether any are kept at all.
    pub fn is_on(&self) -> bool {
        self.limit_bytes > 0
    }

    /// Returns how many parts there are; events of one object are in one of them.
    pub fn parts(&self) -> usize {
        self.shards.len()
    }

    /// Returns how much is kept.
    pub fn totals(&self) -> KeptTotals {
        let mut totals = KeptTotals { limit_bytes: self.limit_bytes, ..KeptTotals::default() };
        for part in 0..self.shards.len() {
            let ring = self.lock(part);
            totals.bytes += ring.full_bytes + ring.open.bytes.capacity();
            totals.events += ring.full.iter().map(|segment| segment.events).sum::<u64>() + ring.open.events;
            totals.forgotten += ring.forgotten;
            if ring.forgotten > 0 {
                let began_ns = ring.full.front().map_or(ring.open.began_ns, |segment| segment.began_ns);
                totals.complete_since_ns = totals.complete_since_ns.max(Some(began_ns));
            }
        }
        totals
    }

    /// Shows the events of a part to `visit`, the latest first, until it breaks off.
    pub fn latest_first(&self, part: usize, visit: &mut dyn FnMut(&KeptEvent<'_>) -> ControlFlow<()>) {
        let segments: Vec<Arc<Segment>> = {
            let ring = self.lock(part);
            ring.full.iter().cloned().chain([Arc::new(ring.open.clone())]).collect()
        };
        for segment in segments.iter().rev() {
            let mut starts = Vec::with_capacity(segment.events as usize);
            let mut at = 0;
            while let Some((_, end)) = segment.event(at) {
                starts.push(at);
                at = end;
            }
            for start in starts.into_iter().rev() {
                if segment.event(start).is_some_and(|(event, _)| visit(&event).is_break()) {
                    return;
                }
            }
        }
    }

    /// Keeps an event that came at `came_ns`.
    pub(crate) fn add(&self, part: usize, source: &Arc<EventSource>, event: &KeptEvent<'_>, came_ns: u64) {
        if !self.is_on() {
            return;
        }
        let limit = self.limit_bytes / self.shards.len().max(1);
        let text = &event.text[..event.text.floor_char_boundary(limits::KEPT_EVENT_BYTES)];
        let entry = HEAD_BYTES + event.object.len() + text.len();
        let room = (limit / 4).min(SEGMENT_BYTES);
        let mut ring = self.lock(part);
        if entry > room {
            ring.forgotten += 1;
            return;
        }
        if ring.open.bytes.len() + entry > room {
            ring.turn();
        }
        if ring.open.bytes.capacity() == 0 {
            while ring.full_bytes + room > limit && ring.forget() {}
            ring.open.bytes.reserve_exact(room);
            ring.open.began_ns = came_ns;
        }
        ring.open.push(source, &KeptEvent { text, ..*event });
    }

    fn lock(&self, part: usize) -> MutexGuard<'_, Ring> {
        self.shards[part].lock()
    }
}

impl Ring {
    /// Puts the open segment to the full ones.
    fn turn(&mut self) {
        let full = std::mem::take(&mut self.open);
        self.full_bytes += full.bytes.capacity();
        self.full.push_back(Arc::new(full));
    }

    /// Drops the oldest segment. Returns whether there was one.
    fn forget(&mut self) -> bool {
        let Some(oldest) = self.full.pop_front() else { return false };
        self.full_bytes -= oldest.bytes.capacity();
        self.forgotten += oldest.events;
        true
    }
}

impl Segment {
    fn push(&mut self, source: &Arc<EventSource>, event: &KeptEvent<'_>) {
        let number = match self.sources.iter().rposition(|known| Arc::ptr_eq(known, source)) {
            Some(number) => number,
            None => {
                self.sources.push(Arc::clone(source));
                self.sources.len() - 1
            }
        };
        self.events += 1;
        let bytes = &mut self.bytes;
        bytes.extend_from_slice(&event.time_ns.to_le_bytes());
        bytes.extend_from_slice(&event.line.to_le_bytes());
        for length in [number, event.object.len(), event.text.len()] {
            bytes.extend_from_slice(&(length as u32).to_le_bytes());
        }
        bytes.extend_from_slice(event.object.as_bytes());
        bytes.extend_from_slice(event.text.as_bytes());
    }

    /// Returns the event that begins at an offset, and where it ends.
    fn event(&self, at: usize) -> Option<(KeptEvent<'_>, usize)> {
        let rest = self.bytes.get(at..)?;
        let (time_ns, rest) = rest.split_first_chunk::<8>()?;
        let (line, rest) = rest.split_first_chunk::<8>()?;
        let (source, rest) = rest.split_first_chunk::<4>()?;
        let (object, rest) = rest.split_first_chunk::<4>()?;
        let (text, rest) = rest.split_first_chunk::<4>()?;
        let (object, text) = (u32::from_le_bytes(*object) as usize, u32::from_le_bytes(*text) as usize);
        let event = KeptEvent {
            time_ns: u64::from_le_bytes(*time_ns),
            line: u64::from_le_bytes(*line),
            source: self.sources.get(u32::from_le_bytes(*source) as usize)?,
            object: std::str::from_utf8(rest.get(..object)?).ok()?,
            text: std::str::from_utf8(rest.get(object..object + text)?).ok()?,
        };
        Some((event, at + HEAD_BYTES + object + text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_source::plain_source as source;

    fn add(kept: &KeptEvents, source: &Arc<EventSource>, number: u64, text: &str) {
        let event = KeptEvent { time_ns: number, object: "vm-ä", source, line: number, text };
        kept.add(0, source, &event, number);
    }

    fn lines(kept: &KeptEvents, most: usize) -> Vec<u64> {
        let mut lines = Vec::new();
        kept.latest_first(0, &mut |event| {
            assert_eq!((event.object, event.source.name.as_str()), ("vm-ä", "a.log"));
            lines.push(event.line);
            if lines.len() < most { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        });
        lines
    }

    #[test]
    fn the_latest_are_kept_within_the_limit_and_what_is_forgotten_is_counted() {
        let (kept, source) = (KeptEvents::new(1, 1), source());
        let text = "x".repeat(100);
        for number in 1..=5000 {
            add(&kept, &source, number, &text);
        }
        let totals = kept.totals();
        assert!(totals.bytes <= LEAST_BYTES && totals.bytes > LEAST_BYTES / 2, "{totals:?}");
        assert_eq!(totals.events + totals.forgotten, 5000);
        let all = lines(&kept, usize::MAX);
        assert_eq!(all.len() as u64, totals.events);
        assert!(all.iter().copied().eq((totals.forgotten + 1..=5000).rev()), "{all:?}");
        assert_eq!(totals.complete_since_ns, Some(totals.forgotten + 1));
        assert_eq!(lines(&kept, 2), [5000, 4999]);
    }

    #[test]
    fn long_lines_are_shortened_and_none_is_kept_without_room() {
        let (kept, source) = (KeptEvents::new(1 << 20, 1), source());
        add(&kept, &source, 1, &"ä".repeat(limits::KEPT_EVENT_BYTES));
        let mut length = 0;
        kept.latest_first(0, &mut |event| {
            length = event.text.len();
            ControlFlow::Continue(())
        });
        assert_eq!(length, limits::KEPT_EVENT_BYTES);
        let none = KeptEvents::new(0, 1);
        add(&none, &source, 1, "x");
        assert!(!none.is_on() && none.totals() == KeptTotals::default());
    }
}
