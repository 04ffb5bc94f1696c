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
    bill::Billed,
    budget::{Budget, Permit},
    cut::Piece,
    dirty::Dirty,
    outlet::{Outlet, Signs, Spot, Standing},
    scan::Scanner,
    scanned::Scanned,
    sequencer::{Gate, Item, Ready, Sequencer, by_shard},
    shard::Shard,
    slot::Clock,
    state::Ledger,
    steady::Steady,
    trial::Sample,
    usage::Uses,
};

/// How often a shard looks at the reminders of silent objects: when its queue is empty, and when it
/// never is.
const IDLE: Duration = Duration::from_millis(100);
const BUSY: Duration = Duration::from_secs(1);
pub(crate) struct Job {
    pub(crate) number: u64,
    pub(crate) handed_in_ns: u64,
    pub(crate) rules: Arc<RuleSet>,
    pub(crate) chunk: Chunk,
    pub(crate) permit: Permit,
}

pub(crate) enum Task {
    /// Lines of a scanned chunk that are this shard's.
    Lines(Arc<Scanned>, Vec<u32>),
    /// What the shard, one of so many, begins with.
    Begin(Arc<InitialState>, usize, usize),
    /// Everything up to here belongs to a cut.
    Checkpoint(Sender<Piece>),
    /// These objects are forgotten; what comes after this makes them new ones.
    Forget(Vec<String>),
}

/// What submitters share: one lock, held for a few instructions.
pub(crate) struct Front {
    pub(crate) rules: Arc<RuleSet>,
    pub(crate) next: u64,
    pub(crate) jobs: Option<Sender<Job>>,
    pub(crate) sample: Sample,
}

pub(crate) struct Shared {
    pub(crate) front: Mutex<Front>,
    pub(crate) sequencer: Mutex<Sequencer>,
    pub(crate) shards: Mutex<Vec<Sender<Task>>>,
    pub(crate) totals: Mutex<Totals>,
    pub(crate) budget: Arc<Budget>,
    pub(crate) dirty: Dirty,
    /// Whether what shards say waits for a cut.
    pub(crate) cuts: bool,
    /// Bytes that shards have and have not evaluated, and how many they may have.
    pub(crate) pending: Arc<AtomicUsize>,
    pub(crate) pending_most: usize,
    /// Something has its turn and waits until shards have less to do.
    pub(crate) held_back: AtomicBool,
    /// A thread has ended before its time.
    pub(crate) broken: AtomicBool,
    pub(crate) sink: RuleAlertSink,
    pub(crate) clock: SharedClock,
    pub(crate) begun: Instant,
    /// What rules hold.
    pub(crate) ledger: Arc<Ledger>,
    /// What rules have used.
    pub(crate) uses: Mutex<Uses>,
    /// What all rules of a shard may use together.
    pub(crate) rules_cpu_ms_per_s: u64,
    /// What may wait for a cut in one shard.
    pub(crate) signs_bytes: usize,
}

/// Held by a thread for as long as it lives: a thread that panics is not missed in silence.
pub(crate) struct Alive<'a>(pub(crate) &'a Shared);

impl Drop for Alive<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.broken.store(true, Ordering::Relaxed);
            self.0.dirty.note(0, true);
        }
    }
}

/// What a shard says: to the caller, or into the next cut.
enum Words<'a> {
    Out(&'a RuleAlertSink),
    Kept(Signs),
}

impl Outlet for Words<'_> {
    fn alert(&mut self, spot: Spot, alert: &RuleAlertRef<'_>) {
        match self {
            Self::Out(sink) => sink(alert),
            Self::Kept(signs) => signs.alert(spot, alert),
        }
    }

    fn facts(&mut self, at: Standing<'_>, facts: &ObjectFacts) {
        if let Self::Kept(signs) = self {
            signs.facts(at, facts);
        }
    }

    fn seen(&mut self, at: Standing<'_>, object: &str) {
        if let Self::Kept(signs) = self {
            signs.seen(at, object);
        }
    }

    /// Time must stand still for silent objects then: their reminders come by themselves, and no
    /// source waits for room on their behalf.
    fn is_much(&self) -> bool {
        matches!(self, Self::Kept(signs) if signs.is_much())
    }

    fn is_full(&self, of_rule: usize) -> bool {
        matches!(self, Self::Kept(signs) if signs.is_full(of_rule))
    }

    fn waiting(&self) -> usize {
        match self {
            Self::Out(_) => 0,
            Self::Kept(signs) => signs.waiting(),
        }
    }
}

