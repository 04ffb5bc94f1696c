//! Acts over a record whose commits fail: each has one outcome, and what the stream brought stays.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread::JoinHandle,
};

use crossbeam_channel::Sender;
use lifesigns_compliance::{
    Command, CommandAction, ComplianceConfig, Matcher, Pattern,
    config::Group,
    query::{Query, QueryAnswer},
};
use lifesigns_model::{DropKind, Drops, ObjectFacts};
use lifesigns_record::{
    Commit, MemoryStore, RecordError, RecordReaders, RecordWriter, RecordedState, RetentionPolicy, RetentionStep,
    WriterEpoch,
};

use super::*;
use crate::{
    config::ConfigureError,
    open::tests::recorder,
    request::{RecorderRequest, RequestSender},
    shared::RecorderShared,
};

/// A record of which the next commits fail, as on a full disk.
struct Failing {
    record: Box<dyn RecordWriter>,
    failures: Arc<AtomicUsize>,
}

impl RecordWriter for Failing {
    fn epoch(&self) -> WriterEpoch {
        self.record.epoch()
    }

    fn load(&self) -> Result<RecordedState, RecordError> {
        self.record.load()
    }

    fn commit(&mut self, commit: &Commit) -> Result<(), RecordError> {
        let fails = self.failures.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
        if fails.is_ok() {
            return Err(RecordError::Full(std::io::Error::other("no room is left").into()));
        }
        self.record.commit(commit)
    }

    fn retain(&mut self, now_ns: u64, policy: &RetentionPolicy) -> Result<RetentionStep, RecordError> {
        self.record.retain(now_ns, policy)
    }

    fn readers(&self) -> Arc<dyn RecordReaders> {
        self.record.readers()
    }
}

/// A running recorder over such a record.
struct Host {
    store: MemoryStore,
    shared: Arc<RecorderShared>,
    requests: Sender<RecorderRequest>,
    failures: Arc<AtomicUsize>,
    thread: JoinHandle<()>,
}

impl Host {
    fn start() -> Self {
        let (store, failures) = (MemoryStore::default(), Arc::<AtomicUsize>::default());
        let (recorder, requests) =
            recorder(Failing { record: Box::new(store.open()), failures: Arc::clone(&failures) });
        let shared = Arc::clone(&recorder.shared);
        let thread = std::thread::spawn(move || recorder.run().expect("it goes on"));
        let host = Self { store, shared, requests, failures, thread };
        host.ask(Act::Inventory(vec![object("vm-0")])).expect("it is committed");
        host
    }

    fn ask(&self, act: Act) -> Result<usize, ActError> {
        RequestSender(self.requests.clone()).ask(act)
    }

    /// Asks while the next commit fails.
    fn ask_in_vain(&self, act: Act) -> ActError {
        self.failures.store(1, Ordering::SeqCst);
        let refused = self.ask(act).expect_err("its commit failed");
        assert_eq!(self.failures.load(Ordering::SeqCst), 0, "it was in a commit");
        // The store is tried again, without the act.
        while self.shared.health.get().store != lifesigns_api::StoreState::Ok {
            std::thread::yield_now();
        }
        refused
    }

    fn silences(&self) -> usize {
        let Ok(QueryAnswer::Silences(all)) = self.shared.view().answer(&Query::Silences) else { panic!("a list") };
        all.len()
    }

    fn groups(&self) -> usize {
        let Ok(QueryAnswer::Groups(all)) = self.shared.view().answer(&Query::Groups) else { panic!("a list") };
        all.len()
    }

    /// Ends it, and returns what is in the record.
    fn stop(self) -> RecordedState {
        self.requests.send(RecorderRequest::Stop).expect("it runs");
        self.thread.join().expect("it does not panic");
        self.store.open().load().expect("it is in memory")
    }
}

fn object(id: &str) -> ObjectFacts {
    ObjectFacts { object: id.to_owned(), ..ObjectFacts::default() }
}

fn silence() -> Act {
    let matchers = vec![Matcher { name: "object".into(), pattern: Pattern::new("vm-*"), negated: false }];
    let act = CommandAction::Silence { matchers, from_ns: None, until_ns: 1_000_000_000, why: "moving".into() };
    Act::Command(Command { who: "ann".into(), time_ns: 77, act })
}

#[test]
fn a_command_whose_commit_failed_is_not_carried_out_later() {
    let host = Host::start();
    let refused = ApiError::from(host.ask_in_vain(silence()));
    assert!(matches!(&refused, ApiError::Unavailable(why) if why.contains("no room is left")), "{refused}");
    assert_eq!(host.silences(), 0);
    // A repeat counts once.
    host.ask(silence()).expect("there is room");
    assert_eq!(host.silences(), 1);
    let recorded = host.stop();
    assert_eq!(recorded.restored.silences.len(), 1);
}

