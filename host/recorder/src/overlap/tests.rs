//! Turns over a record whose commits take as long as a test wants, and end as it wants.

use std::sync::atomic::{AtomicBool, Ordering};

use crossbeam_channel::{Receiver, Sender, unbounded};
use lifesigns_model::{Chunk, Decoder, EventSource, LogRecord, ObjectFacts, RuleChangeMark};
use lifesigns_record::{
    Commit, MemoryStore, RecordError, RecordReaders, RecordWriter, RecordedState, RetentionPolicy, RetentionStep,
    WriterEpoch,
};

use super::*;
use crate::{
    open::tests::recorder,
    request::{Act, RecorderRequest, RequestSender},
    turn::Replies,
};

/// A record each of whose commits waits for its outcome.
struct Gated {
    record: Box<dyn RecordWriter>,
    outcomes: Receiver<Result<(), RecordError>>,
}

impl RecordWriter for Gated {
    fn epoch(&self) -> WriterEpoch {
        self.record.epoch()
    }

    fn load(&self) -> Result<RecordedState, RecordError> {
        self.record.load()
    }

    fn commit(&mut self, commit: &Commit) -> Result<(), RecordError> {
        self.outcomes.recv().expect("the test gives one")?;
        self.record.commit(commit)
    }

    fn retain(&mut self, now_ns: u64, policy: &RetentionPolicy) -> Result<RetentionStep, RecordError> {
        self.record.retain(now_ns, policy)
    }

    fn readers(&self) -> Arc<dyn RecordReaders> {
        self.record.readers()
    }
}

struct Plain;

impl Decoder for Plain {
    fn decode<'a>(&self, line: &'a str) -> LogRecord<'a> {
        LogRecord { message: Some(line.into()), ..LogRecord::default() }
    }

    fn escapes(&self) -> bool {
        false
    }

    fn facts(&self) -> bool {
        false
    }

    fn may_have_time(&self, _line: &[u8]) -> bool {
        false
    }
}

fn source() -> Arc<EventSource> {
    let (name, object, decoder) = ("log".to_owned(), "vm-0".to_owned(), Arc::new(Plain));
    Arc::new(EventSource { name, rank: 0, object, app: None, decoder })
}

/// A recorder that is run turn by turn.
struct Steps {
    store: MemoryStore,
    recorder: Recorder,
    requests: Sender<RecorderRequest>,
    outcomes: Sender<Result<(), RecordError>>,
    source: Arc<EventSource>,
}

impl Steps {
    fn new() -> Self {
        let (store, (outcomes, given)) = (MemoryStore::default(), unbounded());
        let (recorder, requests) = recorder(Gated { record: Box::new(store.open()), outcomes: given });
        Self { store, recorder, requests, outcomes, source: source() }
    }

    /// An object comes with the stream.
    fn submit(&self, object: &str) {
        let facts = ObjectFacts { object: object.to_owned(), kind: Some("vm".to_owned()), ..ObjectFacts::default() };
        self.recorder.shared.engine.submit_facts(&self.source, ObjectFacts { time_ns: 1, ..facts }).expect("it runs");
    }

    /// Collects the next turn, which has `object`, while more waits.
    fn collect(&mut self, object: &str, more: &str) -> Turn {
        self.submit(object);
        let turn = self.recorder.collect(false);
        self.submit(more);
        turn
    }

    fn is_published(&self, object: &str) -> bool {
        self.recorder.shared.view().registry().object(object).is_some()
    }

    fn stored(&self) -> Vec<String> {
        let reader = RecordReaders::open(&self.store).expect("it is in memory");
        let objects = reader.load().expect("it is in memory").restored.objects;
        objects.iter().map(|object| object.id.to_string()).collect()
    }
}

#[test]
fn a_turn_is_collected_while_the_one_before_is_written_and_they_are_published_in_their_order() {
    let mut steps = Steps::new();
    let acked = Arc::new(AtomicBool::new(false));
    let note = Arc::clone(&acked);
    let ack: lifesigns_model::AckCallback = Box::new(move || note.store(true, Ordering::SeqCst));
    let bytes = b"a line\n".to_vec();
    let chunk = Chunk { source: Arc::clone(&steps.source), bytes, arrived_ns: None, cursor: None, ack: Some(ack) };
    steps.recorder.shared.engine.submit(chunk).expect("it runs");
    let turn = steps.collect("vm-1", "vm-2");
    assert!(steps.recorder.may_overlap(&turn));
    steps.recorder.begin_commit(turn, Instant::now());
    let mut next = steps.recorder.collect(false);
    assert!(steps.recorder.book.registry().object("vm-2").is_some(), "it is collected");
    assert!(!steps.is_published("vm-1") && !acked.load(Ordering::SeqCst), "nothing is on the disk");
    steps.outcomes.send(Ok(())).expect("it is open");
    assert_eq!(steps.recorder.settle(&mut next).expect("it goes on"), CommitOutcome::Committed);
    assert!(acked.load(Ordering::SeqCst));
    assert!(steps.is_published("vm-1") && !steps.is_published("vm-2"), "the view is of the turn that is written");
    assert_eq!(steps.stored(), ["vm-1"]);
    steps.outcomes.send(Ok(())).expect("it is open");
    assert_eq!(steps.recorder.commit(&mut next).expect("it goes on"), CommitOutcome::Committed);
    assert!(steps.is_published("vm-2"));
    assert_eq!(steps.stored(), ["vm-1", "vm-2"]);
}

