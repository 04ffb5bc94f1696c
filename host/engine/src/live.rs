//! The live engine's threads: scanners, and shards with what they say.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender};
use lifesigns_model::{Chunk, InitialState, ObjectFacts, RuleAlertRef, SharedClock, limits};

use crate::{
    RuleAlertSink, RuleSet, Totals,
    byte_semaphore::{BytePermit, ByteSemaphore},
    checkpoint::CheckpointPart,
    checkpoint_signal::CheckpointSignal,
    event_sink::{EventSink, LineContext, ObservationBuffer, StreamPosition},
    monotonic_clock::MonotonicClock,
    rule_runner::ShardClock,
    scan::Scanner,
    scan_cost::ScanCharge,
    scanned::ScannedChunk,
    sequencer::{NextItem, SequencedItem, Sequencer, ShardLoad, by_shard},
    shard::Shard,
    state::StateLedger,
    trial::Sample,
    usage::UsageTable,
};

/// How often a shard looks at the reminders of silent objects: when its queue is empty, and when it
/// never is.
const IDLE: Duration = Duration::from_millis(100);
const BUSY: Duration = Duration::from_secs(1);
pub(crate) struct ScanJob {
    pub(crate) number: u64,
    pub(crate) handed_in_ns: u64,
    pub(crate) rules: Arc<RuleSet>,
    pub(crate) chunk: Chunk,
    pub(crate) permit: BytePermit,
}

pub(crate) enum ShardTask {
    /// Lines of a scanned chunk that are this shard's.
    Lines(Arc<ScannedChunk>, Vec<u32>),
    /// What the shard, one of so many, begins with.
    Restore(Arc<InitialState>, usize, usize),
    /// Everything up to here belongs to a cut.
    Checkpoint(Sender<CheckpointPart>),
    /// These objects are forgotten; what comes after this makes them new ones.
    Forget(Vec<String>),
}

/// What submitters share: one lock, held for a few instructions.
pub(crate) struct Ingress {
    pub(crate) rules: Arc<RuleSet>,
    pub(crate) next: u64,
    pub(crate) jobs: Option<Sender<ScanJob>>,
    pub(crate) sample: Sample,
}

pub(crate) struct EngineShared {
    pub(crate) ingress: Mutex<Ingress>,
    pub(crate) sequencer: Mutex<Sequencer>,
    pub(crate) shards: Mutex<Vec<Sender<ShardTask>>>,
    pub(crate) totals: Mutex<Totals>,
    pub(crate) budget: Arc<ByteSemaphore>,
    pub(crate) signal: CheckpointSignal,
    /// Whether what shards say waits for a cut.
    pub(crate) checkpoints: bool,
    /// Bytes that shards have and have not evaluated, and how many they may have.
    pub(crate) pending: Arc<AtomicUsize>,
    pub(crate) pending_limit: usize,
    /// Something has its turn and waits until shards have less to do.
    pub(crate) held_back: AtomicBool,
    /// A thread has ended before its time.
    pub(crate) broken: AtomicBool,
    pub(crate) sink: RuleAlertSink,
    pub(crate) clock: SharedClock,
    pub(crate) begun: Instant,
    /// What rules hold.
    pub(crate) ledger: Arc<StateLedger>,
    /// What rules have used.
    pub(crate) uses: Mutex<UsageTable>,
    /// What all rules of a shard may use together.
    pub(crate) rules_cpu_ms_per_s: u64,
    /// What may wait for a cut in one shard.
    pub(crate) observations_bytes: usize,
}

/// Held by a thread for as long as it lives: a thread that panics is not missed in silence.
pub(crate) struct PanicGuard<'a>(pub(crate) &'a EngineShared);

impl Drop for PanicGuard<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.broken.store(true, Ordering::Relaxed);
            self.0.signal.note(0, true);
        }
    }
}

/// What a shard says: to the caller, or into the next cut.
enum ShardSink<'a> {
    Direct(&'a RuleAlertSink),
    Buffered(ObservationBuffer),
}

impl EventSink for ShardSink<'_> {
    fn alert(&mut self, position: StreamPosition, alert: &RuleAlertRef<'_>) {
        match self {
            Self::Direct(sink) => sink(alert),
            Self::Buffered(observations) => observations.alert(position, alert),
        }
    }

    fn facts(&mut self, at: LineContext<'_>, facts: &ObjectFacts) {
        if let Self::Buffered(observations) = self {
            observations.facts(at, facts);
        }
    }

    fn seen(&mut self, at: LineContext<'_>, object: &str) {
        if let Self::Buffered(observations) = self {
            observations.seen(at, object);
        }
    }

    /// Time must stand still for silent objects then: their reminders come by themselves, and no
    /// source waits for room on their behalf.
    fn is_backlogged(&self) -> bool {
        matches!(self, Self::Buffered(observations) if observations.is_backlogged())
    }

    fn is_full(&self, of_rule: usize) -> bool {
        matches!(self, Self::Buffered(observations) if observations.is_full(of_rule))
    }

    fn waiting(&self) -> usize {
        match self {
            Self::Direct(_) => 0,
            Self::Buffered(observations) => observations.waiting(),
        }
    }
}