impl Words<'_> {
    /// What waits for a cut of these objects is not said: it is of before they were forgotten.
    fn forget(&mut self, objects: &[String]) {
        if let Self::Kept(signs) = self {
            signs.forget(objects);
        }
    }
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    /// A scanner's life.
    pub(crate) fn scan(&self, jobs: &Receiver<Job>) {
        let _alive = Alive(self);
        let (mut scanner, mut steady) = (Scanner::default(), Steady::new(Arc::clone(&self.clock)));
        for Job { number, handed_in_ns, rules, chunk, permit } in jobs {
            let now_ns = steady.now_ns();
            let mut scanned = scanner.scan(rules, chunk.source, &chunk.bytes, Some(now_ns));
            self.bill(scanner.charge(&scanned.rules, now_ns));
            scanned.handed_in_ns = handed_in_ns;
            scanned.ticket.permit = Some(permit);
            scanned.ticket.done = chunk.ack;
            scanned.cursor = chunk.cursor;
            self.hand_on(number, Item::Chunk(Box::new(scanned), chunk.arrived_ns));
        }
    }

    /// Notes what rules have paid to a scanner.
    fn bill(&self, billed: Vec<Billed>) {
        if billed.is_empty() {
            return;
        }
        let mut totals = lock(&self.totals);
        for Billed { rule, missed, over, .. } in &billed {
            if *missed > 0 {
                totals.report.missed(rule, *missed);
            }
            if let Some(over) = over {
                tracing::warn!(rule, pause_ms = over.pause_ms, "a rule is over its budget: {over}");
                totals.report.over_budget(rule, over.to_string());
            }
        }
        drop(totals);
        let used = billed.into_iter().map(|billed| (billed.rule, billed.usage)).collect();
        lock(&self.uses).add(used, self.begun.elapsed());
    }

    /// Room for so many bytes; waits for it. `None` once the door is closed.
    pub(crate) fn acquire(&self, bytes: usize) -> Option<Permit> {
        self.budget.acquire(bytes, || self.dirty.short())
    }

    pub(crate) fn hand_on(&self, number: u64, item: Item) {
        lock(&self.sequencer).put(number, item);
        self.pump();
    }

    /// Hands shards what has its turn.
    pub(crate) fn pump(&self) {
        // Ready chunks leave under the lock: otherwise two scanners could swap them again.
        let mut sequencer = lock(&self.sequencer);
        let shards = lock(&self.shards);
        loop {
            let mut gate = self.gate();
            if gate != Gate::Open {
                // First that somebody must look again, then whether that is already so.
                self.held_back.store(true, Ordering::SeqCst);
                gate = self.gate();
            }
            match sequencer.pop(gate) {
                None => break,
                Some(Ready::Chunk(scanned)) => self.send(&shards, &scanned),
                Some(Ready::Checkpoint(pieces, withheld, places, early)) => {
                    shards.iter().for_each(|shard| drop(shard.send(Task::Checkpoint(pieces.clone()))));
                    let _ = pieces.send(Piece::Sources(withheld, places, early));
                }
            }
        }
    }

    /// Without cuts nothing waits here, because nothing waits for one.
    fn gate(&self) -> Gate {
        if !self.cuts {
            Gate::Open
        } else if self.dirty.sign_bytes() > limits::OBSERVATION_BYTES {
            Gate::Full
        } else if self.pending.load(Ordering::SeqCst) > self.pending_most {
            Gate::Busy
        } else {
            Gate::Open
        }
    }

    fn send(&self, shards: &[Sender<Task>], scanned: &Arc<Scanned>) {
        lock(&self.totals).tally += scanned.tally;
        for (shard, lines) in by_shard(scanned, shards.len()).into_iter().enumerate() {
            if !lines.is_empty() {
                let _ = shards[shard].send(Task::Lines(Arc::clone(scanned), lines));
            }
        }
        if self.cuts {
            self.dirty.note(0, self.budget.is_short());
        }
    }

    /// A shard's life.
    pub(crate) fn evaluate(&self, rules: Arc<RuleSet>, tasks: &Receiver<Task>) {
        let _alive = Alive(self);
        let mut steady = Steady::new(Arc::clone(&self.clock));
        let clock = Clock::Wall(steady.now_ns());
        let mut shard = Shard::new(rules, clock, Arc::clone(&self.ledger), self.rules_cpu_ms_per_s);
        let mut words = if self.cuts { Words::Kept(Signs::new(self.signs_bytes)) } else { Words::Out(&self.sink) };
        if self.cuts {
            shard.note_changes();
        }
        let mut oldest: Option<Instant> = None;
        let (mut looked, mut counted, mut taken_ns) = (Instant::now(), Instant::now(), 0);
        loop {
            // What is alive in here is dropped only after its counts are merged: whoever waits for
            // the bytes in flight finds complete totals.
            let task = match tasks.recv_timeout(IDLE) {
                Ok(task) => Some(task),
                Err(RecvTimeoutError::Timeout) => None,
                Err(RecvTimeoutError::Disconnected) => break,
            };
            shard.set_clock(Clock::Wall(steady.now_ns()));
            match &task {
                Some(Task::Lines(scanned, lines)) => {
                    oldest.get_or_insert_with(Instant::now);
                    for line in lines {
                        shard.line(scanned, *line, &mut words);
                    }
                    taken_ns = scanned.handed_in_ns;
                }
                Some(Task::Begin(start, number, shards)) => shard.begin(start, *number, *shards, self.clock.now_ns()),
                Some(Task::Checkpoint(pieces)) => {
                    shard.flush(&mut words);
                    self.account(&mut words);
                    self.cut(&mut shard, &mut words, pieces);
                }
                Some(Task::Forget(objects)) => {
                    shard.forget(objects, &mut words);
                    words.forget(objects);
                }
                None => {}
            }
            let lingered = || oldest.is_some_and(|since| since.elapsed().as_micros() >= u128::from(limits::LINGER_US));
            if tasks.is_empty() || lingered() {
                shard.flush(&mut words);
                oldest = None;
            }
            if looked.elapsed() >= if tasks.is_empty() { IDLE } else { BUSY } && !words.is_much() {
                if shard.idle(self.heard_until(tasks, taken_ns), self.clock.now_ns(), &mut words) && self.cuts {
                    self.dirty.note(0, false);
                }
                looked = Instant::now();
            }
            self.account(&mut words);
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
        shard.flush(&mut words);
        lock(&self.totals).report.merge(shard.take_report());
        lock(&self.uses).add(shard.take_usage(), self.begun.elapsed());
    }

    /// Takes room for what a shard has said, and lets the recorder know.
    fn account(&self, words: &mut Words<'_>) {
        let Words::Kept(signs) = words else { return };
        let bytes = signs.uncharged();
        if bytes > 0 {
            let room = self.budget.charge(bytes);
            signs.room = Some(match signs.room.take() {
                Some(before) => before.and(room),
                None => room,
            });
            self.dirty.note(bytes, self.budget.is_short());
        }
    }

    /// A shard's piece of a cut.
    fn cut(&self, shard: &mut Shard, words: &mut Words<'_>, pieces: &Sender<Piece>) {
        let Words::Kept(signs) = words else { return };
        let (mut signs, room) = signs.take();
        // Stable: a rule's own order is the order in which it came.
        signs.sort_by_key(|(spot, rule, _)| (*spot, *rule));
        let part = shard.part();
        let _ = pieces.send(Piece::Shard(signs, room, part));
    }

    /// Up to when a shard has heard everything. A silent object's time must not run ahead of lines
    /// about it that wait in a queue: they may say that it was not silent. So it goes by when things
    /// were handed in, on both ends: from the object's last line to here. `taken_ns` is when the
    /// last thing that the shard took was handed in. What waits at the door for room does not count.
    fn heard_until(&self, tasks: &Receiver<Task>, taken_ns: u64) -> u64 {
        let now_ns = self.clock.now_ns();
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
pub fn now_ns() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos() as u64)
}
