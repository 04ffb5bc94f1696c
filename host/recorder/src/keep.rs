//! A kept host from outside: opened, started, asked, told, stopped.

use std::{
    collections::BTreeMap,
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    thread::JoinHandle,
    time::Instant,
};

use crossbeam_channel::{Receiver, Sender, unbounded};
use lifesigns_compliance::{
    Book, BookInput, Command, CommandAction, ConfigError, InventoryDiff, RequestError,
    query::{Query, QueryAnswer},
};
use lifesigns_control::{Peer, Request, Response, Server, Status, Stopper};
use lifesigns_engine::Engine;
use lifesigns_model::{InitialState, ObjectFacts, SharedClock, SourceOffset};
use lifesigns_store::{OpenError, Store, StoreError};

use crate::{
    Alerts, ConfigureError, Describe, MakeReceiver, RulesBeside, Setup, Shared, SignSink,
    clock::Progress,
    desk::{self, Orders},
    order::Order,
    receivers::Receivers,
    recorder::Recorder,
    status,
    warnings::Warnings,
};

/// A clock that was further ahead than this in the last life of the host is spoken of.
const SET_BACK_NS: u64 = 60_000_000_000;

/// Why a record could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum KeepError {
    /// The store.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// What is in it.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The configuration.
    #[error("{}", .0.iter().map(|error| format!("{}: {}", error.place, error.message)).collect::<Vec<_>>().join("\n"))]
    Config(Vec<ConfigError>),
    /// A receiver.
    #[error(transparent)]
    Receiver(#[from] ConfigureError),
    /// The system gave no thread.
    #[error("no thread could be started: {0}")]
    Thread(#[from] io::Error),
}

/// A store that was opened, and what it holds: before the engine starts.
pub struct Opened {
    store: Store,
    book: Book,
    start: InitialState,
    setup: Setup,
    clock: SharedClock,
    progress: Progress,
}

/// What a host begins with.
pub struct Begin {
    /// What its engine goes on from.
    pub start: InitialState,
    /// What has changed in the inventory since it was read last: to be handed in with
    /// [`Engine::submit_inventory`] once the engine runs.
    pub news: Vec<ObjectFacts>,
}

impl Opened {
    /// Opens the store at `path`, or makes it, and reads what it holds. The time is what `clock` says.
    ///
    /// # Errors
    /// See [`KeepError`].
    pub fn open(path: &Path, setup: Setup, clock: SharedClock) -> Result<Self, KeepError> {
        let mut book = Book::new(Arc::clone(&setup.compliance)).map_err(KeepError::Config)?;
        let store = Store::open_at(path, clock.now_ns())?;
        let loaded = store.load()?;
        book.restore(loaded.restored);
        Ok(Self { store, book, start: loaded.start, setup, clock, progress: Progress::default() })
    }

    /// What the host begins with. `known` is the inventory as it is now: what has changed in it since it
    /// was read last is news, all else has held ever since. Without one the last one stands. `reporting` are the sources that say when
    /// they are at their end; until then time stands still for what was heard in them.
    pub fn start(&mut self, known: Option<Vec<ObjectFacts>>, reporting: Vec<String>) -> Begin {
        let (before_ns, now_ns) = (self.book.clock_ns(), self.clock.now_ns());
        if before_ns > now_ns.saturating_add(SET_BACK_NS) {
            let ahead_s = (before_ns - now_ns) / 1_000_000_000;
            tracing::warn!(
                ahead_s,
                "the clock is behind what it was when the host ran last; times of then count as now"
            );
        }
        self.progress.expect(reporting);
        // What comes is measured by the host's clock, and not by the one of its last life.
        self.book.resume(now_ns, |source| self.progress.says(source));
        // The configuration may have changed while nobody ran.
        self.book.review();
        let known = known.unwrap_or_else(|| self.book.registry().listed());
        let InventoryDiff { known: mut all, new, changed } = self.book.registry().news(&known, now_ns);
        all.extend(new);
        let _ = self.book.apply(BookInput::Inventory(known));
        let start = InitialState { known: all, offsets: self.start.offsets.clone(), ..std::mem::take(&mut self.start) };
        Begin { start, news: changed }
    }

    /// Begins to keep what `engine` cuts.
    ///
    /// # Errors
    /// When a receiver cannot be made, or the system gives no thread.
    pub fn keep(
        self,
        engine: Arc<Engine>,
        places: Vec<SourceOffset>,
        own: BTreeMap<String, MakeReceiver>,
        beside: RulesBeside,
        on_sign: Option<SignSink>,
    ) -> Result<Keep, KeepError> {
        let (recorder, orders) = self.recorder(engine, places, own, beside, on_sign)?;
        let shared = Arc::clone(&recorder.shared);
        let watched = Arc::clone(&shared);
        let work = move || watch(recorder, &watched);
        let thread = std::thread::Builder::new().name("lifesigns-recorder".into()).spawn(work)?;
        Ok(Keep { shared, orders: Orders(orders), thread: Mutex::new(Some(thread)), control: Mutex::default() })
    }

    /// What keeps, and where its orders go in.
    fn recorder(
        self,
        engine: Arc<Engine>,
        places: Vec<SourceOffset>,
        own: BTreeMap<String, MakeReceiver>,
        beside: RulesBeside,
        on_sign: Option<SignSink>,
    ) -> Result<(Recorder, Sender<Order>), KeepError> {
        let store = self.store.path().to_owned();
        let shared = Arc::new(Shared::new(engine, self.book, store, beside, self.clock, self.progress));
        shared.health.get().places = places.into_iter().map(|place| (place.source.clone(), place)).collect();
        let (to_recorder, orders): (Sender<Order>, Receiver<Order>) = unbounded();
        let mut receivers = Receivers::new(Arc::clone(&shared), own, to_recorder.clone());
        if let Some(posts) = receivers.prepare(&self.setup)? {
            receivers.replace(posts, &self.setup);
            receivers.begin();
        }
        let recorder = Recorder {
            shared,
            store: self.store,
            receivers,
            orders,
            on_sign,
            setup: self.setup,
            retain: Instant::now(),
            late: Vec::new(),
            late_pauses: Vec::new(),
            strays: true,
            warnings: Warnings::default(),
            audit: Vec::new(),
            rules_seen: 0,
        };
        Ok((recorder, to_recorder))
    }
}

/// Keeps; and if that cannot go on, says so and lets nobody wait for it.
fn watch(recorder: Recorder, shared: &Shared) {
    let why = match catch_unwind(AssertUnwindSafe(|| recorder.run())) {
        Ok(Ok(())) => return,
        Ok(Err(why)) => why,
        Err(_) => "the thread that keeps the record has failed".to_owned(),
    };
    shared.health.ended(&why);
    shared.engine.close();
    shared.listeners.end();
}

/// A record that is being kept.
pub struct Keep {
    shared: Arc<Shared>,
    orders: Orders,
    thread: Mutex<Option<JoinHandle<()>>>,
    control: Mutex<Vec<(Stopper, JoinHandle<()>)>>,
}

impl Keep {
    /// Asks the book.
    ///
    /// # Errors
    /// When what is asked for is not there.
    pub fn ask(&self, query: &Query) -> Result<QueryAnswer, RequestError> {
        self.shared.book().answer(query)
    }

    /// Does what a person wants; it is committed when this returns.
    ///
    /// # Errors
    /// Why it was not done.
    pub fn act(&self, who: &str, act: CommandAction) -> Result<(), String> {
        let command = Command { who: who.to_owned(), time_ns: self.shared.clock.now_ns(), act };
        self.orders.ask(|to| Order::Command(command, to))?
    }

    /// Puts another configuration in force: everything open is judged anew, at once.
    ///
    /// # Errors
    /// Why it is not in force; the one before is.
    pub fn configure(&self, setup: Setup) -> Result<(), ConfigureError> {
        self.orders.ask(|to| Order::Configure(Box::new(setup), to)).map_err(ConfigureError::Store)?
    }

    /// What `objects`, an inventory, would change: what a rule is to be told of it, as from now on.
    pub fn news(&self, objects: &[ObjectFacts]) -> Vec<ObjectFacts> {
        let now_ns = self.shared.clock.now_ns();
        let InventoryDiff { new, mut changed, .. } = self.shared.book().registry().news(objects, now_ns);
        changed.extend(new.into_iter().map(|facts| ObjectFacts { time_ns: now_ns, ..facts }));
        changed
    }

    /// The inventory as it was read last.
    pub fn listed(&self) -> Vec<ObjectFacts> {
        self.shared.book().registry().listed()
    }

    /// These sources say when they are at their end ([`Self::at_end`]), and no others: time stands still
    /// for what was heard in them while lines may wait there.
    pub fn expect_sources(&self, names: Vec<String>) {
        self.shared.progress.expect(names);
    }

    /// Everything that was in a source at `until_ns` of the host's clock has been handed in; `u64::MAX` if
    /// nothing more comes. To be said again and again, each time that it is at its end.
    pub fn at_end(&self, source: &str, until_ns: u64) {
        self.shared.progress.at_end(source, until_ns);
    }

    /// Tells the book the inventory, whole: what differs from the last one that was read holds from now
    /// on.
    ///
    /// # Errors
    /// When the store takes nothing.
    pub fn inventory(&self, objects: Vec<ObjectFacts>) -> Result<(), String> {
        self.orders.ask(|to| Order::Inventory(objects, to))?
    }

    /// Alerts as they change, from now on.
    pub fn alerts(&self) -> Alerts {
        self.shared.listeners.add()
    }

    /// Why nothing is kept any more, if the host could not go on: what it took since the last commit
    /// comes again after the next start.
    pub fn failure(&self) -> Option<String> {
        self.shared.health.get().failed.clone()
    }

    /// How the host is.
    pub fn status(&self) -> Status {
        status::status(&self.shared)
    }

    /// How far a source was committed.
    pub fn place(&self, source: &str) -> Option<SourceOffset> {
        self.shared.health.get().places.get(source).cloned()
    }

    /// What `status` says of the configuration's files.
    pub fn say_config(&self, files: Vec<PathBuf>, error: String) {
        let mut health = self.shared.health.get();
        if !files.is_empty() {
            health.config_files = files;
        }
        health.config_error = error;
    }

    /// Sets what says how the configured sources are.
    pub fn describe_sources(&self, describe: Describe) {
        *self.shared.describe.lock().unwrap_or_else(PoisonError::into_inner) = Some(describe);
    }

    /// Answers over a socket until the host stops.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn serve(&self, server: Server) -> io::Result<()> {
        let (shared, orders, stopper) = (Arc::clone(&self.shared), self.orders.clone(), server.stopper());
        let thread = std::thread::Builder::new().name("lifesigns-control".into()).spawn(move || {
            let answer = |request: Request, peer: &Peer| -> Response { desk::answer(&shared, &orders, request, peer) };
            if let Err(error) = server.serve(answer) {
                tracing::error!("the control socket is closed: {error}");
            }
        })?;
        self.control.lock().unwrap_or_else(PoisonError::into_inner).push((stopper, thread));
        Ok(())
    }

    /// Commits everything that was handed in, lets deliveries finish, and ends.
    pub fn stop(&self) {
        for (stopper, thread) in self.control.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
            stopper.stop();
            let _ = thread.join();
        }
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            let _ = self.orders.0.send(Order::Stop);
            let _ = thread.join();
        }
    }
}

