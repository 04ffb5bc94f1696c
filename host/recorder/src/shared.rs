//! The state that the recorder shares with those who ask.

use std::{collections::BTreeMap, sync::Arc};

use lifesigns_api::{ReceiverStatus, SourceStatus};
use lifesigns_compliance::{Alert, Book, Notice};
use lifesigns_engine::Engine;
use lifesigns_model::{SharedClock, SourceOffset};
use lifesigns_notifications::OpenAlerts;
use lifesigns_record::RecordReaders;
use parking_lot::{Mutex, MutexGuard};

use crate::{alert_stream::Listeners, health::Health, rule_overview::RuleOverview, source_progress::SourceProgress};

/// The source that evidence from the inventory names. A source of the stream may have the same name.
pub const INVENTORY_SOURCE: &str = "(inventory)";

/// Describes every configured source, given how far each is committed.
pub type DescribeSources = Arc<dyn Fn(&BTreeMap<String, SourceOffset>) -> Vec<SourceStatus> + Send + Sync>;

/// See the module. The book's lock is held for one checkpoint, one query or one request at a time.
pub(crate) struct Shared {
    pub(crate) engine: Arc<Engine>,
    book: Mutex<Book>,
    pub(crate) health: Health,
    pub(crate) listeners: Listeners,
    pub(crate) receivers: Mutex<Vec<ReceiverStatus>>,
    pub(crate) overview: RuleOverview,
    pub(crate) describe: Mutex<Option<DescribeSources>>,
    pub(crate) record: Arc<dyn RecordReaders>,
    pub(crate) started_ns: u64,
    pub(crate) clock: SharedClock,
    pub(crate) progress: SourceProgress,
}

impl Shared {
    pub(crate) fn new(
        engine: Arc<Engine>,
        book: Book,
        record: Arc<dyn RecordReaders>,
        overview: RuleOverview,
        clock: SharedClock,
        progress: SourceProgress,
    ) -> Self {
        Self {
            engine,
            book: Mutex::new(book),
            health: Health::default(),
            listeners: Listeners::default(),
            receivers: Mutex::default(),
            overview,
            describe: Mutex::default(),
            record,
            started_ns: clock.now_ns(),
            clock,
            progress,
        }
    }

    pub(crate) fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock()
    }
}

/// The book's open alerts, as receivers ask for them.
pub(crate) struct OpenAlertView(pub(crate) Arc<Shared>);

impl OpenAlerts for OpenAlertView {
    fn open(&self, receiver: &str) -> Vec<Alert> {
        self.0.book().known_to(receiver)
    }

    fn withholds(&self, notice: &Notice) -> bool {
        self.0.book().withholds(notice)
    }
}
