//! The entry of an engine: it stamps chunks and facts with the number of their turn and the
//! rule set in force, and hands chunks to the scanners.

use std::{
    sync::Arc,
    task::{Context, Poll},
};

use parking_lot::{Mutex, MutexGuard};

use crossbeam_channel::Sender;
use lifesigns_model::{Chunk, SharedClock};

use crate::{
    RuleSet, TrafficSample,
    byte_semaphore::{BytePermit, ByteSemaphore, TryAcquireError},
    checkpoint_signal::CheckpointSignal,
};

/// Bytes of a chunk that are kept as the sample of recent traffic.
const SAMPLE_BYTES: usize = 256 << 10;
/// The sample is renewed by every chunk whose number is a multiple of this.
const SAMPLE_EVERY: u64 = 64;

/// The turn of one chunk or one set of facts in the stream.
pub(crate) struct SubmissionStamp {
    /// Its number among all that was submitted; numbers have no gaps.
    pub(crate) number: u64,
    /// When it was submitted, nanoseconds since the Unix epoch.
    pub(crate) handed_in_ns: u64,
    /// The rule set by which it is evaluated.
    pub(crate) rules: Arc<RuleSet>,
}

/// A chunk for the scanners.
pub(crate) struct ScanJob {
    pub(crate) stamp: SubmissionStamp,
    pub(crate) chunk: Chunk,
    pub(crate) permit: BytePermit,
}

/// What submitters share: one lock, held for a few instructions and never while another lock of the
/// engine is taken, those of leaves (signal, clock) aside.
pub(crate) struct Ingress {
    state: Mutex<IngressState>,
    semaphore: Arc<ByteSemaphore>,
    signal: Arc<CheckpointSignal>,
    clock: SharedClock,
}

struct IngressState {
    rules: Arc<RuleSet>,
    next: u64,
    /// `None` once the engine ends.
    jobs: Option<Sender<ScanJob>>,
    sample: TrafficSample,
}

impl IngressState {
    fn stamp(&self, handed_in_ns: u64) -> SubmissionStamp {
        SubmissionStamp { number: self.next, handed_in_ns, rules: Arc::clone(&self.rules) }
    }
}

impl Ingress {
    pub(crate) fn new(
        rules: Arc<RuleSet>,
        jobs: Sender<ScanJob>,
        semaphore: Arc<ByteSemaphore>,
        signal: Arc<CheckpointSignal>,
        clock: SharedClock,
    ) -> Self {
        let state = IngressState { rules, next: 0, jobs: Some(jobs), sample: TrafficSample::default() };
        Self { state: Mutex::new(state), semaphore, signal, clock }
    }

    /// Waits until `bytes` may come in, and reserves them. Returns `None` once the entry is closed.
    pub(crate) fn reserve(&self, bytes: usize) -> Option<BytePermit> {
        self.semaphore.acquire(bytes, || self.signal.request_room())
    }

    /// Reserves `bytes` if they may come in now.
    pub(crate) fn try_reserve(&self, bytes: usize) -> Result<BytePermit, TryAcquireError> {
        let permit = self.semaphore.try_acquire(bytes);
        if matches!(permit, Err(TryAcquireError::NoRoom)) {
            self.signal.request_room();
        }
        permit
    }

    /// As [`Self::reserve`] for a task, which is woken when it should try again.
    pub(crate) fn poll_reserve(&self, bytes: usize, context: &mut Context<'_>) -> Poll<Option<BytePermit>> {
        self.semaphore.poll_acquire(bytes, context, || self.signal.request_room())
    }

    /// Hands a chunk to the scanners. Returns it when the engine has ended.
    pub(crate) fn submit(&self, permit: BytePermit, chunk: Chunk) -> Result<(), Chunk> {
        let mut state = self.lock();
        if state.next.is_multiple_of(SAMPLE_EVERY) {
            let bytes = chunk.bytes.len().min(SAMPLE_BYTES);
            state.sample.renew(&chunk.source, &chunk.bytes[..bytes]);
        }
        let stamp = state.stamp(self.clock.now_ns());
        let Some(jobs) = &state.jobs else { return Err(chunk) };
        // Under the lock, so that the numbers of scanned chunks have no gaps.
        jobs.send(ScanJob { stamp, chunk, permit }).map_err(|unsent| unsent.into_inner().chunk)?;
        state.next += 1;
        Ok(())
    }

    /// Gives facts their turn. The permit comes first: what has a turn must not wait for those after it.
    pub(crate) fn stamp(&self, _permit: &BytePermit) -> SubmissionStamp {
        let mut state = self.lock();
        let stamp = state.stamp(self.clock.now_ns());
        state.next += 1;
        stamp
    }

    /// Gives a checkpoint its turn. Returns `None` if nothing has come in since the turn `after` and
    /// nothing waits for a checkpoint.
    pub(crate) fn stamp_checkpoint(&self, after: u64) -> Option<u64> {
        let mut state = self.lock();
        // What is noted from here on may be in this checkpoint or in the next.
        if !self.signal.clear() && state.next == after {
            return None;
        }
        state.next += 1;
        Some(state.next - 1)
    }

    /// Takes a turn for what needs neither room nor rules.
    pub(crate) fn take_number(&self) -> u64 {
        let mut state = self.lock();
        state.next += 1;
        state.next - 1
    }

    /// Returns the number of the next turn.
    pub(crate) fn next_number(&self) -> u64 {
        self.lock().next
    }

    /// Puts another rule set in force, for all that comes in from now on.
    pub(crate) fn swap_rules(&self, rules: Arc<RuleSet>) {
        self.lock().rules = rules;
    }

    /// Puts another rule set in force for all that comes in from now on, and returns the number of the turn at which
    /// that is.
    pub(crate) fn swap_rules_in_turn(&self, rules: Arc<RuleSet>) -> u64 {
        let mut state = self.lock();
        state.rules = rules;
        state.next += 1;
        state.next - 1
    }

    /// Returns the rule set in force.
    pub(crate) fn rules(&self) -> Arc<RuleSet> {
        Arc::clone(&self.lock().rules)
    }

    /// Returns a piece of recent traffic.
    pub(crate) fn sample(&self) -> TrafficSample {
        self.lock().sample.clone()
    }

    /// Ends the queue of the scanners: they return when it is empty.
    pub(crate) fn end(&self) {
        self.lock().jobs = None;
    }

    fn lock(&self) -> MutexGuard<'_, IngressState> {
        self.state.lock()
    }
}
