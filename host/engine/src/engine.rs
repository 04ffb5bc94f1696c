//! The live engine: sources submit chunks, scanner threads scan them, shard threads evaluate them.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    sync::Arc,
    thread::{Builder, JoinHandle},
};

use parking_lot::Mutex;

use crossbeam_channel::{Receiver, Sender, select, unbounded};
use lifesigns_model::{Checkpoint, InitialState, ObjectAliases, RuleChangeMark, RuleKey, WakeSignal, limits};

use crate::{
    EngineConfig, EngineTotals, RuleAlertSink, RuleSet, RuleUsageTotals, ShardReport, StateMove, TrafficSample,
    byte_semaphore::ByteSemaphore,
    checkpoint::{CheckpointBuilder, CheckpointPart},
    checkpoint_signal::CheckpointSignal,
    handover::{Handover, ShardTask},
    ingress::{Ingress, ScanJob},
    kept_events::KeptEvents,
    pin::CoreAssignments,
    scanner_loop,
    sequencer::SequencedItem,
    shard_loop::ShardLoop,
    shared::EngineShared,
    state::StateLedger,
    statistics::Statistics,
};

mod submission;

/// A running engine.
pub struct Engine {
    shared: Arc<EngineShared>,
    scanners: Vec<JoinHandle<()>>,
    shards: Vec<JoinHandle<()>>,
    /// The number after the last checkpoint; held while one is made.
    next_checkpoint: Mutex<u64>,
}

impl Engine {
    /// Starts the threads and restores `start`, of whose facts no rule is notified. State that this
    /// engine cannot read is left out and counted.
    ///
    /// # Errors
    /// When the system gives no more threads.
    pub fn start(
        config: &EngineConfig,
        rules: Arc<RuleSet>,
        start: InitialState,
        sink: RuleAlertSink,
    ) -> io::Result<Self> {
        rules.begin_comparisons(config.clock.now_ns(), &ShardReport::default());
        let (jobs, job_queue) = unbounded();
        let shards = config.shards.max(1);
        let (tasks, task_queues): (Vec<_>, Vec<_>) = (0..shards).map(|_| unbounded()).unzip();
        let start = Arc::new(start);
        for (shard, task) in tasks.iter().enumerate() {
            let _ = task.send(ShardTask::Restore(Arc::clone(&start), shard, shards));
        }
        let shared = Arc::new(shared(config, Arc::clone(&rules), &start, jobs, tasks, sink));
        let next_checkpoint = Mutex::default();
        let mut engine = Self { shared, scanners: Vec::new(), shards: Vec::new(), next_checkpoint };
        let pins = CoreAssignments::new(config.pin);
        engine.start_scanners(config.scanners.max(1), &pins, &job_queue)?;
        engine.start_shards(&rules, &pins, task_queues)?;
        Ok(engine)
    }

    fn start_scanners(&mut self, count: usize, pins: &CoreAssignments, jobs: &Receiver<ScanJob>) -> io::Result<()> {
        for number in 0..count {
            let (shared, jobs, pin) = (Arc::clone(&self.shared), jobs.clone(), pins.get(number));
            let thread = Builder::new().name(format!("lifesigns-scan-{number}"));
            self.scanners.push(thread.spawn(move || {
                pin.apply();
                scanner_loop::run(&shared, &jobs);
            })?);
        }
        Ok(())
    }

    fn start_shards(
        &mut self,
        rules: &Arc<RuleSet>,
        pins: &CoreAssignments,
        queues: Vec<Receiver<ShardTask>>,
    ) -> io::Result<()> {
        for (number, tasks) in queues.into_iter().enumerate() {
            let (shared, rules, pin) = (Arc::clone(&self.shared), Arc::clone(rules), pins.get_last(number));
            let thread = Builder::new().name(format!("lifesigns-shard-{number}"));
            self.shards.push(thread.spawn(move || {
                pin.apply();
                ShardLoop::new(&shared, rules, number).run(&tasks);
            })?);
        }
        Ok(())
    }

