//! From the scanners to the shards: scanned chunks leave in the order of their numbers, and only as
//! fast as shards and checkpoints take them.

use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use parking_lot::{Mutex, MutexGuard};

use crossbeam_channel::Sender;
use lifesigns_model::{InitialState, SourceOffset, limits};

use crate::{
    RuleSet, StateMove,
    byte_semaphore::ByteSemaphore,
    checkpoint::CheckpointPart,
    checkpoint_signal::CheckpointSignal,
    scanned::ScannedChunk,
    sequencer::{NextItem, SequencedItem, Sequencer, ShardLoad, by_shard},
    shard_of,
    statistics::Statistics,
};

/// Chunks that a shard may have and not have evaluated. All that comes of them waits for a checkpoint.
const PENDING_CHUNKS: usize = 4;

/// A shard's next piece of work.
pub(crate) enum ShardTask {
    /// Lines of a scanned chunk that are this shard's.
    Lines(Arc<ScannedChunk>, Vec<u32>),
    /// What the shard starts with: its number, and the number of all shards.
    Restore(Arc<InitialState>, usize, usize),
    /// Everything up to here belongs to a checkpoint.
    Checkpoint(Sender<CheckpointPart>),
    /// These objects are forgotten; lines behind this make them new objects.
    Forget(Vec<String>),
    /// State of all other shadows than those of the rules of these names is discarded.
    RetainShadows(Arc<BTreeSet<String>>),
    /// From here on this rule set is in force, and state moves.
    Move(Arc<RuleSet>, Arc<[StateMove]>),
}

/// One lock over the order of chunks and the queues of shards, so that nothing comes between taking a
/// chunk out of the order and queueing its lines. While it is held, only leaf locks are taken:
/// statistics, signal, semaphore.
pub(crate) struct Handover {
    state: Mutex<HandoverState>,
    /// Bytes that shards have and have not evaluated.
    pending: Arc<AtomicUsize>,
    pending_limit: usize,
    /// Something has its turn and waits until shards have less to do.
    held_back: AtomicBool,
    checkpoints: bool,
    semaphore: Arc<ByteSemaphore>,
    signal: Arc<CheckpointSignal>,
    statistics: Arc<Statistics>,
}

struct HandoverState {
    sequencer: Sequencer,
    /// Empty once the engine ends.
    shards: Vec<Sender<ShardTask>>,
}

impl Handover {
    /// Sources go on at `offsets`. With `checkpoints` acknowledgements wait for one.
    pub(crate) fn new(
        offsets: &[SourceOffset],
        shards: Vec<Sender<ShardTask>>,
        checkpoints: bool,
        semaphore: Arc<ByteSemaphore>,
        signal: Arc<CheckpointSignal>,
        statistics: Arc<Statistics>,
    ) -> Self {
        let pending = Arc::new(AtomicUsize::new(0));
        let pending_limit = PENDING_CHUNKS * limits::CHUNK_BYTES * shards.len();
        let sequencer = Sequencer::new(offsets, checkpoints, Arc::clone(&pending));
        let state = Mutex::new(HandoverState { sequencer, shards });
        let held_back = AtomicBool::new(false);
        Self { state, pending, pending_limit, held_back, checkpoints, semaphore, signal, statistics }
    }

    /// Takes what has a number, and hands on all that has its turn.
    pub(crate) fn put(&self, number: u64, item: SequencedItem) {
        self.lock().sequencer.put(number, item);
        self.pump();
    }

    /// Hands shards all that has its turn, as long as they take it.
    pub(crate) fn pump(&self) {
        // Chunks leave under the lock: otherwise two scanners could swap them again.
        let mut state = self.lock();
        let HandoverState { sequencer, shards } = &mut *state;
        loop {
            let mut load = self.load();
            if load != ShardLoad::Accepting {
                // In this order: first asks to be called again, then looks whether that is already due.
                self.held_back.store(true, Ordering::SeqCst);
                load = self.load();
            }
            match sequencer.pop(load) {
                None => break,
                Some(NextItem::Chunk(scanned)) => self.send(shards, &scanned),
                Some(NextItem::RetainShadows(names)) => {
                    shards.iter().for_each(|shard| drop(shard.send(ShardTask::RetainShadows(Arc::clone(&names)))));
                }
                Some(NextItem::Move(rules, moves)) => {
                    let task = || ShardTask::Move(Arc::clone(&rules), Arc::clone(&moves));
                    shards.iter().for_each(|shard| drop(shard.send(task())));
                }
                Some(NextItem::Checkpoint(parts, part)) => {
                    shards.iter().for_each(|shard| drop(shard.send(ShardTask::Checkpoint(parts.clone()))));
                    let _ = parts.send(CheckpointPart::Sequence(part));
                }
            }
        }
    }

    /// Hands on what was held back, if anything was.
    pub(crate) fn pump_held_back(&self) {
        if self.held_back.swap(false, Ordering::SeqCst) {
            self.pump();
        }
    }

    /// Tells the shards that own these objects to forget them.
    pub(crate) fn forget(&self, objects: &[String]) {
        let state = self.lock();
        let mut parts = vec![Vec::new(); state.shards.len()];
        for object in objects {
            if let Some(part) = parts.get_mut(shard_of(object, state.shards.len())) {
                part.push(object.clone());
            }
        }
        for (shard, part) in state.shards.iter().zip(parts).filter(|(_, part)| !part.is_empty()) {
            let _ = shard.send(ShardTask::Forget(part));
        }
    }

    /// Returns the number of the next turn, and when the last chunk that left was handed in.
    pub(crate) fn next(&self) -> (u64, u64) {
        self.lock().sequencer.next()
    }

    /// Ends the queues of the shards: they return when theirs is empty.
    pub(crate) fn end(&self) {
        self.lock().shards.clear();
    }

    /// Without checkpoints nothing waits here, because nothing waits for one.
    fn load(&self) -> ShardLoad {
        if !self.checkpoints {
            ShardLoad::Accepting
        } else if self.signal.observation_bytes() > limits::OBSERVATION_BYTES {
            ShardLoad::Full
        } else if self.pending.load(Ordering::SeqCst) > self.pending_limit {
            ShardLoad::Busy
        } else {
            ShardLoad::Accepting
        }
    }

    fn send(&self, shards: &[Sender<ShardTask>], scanned: &Arc<ScannedChunk>) {
        // Before the lines: once they are evaluated, the totals are complete.
        self.statistics.add_scan_counts(scanned.scan_counts);
        for (shard, lines) in by_shard(scanned, shards.len()).into_iter().enumerate() {
            if !lines.is_empty() {
                let _ = shards[shard].send(ShardTask::Lines(Arc::clone(scanned), lines));
            }
        }
        if self.checkpoints {
            self.signal.note(0, self.semaphore.is_short());
        }
    }

    fn lock(&self) -> MutexGuard<'_, HandoverState> {
        self.state.lock()
    }
}
