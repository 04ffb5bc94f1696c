//! Opens a record and starts its recorder.

use std::{
    collections::{BTreeMap, VecDeque},
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    time::Instant,
};

use crossbeam_channel::{Receiver, Sender, unbounded};
use lifesigns_compliance::{Book, BookInput, ConfigError};
use lifesigns_engine::Engine;
use lifesigns_model::{InitialState, NS_PER_S, ObjectFacts, RuleChangeMark, SharedClock, SourceOffset, StateChange};
use lifesigns_record::{RecordError, RecordWriter};

use crate::{
    committer::Committer,
    config::{ConfigureError, RecorderConfig},
    handle::RecorderHandle,
    pace::TurnPace,
    receivers::{MakeReceiver, Receivers},
    recorder::Recorder,
    request::{RecorderRequest, RequestSender},
    rule_overview::RuleOverview,
    shared::RecorderShared,
    source_progress::SourceProgress,
    tokens::TokenTable,
    warnings::Warnings,
};

/// A clock that is further behind the last run of the host than this is logged, in nanoseconds.
const SET_BACK_NS: u64 = 60_000_000_000;

/// Why a recorder could not be started.
#[derive(Debug, thiserror::Error)]
pub enum RecorderError {
    /// The record could not be read.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// The configuration has errors.
    #[error("{}", .0.iter().map(|error| format!("{}: {}", error.place, error.message)).collect::<Vec<_>>().join("\n"))]
    Config(Vec<ConfigError>),
    /// A receiver could not be created.
    #[error(transparent)]
    Receiver(#[from] ConfigureError),
    /// The system gave no thread.
    #[error("no thread could be started: {0}")]
    Thread(#[from] io::Error),
}

/// An opened record and the book restored from it, before the engine starts.
pub struct OpenedRecord {
    record: Box<dyn RecordWriter>,
    book: Book,
    start: InitialState,
    config: RecorderConfig,
    clock: SharedClock,
    progress: SourceProgress,
}

/// What a host starts from.
pub struct HostStart {
    /// What its engine resumes from.
    pub start: InitialState,
    /// What has changed in the inventory since it was last read: submit it with
    /// [`Engine::submit_inventory`] once the engine runs.
    pub news: Vec<ObjectFacts>,
}

impl OpenedRecord {
    /// Restores the book from a record. `clock` is the host's clock. The configuration is checked before the
    /// record is opened by `open`: one with errors leaves a store untouched.
    ///
    /// # Errors
    /// See [`RecorderError`]; or what `open` returns.
    pub fn open<E: From<RecorderError>>(
        open: impl FnOnce() -> Result<Box<dyn RecordWriter>, E>,
        config: RecorderConfig,
        clock: SharedClock,
    ) -> Result<Self, E> {
        let book = Book::new(Arc::clone(&config.compliance)).map_err(RecorderError::Config)?;
        Ok(Self::restore(book, open()?, config, clock)?)
    }

    fn restore(
        mut book: Book,
        record: Box<dyn RecordWriter>,
        config: RecorderConfig,
        clock: SharedClock,
    ) -> Result<Self, RecorderError> {
        let loaded = record.load()?;
        book.restore(loaded.restored);
        Ok(Self { record, book, start: loaded.start, config, clock, progress: SourceProgress::default() })
    }

    /// Returns the entries of rules' state that the record holds, until [`Self::start`] takes them.
    pub fn states(&self) -> &[StateChange] {
        &self.start.states
    }

    /// Returns the last change of each rule that the record knows, until [`Self::start`] takes them.
    pub fn rule_changes(&self) -> &[RuleChangeMark] {
        &self.start.rule_changes
    }

    /// Returns what the host starts from. `known` is the current inventory: its differences from the last
    /// one are news, the rest has held since. Without one the last one stands. `sources_reporting_end` are the sources
    /// that report when they are at their end; until then event time stands still for what came from them.
    pub fn start(&mut self, known: Option<Vec<ObjectFacts>>, sources_reporting_end: Vec<String>) -> HostStart {
        let (before_ns, now_ns) = (self.book.clock_ns(), self.clock.now_ns());
        if before_ns > now_ns.saturating_add(SET_BACK_NS) {
            let ahead_s = (before_ns - now_ns) / NS_PER_S;
            tracing::warn!(ahead_s, "the clock is behind the last run of the host; later times count as now");
        }
        self.progress.expect_end_reports(sources_reporting_end);
        // New events are measured by the host's clock, not by the one of its last run.
        self.book.resume(now_ns, |source| self.progress.says(source));
        // The configuration may have changed while no host ran.
        self.book.review();
        let known = known.unwrap_or_else(|| self.book.registry().objects().listed());
        let diff = self.book.registry().objects().inventory_diff(&known, now_ns);
        let mut all = self.book.registry().objects().listed_before(&known);
        all.extend(diff.new_facts());
        let news = diff.changed_facts();
        // It may be large, and the book makes one of its own.
        drop(diff);
        let _ = self.book.apply(BookInput::Inventory(known));
        let start = InitialState { known: all, offsets: self.start.offsets.clone(), ..std::mem::take(&mut self.start) };
        HostStart { start, news }
    }

    /// Starts to record the checkpoints of `engine`.
    ///
    /// # Errors
    /// A receiver cannot be created, or the system gave no thread.
    pub fn start_recorder(
        self,
        engine: Arc<Engine>,
        offsets: Vec<SourceOffset>,
        own: BTreeMap<String, MakeReceiver>,
        overview: RuleOverview,
    ) -> Result<RecorderHandle, RecorderError> {
        let (recorder, requests) = self.recorder(engine, offsets, own, overview)?;
        let shared = Arc::clone(&recorder.shared);
        let watched = Arc::clone(&shared);
        let work = move || supervise(recorder, &watched);
        let thread = std::thread::Builder::new().name("lifesigns-recorder".into()).spawn(work)?;
        Ok(RecorderHandle::new(shared, RequestSender(requests), thread))
    }

    /// Creates the recorder and the sender of its requests.
    fn recorder(
        self,
        engine: Arc<Engine>,
        offsets: Vec<SourceOffset>,
        own: BTreeMap<String, MakeReceiver>,
        overview: RuleOverview,
    ) -> Result<(Recorder, Sender<RecorderRequest>), RecorderError> {
        let readers = self.record.readers();
        let tokens = TokenTable::new(readers.open()?.tokens()?);
        let shared =
            RecorderShared::new(engine, self.book.view(), readers, overview, self.clock, self.progress, tokens);
        let shared = Arc::new(shared);
        shared.health.get().offsets = offsets.into_iter().map(|offset| (offset.source.clone(), offset)).collect();
        let (to_recorder, requests): (Sender<RecorderRequest>, Receiver<RecorderRequest>) = unbounded();
        let mut receivers = Receivers::new(Arc::clone(&shared), own, to_recorder.clone());
        if let Some(specs) = receivers.prepare(&self.config)? {
            receivers.propose(specs, &self.config);
            receivers.replace();
            receivers.begin();
        }
        let recorder = Recorder {
            shared,
            book: self.book,
            committer: Committer::start(self.record)?,
            in_flight: None,
            receivers,
            requests,
            config: self.config,
            inbox: VecDeque::new(),
            retained_ns: 0,
            retain_every_ns: 0,
            pace: TurnPace::new(Instant::now()),
            deferred: Vec::new(),
            deferred_pauses: Vec::new(),
            replacing: None,
            orphans: true,
            warnings: Warnings::default(),
            rules_seen: 0,
        };
        Ok((recorder, to_recorder))
    }
}

/// Runs the recorder. If it cannot go on, logs why, and closes the intake so that no source waits.
fn supervise(recorder: Recorder, shared: &RecorderShared) {
    let why = match catch_unwind(AssertUnwindSafe(|| recorder.run())) {
        Ok(Ok(())) => return,
        Ok(Err(failure)) => failure.to_string(),
        Err(_) => "its thread has panicked".to_owned(),
    };
    shared.health.ended(&why);
    shared.engine.close();
    shared.listeners.end();
}

#[cfg(test)]
pub(crate) mod tests {
    use lifesigns_model::ManualClock;
    use lifesigns_record::{MemoryStore, ReceiverPause, RecordReaders};

    use super::*;
    use crate::request::Act;

    fn opened(record: impl RecordWriter + 'static) -> OpenedRecord {
        let clock = Arc::new(ManualClock::new(77));
        let open = || Ok::<_, RecorderError>(Box::new(record) as Box<dyn RecordWriter>);
        OpenedRecord::open(open, RecorderConfig::default(), clock).expect("an empty record")
    }

    /// Returns a recorder without rules and receivers that does not run yet, and the sender of its requests.
    pub(crate) fn recorder(record: impl RecordWriter + 'static) -> (Recorder, Sender<RecorderRequest>) {
        let rules = Arc::new(lifesigns_engine::RuleSet::new(Vec::new(), &[]).expect("no rules"));
        let config = lifesigns_engine::EngineConfig {
            scanners: 1,
            shards: 1,
            pin: false,
            checkpoints: true,
            ..Default::default()
        };
        let engine = Engine::start(&config, rules, InitialState::default(), Arc::new(|_| ())).expect("threads");
        let parts = opened(record).recorder(Arc::new(engine), Vec::new(), BTreeMap::new(), RuleOverview::default());
        parts.expect("no receivers")
    }

    #[test]
    fn the_first_events_are_measured_by_the_current_clock() {
        let mut opened = opened(MemoryStore::default().open());
        opened.start(None, Vec::new());
        assert_eq!(opened.book.clock_ns(), 77);
    }

    #[test]
    fn deferred_results_of_deliveries_are_written_at_the_end() {
        let store = MemoryStore::default();
        let (mut recorder, _requests) = recorder(store.open());
        let bundle = BTreeMap::from([("group".to_owned(), "production".to_owned())]);
        let pause = ReceiverPause { receiver: "pager".to_owned(), bundle, until_ns: 99 };
        recorder.deferred_pauses.push(pause.clone());
        recorder.end();
        let reader = RecordReaders::open(&store).expect("it is in memory");
        assert_eq!(reader.pauses("pager").expect("its pauses"), [pause]);
    }

    #[test]
    fn a_request_does_not_wait_for_the_next_tick() {
        let store = MemoryStore::default();
        let (recorder, requests) = recorder(store.open());
        let thread = std::thread::spawn(move || recorder.run());
        let begin = Instant::now();
        for number in 0..20 {
            let object = ObjectFacts { object: format!("vm-{number}"), ..ObjectFacts::default() };
            let inventory = RequestSender(requests.clone()).ask(Act::Inventory(vec![object]));
            assert!(inventory.is_ok(), "{inventory:?}");
        }
        assert!(begin.elapsed() < std::time::Duration::from_secs(10), "{:?}", begin.elapsed());
        requests.send(RecorderRequest::Stop).expect("it runs");
        assert!(thread.join().expect("it does not panic").is_ok());
        let objects = MemoryStore::open(&store).load().expect("it is in memory").restored.objects;
        assert!(objects.iter().any(|object| object.id == "vm-19"), "{objects:?}");
    }

    #[test]
    fn a_recorder_that_was_superseded_stops_and_says_why() {
        let store = MemoryStore::default();
        let (recorder, requests) = recorder(store.open());
        let _second_host = MemoryStore::open(&store);
        let shared = Arc::clone(&recorder.shared);
        let object = ObjectFacts { object: "vm-1".to_owned(), ..ObjectFacts::default() };
        let asked = std::thread::spawn(move || RequestSender(requests).ask(Act::Inventory(vec![object])));
        supervise(recorder, &shared);
        assert!(asked.join().expect("it does not panic").is_err());
        let failure = shared.health.get().failed.clone().expect("it has ended");
        assert!(failure.contains("another host has taken over this record"), "{failure}");
    }
}
