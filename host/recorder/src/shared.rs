//! The state that the recorder shares with those who ask.

use std::{collections::BTreeMap, sync::Arc};

use lifesigns_api::{ApiError, ConfigMistake, ReceiverStatus, SourceStatus, WatchStatus};
use lifesigns_compliance::{Alert, BookView, Notice};
use lifesigns_engine::Engine;
use lifesigns_model::{SharedClock, SourceOffset, WakeSignal};
use lifesigns_notifications::OpenAlerts;
use lifesigns_record::RecordReaders;
use parking_lot::{Mutex, RwLock};

use crate::{
    alert_stream::Listeners, change_log::ChangeLog, health::Health, pulse::Pulse, rule_audit::WaitingEntries,
    rule_overview::RuleOverview, source_progress::SourceProgress, tokens::TokenTable,
};

/// The source that evidence from the inventory names. A source of the stream may have the same name.
pub const INVENTORY_SOURCE: &str = "(inventory)";

/// Describes every configured source, given how far each is committed, and how changes of files are noticed.
pub type DescribeSources =
    Arc<dyn Fn(&BTreeMap<String, SourceOffset>) -> (Vec<SourceStatus>, WatchStatus) + Send + Sync>;

/// Reads configuration and inventories now. Returns what was done, or what is wrong.
pub type Reload = Arc<dyn Fn() -> Result<String, ApiError> + Send + Sync>;

/// Checks a text of a configuration. Returns what is wrong with it.
pub type ValidateConfig = Arc<dyn Fn(&str) -> Vec<ConfigMistake> + Send + Sync>;

/// See the module. The book itself belongs to the recorder's thread.
pub(crate) struct RecorderShared {
    pub(crate) engine: Arc<Engine>,
    /// The book as it was committed last. The lock is held to clone or replace the pointer, no longer.
    view: RwLock<Arc<BookView>>,
    pub(crate) changes: Arc<ChangeLog>,
    pub(crate) health: Health,
    pub(crate) pulse: Pulse,
    pub(crate) listeners: Listeners,
    pub(crate) receivers: Mutex<Vec<ReceiverStatus>>,
    pub(crate) overview: RuleOverview,
    pub(crate) rule_audit: WaitingEntries,
    pub(crate) describe: Mutex<Option<DescribeSources>>,
    pub(crate) reload: Mutex<Option<Reload>>,
    pub(crate) validate: Mutex<Option<ValidateConfig>>,
    pub(crate) record: Arc<dyn RecordReaders>,
    pub(crate) started_ns: u64,
    pub(crate) clock: SharedClock,
    /// Woken when the clock is set: something may be due.
    pub(crate) clock_set: WakeSignal,
    pub(crate) progress: SourceProgress,
    pub(crate) tokens: TokenTable,
}

impl RecorderShared {
    pub(crate) fn new(
        engine: Arc<Engine>,
        view: BookView,
        record: Arc<dyn RecordReaders>,
        overview: RuleOverview,
        clock: SharedClock,
        progress: SourceProgress,
        tokens: TokenTable,
    ) -> Self {
        let clock_set = WakeSignal::new();
        clock.wake_when_set(&clock_set);
        Self {
            engine,
            view: RwLock::new(Arc::new(view)),
            changes: Arc::new(ChangeLog::new(clock.now_ns())),
            health: Health::default(),
            pulse: Pulse::default(),
            listeners: Listeners::default(),
            receivers: Mutex::default(),
            overview,
            rule_audit: WaitingEntries::default(),
            describe: Mutex::default(),
            reload: Mutex::default(),
            validate: Mutex::default(),
            record,
            started_ns: clock.now_ns(),
            clock,
            clock_set,
            progress,
            tokens,
        }
    }

    /// Returns the book as it was committed last; before the first commit, as the host starts.
    pub(crate) fn view(&self) -> Arc<BookView> {
        Arc::clone(&self.view.read())
    }

    /// Publishes the book as it is committed now.
    pub(crate) fn publish(&self, view: BookView) {
        let before = std::mem::replace(&mut *self.view.write(), Arc::new(view));
        // After the lock was released: it frees what only it had.
        drop(before);
    }
}

/// The open alerts that are committed, as receivers ask for them.
pub(crate) struct OpenAlertView(pub(crate) Arc<RecorderShared>);

impl OpenAlerts for OpenAlertView {
    fn open(&self, receiver: &str) -> Vec<Alert> {
        self.0.view().known_to(receiver)
    }

    fn withholds(&self, notice: &Notice) -> bool {
        self.0.view().withholds(notice)
    }
}
