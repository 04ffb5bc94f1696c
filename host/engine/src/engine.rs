//! The live engine: sources submit chunks, scanner threads scan them, shard threads evaluate.

use std::{
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread::JoinHandle,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, unbounded};
use lifesigns_model::{AlertRef, Chunk, ObjectFacts, Source, limits};

use crate::{
    Report, RuleSet, Tally,
    budget::{Budget, Permit},
    pin::Pins,
    scan::Scanner,
    scanned::{Line, Scanned},
    sequencer::{Sequencer, by_shard},
    shard::Shard,
    shard_of,
    slot::Clock,
};

/// Where the live engine's alerts go. Called on shard threads; alerts of one object come in order.
pub type AlertSink = Arc<dyn Fn(&AlertRef<'_>) + Send + Sync>;

/// How often a shard looks at the reminders of silent objects: when its queue is empty, and when it
/// never is.
const IDLE: Duration = Duration::from_millis(100);
const BUSY: Duration = Duration::from_secs(1);
/// How much of the traffic is kept as a sample, and how often it is renewed.
const SAMPLE_BYTES: usize = 256 << 10;
const SAMPLE_EVERY: u64 = 64;

/// How many threads, and how much may be in flight.
#[derive(Clone, Debug)]
pub struct Config {
    /// Scanner threads.
    pub scanners: usize,
    /// Shards, each with a thread of its own.
    pub shards: usize,
    /// Bytes between sources and shards.
    pub inflight_bytes: usize,
    /// Whether threads are pinned to cores.
    pub pin: bool,
}

impl Default for Config {
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self {
            scanners: cores.div_ceil(2),
            shards: cores.div_ceil(2),
            inflight_bytes: limits::INFLIGHT_BYTES,
            pin: true,
        }
    }
}

/// What the engine has counted so far.
#[derive(Clone, Debug, Default)]
pub struct Totals {
    /// What the scanners counted.
    pub tally: Tally,
    /// What the shards counted.
    pub report: Report,
}

struct Job {
    number: u64,
    handed_in_ns: u64,
    rules: Arc<RuleSet>,
    chunk: Chunk,
    permit: Permit,
}

enum Task {
    /// Lines of a scanned chunk that are this shard's.
    Lines(Arc<Scanned>, Vec<u32>),
    /// Facts that hold from the start.
    Know(Vec<ObjectFacts>),
}

/// What submitters share: one lock, held for a few instructions.
struct Front {
    rules: Arc<RuleSet>,
    next: u64,
    /// When the last number was given; it never goes back.
    now_ns: u64,
    jobs: Option<Sender<Job>>,
    sample: Vec<u8>,
}

struct Shared {
    front: Mutex<Front>,
    sequencer: Mutex<Sequencer>,
    shards: Mutex<Vec<Sender<Task>>>,
    totals: Mutex<Totals>,
    budget: Arc<Budget>,
    sink: AlertSink,
}

/// A running engine.
pub struct Engine {
    shared: Arc<Shared>,
    scanners: Vec<JoinHandle<()>>,
    shards: Vec<JoinHandle<()>>,
}

