//! A shard thread: it evaluates its tasks in order, flushes open batches when they have waited long
//! enough, and lets time pass for silent objects.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use crossbeam_channel::{Receiver, RecvTimeoutError};
use lifesigns_model::limits;

use crate::{
    RuleSet,
    event_sink::{EventSink, ObservationBuffer},
    flush_context::ShardClock,
    handover::ShardTask,
    monotonic_clock::MonotonicClock,
    shard::Shard,
    shard_sink::ShardSink,
    shared::{EngineShared, PanicGuard},
};

/// How often the reminders of silent objects are checked while the queue is empty, and the longest wait
/// for a task.
const IDLE: Duration = Duration::from_millis(100);
/// How often they are checked, and usage is reported, while the queue is never empty.
const BUSY: Duration = Duration::from_secs(1);

/// One shard and its thread.
pub(crate) struct ShardLoop<'a> {
    shared: &'a EngineShared,
    shard: Shard,
    sink: ShardSink<'a>,
    clock: MonotonicClock,
    /// Since when the oldest event waits in an open batch.
    unflushed_since: Option<Instant>,
    silent_checked: Instant,
    usage_reported: Instant,
    /// When the last chunk of which lines were taken was handed in.
    taken_ns: u64,
}

impl<'a> ShardLoop<'a> {
    pub(crate) fn new(shared: &'a EngineShared, rules: Arc<RuleSet>, number: usize) -> Self {
        let mut clock = MonotonicClock::new(Arc::clone(&shared.clock));
        let now = ShardClock::Wall(clock.now_ns());
        let mut shard = Shard::new(rules, now, Arc::clone(&shared.ledger), shared.rules_cpu_ms_per_s);
        if shared.kept_events.is_on() {
            shard.keep_events(Arc::clone(&shared.kept_events), number);
        }
        let sink = if shared.checkpoints {
            shard.track_changes();
            ShardSink::Buffered(ObservationBuffer::new(shared.observation_limit_bytes), &shared.on_rule_alerts)
        } else {
            ShardSink::Direct(&shared.sink)
        };
        let (silent_checked, usage_reported) = (Instant::now(), Instant::now());
        Self { shared, shard, sink, clock, unflushed_since: None, silent_checked, usage_reported, taken_ns: 0 }
    }

    /// Evaluates tasks until the queue ends.
    pub(crate) fn run(mut self, tasks: &Receiver<ShardTask>) {
        let _guard = PanicGuard(self.shared);
        loop {
            let task = match tasks.recv_timeout(IDLE) {
                Ok(task) => Some(task),
                Err(RecvTimeoutError::Timeout) => None,
                Err(RecvTimeoutError::Disconnected) => break,
            };
            self.shard.set_clock(ShardClock::Wall(self.clock.now_ns()));
            if let Some(task) = &task {
                self.on_task(task);
            }
            self.on_tick(tasks);
            // Only now: dropping a chunk gives its bytes back, and a caller that waits for that finds
            // complete totals.
            drop(task);
            self.shared.handover.pump_held_back();
        }
        self.shard.flush(&mut self.sink);
        self.shared.statistics.add_report(self.shard.take_report());
        self.shared.statistics.add_usage(self.shard.take_usage());
    }

    /// Evaluates one task.
    fn on_task(&mut self, task: &ShardTask) {
        match task {
            ShardTask::Lines(scanned, lines) => {
                self.unflushed_since.get_or_insert_with(Instant::now);
                for line in lines {
                    self.shard.line(scanned, *line, &mut self.sink);
                }
                self.taken_ns = scanned.handed_in_ns;
            }
            ShardTask::Restore(start, number, shards) => {
                self.shard.restore(start, *number, *shards, self.shared.clock.now_ns());
            }
            ShardTask::Checkpoint(parts) => {
                self.shard.flush(&mut self.sink);
                self.sink.charge(&self.shared.semaphore, &self.shared.signal);
                self.sink.send_checkpoint(&mut self.shard, parts);
            }
            ShardTask::Forget(objects) => {
                self.shard.forget(objects, &mut self.sink);
                self.sink.forget(objects);
            }
            ShardTask::RetainShadows(names) => self.shard.retain_shadows(names, &mut self.sink),
            ShardTask::Move(rules, moves) => self.shard.move_states(rules, moves, &mut self.sink),
        }
    }

    /// Does what is due between two tasks.
    fn on_tick(&mut self, tasks: &Receiver<ShardTask>) {
        let linger_us = u128::from(limits::LINGER_US);
        if tasks.is_empty() || self.unflushed_since.is_some_and(|since| since.elapsed().as_micros() >= linger_us) {
            self.shard.flush(&mut self.sink);
            self.unflushed_since = None;
        }
        let check_every = if tasks.is_empty() { IDLE } else { BUSY };
        if self.silent_checked.elapsed() >= check_every && !self.sink.is_backlogged() {
            self.advance_silent_objects(tasks);
            self.silent_checked = Instant::now();
        }
        self.sink.charge(&self.shared.semaphore, &self.shared.signal);
        self.shared.statistics.add_report(self.shard.take_report());
        if tasks.is_empty() || self.usage_reported.elapsed() >= BUSY {
            self.shared.statistics.add_usage(self.shard.take_usage());
            self.usage_reported = Instant::now();
        }
    }

    fn advance_silent_objects(&mut self, tasks: &Receiver<ShardTask>) {
        let complete_until_ns = self.complete_until(tasks);
        let fired = self.shard.advance_silent(complete_until_ns, self.shared.clock.now_ns(), &mut self.sink);
        if fired && self.shared.checkpoints {
            self.shared.signal.note(0, false);
        }
    }

    /// Returns the time up to which the shard has taken everything that was handed in. A silent object's
    /// time must not run ahead of lines about it that wait in a queue: they may show that it was not
    /// silent. So time is measured by when things were handed in, on both ends: from the object's last
    /// line to here. Chunks that still wait for a permit do not count.
    fn complete_until(&self, tasks: &Receiver<ShardTask>) -> u64 {
        let now_ns = self.shared.clock.now_ns();
        let given = self.shared.ingress.next_number();
        let (handed_on, handed_in_ns) = self.shared.handover.next();
        // In this order: what was handed on by then is in the shard's queue, or was taken from it.
        if !tasks.is_empty() {
            self.taken_ns
        } else if handed_on >= given {
            now_ns
        } else {
            handed_in_ns
        }
    }
}
