//! What the recorder shares with those who ask.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use lifesigns_compliance::{Alert, Book, Notice};
use lifesigns_control::{CompilingRule, MemoryStatus, RefusedRule, SourceStatus};
use lifesigns_engine::Engine;
use lifesigns_model::{SharedClock, SourceOffset};
use lifesigns_notifications::OpenAlerts;

use crate::{clock::Progress, health::Health, receivers::Standing, stream::Listeners};

/// What evidence calls the source of what the inventory says. A source of the stream may have the same name.
pub const INVENTORY: &str = "(inventory)";

/// What `status` says of rules beside those that run; what loads rules keeps it up to date.
#[derive(Clone, Default)]
pub struct RulesBeside(Arc<Mutex<Beside>>);

/// See [`RulesBeside`].
#[derive(Default)]
pub(crate) struct Beside {
    pub(crate) refused: Vec<RefusedRule>,
    pub(crate) compiling: Vec<CompilingRule>,
    pub(crate) memory: Option<Arc<dyn Fn() -> MemoryStatus + Send + Sync>>,
    /// The rules that are there, whether they run or not, by name, and how often that was set. What a
    /// rule that is gone said ends.
    present: (u64, BTreeSet<String>),
}

impl RulesBeside {
    /// Rules that do not run, or only in their old version, and those that are being compiled.
    pub fn set(&self, refused: Vec<RefusedRule>, compiling: Vec<CompilingRule>) {
        let mut beside = self.get();
        // One that was being compiled before still is since then.
        let since = |new: CompilingRule| match beside.compiling.iter().find(|old| old.digest == new.digest) {
            Some(old) => CompilingRule { since_ns: old.since_ns, ..new },
            None => new,
        };
        let compiling = compiling.into_iter().map(since).collect();
        (beside.refused, beside.compiling) = (refused, compiling);
    }

    /// These are all rules that are there now, whether they run or not.
    pub fn set_present(&self, names: BTreeSet<String>) {
        let mut beside = self.get();
        beside.present = (beside.present.0 + 1, names);
    }

    /// The rules that are there, if they were set since `version`; with the version that they are.
    pub(crate) fn present_since(&self, version: u64) -> Option<(u64, BTreeSet<String>)> {
        let beside = self.get();
        (beside.present.0 > version).then(|| beside.present.clone())
    }

    /// How it is known what all rules have of the host's memory.
    pub fn set_memory(&self, memory: impl Fn() -> MemoryStatus + Send + Sync + 'static) {
        self.get().memory = Some(Arc::new(memory));
    }

    /// Whether rules are being compiled.
    pub fn is_compiling(&self) -> bool {
        !self.get().compiling.is_empty()
    }

    pub(crate) fn get(&self) -> MutexGuard<'_, Beside> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How every configured source is, by what is committed of them.
pub type Describe = Arc<dyn Fn(&BTreeMap<String, SourceOffset>) -> Vec<SourceStatus> + Send + Sync>;

/// See the module. The book's lock is held for one cut, one question or one order at a time.
pub(crate) struct Shared {
    pub(crate) engine: Arc<Engine>,
    book: Mutex<Book>,
    pub(crate) health: Health,
    pub(crate) listeners: Listeners,
    pub(crate) receivers: Standing,
    pub(crate) beside: RulesBeside,
    pub(crate) describe: Mutex<Option<Describe>>,
    pub(crate) store: PathBuf,
    pub(crate) started_ns: u64,
    pub(crate) clock: SharedClock,
    pub(crate) progress: Progress,
}

impl Shared {
    pub(crate) fn new(
        engine: Arc<Engine>,
        book: Book,
        store: PathBuf,
        beside: RulesBeside,
        clock: SharedClock,
        progress: Progress,
    ) -> Self {
        Self {
            engine,
            book: Mutex::new(book),
            health: Health::default(),
            listeners: Listeners::default(),
            receivers: Standing::default(),
            beside,
            describe: Mutex::default(),
            store,
            started_ns: clock.now_ns(),
            clock,
            progress,
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
