//! What the keeper shares with those who ask.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use lifesigns_compliance::{Alert, Book};
use lifesigns_engine::Engine;
use lifesigns_outlets::OpenAlerts;

use crate::{health::Health, receivers::Standing, stream::Listeners};

/// See the module. The book's lock is held for one cut, one question or one order at a time.
pub(crate) struct Shared {
    pub(crate) engine: Arc<Engine>,
    book: Mutex<Book>,
    pub(crate) health: Health,
    pub(crate) listeners: Listeners,
    pub(crate) receivers: Standing,
    pub(crate) store: PathBuf,
    pub(crate) started_ns: u64,
}

impl Shared {
    pub(crate) fn new(engine: Arc<Engine>, book: Book, store: PathBuf, started_ns: u64) -> Self {
        Self {
            engine,
            book: Mutex::new(book),
            health: Health::default(),
            listeners: Listeners::default(),
            receivers: Standing::default(),
            store,
            started_ns,
        }
    }

    pub(crate) fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The open alerts that a receiver was told of.
pub(crate) struct Told(pub(crate) Arc<Shared>);

impl OpenAlerts for Told {
    fn open(&self, receiver: &str) -> Vec<Alert> {
        let book = self.0.book();
        book.open_alerts().filter(|alert| alert.told.contains_key(receiver)).cloned().collect()
    }
}