impl Drop for Keep {
    fn drop(&mut self) {
        self.stop();
    }
}

#[cfg(test)]
mod tests {
    use lifesigns_model::ManualClock;

    use super::*;

    #[test]
    fn what_comes_first_is_measured_by_the_clock_of_today() {
        let folder = tempfile::tempdir().expect("a folder");
        let clock = Arc::new(ManualClock::new(77));
        let mut opened = Opened::open(&folder.path().join("a.db"), Setup::default(), clock).expect("a store");
        opened.start(None, Vec::new());
        assert_eq!(opened.book.clock_ns(), 77);
    }

    #[test]
    fn what_became_of_deliveries_while_the_store_took_nothing_is_written_at_the_end() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.db");
        let opened = Opened::open(&path, Setup::default(), Arc::new(ManualClock::new(77))).expect("a store");
        let rules = Arc::new(lifesigns_engine::RuleSet::new(Vec::new(), &[]).expect("no rules"));
        let config = lifesigns_engine::EngineConfig {
            scanners: 1,
            shards: 1,
            pin: false,
            checkpoints: true,
            ..Default::default()
        };
        let engine = Engine::start(&config, rules, InitialState::default(), Arc::new(|_| ())).expect("threads");
        let (mut recorder, _orders) = opened
            .recorder(Arc::new(engine), Vec::new(), BTreeMap::new(), RulesBeside::default(), None)
            .expect("no receivers");
        let bundle = BTreeMap::from([("group".to_owned(), "production".to_owned())]);
        let pause = lifesigns_store::Pause { receiver: "pager".to_owned(), bundle, until_ns: 99 };
        recorder.late_pauses.push(pause.clone());
        recorder.end();
        let reader = lifesigns_store::Reader::open(&path).expect("the store");
        assert_eq!(reader.pauses("pager").expect("its pauses"), [pause]);
    }
}
