//! Chunks are scanned side by side and handed on in the order in which they were submitted, so that
//! the order of each object holds and rule sets never mix.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::{Arc, atomic::AtomicUsize},
};

use crossbeam_channel::Sender;
use lifesigns_model as model;

use crate::{
    RuleSet, StateMove,
    checkpoint::{CheckpointPart, SequencePart},
    pending::PendingBytes,
    scanned::{ScannedChunk, WithheldAcks},
    shard_of,
};

/// The lines of a source so far.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct SourceProgress {
    lines: u64,
    time_ns: Option<u64>,
}

impl SourceProgress {
    /// Assigns a chunk its line numbers, and lines without a time the one before.
    pub(crate) fn assign_lines(&mut self, scanned: &mut ScannedChunk, inherit: bool, arrived_ns: Option<u64>) {
        let before = if inherit { self.time_ns } else { None };
        scanned.assign_lines(self.lines + 1, before, arrived_ns);
        self.lines += scanned.scan_counts.lines;
        self.time_ns = scanned.last_time_ns;
    }
}

/// What waits for its turn.
pub(crate) enum SequencedItem {
    /// A chunk, and when it arrived.
    Chunk(Box<ScannedChunk>, Option<u64>),
    /// A checkpoint: everything before it belongs to it.
    Checkpoint(Sender<CheckpointPart>),
    /// A source was removed.
    Forget(String),
    /// Only the rules of these names have a shadow from here on.
    RetainShadows(Arc<BTreeSet<String>>),
    /// A rule set that is in force from here on, state that moves, and the changes that this is.
    Move(Arc<RuleSet>, Arc<[StateMove]>, Vec<model::RuleChangeMark>),
    /// What objects are called by events from here on.
    Aliases(model::ObjectAliases),
    /// A checkpoint that was made before its turn.
    Superseded,
}

/// Whether shards take more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ShardLoad {
    Accepting,
    /// They have enough to evaluate.
    Busy,
    /// So much waits for a checkpoint that nothing more is evaluated before it is made.
    Full,
}

/// What leaves in its turn.
pub(crate) enum NextItem {
    Chunk(Arc<ScannedChunk>),
    /// The names of the rules whose shadows stay.
    RetainShadows(Arc<BTreeSet<String>>),
    /// A rule set, and state that moves.
    Move(Arc<RuleSet>, Arc<[StateMove]>),
    /// A checkpoint.
    Checkpoint(Sender<CheckpointPart>, Box<SequencePart>),
}

/// The least bytes that a line counts for while it waits to be evaluated: many short lines have more
/// results than a few long ones.
const LINE_BYTES: usize = 512;

/// The progress of a source.
#[derive(Default)]
struct SourceState {
    progress: SourceProgress,
    cursor: Option<Vec<u8>>,
    moved: bool,
    /// It was removed; the next checkpoint says so.
    is_forgotten: bool,
}

/// Puts scanned chunks back into order.
#[derive(Default)]
pub(crate) struct Sequencer {
    next: u64,
    handed_in_ns: u64,
    waiting: BTreeMap<u64, SequencedItem>,
    /// By name: a source that starts again goes on where it was.
    offsets: HashMap<String, SourceState>,
    /// Whether acknowledgements wait for a checkpoint.
    checkpoints: bool,
    withheld: WithheldAcks,
    /// Since the last checkpoint.
    rule_changes: Vec<model::RuleChangeMark>,
    pending: Arc<AtomicUsize>,
    aliases: model::ObjectAliases,
}

impl Sequencer {
    /// Sources go on at `offsets`. With `checkpoints` acknowledgements wait for one. Bytes that are handed
    /// out and not evaluated are counted in `pending`.
    pub(crate) fn new(offsets: &[model::SourceOffset], checkpoints: bool, pending: Arc<AtomicUsize>) -> Self {
        Self { offsets: offsets.iter().map(state_at).collect(), checkpoints, pending, ..Self::default() }
    }

    /// Takes an item with its number.
    pub(crate) fn put(&mut self, number: u64, item: SequencedItem) {
        self.waiting.insert(number, item);
    }

