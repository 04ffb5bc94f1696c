//! The live engine: sources submit chunks, scanner threads scan them, shard threads evaluate.

use std::{
    collections::BTreeMap,
    io,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

use crossbeam_channel::{Receiver, RecvTimeoutError, unbounded};
use lifesigns_model::{
    Checkpoint, Chunk, EventSource, InitialState, ObjectFacts, RuleAlertRef, SharedClock, SystemClock, limits,
};

use crate::{
    RuleSet, RuleUse, Sample, ShardReport, Tally,
    byte_semaphore::ByteSemaphore,
    checkpoint::CheckpointBuilder,
    checkpoint_signal::{CheckpointSignal, SignalState},
    live::{EngineShared, Ingress, ScanJob, ShardTask, lock},
    pin::Pins,
    scanned::{ScannedChunk, ScannedLine},
    sequencer::{SequencedItem, Sequencer},
    shard_of,
    state::StateLedger,
};

/// Where the live engine's alerts go. Called on shard threads; alerts of one object come in order.
pub type RuleAlertSink = Arc<dyn Fn(&RuleAlertRef<'_>) + Send + Sync>;

/// How much of the traffic is kept as a sample, and how often it is renewed.
const SAMPLE_BYTES: usize = 256 << 10;
const SAMPLE_EVERY: u64 = 64;
/// How many chunks a shard may have that it has not evaluated. All that comes of them waits for a cut.
const PENDING_CHUNKS: usize = 4;
/// How often a cut looks whether all threads are alive.
const LOOK: Duration = Duration::from_millis(100);

/// How many threads, and how much may be in flight.
#[derive(Clone, Debug)]
pub struct EngineConfig {
    /// Scanner threads.
    pub scanners: usize,
    /// Shards, each with a thread of its own.
    pub shards: usize,
    /// Bytes between sources and shards.
    pub inflight_bytes: usize,
    /// Whether threads are pinned to cores.
    pub pin: bool,
    /// Whether alerts and acknowledgements wait for [`Engine::checkpoint`]. The sink is then not called.
    pub checkpoints: bool,
    /// The host's clock.
    pub clock: SharedClock,
    /// What all rules of a shard may use together of its thread, in milliseconds of CPU a second,
    /// beyond what their events pay for.
    pub rules_cpu_ms_per_s: u64,
    /// State of all rules, in bytes.
    pub rules_state_bytes: usize,
}

impl Default for EngineConfig {
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self {
            scanners: cores.div_ceil(2),
            shards: cores.div_ceil(2),
            inflight_bytes: limits::INFLIGHT_BYTES,
            pin: true,
            checkpoints: false,
            clock: SystemClock::shared(),
            rules_cpu_ms_per_s: limits::RULES_CPU_MS_PER_S,
            rules_state_bytes: limits::RULES_STATE_BYTES,
        }
    }
}

/// What the engine has counted so far.
#[derive(Clone, Debug, Default)]
pub struct Totals {
    /// What the scanners counted.
    pub tally: Tally,
    /// What the shards counted.
    pub report: ShardReport,
}

/// A running engine.
pub struct Engine {
    shared: Arc<EngineShared>,
    scanners: Vec<JoinHandle<()>>,
    shards: Vec<JoinHandle<()>>,
    /// The number after the last cut; held while a cut is made.
    next_cut: Mutex<u64>,
}

impl Engine {
    /// Starts the threads, and goes on from `start`; no rule is told of the facts in it. State that
    /// this engine cannot read is left out, and counted.
    ///
    /// # Errors
    /// When the system gives no more threads.
    pub fn start(
        config: &EngineConfig,
        rules: Arc<RuleSet>,
        start: InitialState,
        sink: RuleAlertSink,
    ) -> io::Result<Self> {
        let (jobs, job_queue) = unbounded();
        let shards = config.shards.max(1);
        let (tasks, task_queues): (Vec<_>, Vec<_>) = (0..shards).map(|_| unbounded()).unzip();
        let start = Arc::new(start);
        for (shard, task) in tasks.iter().enumerate() {
            let _ = task.send(ShardTask::Restore(Arc::clone(&start), shard, shards));
        }
        let ingress = Ingress { rules: Arc::clone(&rules), next: 0, jobs: Some(jobs), sample: Sample::default() };
        let pending = Arc::new(AtomicUsize::new(0));
        let shared = Arc::new(EngineShared {
            ingress: Mutex::new(ingress),
            sequencer: Mutex::new(Sequencer::new(&start.offsets, config.checkpoints, Arc::clone(&pending))),
            shards: Mutex::new(tasks),
            totals: Mutex::default(),
            budget: ByteSemaphore::new(config.inflight_bytes),
            signal: CheckpointSignal::default(),
            checkpoints: config.checkpoints,
            pending,
            pending_limit: PENDING_CHUNKS * limits::CHUNK_BYTES * shards,
            held_back: AtomicBool::new(false),
            broken: AtomicBool::new(false),
            sink,
            clock: Arc::clone(&config.clock),
            begun: Instant::now(),
            ledger: StateLedger::new(config.rules_state_bytes, config.checkpoints),
            uses: Mutex::default(),
            rules_cpu_ms_per_s: config.rules_cpu_ms_per_s,
            observations_bytes: limits::OBSERVATIONS_MAX_BYTES / shards,
        });
        let pins = Pins::new(config.pin);
        let mut engine = Self { shared, scanners: Vec::new(), shards: Vec::new(), next_cut: Mutex::default() };
        for number in 0..config.scanners.max(1) {
            let (shared, jobs, pin) = (Arc::clone(&engine.shared), job_queue.clone(), pins.get(number));
            let thread = std::thread::Builder::new().name(format!("lifesigns-scan-{number}"));
            engine.scanners.push(thread.spawn(move || {
                pin.apply();
                shared.scan(&jobs);
            })?);
        }
        for (number, tasks) in task_queues.into_iter().enumerate() {
            let (shared, rules, pin) = (Arc::clone(&engine.shared), Arc::clone(&rules), pins.get_last(number));
            let thread = std::thread::Builder::new().name(format!("lifesigns-shard-{number}"));
            engine.shards.push(thread.spawn(move || {
                pin.apply();
                shared.evaluate(rules, &tasks);
            })?);
        }
        Ok(engine)
    }

    /// Hands in a chunk; waits while too much is in flight. Chunks of one source must come from one
    /// thread, in order. Says whether it was taken: see [`Self::close`].
    pub fn submit(&self, chunk: Chunk) -> bool {
        let Some(permit) = self.shared.acquire(chunk.bytes.len()) else { return false };
        let mut ingress = lock(&self.shared.ingress);
        if ingress.next.is_multiple_of(SAMPLE_EVERY) {
            let bytes = chunk.bytes.len().min(SAMPLE_BYTES);
            ingress.sample.renew(&chunk.source, &chunk.bytes[..bytes]);
        }
        let handed_in_ns = self.shared.clock.now_ns();
        let job = ScanJob { number: ingress.next, handed_in_ns, rules: Arc::clone(&ingress.rules), chunk, permit };
        if let Some(jobs) = &ingress.jobs
            && jobs.send(job).is_ok()
        {
            ingress.next += 1;
            return true;
        }
        false
    }

    /// Hands in facts about one object that hold from `facts.time_ns` on; the rules that watch them
    /// are told. Says whether they were taken: see [`Self::close`].
    pub fn submit_facts(&self, source: &Arc<EventSource>, facts: ObjectFacts) -> bool {
        self.take_facts(source, facts, false)
    }

    /// As [`Self::submit_facts`], of what the inventory says: cuts have it as [`lifesigns_model::Observation::Inventory`], whatever the
    /// name of `source`.
    pub fn submit_inventory(&self, source: &Arc<EventSource>, facts: ObjectFacts) -> bool {
        self.take_facts(source, facts, true)
    }

    fn take_facts(&self, source: &Arc<EventSource>, facts: ObjectFacts, listed: bool) -> bool {
        // Room first, then a number: whoever has a number must not wait for those after it.
        let Some(permit) = self.shared.acquire(1) else { return false };
        let (rules, number, handed_in_ns) = {
            let mut ingress = lock(&self.shared.ingress);
            ingress.next += 1;
            (Arc::clone(&ingress.rules), ingress.next - 1, self.shared.clock.now_ns())
        };
        let mut scanned = ScannedChunk::new(rules, Arc::clone(source));
        (scanned.handed_in_ns, scanned.listed) = (handed_in_ns, listed);
        scanned.ack_guard.permit = Some(permit);
        scanned.lines.push(ScannedLine::of_facts(&mut scanned.text, &facts));
        scanned.tally.kept = 1;
        scanned.facts.push(facts);
        self.shared.hand_on(number, SequencedItem::Chunk(Box::new(scanned), None));
        true
    }

    /// Forgets these objects: their facts, rules' state, reminders and clocks, and what was said of them and
    /// is in no cut yet. The next cut says that they are gone. What is evaluated after this call, if it was
    /// handed in before or not, is of new objects.
    pub fn forget(&self, objects: &[String]) {
        let shards = lock(&self.shared.shards);
        let mut parts = vec![Vec::new(); shards.len()];
        for object in objects {
            if let Some(part) = parts.get_mut(shard_of(object, shards.len())) {
                part.push(object.clone());
            }
        }
        for (shard, part) in shards.iter().zip(parts).filter(|(_, part)| !part.is_empty()) {
            let _ = shard.send(ShardTask::Forget(part));
        }
        drop(shards);
        if self.shared.checkpoints {
            self.shared.signal.note(0, false);
        }
    }

    /// Forgets a source that was removed: its cursor, and the number of its lines. The next checkpoint says
    /// so. Everything that was submitted of it before is evaluated as ever; a source of its name that
    /// comes later is a new one.
    pub fn forget_source(&self, name: &str) {
        let number = {
            let mut ingress = lock(&self.shared.ingress);
            ingress.next += 1;
            ingress.next - 1
        };
        self.shared.hand_on(number, SequencedItem::Forget(name.to_owned()));
        if self.shared.checkpoints {
            self.shared.signal.note(0, false);
        }
    }

    /// Closes the door: whoever waits for room goes on, and what they bring is not taken, nor is what
    /// comes later. Everything that was taken before is evaluated as ever.
    pub fn close(&self) {
        self.shared.budget.close();
    }

    /// Whether one of its threads has ended before its time: then nothing is cut any more.
    pub fn is_broken(&self) -> bool {
        self.shared.broken.load(Ordering::Relaxed)
    }

    /// Puts another generation in force: every chunk that is submitted from now on is evaluated by
    /// it, every chunk before by the old one.
    pub fn swap(&self, rules: Arc<RuleSet>) {
        lock(&self.shared.ingress).rules = rules;
    }

    /// The generation in force.
    pub fn rules(&self) -> Arc<RuleSet> {
        Arc::clone(&lock(&self.shared.ingress).rules)
    }

    /// A piece of recent traffic, for [`RuleSet::new`] and [`crate::try_out`].
    pub fn sample(&self) -> Sample {
        lock(&self.shared.ingress).sample.clone()
    }

    /// Cuts the stream: what came of everything that was handed in before this call and not in an
    /// earlier cut. Waits until all of that has been evaluated; but when so much has come of it that
    /// there is no room for more, it is cut there, and the cut is [early](Cut::early). Only with
    /// [`EngineConfig::checkpoints`].
    pub fn checkpoint(&self) -> Checkpoint {
        let mut next = lock(&self.next_cut);
        if self.is_broken() || !self.shared.checkpoints {
            return Checkpoint::default();
        }
        let (parts, receiver) = unbounded();
        let number = {
            let mut ingress = lock(&self.shared.ingress);
            // What is noted from here on may be in this cut or in the next.
            if !self.shared.signal.clear() && ingress.next == *next {
                return Checkpoint::default();
            }
            ingress.next += 1;
            ingress.next - 1
        };
        *next = number + 1;
        self.shared.hand_on(number, SequencedItem::Checkpoint(parts));
        let mut all = CheckpointBuilder::default();
        loop {
            match receiver.recv_timeout(LOOK) {
                Ok(piece) => all.add(piece),
                Err(RecvTimeoutError::Disconnected) => break,
                // What a thread has not handed on before it ended is waited for in vain.
                Err(RecvTimeoutError::Timeout) if self.is_broken() => break,
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
        self.shared.signal.taken(all.observation_bytes());
        self.shared.pump();
        let cut = all.join(self.shards.len()).unwrap_or_else(|| {
            // A shard is gone, and what it knew.
            self.shared.broken.store(true, Ordering::Relaxed);
            tracing::error!("a thread of the engine has ended; nothing more is acknowledged");
            Checkpoint::default()
        });
        if cut.early {
            // There is more to cut, whether anything else comes or not.
            *next = number;
        }
        cut
    }

    /// Returns a channel that has a message while there is something for a checkpoint, to be selected on.
    /// A message that is received does not come again before the next [`Self::checkpoint`].
    pub fn checkpoint_ready(&self) -> &Receiver<()> {
        self.shared.signal.ready()
    }

    /// Returns a channel as [`Self::checkpoint_ready`] does, with a message while a checkpoint is due at
    /// once: room runs short, or much waits for one.
    pub fn checkpoint_urgent(&self) -> &Receiver<()> {
        self.shared.signal.urgent()
    }

    /// Waits until there is something to cut, or so long. Says whether there is.
    pub fn wait_dirty(&self, timeout: Duration) -> bool {
        self.shared.signal.wait(timeout, |state| state.dirty)
    }

    /// Waits until it is time for a cut because room is short or much is waiting for one, or so
    /// long: what a recorder does between [`Self::wait_dirty`] and [`Self::checkpoint`], to commit less often.
    /// Says whether it is time.
    pub fn wait_urgent(&self, timeout: Duration) -> bool {
        self.shared.signal.wait(timeout, SignalState::is_urgent)
    }

    /// Waits until everything that was handed in has been evaluated and its alerts are out; with cuts,
    /// until all of it was in a cut that has been released or dropped.
    pub fn flush(&self) {
        self.shared.budget.wait_empty();
    }

    /// Bytes between sources and shards now.
    pub fn inflight_bytes(&self) -> usize {
        self.shared.budget.used()
    }

    /// What has been counted so far.
    pub fn totals(&self) -> Totals {
        lock(&self.shared.totals).clone()
    }

    /// What each rule uses and holds, by name; only rules that have been shown something.
    pub fn uses(&self) -> BTreeMap<String, RuleUse> {
        let mut uses = lock(&self.shared.uses).shown(self.shared.begun.elapsed());
        for (rule, bytes) in self.shared.ledger.held() {
            if bytes > 0 || uses.contains_key(&rule) {
                uses.entry(rule).or_default().state_bytes = bytes as u64;
            }
        }
        uses
    }

    /// Evaluates what was handed in, ends the threads, and says what was counted.
    pub fn stop(mut self) -> Totals {
        self.end();
        self.totals()
    }

    fn end(&mut self) {
        lock(&self.shared.ingress).jobs = None;
        for scanner in self.scanners.drain(..) {
            let _ = scanner.join();
        }
        lock(&self.shared.shards).clear();
        for shard in self.shards.drain(..) {
            let _ = shard.join();
        }
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.end();
    }
}
