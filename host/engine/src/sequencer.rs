//! Chunks are scanned side by side and handed on in the order in which they were submitted, so that
//! the order of each object holds and generations never mix.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use crossbeam_channel::Sender;
use lifesigns_model as model;

use crate::{
    cut::Piece,
    scanned::{Scanned, Withheld},
    shard_of,
};

/// Where a source has got to.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct SourceProgress {
    lines: u64,
    time_ns: Option<u64>,
}

impl SourceProgress {
    /// Gives a chunk its line numbers and lends a time to lines that have none.
    pub(crate) fn settle(&mut self, scanned: &mut Scanned, inherit: bool, arrived_ns: Option<u64>) {
        let before = if inherit { self.time_ns } else { None };
        scanned.settle(self.lines + 1, before, arrived_ns);
        self.lines += scanned.tally.lines;
        self.time_ns = scanned.last_time_ns;
    }
}

/// What comes in a number's turn.
pub(crate) enum Item {
    /// A chunk, and when it arrived.
    Chunk(Box<Scanned>, Option<u64>),
    /// A cut: everything before it belongs to it.
    Checkpoint(Sender<Piece>),
    /// A cut that was made before its turn.
    Made,
}

/// Whether shards may be handed more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Gate {
    Open,
    /// They have enough to do.
    Busy,
    /// So much waits to be cut that nothing more is evaluated before it is.
    Full,
}

/// What leaves in a number's turn.
pub(crate) enum Ready {
    Chunk(Arc<Scanned>),
    /// A cut, the acknowledgements of the chunks in it, the sources that have moved, and whether it
    /// was made before its turn.
    Checkpoint(Sender<Piece>, Withheld, Vec<model::SourceOffset>, bool),
}

/// What a line that rules want counts for at least while it waits to be evaluated: more comes of many
/// short lines than of a few long ones.
const LINE_BYTES: usize = 512;

/// Bytes that shards have been handed and have not evaluated.
pub(crate) struct Pending {
    all: Arc<AtomicUsize>,
    bytes: usize,
}

impl Drop for Pending {
    fn drop(&mut self) {
        self.all.fetch_sub(self.bytes, Ordering::SeqCst);
    }
}

/// How far a source is.
#[derive(Default)]
struct Known {
    place: SourceProgress,
    cursor: Option<Vec<u8>>,
    moved: bool,
}

/// Puts scanned chunks back into order.
#[derive(Default)]
pub(crate) struct Sequencer {
    next: u64,
    handed_in_ns: u64,
    waiting: BTreeMap<u64, Item>,
    /// By name: a source that is begun anew goes on where it was.
    places: HashMap<String, Known>,
    /// Whether acknowledgements wait for a cut.
    cuts: bool,
    withheld: Withheld,
    pending: Arc<AtomicUsize>,
}

impl Sequencer {
    /// Sources go on at `places`. With `cuts` acknowledgements wait for one. What is handed out and not
    /// evaluated is counted in `pending`.
    pub(crate) fn new(places: &[model::SourceOffset], cuts: bool, pending: Arc<AtomicUsize>) -> Self {
        let known = |before: &model::SourceOffset| {
            let place = SourceProgress { lines: before.lines, time_ns: before.time_ns };
            (before.source.clone(), Known { place, cursor: before.cursor.clone(), moved: false })
        };
        Self { places: places.iter().map(known).collect(), cuts, pending, ..Self::default() }
    }

    /// Takes what has a number.
    pub(crate) fn put(&mut self, number: u64, item: Item) {
        self.waiting.insert(number, item);
    }

    /// What has its turn. A chunk has none while the gate is not open; a cut that waits behind it has
    /// its turn at once when the gate is full, because only a cut can open it again.
    pub(crate) fn pop(&mut self, gate: Gate) -> Option<Ready> {
        if matches!(self.waiting.get(&self.next)?, Item::Chunk(..)) && gate != Gate::Open {
            let cut = |item: &&mut Item| matches!(item, Item::Checkpoint(_));
            let early = self.waiting.values_mut().find(cut).filter(|_| gate == Gate::Full)?;
            let Item::Checkpoint(pieces) = std::mem::replace(early, Item::Made) else { return None };
            return Some(Ready::Checkpoint(pieces, std::mem::take(&mut self.withheld), self.moved(), true));
        }
        let item = self.waiting.remove(&self.next)?;
        let ready = match item {
            Item::Chunk(scanned, arrived_ns) => self.chunk(scanned, arrived_ns),
            Item::Checkpoint(pieces) => {
                Ready::Checkpoint(pieces, std::mem::take(&mut self.withheld), self.moved(), false)
            }
            Item::Made => {
                self.next += 1;
                return self.pop(gate);
            }
        };
        self.next += 1;
        Some(ready)
    }

    fn chunk(&mut self, mut scanned: Box<Scanned>, arrived_ns: Option<u64>) -> Ready {
        self.handed_in_ns = scanned.handed_in_ns;
        scanned.number = self.next;
        let known = self.places.entry(scanned.source.name.clone()).or_default();
        known.place.settle(&mut scanned, arrived_ns.is_none(), arrived_ns);
        known.moved |= scanned.tally.bytes > 0 || scanned.cursor.is_some();
        if let Some(cursor) = scanned.cursor.take() {
            known.cursor = Some(cursor);
        }
        if self.cuts {
            self.withheld.0.push(std::mem::take(&mut scanned.ticket));
        }
        let bytes = (scanned.tally.bytes as usize).max(scanned.lines.len() * LINE_BYTES);
        self.pending.fetch_add(bytes, Ordering::SeqCst);
        scanned.pending = Some(Pending { all: Arc::clone(&self.pending), bytes });
        Ready::Chunk(Arc::from(scanned))
    }

    fn moved(&mut self) -> Vec<model::SourceOffset> {
        let moved = self.places.iter_mut().filter_map(|(name, known)| {
            std::mem::take(&mut known.moved).then(|| model::SourceOffset {
                source: name.clone(),
                cursor: known.cursor.clone(),
                lines: known.place.lines,
                time_ns: known.place.time_ns,
            })
        });
        let mut moved: Vec<_> = moved.collect();
        moved.sort_by(|one, other| one.source.cmp(&other.source));
        moved
    }

    /// The number of the next chunk, and when the last one that left was handed in.
    pub(crate) const fn next(&self) -> (u64, u64) {
        (self.next, self.handed_in_ns)
    }
}

/// Which lines of a chunk go to which shard.
pub(crate) fn by_shard(scanned: &Scanned, shards: usize) -> Vec<Vec<u32>> {
    let mut parts = vec![Vec::new(); shards];
    let mut last = (usize::MAX, "");
    for (number, line) in scanned.lines.iter().enumerate() {
        let object = scanned.object(line);
        if last.0 == usize::MAX || last.1 != object {
            last = (shard_of(object, shards), object);
        }
        parts[last.0].push(number as u32);
    }
    parts
}