impl Front {
    /// The time at which the next number is given.
    fn now(&mut self) -> u64 {
        self.now_ns = self.now_ns.max(now_ns());
        self.now_ns
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Engine {
    /// Starts the threads. `known` are facts that hold from the start; no rule is told of them.
    ///
    /// # Errors
    /// When the system gives no more threads.
    pub fn start(config: &Config, rules: Arc<RuleSet>, known: &[ObjectFacts], sink: AlertSink) -> io::Result<Self> {
        let (jobs, job_queue) = unbounded();
        let shards = config.shards.max(1);
        let (tasks, task_queues): (Vec<_>, Vec<_>) = (0..shards).map(|_| unbounded()).unzip();
        for (shard, task) in tasks.iter().enumerate() {
            let mine = known.iter().filter(|facts| shard_of(&facts.object, shards) == shard).cloned().collect();
            let _ = task.send(Task::Know(mine));
        }
        let front = Front { rules: Arc::clone(&rules), next: 0, now_ns: 0, jobs: Some(jobs), sample: Vec::new() };
        let shared = Arc::new(Shared {
            front: Mutex::new(front),
            sequencer: Mutex::default(),
            shards: Mutex::new(tasks),
            totals: Mutex::default(),
            budget: Budget::new(config.inflight_bytes),
            sink,
        });
        let pins = Pins::new(config.pin);
        let mut engine = Self { shared, scanners: Vec::new(), shards: Vec::new() };
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
    /// thread, in order.
    pub fn submit(&self, chunk: Chunk) {
        let permit = self.shared.budget.acquire(chunk.bytes.len());
        let mut front = lock(&self.shared.front);
        if front.next.is_multiple_of(SAMPLE_EVERY) {
            let bytes = chunk.bytes.len().min(SAMPLE_BYTES);
            front.sample.clear();
            front.sample.extend_from_slice(&chunk.bytes[..bytes]);
        }
        let handed_in_ns = front.now();
        let job = Job { number: front.next, handed_in_ns, rules: Arc::clone(&front.rules), chunk, permit };
        if let Some(jobs) = &front.jobs
            && jobs.send(job).is_ok()
        {
            front.next += 1;
        }
    }

    /// Hands in facts about one object that hold from `facts.time_ns` on; the rules that watch them
    /// are told.
    pub fn submit_facts(&self, source: &Arc<Source>, facts: ObjectFacts) {
        // Room first, then a number: whoever has a number must not wait for those after it.
        let permit = self.shared.budget.acquire(1);
        let (rules, number, handed_in_ns) = {
            let mut front = lock(&self.shared.front);
            front.next += 1;
            (Arc::clone(&front.rules), front.next - 1, front.now())
        };
        let mut scanned = Scanned::new(rules, Arc::clone(source));
        scanned.handed_in_ns = handed_in_ns;
        scanned.ticket.permit = Some(permit);
        scanned.lines.push(Line::of_facts(&mut scanned.text, &facts));
        scanned.tally.kept = 1;
        scanned.facts.push(facts);
        self.shared.hand_on(number, scanned, None);
    }

    /// Puts another generation in force: every chunk that is submitted from now on is evaluated by
    /// it, every chunk before by the old one.
    pub fn swap(&self, rules: Arc<RuleSet>) {
        lock(&self.shared.front).rules = rules;
    }

    /// The generation in force.
    pub fn rules(&self) -> Arc<RuleSet> {
        Arc::clone(&lock(&self.shared.front).rules)
    }

    /// A piece of recent traffic, for [`RuleSet::new`].
    pub fn sample(&self) -> Vec<u8> {
        lock(&self.shared.front).sample.clone()
    }

    /// Waits until everything that was handed in has been evaluated and its alerts are out.
    pub fn settle(&self) {
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

    /// Evaluates what was handed in, ends the threads, and says what was counted.
    pub fn stop(mut self) -> Totals {
        self.end();
        self.totals()
    }

    fn end(&mut self) {
        lock(&self.shared.front).jobs = None;
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

impl Shared {
    /// A scanner's life.
    fn scan(&self, jobs: &Receiver<Job>) {
        let mut scanner = Scanner::default();
        for Job { number, handed_in_ns, rules, chunk, permit } in jobs {
            let mut scanned = scanner.scan(rules, chunk.source, &chunk.bytes);
            scanned.handed_in_ns = handed_in_ns;
            scanned.ticket.permit = Some(permit);
            scanned.ticket.done = chunk.done;
            self.hand_on(number, scanned, chunk.arrived_ns);
        }
    }

    fn hand_on(&self, number: u64, scanned: Scanned, arrived_ns: Option<u64>) {
        // Ready chunks leave under the lock: otherwise two scanners could swap them again.
        let mut sequencer = lock(&self.sequencer);
        let shards = lock(&self.shards);
        for scanned in sequencer.push(number, scanned, arrived_ns) {
            lock(&self.totals).tally += scanned.tally;
            for (shard, lines) in by_shard(&scanned, shards.len()).into_iter().enumerate() {
                if !lines.is_empty() {
                    let _ = shards[shard].send(Task::Lines(Arc::clone(&scanned), lines));
                }
            }
        }
    }

    /// A shard's life.
    fn evaluate(&self, rules: Arc<RuleSet>, tasks: &Receiver<Task>) {
        let mut shard = Shard::new(rules, Clock::Wall(now_ns()));
        let mut sink = |alert: &AlertRef<'_>| (self.sink)(alert);
        let mut oldest: Option<Instant> = None;
        let (mut looked, mut taken_ns) = (Instant::now(), 0);
        loop {
            // What is alive in here is dropped only after its counts are merged: whoever waits for
            // the bytes in flight finds complete totals.
            let task = match tasks.recv_timeout(IDLE) {
                Ok(task) => Some(task),
                Err(RecvTimeoutError::Timeout) => None,
                Err(RecvTimeoutError::Disconnected) => break,
            };
            shard.set_clock(Clock::Wall(now_ns()));
            match &task {
                Some(Task::Lines(scanned, lines)) => {
                    oldest.get_or_insert_with(Instant::now);
                    for line in lines {
                        shard.line(scanned, *line, &mut sink);
                    }
                    taken_ns = scanned.handed_in_ns;
                }
                Some(Task::Know(known)) => known.iter().for_each(|facts| shard.know(facts)),
                None => {}
            }
            let lingered = || oldest.is_some_and(|since| since.elapsed().as_micros() >= u128::from(limits::LINGER_US));
            if tasks.is_empty() || lingered() {
                shard.flush(&mut sink);
                oldest = None;
            }
            if looked.elapsed() >= if tasks.is_empty() { IDLE } else { BUSY } {
                shard.idle(self.heard_until(tasks, taken_ns), &mut sink);
                looked = Instant::now();
            }
            lock(&self.totals).report.merge(shard.take_report());
        }
        shard.flush(&mut sink);
        lock(&self.totals).report.merge(shard.take_report());
    }

    /// Up to when a shard has heard everything. A silent object's time must not run ahead of lines
    /// about it that wait in a queue: they may say that it was not silent. So it goes by when things
    /// were handed in, on both ends: from the object's last line to here. `taken_ns` is when the
    /// last thing that the shard took was handed in. What waits at the door for room does not count.
    fn heard_until(&self, tasks: &Receiver<Task>, taken_ns: u64) -> u64 {
        let now_ns = now_ns();
        let given = lock(&self.front).next;
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
fn now_ns() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos() as u64)
}