    /// Forgets these objects: their facts, rules' state, reminders and clocks, and the observations of
    /// them that are in no checkpoint yet. The next checkpoint records that they are gone. Lines that are
    /// evaluated after this call, whenever they were submitted, are of new objects.
    pub fn forget(&self, objects: &[String]) {
        self.shared.handover.forget(objects);
        if self.shared.checkpoints {
            self.shared.signal.note(0, false);
        }
    }

    /// Forgets a source that was removed: its cursor and the number of its lines. The next checkpoint
    /// records that it is gone. Everything that was submitted of it before is evaluated as usual; a source
    /// of its name that comes later is a new one.
    pub fn forget_source(&self, name: &str) {
        let number = self.shared.ingress.take_number();
        self.shared.handover.put(number, SequencedItem::Forget(name.to_owned()));
        if self.shared.checkpoints {
            self.shared.signal.note(0, false);
        }
    }

    /// Sets the other names of objects: events and facts that are submitted from now on and name one of them are about
    /// the object that has it.
    pub fn set_aliases(&self, aliases: ObjectAliases) {
        let number = self.shared.ingress.take_number();
        self.shared.handover.put(number, SequencedItem::Aliases(aliases));
    }

    /// Discards state and reminders of all shadows but those of the rules with these `names`. Call it after
    /// the [swap](Self::swap) that ends a shadow; the next checkpoint records that they are gone. A shadow
    /// that comes later begins with nothing.
    pub fn retain_shadows(&self, names: BTreeSet<String>) {
        let number = self.shared.ingress.take_number();
        self.shared.handover.put(number, SequencedItem::RetainShadows(Arc::new(names)));
        if self.shared.checkpoints {
            self.shared.signal.note(0, false);
        }
    }

    /// Closes the entry: submitters that wait are refused, and so are later ones. Everything that was
    /// taken before is evaluated as usual.
    pub fn close(&self) {
        self.shared.semaphore.close();
    }

    /// Whether one of its threads has panicked: then no checkpoint is made any more.
    pub fn is_broken(&self) -> bool {
        self.shared.is_broken()
    }

    /// Puts another rule set in force: every chunk that is submitted from now on is evaluated
    /// by it, every chunk before by the old one.
    pub fn swap(&self, rules: Arc<RuleSet>) {
        if rules.changes_state_versions(&self.rules()) {
            // Each change has its turn in every shard, so that none meets state of the version before the last.
            return self.swap_with(rules, Vec::new());
        }
        rules.begin_comparisons(self.shared.clock.now_ns(), &self.totals().report);
        self.shared.ingress.swap_rules(rules);
    }

    /// As [`Self::swap`]; state and reminders move between the last line that the old rule set evaluates and the first
    /// one of the new.
    pub fn swap_with(&self, rules: Arc<RuleSet>, moves: Vec<StateMove>) {
        self.swap_marked(rules, moves, Vec::new());
    }

    /// As [`Self::swap_with`]; the checkpoint that has the moved state has these changes too.
    pub fn swap_marked(&self, rules: Arc<RuleSet>, moves: Vec<StateMove>, changes: Vec<RuleChangeMark>) {
        rules.begin_comparisons(self.shared.clock.now_ns(), &self.totals().report);
        let number = self.shared.ingress.swap_rules_in_turn(Arc::clone(&rules));
        self.shared.handover.put(number, SequencedItem::Move(rules, moves.into(), changes));
        if self.shared.checkpoints {
            self.shared.signal.note(0, false);
        }
    }

    /// Returns the rule set in force.
    pub fn rules(&self) -> Arc<RuleSet> {
        self.shared.ingress.rules()
    }

    /// Returns a piece of recent traffic, for [`RuleSet::new`] and [`crate::dry_run`].
    pub fn sample(&self) -> TrafficSample {
        self.shared.ingress.sample()
    }