#[test]
fn a_configuration_and_an_inventory_whose_commit_failed_are_not_in_force() {
    let host = Host::start();
    let group = Group { name: "all".into(), objects: vec![Pattern::new("*")], ..Group::default() };
    let compliance = ComplianceConfig { groups: vec![group], ..ComplianceConfig::default() };
    let config = RecorderConfig { compliance: Arc::new(compliance), ..RecorderConfig::default() };
    let refused = host.ask_in_vain(Act::Configure(Box::new(config.clone())));
    assert!(matches!(ConfigureError::from(refused), ConfigureError::Store(_)));
    assert_eq!(host.groups(), 0);
    host.ask_in_vain(Act::Inventory(vec![object("vm-0"), object("vm-1")]));
    assert_eq!(host.shared.view().registry().objects().listed().len(), 1);
    host.ask(Act::Configure(Box::new(config))).expect("there is room");
    assert_eq!(host.groups(), 1);
    assert_eq!(host.stop().restored.objects.len(), 1);
}

#[test]
fn a_book_that_is_read_again_has_what_was_there_before_and_goes_on_counting() {
    let (store, failures) = (MemoryStore::default(), Arc::new(AtomicUsize::new(0)));
    let (mut recorder, requests) =
        recorder(Failing { record: Box::new(store.open()), failures: Arc::clone(&failures) });
    let mut dropped = Drops::default();
    dropped.add(DropKind::Alerts, 3);
    recorder.book.add_dropped(&dropped);
    let _ = recorder.book.apply(BookInput::Facts(object("seen")));
    let shared = Arc::clone(&recorder.shared);
    let thread = std::thread::spawn(move || recorder.run().expect("it goes on"));
    let host = Host { store, shared, requests, failures, thread };
    host.ask(silence()).expect("there is room");
    host.ask_in_vain(Act::Inventory(vec![object("vm-9")]));
    assert_eq!(host.silences(), 1);
    assert!(host.shared.view().registry().object("vm-9").is_none());
    assert!(host.shared.view().registry().object("seen").is_some());
    assert_eq!(host.shared.view().dropped().count(DropKind::Alerts), 3);
    host.stop();
}

#[test]
fn an_act_is_refused_if_what_came_before_it_is_not_committed_at_once() {
    let (store, failures) = (MemoryStore::default(), Arc::new(AtomicUsize::new(1)));
    let (mut recorder, requests) = recorder(Failing { record: Box::new(store.open()), failures });
    let (shared, sender) = (Arc::clone(&recorder.shared), RequestSender(requests.clone()));
    // As from the stream: it is in the book when the turn begins.
    let _ = recorder.book.apply(BookInput::Facts(object("seen")));
    let caller = std::thread::spawn(move || sender.ask(silence()).map_err(ApiError::from));
    while requests.is_empty() {
        std::thread::yield_now();
    }
    let thread = std::thread::spawn(move || recorder.run().expect("it goes on"));
    assert!(matches!(caller.join().expect("it ends"), Err(ApiError::Unavailable(_))));
    requests.send(RecorderRequest::Stop).expect("it runs");
    while shared.health.get().commits == 0 {
        std::thread::yield_now();
    }
    thread.join().expect("it does not panic");
    let restored = store.open().load().expect("it is in memory").restored;
    assert!(restored.objects.iter().any(|object| object.id == "seen"), "{:?}", restored.objects);
    assert!(restored.silences.is_empty());
}

#[test]
fn an_act_that_its_caller_gave_up_is_not_done() {
    let (mut recorder, requests) = recorder(MemoryStore::default().open());
    let sender = RequestSender(requests.clone());
    let asked = std::thread::spawn(move || sender.ask_within(silence(), std::time::Duration::ZERO));
    let gave_up = asked.join().expect("it ends").map_err(ApiError::from);
    assert!(matches!(&gave_up, Err(ApiError::Unavailable(why)) if why.contains("nothing was changed")), "{gave_up:?}");
    let turn = recorder.collect(true);
    assert_eq!(turn.requested.len(), 1);
    recorder.carry_out(turn.requested).expect("it goes on");
    assert!(recorder.book.take().silences.is_empty());
}

#[test]
fn who_waits_for_all_that_was_submitted_waits_on_where_a_turn_had_a_part_of_it() {
    let (mut recorder, requests) = recorder(MemoryStore::default().open());
    let asking = RequestSender(requests.clone());
    let asked = std::thread::spawn(move || asking.ask(Act::Barrier));
    let Ok(RecorderRequest::Act(act, caller)) = recorder.requests.recv() else { panic!("it asks for an act") };
    let mut requested = vec![(act, caller)];
    recorder.put_off(&mut requested);
    assert!(requested.is_empty() && !asked.is_finished(), "it is not carried out in this turn");
    let thread = std::thread::spawn(move || recorder.run());
    assert!(asked.join().expect("it does not panic").is_ok(), "the next turn has all");
    requests.send(RecorderRequest::Stop).expect("it runs");
    assert!(thread.join().expect("it does not panic").is_ok());
}
