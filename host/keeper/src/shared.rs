//! What the keeper shares with those who ask.

use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use lifesigns_compliance::{Alert, Book, Notice};
use lifesigns_engine::Engine;
use lifesigns_model::Place;
use lifesigns_outlets::OpenAlerts;

use crate::{health::Health, receivers::Standing, stream::Listeners};

/// Rules that do not run, or only in their old version, by name, and why.
pub type Refused = Arc<Mutex<BTreeMap<String, String>>>;

/// What a person reads of a source's place: how far it is, how many bytes are behind it, and why it
/// does not go on.
pub type Describe = Arc<dyn Fn(&Place) -> (String, Option<u64>, String) + Send + Sync>;

/// See the module. The book's lock is held for one cut, one question or one order at a time.
pub(crate) struct Shared {
    pub(crate) engine: Arc<Engine>,
    book: Mutex<Book>,
    pub(crate) health: Health,
    pub(crate) listeners: Listeners,
    pub(crate) receivers: Standing,
    pub(crate) refused: Refused,
    pub(crate) describe: Mutex<Option<Describe>>,
    pub(crate) store: PathBuf,
    pub(crate) started_ns: u64,
}

impl Shared {
    pub(crate) fn new(engine: Arc<Engine>, book: Book, store: PathBuf, refused: Refused, started_ns: u64) -> Self {
        Self {
            engine,
            book: Mutex::new(book),
            health: Health::default(),
            listeners: Listeners::default(),
            receivers: Standing::default(),
            refused,
            describe: Mutex::default(),
            store,
            started_ns,
        }
    }

    pub(crate) fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The book's alerts, as receivers ask for them.
pub(crate) struct Told(pub(crate) Arc<Shared>);

impl OpenAlerts for Told {
    fn open(&self, receiver: &str) -> Vec<Alert> {
        self.0.book().known_to(receiver)
    }

    fn withholds(&self, notice: &Notice) -> bool {
        self.0.book().withholds(notice)
    }
}