    /// Makes a checkpoint: the results of everything that was submitted before this call and is in no
    /// earlier checkpoint. Waits until all of that has been evaluated; but when the results exceed the
    /// room for them, the checkpoint is made there, and is [early](Checkpoint::early). Empty without
    /// [`EngineConfig::checkpoints`], and when the engine is broken.
    pub fn checkpoint(&self) -> Checkpoint {
        let mut next = self.next_checkpoint.lock();
        if self.is_broken() || !self.shared.checkpoints {
            return Checkpoint::default();
        }
        let Some(number) = self.shared.ingress.stamp_checkpoint(*next) else { return Checkpoint::default() };
        *next = number + 1;
        let (sender, parts) = unbounded();
        self.shared.handover.put(number, SequencedItem::Checkpoint(sender));
        let builder = self.collect(&parts);
        self.shared.signal.taken(builder.observation_bytes());
        self.shared.handover.pump();
        let Some(checkpoint) = builder.build(self.shards.len()) else {
            // A shard's thread has ended, and its part is lost.
            self.shared.set_broken();
            tracing::error!("an engine thread has ended; nothing more is acknowledged");
            return Checkpoint::default();
        };
        if checkpoint.early {
            // There is more to collect, whether anything else comes or not.
            *next = number;
        }
        checkpoint
    }

    fn collect(&self, parts: &Receiver<CheckpointPart>) -> CheckpointBuilder {
        let mut builder = CheckpointBuilder::default();
        loop {
            select! {
                recv(parts) -> part => match part {
                    Ok(part) => builder.add(part),
                    Err(_) => return builder,
                },
                // A thread that has ended never sends its part.
                recv(self.shared.broken.receiver()) -> _ => return builder,
            }
        }
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

    /// Waits until everything that was submitted has been evaluated and its rule alerts were passed on;
    /// with checkpoints, until all of it was in a checkpoint that has been released or dropped.
    pub fn flush(&self) {
        self.shared.semaphore.wait_empty();
    }

    /// Returns the bytes between sources and shards now.
    pub fn inflight_bytes(&self) -> usize {
        self.shared.semaphore.used()
    }

    /// Returns the log events that rules were given lately.
    pub fn kept_events(&self) -> &KeptEvents {
        &self.shared.kept_events
    }

    /// Returns the counters since the start.
    pub fn totals(&self) -> EngineTotals {
        self.shared.statistics.totals()
    }

    /// Returns what each rule uses and holds; only rules that have been shown something.
    pub fn rule_usage(&self) -> BTreeMap<RuleKey, RuleUsageTotals> {
        let mut uses = self.shared.statistics.usage();
        for (rule, bytes) in self.shared.ledger.held() {
            if bytes > 0 || uses.contains_key(&rule) {
                uses.entry(rule).or_default().state_bytes = bytes as u64;
            }
        }
        uses
    }

    /// Evaluates everything that was submitted, ends the threads, and returns the counters.
    pub fn stop(mut self) -> EngineTotals {
        self.end();
        self.totals()
    }

    fn end(&mut self) {
        self.shared.ingress.end();
        for scanner in self.scanners.drain(..) {
            let _ = scanner.join();
        }
        self.shared.handover.end();
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

fn shared(
    config: &EngineConfig,
    rules: Arc<RuleSet>,
    start: &InitialState,
    jobs: Sender<ScanJob>,
    tasks: Vec<Sender<ShardTask>>,
    sink: RuleAlertSink,
) -> EngineShared {
    let semaphore = ByteSemaphore::new(config.inflight_bytes);
    let signal = Arc::new(CheckpointSignal::default());
    let statistics = Arc::new(Statistics::new());
    let clock = Arc::clone(&config.clock);
    let kept_events = Arc::new(KeptEvents::new(config.keep_events_bytes, tasks.len()));
    let observation_limit_bytes = limits::OBSERVATIONS_MAX_BYTES / tasks.len();
    EngineShared {
        ingress: Ingress::new(rules, jobs, Arc::clone(&semaphore), Arc::clone(&signal), Arc::clone(&clock)),
        handover: Handover::new(
            &start.offsets,
            tasks,
            config.checkpoints,
            Arc::clone(&semaphore),
            Arc::clone(&signal),
            Arc::clone(&statistics),
        ),
        statistics,
        semaphore,
        signal,
        ledger: StateLedger::new(config.rules_state_bytes, config.checkpoints),
        clock,
        sink,
        on_rule_alerts: config.on_rule_alerts.clone(),
        checkpoints: config.checkpoints,
        rules_cpu_ms_per_s: config.rules_cpu_ms_per_s,
        kept_events,
        observation_limit_bytes,
        broken: WakeSignal::new(),
    }
}
