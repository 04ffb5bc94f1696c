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
    Act, Book, Command, ConfigError, Input, Refused,
    query::{Answer, Query},
};
use lifesigns_control::{Peer, Request, Response, Server, Status, Stopper};
use lifesigns_engine::Engine;
use lifesigns_model::{ObjectFacts, Place, Start};
use lifesigns_store::{OpenError, Store, StoreError};

use crate::{
    Alerts, ConfigureError, Describe, MakeReceiver, RulesBeside, Setup, Shared, SignSink,
    clock::{EventClock, now_ns},
    desk::{self, Orders},
    inventory,
    keeper::Keeper,
    order::Order,
    receivers::Receivers,
    status,
    warnings::Warnings,
};

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
    start: Start,
    setup: Setup,
}

impl Opened {
    /// Opens the store at `path`, or makes it, and reads what it holds.
    ///
    /// # Errors
    /// See [`KeepError`].
    pub fn open(path: &Path, setup: Setup) -> Result<Self, KeepError> {
        let mut book = Book::new(Arc::clone(&setup.compliance)).map_err(KeepError::Config)?;
        let store = Store::open(path)?;
        let loaded = store.load()?;
        book.restore(loaded.restored);
        Ok(Self { store, book, start: loaded.start, setup })
    }

    /// What the engine begins with; `known` is the inventory, with the times at which it was written.
    /// What has changed in a file that was written since the host last ran is news and holds from then
    /// on; all else has held ever since.
    pub fn start(&mut self, known: Vec<ObjectFacts>) -> Start {
        let last_ns = self.book.clock_ns();
        // What comes is measured by the host's clock, and not by the one of its last life.
        let _ = self.book.apply(Input::Clock(now_ns()));
        // The configuration may have changed while nobody ran.
        self.book.review();
        let (known, listed) = inventory::since(self.book.directory(), last_ns, known);
        let _ = self.book.apply(Input::Inventory(listed));
        Start { known, places: self.start.places.clone(), ..std::mem::take(&mut self.start) }
    }

    /// Begins to keep what `engine` cuts.
    ///
    /// # Errors
    /// When a receiver cannot be made, or the system gives no thread.
    pub fn keep(
        self,
        engine: Arc<Engine>,
        places: Vec<Place>,
        own: BTreeMap<String, MakeReceiver>,
        beside: RulesBeside,
        on_sign: Option<SignSink>,
    ) -> Result<Keep, KeepError> {
        let now_ns = now_ns();
        let event = EventClock::new(self.book.event_ns(), now_ns);
        let shared = Arc::new(Shared::new(engine, self.book, self.store.path().to_owned(), beside, now_ns));
        shared.health.get().places = places.into_iter().map(|place| (place.source.clone(), place)).collect();
        let (to_keeper, orders): (Sender<Order>, Receiver<Order>) = unbounded();
        let mut receivers = Receivers::new(Arc::clone(&shared), own, to_keeper.clone());
        if let Some(posts) = receivers.prepare(&self.setup)? {
            receivers.replace(posts, &self.setup);
            receivers.begin();
        }
        let keeper = Keeper {
            shared: Arc::clone(&shared),
            store: self.store,
            receivers,
            orders,
            event,
            on_sign,
            setup: self.setup,
            retain: Instant::now(),
            late: Vec::new(),
            strays: true,
            warnings: Warnings::default(),
        };
        let watched = Arc::clone(&shared);
        let work = move || watch(keeper, &watched);
        let thread = std::thread::Builder::new().name("lifesigns-keeper".into()).spawn(work)?;
        Ok(Keep { shared, orders: Orders(to_keeper), thread: Mutex::new(Some(thread)), control: Mutex::default() })
    }
}

/// Keeps; and if that cannot go on, says so and lets nobody wait for it.
fn watch(keeper: Keeper, shared: &Shared) {
    let why = match catch_unwind(AssertUnwindSafe(|| keeper.run())) {
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
    pub fn ask(&self, query: &Query) -> Result<Answer, Refused> {
        self.shared.book().answer(query)
    }

    /// Does what a person wants; it is committed when this returns.
    ///
    /// # Errors
    /// Why it was not done.
    pub fn act(&self, who: &str, act: Act) -> Result<(), String> {
        let command = Command { who: who.to_owned(), time_ns: now_ns(), act };
        self.orders.ask(|to| Order::Command(command, to))?
    }

    /// Puts another configuration in force: everything open is judged anew, at once.
    ///
    /// # Errors
    /// Why it is not in force; the one before is.
    pub fn configure(&self, setup: Setup) -> Result<(), ConfigureError> {
        self.orders.ask(|to| Order::Configure(Box::new(setup), to)).map_err(ConfigureError::Store)?
    }

    /// Tells the book the inventory, whole.
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
    pub fn place(&self, source: &str) -> Option<Place> {
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
    use super::*;

    #[test]
    fn what_comes_first_is_measured_by_the_clock_of_today() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut opened = Opened::open(&folder.path().join("a.db"), Setup::default()).expect("a store");
        let before_ns = now_ns();
        opened.start(Vec::new());
        assert!(opened.book.clock_ns() >= before_ns);
    }
}
