//! Chunks are scanned side by side and handed on in the order in which they were submitted, so that
//! the order of each object holds and generations never mix.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use crate::{scanned::Scanned, shard_of};

/// Where a source has got to.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Place {
    lines: u64,
    time_ns: Option<u64>,
}

impl Place {
    /// Gives a chunk its line numbers and lends a time to lines that have none.
    pub(crate) fn settle(&mut self, scanned: &mut Scanned, inherit: bool, arrived_ns: Option<u64>) {
        let before = if inherit { self.time_ns } else { None };
        scanned.settle(self.lines + 1, before, arrived_ns);
        self.lines += scanned.tally.lines;
        self.time_ns = scanned.last_time_ns;
    }
}

/// Puts scanned chunks back into order.
#[derive(Default)]
pub(crate) struct Sequencer {
    next: u64,
    handed_in_ns: u64,
    waiting: BTreeMap<u64, (Scanned, Option<u64>)>,
    places: HashMap<u32, Place>,
}

impl Sequencer {
    /// Takes a chunk; returns those whose turn has come.
    pub(crate) fn push(&mut self, number: u64, scanned: Scanned, arrived_ns: Option<u64>) -> Vec<Arc<Scanned>> {
        self.waiting.insert(number, (scanned, arrived_ns));
        let mut ready = Vec::new();
        while let Some((mut scanned, arrived_ns)) = self.waiting.remove(&self.next) {
            self.next += 1;
            self.handed_in_ns = scanned.handed_in_ns;
            let place = self.places.entry(scanned.source.rank).or_default();
            place.settle(&mut scanned, arrived_ns.is_none(), arrived_ns);
            ready.push(Arc::new(scanned));
        }
        ready
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