#[test]
fn a_turn_whose_commit_fails_is_written_before_the_next_and_callers_of_that_are_refused() {
    let mut steps = Steps::new();
    let turn = steps.collect("vm-1", "vm-2");
    steps.recorder.begin_commit(turn, Instant::now());
    let sender = RequestSender(steps.requests.clone());
    let asked = std::thread::spawn(move || sender.ask(Act::Barrier));
    while steps.requests.is_empty() {
        std::thread::yield_now();
    }
    let mut next = steps.recorder.collect(false);
    assert_eq!(next.requested.len(), 1);
    assert!(!steps.recorder.may_overlap(&next), "a caller waits");
    let full = RecordError::Full(std::io::Error::other("no room is left").into());
    steps.outcomes.send(Err(full)).expect("it is open");
    steps.outcomes.send(Ok(())).expect("it is open");
    assert_eq!(steps.recorder.settle(&mut next).expect("it goes on"), CommitOutcome::Committed);
    assert!(next.requested.is_empty() && asked.join().expect("it ends").is_err(), "it was refused at once");
    assert_eq!(steps.stored(), ["vm-1"]);
    steps.outcomes.send(Ok(())).expect("it is open");
    assert_eq!(steps.recorder.commit(&mut next).expect("it goes on"), CommitOutcome::Committed);
    assert_eq!(steps.stored(), ["vm-1", "vm-2"]);
}

#[test]
fn a_recorder_that_has_to_stop_while_a_commit_fails_releases_neither_turn() {
    let mut steps = Steps::new();
    let turn = steps.collect("vm-1", "vm-2");
    steps.recorder.begin_commit(turn, Instant::now());
    let mut next = steps.recorder.collect(true);
    let full = RecordError::Full(std::io::Error::other("no room is left").into());
    steps.outcomes.send(Err(full)).expect("it is open");
    assert_eq!(steps.recorder.settle(&mut next).expect("it goes on"), CommitOutcome::Abandoned);
    assert!(steps.stored().is_empty() && !steps.is_published("vm-1"));
}

#[test]
fn a_writer_that_was_superseded_while_it_wrote_ends_the_recorder() {
    let mut steps = Steps::new();
    let turn = steps.collect("vm-1", "vm-2");
    steps.recorder.begin_commit(turn, Instant::now());
    let _second_host = steps.store.open();
    steps.outcomes.send(Ok(())).expect("it is open");
    let failure = steps.recorder.settle(&mut Turn::default());
    assert!(matches!(failure, Err(RecorderFailure::Superseded(_))), "{failure:?}");
    assert!(!steps.is_published("vm-1"));
}

#[test]
fn what_has_to_be_done_before_the_next_turn_is_written_before_it() {
    let mut steps = Steps::new();
    let turn = steps.collect("vm-1", "vm-2");
    assert!(steps.recorder.may_overlap(&turn));
    let forgotten = Turn { commit: Commit::default(), ..Turn::default() };
    assert!(!steps.recorder.may_overlap(&forgotten), "there is nothing to write");
    let mut changed = turn;
    changed.commit.changes.forgotten.push("vm-0".to_owned());
    assert!(!steps.recorder.may_overlap(&changed), "the engine has to forget it first");
    changed.commit.changes.forgotten.clear();
    changed.commit.rule_changes.push(RuleChangeMark { rule: "a".to_owned(), change: "1".to_owned() });
    assert!(!steps.recorder.may_overlap(&changed), "the change has to end first");
    changed.commit.rule_changes.clear();
    steps.recorder.replacing = Some(Replies::default());
    assert!(!steps.recorder.may_overlap(&changed), "receivers are replaced");
    steps.recorder.replacing = None;
    assert!(steps.recorder.may_overlap(&changed));
    let full = RecordError::Full(std::io::Error::other("no room is left").into());
    steps.recorder.shared.health.failed(&full);
    assert!(!steps.recorder.may_overlap(&changed), "the store takes no commits");
    steps.recorder.shared.health.committed(1);
    changed.stop = true;
    assert!(!steps.recorder.may_overlap(&changed), "there is no next turn");
}

#[test]
fn who_waits_no_longer_is_not_put_off_to_the_next_turn() {
    let mut steps = Steps::new();
    let sender = RequestSender(steps.requests.clone());
    assert!(sender.ask_within(Act::Barrier, std::time::Duration::ZERO).is_err());
    let mut turn = steps.recorder.collect(false);
    assert_eq!(turn.requested.len(), 1);
    steps.recorder.put_off(&mut turn.requested);
    assert!(turn.requested.is_empty() && steps.recorder.inbox.is_empty(), "turns would hurry for it");
}

#[test]
fn a_commit_that_was_waited_for_otherwise_does_not_end_the_wait_for_the_next() {
    let mut steps = Steps::new();
    for _ in 0..100 {
        let turn = steps.collect("vm-1", "vm-2");
        steps.recorder.begin_commit(turn, Instant::now());
        assert!(steps.recorder.committer.written().is_empty(), "nothing is written yet");
        steps.outcomes.send(Ok(())).expect("it is open");
        assert!(steps.recorder.settle(&mut Turn::default()).is_ok());
    }
}

#[test]
fn a_panic_while_a_commit_is_written_is_passed_on() {
    let mut steps = Steps::new();
    let turn = steps.collect("vm-1", "vm-2");
    // Without an outcome, as the record expects.
    let (closed, _) = unbounded();
    drop(std::mem::replace(&mut steps.outcomes, closed));
    steps.recorder.begin_commit(turn, Instant::now());
    let mut settle = || steps.recorder.settle(&mut Turn::default()).is_ok();
    assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(&mut settle)).is_err());
}