impl ShardSink<'_> {
    /// What waits for a cut of these objects is not said: it is of before they were forgotten.
    fn forget(&mut self, objects: &[String]) {
        if let Self::Buffered(observations) = self {
            observations.forget(objects);
        }
    }
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl EngineShared {
    /// A scanner's life.
    pub(crate) fn scan(&self, jobs: &Receiver<ScanJob>) {
        let _alive = PanicGuard(self);
        let (mut scanner, mut steady) = (Scanner::default(), MonotonicClock::new(Arc::clone(&self.clock)));
        for ScanJob { number, handed_in_ns, rules, chunk, permit } in jobs {
            let now_ns = steady.now_ns();
            let mut scanned = scanner.scan(rules, chunk.source, &chunk.bytes, Some(now_ns));
            self.bill(scanner.charge(&scanned.rules, now_ns));
            scanned.handed_in_ns = handed_in_ns;
            scanned.ack_guard.permit = Some(permit);
            scanned.ack_guard.done = chunk.ack;
            scanned.cursor = chunk.cursor;
            self.hand_on(number, SequencedItem::Chunk(Box::new(scanned), chunk.arrived_ns));
        }
    }

    /// Notes what rules have paid to a scanner.
    fn bill(&self, charges: Vec<ScanCharge>) {
        if charges.is_empty() {
            return;
        }
        let mut totals = lock(&self.totals);
        for ScanCharge { rule, missed, over, .. } in &charges {
            if *missed > 0 {
                totals.report.missed(rule, *missed);
            }
            if let Some(over) = over {
                tracing::warn!(rule, pause_ms = over.pause_ms, "a rule is over its budget: {over}");
                totals.report.over_budget(rule, over.to_string());
            }
        }
        drop(totals);
        let used = charges.into_iter().map(|charges| (charges.rule, charges.usage)).collect();
        lock(&self.uses).add(used, self.begun.elapsed());
    }

    /// Room for so many bytes; waits for it. `None` once the door is closed.
    pub(crate) fn acquire(&self, bytes: usize) -> Option<BytePermit> {
        self.budget.acquire(bytes, || self.signal.short())
    }

    pub(crate) fn hand_on(&self, number: u64, item: SequencedItem) {
        lock(&self.sequencer).put(number, item);
        self.pump();
    }

    /// Hands shards what has its turn.
    pub(crate) fn pump(&self) {
        // Ready chunks leave under the lock: otherwise two scanners could swap them again.
        let mut sequencer = lock(&self.sequencer);
        let shards = lock(&self.shards);
        loop {
            let mut load = self.load();
            if load != ShardLoad::Accepting {
                // First that somebody must look again, then whether that is already so.
                self.held_back.store(true, Ordering::SeqCst);
                load = self.load();
            }
            match sequencer.pop(load) {
                None => break,
                Some(NextItem::Chunk(scanned)) => self.send(&shards, &scanned),
                Some(NextItem::Checkpoint(parts, withheld, offsets, early)) => {
                    shards.iter().for_each(|shard| drop(shard.send(ShardTask::Checkpoint(parts.clone()))));
                    let _ = parts.send(CheckpointPart::Sources(withheld, offsets, early));
                }
            }
        }
    }

    /// Without cuts nothing waits here, because nothing waits for one.
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
        lock(&self.totals).tally += scanned.tally;
        for (shard, lines) in by_shard(scanned, shards.len()).into_iter().enumerate() {
            if !lines.is_empty() {
                let _ = shards[shard].send(ShardTask::Lines(Arc::clone(scanned), lines));
            }
        }
        if self.checkpoints {
            self.signal.note(0, self.budget.is_short());
        }
    }

    /// A shard's life.
    pub(crate) fn evaluate(&self, rules: Arc<RuleSet>, tasks: &Receiver<ShardTask>) {
        let _alive = PanicGuard(self);
        let mut steady = MonotonicClock::new(Arc::clone(&self.clock));
        let clock = ShardClock::Wall(steady.now_ns());
        let mut shard = Shard::new(rules, clock, Arc::clone(&self.ledger), self.rules_cpu_ms_per_s);
        let mut sink = if self.checkpoints {
            ShardSink::Buffered(ObservationBuffer::new(self.observations_bytes))
        } else {
            ShardSink::Direct(&self.sink)
        };
        if self.checkpoints {
            shard.track_changes();
        }
        let mut oldest_unflushed: Option<Instant> = None;
        let (mut looked, mut counted, mut taken_ns) = (Instant::now(), Instant::now(), 0);
        loop {
            // What is alive in here is dropped only after its counts are merged: whoever waits for
            // the bytes in flight finds complete totals.
            let task = match tasks.recv_timeout(IDLE) {
                Ok(task) => Some(task),
                Err(RecvTimeoutError::Timeout) => None,
                Err(RecvTimeoutError::Disconnected) => break,
            };
            shard.set_clock(ShardClock::Wall(steady.now_ns()));
            match &task {
                Some(ShardTask::Lines(scanned, lines)) => {
                    oldest_unflushed.get_or_insert_with(Instant::now);
                    for line in lines {
                        shard.line(scanned, *line, &mut sink);
                    }
                    taken_ns = scanned.handed_in_ns;
                }
                Some(ShardTask::Restore(start, number, shards)) => {
                    shard.restore(start, *number, *shards, self.clock.now_ns())
                }
                Some(ShardTask::Checkpoint(parts)) => {
                    shard.flush(&mut sink);
                    self.account(&mut sink);
                    self.cut(&mut shard, &mut sink, parts);
                }
                Some(ShardTask::Forget(objects)) => {
                    shard.forget(objects, &mut sink);
                    sink.forget(objects);
                }
                None => {}
            }
            let lingered =
                || oldest_unflushed.is_some_and(|since| since.elapsed().as_micros() >= u128::from(limits::LINGER_US));
            if tasks.is_empty() || lingered() {
                shard.flush(&mut sink);
                oldest_unflushed = None;
            }
            if looked.elapsed() >= if tasks.is_empty() { IDLE } else { BUSY } && !sink.is_backlogged() {
                if shard.advance_silent(self.complete_until(tasks, taken_ns), self.clock.now_ns(), &mut sink)
                    && self.checkpoints
                {
                    self.signal.note(0, false);
                }
                looked = Instant::now();
            }
            self.account(&mut sink);
            lock(&self.totals).report.merge(shard.take_report());
            if tasks.is_empty() || counted.elapsed() >= BUSY {
                lock(&self.uses).add(shard.take_usage(), self.begun.elapsed());
                counted = Instant::now();
            }
            drop(task);
            if self.held_back.swap(false, Ordering::SeqCst) {
                self.pump();
            }
        }
        shard.flush(&mut sink);
        lock(&self.totals).report.merge(shard.take_report());
        lock(&self.uses).add(shard.take_usage(), self.begun.elapsed());
    }

    /// Takes room for what a shard has said, and lets the recorder know.
    fn account(&self, sink: &mut ShardSink<'_>) {
        let ShardSink::Buffered(observations) = sink else { return };
        let bytes = observations.uncharged();
        if bytes > 0 {
            let room = self.budget.charge(bytes);
            observations.room = Some(match observations.room.take() {
                Some(before) => before.and(room),
                None => room,
            });
            self.signal.note(bytes, self.budget.is_short());
        }
    }

    /// A shard's piece of a cut.
    fn cut(&self, shard: &mut Shard, sink: &mut ShardSink<'_>, parts: &Sender<CheckpointPart>) {
        let ShardSink::Buffered(observations) = sink else { return };
        let (mut observations, room) = observations.take();
        // Stable: a rule's own order is the order in which it came.
        observations.sort_by_key(|(position, rule, _)| (*position, *rule));
        let state = shard.take_checkpoint();
        let _ = parts.send(CheckpointPart::Shard(observations, room, state));
    }

    /// Up to when a shard has heard everything. A silent object's time must not run ahead of lines
    /// about it that wait in a queue: they may say that it was not silent. So it goes by when things
    /// were handed in, on both ends: from the object's last line to here. `taken_ns` is when the
    /// last thing that the shard took was handed in. What waits at the door for room does not count.
    fn complete_until(&self, tasks: &Receiver<ShardTask>, taken_ns: u64) -> u64 {
        let now_ns = self.clock.now_ns();
        let given = lock(&self.ingress).next;
        let (handed_on, handed_in_ns) = lock(&self.sequencer).next();
        // In this order: what was handed on by then is in the shard's queue, or was taken from it.
        if !tasks.is_empty() {
            taken_ns
        } else if handed_on >= given {
            now_ns
        } else {
            handed_in_ns
        }
    }
}

/// The system's clock, nanoseconds since the Unix epoch.
pub fn now_ns() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos() as u64)
}