    /// Takes what has its turn. A chunk has none unless shards accept more; a checkpoint that waits behind
    /// it has its turn at once when they are full, because only a checkpoint can change that.
    pub(crate) fn pop(&mut self, load: ShardLoad) -> Option<NextItem> {
        if matches!(self.waiting.get(&self.next)?, SequencedItem::Chunk(..)) && load != ShardLoad::Accepting {
            let cut = |item: &&mut SequencedItem| matches!(item, SequencedItem::Checkpoint(_));
            let early = self.waiting.values_mut().find(cut).filter(|_| load == ShardLoad::Full)?;
            let SequencedItem::Checkpoint(parts) = std::mem::replace(early, SequencedItem::Superseded) else {
                return None;
            };
            return Some(NextItem::Checkpoint(parts, self.part(true)));
        }
        let item = self.waiting.remove(&self.next)?;
        let ready = match item {
            SequencedItem::Chunk(scanned, arrived_ns) => self.chunk(scanned, arrived_ns),
            SequencedItem::Checkpoint(parts) => NextItem::Checkpoint(parts, self.part(false)),
            SequencedItem::RetainShadows(names) => NextItem::RetainShadows(names),
            SequencedItem::Move(rules, moves, changes) => {
                if self.checkpoints {
                    self.rule_changes.extend(changes);
                }
                NextItem::Move(rules, moves)
            }
            SequencedItem::Forget(source) => {
                self.offsets.remove(&source);
                if self.checkpoints {
                    let gone = SourceState { moved: true, is_forgotten: true, ..SourceState::default() };
                    self.offsets.insert(source, gone);
                }
                self.next += 1;
                return self.pop(load);
            }
            SequencedItem::Aliases(aliases) => {
                self.aliases = aliases;
                self.next += 1;
                return self.pop(load);
            }
            SequencedItem::Superseded => {
                self.next += 1;
                return self.pop(load);
            }
        };
        self.next += 1;
        Some(ready)
    }

    fn chunk(&mut self, mut scanned: Box<ScannedChunk>, arrived_ns: Option<u64>) -> NextItem {
        self.handed_in_ns = scanned.handed_in_ns;
        scanned.number = self.next;
        scanned.resolve(&self.aliases);
        let known = self.offsets.entry(scanned.source.name.clone()).or_default();
        known.progress.assign_lines(&mut scanned, arrived_ns.is_none(), arrived_ns);
        known.is_forgotten = false;
        known.moved |= scanned.scan_counts.bytes > 0 || scanned.cursor.is_some();
        if let Some(cursor) = scanned.cursor.take() {
            known.cursor = Some(cursor);
        }
        if self.checkpoints {
            self.withheld.0.push(std::mem::take(&mut scanned.ack_guard));
        }
        let bytes = (scanned.scan_counts.bytes as usize).max(scanned.lines.len() * LINE_BYTES);
        scanned.pending = Some(PendingBytes::new(&self.pending, bytes));
        NextItem::Chunk(Arc::from(scanned))
    }

    /// Returns what the next checkpoint has of the order.
    fn part(&mut self, early: bool) -> Box<SequencePart> {
        Box::new(SequencePart {
            withheld: std::mem::take(&mut self.withheld),
            offsets: self.moved(),
            rule_changes: std::mem::take(&mut self.rule_changes),
            early,
        })
    }

    fn moved(&mut self) -> Vec<model::SourceOffset> {
        let moved = self.offsets.iter_mut().filter_map(|(name, known)| {
            std::mem::take(&mut known.moved).then(|| model::SourceOffset {
                source: name.clone(),
                cursor: known.cursor.clone(),
                lines: known.progress.lines,
                time_ns: known.progress.time_ns,
                is_forgotten: known.is_forgotten,
            })
        });
        let mut moved: Vec<_> = moved.collect();
        self.offsets.retain(|_, known| !known.is_forgotten);
        moved.sort_by(|one, other| one.source.cmp(&other.source));
        moved
    }

    /// Returns the number of the next turn, and when the last chunk that left was handed in.
    pub(crate) const fn next(&self) -> (u64, u64) {
        (self.next, self.handed_in_ns)
    }
}

/// Returns the state of a source that goes on at an offset.
fn state_at(before: &model::SourceOffset) -> (String, SourceState) {
    let progress = SourceProgress { lines: before.lines, time_ns: before.time_ns };
    (before.source.clone(), SourceState { progress, cursor: before.cursor.clone(), ..SourceState::default() })
}

/// Returns the lines of a chunk by shard.
pub(crate) fn by_shard(scanned: &ScannedChunk, shards: usize) -> Vec<Vec<u32>> {
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
