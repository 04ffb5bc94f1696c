//! The recorder's public face: queries, commands, configuration, status.

use std::{path::PathBuf, sync::Arc, thread::JoinHandle};

use lifesigns_api::{ApiError, Authenticate, ChangeFeed, HostStatus, RevokedAgents, ServiceFactory};
use lifesigns_compliance::{
    CommandAction, InventoryDiff, RequestError,
    query::{Query, QueryAnswer},
};
use lifesigns_model::{ObjectFacts, SourceOffset};
use lifesigns_record::{AgentChange, RecordError, StoredAgent};
use parking_lot::Mutex;

use crate::{
    alert_stream::AlertStream,
    config::{ConfigureError, RecorderConfig},
    request::{Act, RecorderRequest, RequestSender},
    service::HostService,
    shared::{DescribeSources, RecorderShared, Reload, ValidateConfig},
    status,
};

/// The handle of a running recorder. Dropped, it stops the recorder.
pub struct RecorderHandle {
    shared: Arc<RecorderShared>,
    requests: RequestSender,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl RecorderHandle {
    pub(crate) fn new(shared: Arc<RecorderShared>, requests: RequestSender, thread: JoinHandle<()>) -> Self {
        Self { shared, requests, thread: Mutex::new(Some(thread)) }
    }

    /// Answers a query about objects, alerts, groups, policies and silences as of the last commit.
    ///
    /// # Errors
    /// What is asked for does not exist, or its name is ambiguous.
    pub fn ask(&self, query: &Query) -> Result<QueryAnswer, RequestError> {
        self.shared.view().answer(query)
    }

    /// Executes a command of `who`; it is committed when this returns.
    ///
    /// # Errors
    /// Why it was not executed.
    pub fn act(&self, who: &str, act: CommandAction) -> Result<(), ApiError> {
        self.service(who).command(act)
    }

    /// Returns what makes the service of a caller: for a gateway.
    pub fn services(&self) -> ServiceFactory {
        let service = self.service("");
        Arc::new(move |who| Box::new(HostService { who: who.to_owned(), ..service.clone() }))
    }

    /// Returns what finds the callers of tokens: for a gateway.
    pub fn authenticate(&self) -> Authenticate {
        let shared = Arc::clone(&self.shared);
        Arc::new(move |text| shared.tokens.authenticate(text, shared.clock.now_ns()))
    }

    /// Returns what finds the agents whose credentials were revoked.
    pub fn revoked_agents(&self) -> RevokedAgents {
        let shared = Arc::clone(&self.shared);
        Arc::new(move || shared.tokens.revoked_agents())
    }

    /// Returns what is known of agents since former runs, as it was committed last.
    ///
    /// # Errors
    /// The record cannot be read.
    pub fn agents(&self) -> Result<Vec<StoredAgent>, RecordError> {
        self.shared.record.open()?.agents()
    }

    /// Notes what is known of agents; it is committed when this returns.
    ///
    /// # Errors
    /// The store takes no commits now: note it again later.
    pub fn note_agents(&self, changes: Vec<AgentChange>) -> Result<(), ApiError> {
        self.requests.ask(Act::NoteAgents(changes))?;
        Ok(())
    }

    /// Returns the last changes of alerts and badges: for a gateway.
    pub fn changes(&self) -> Arc<dyn ChangeFeed> {
        Arc::clone(&self.shared.changes) as _
    }

    fn service(&self, who: &str) -> HostService {
        HostService { shared: Arc::clone(&self.shared), requests: self.requests.clone(), who: who.to_owned() }
    }

    /// Replaces the configuration: every open alert is re-evaluated at once.
    ///
    /// # Errors
    /// Why it was not applied; the previous one stays in force.
    pub fn configure(&self, config: RecorderConfig) -> Result<(), ConfigureError> {
        self.requests.ask(Act::Configure(Box::new(config)))?;
        Ok(())
    }

    /// Returns what `objects`, the whole inventory, changes if it is read now.
    pub fn inventory_diff(&self, objects: &[ObjectFacts]) -> InventoryDiff {
        self.shared.view().registry().objects().inventory_diff(objects, self.shared.clock.now_ns())
    }

    /// Returns the inventory as it was last read.
    pub fn listed(&self) -> Vec<ObjectFacts> {
        self.shared.view().registry().objects().listed()
    }

    /// Sets which sources report when they are at their end ([`Self::caught_up`]): while lines may wait in
    /// one, event time stands still for what came from it.
    pub fn expect_end_reports(&self, names: Vec<String>) {
        self.shared.progress.expect_end_reports(names);
    }

    /// Notes that everything that was in a source at `until_ns` of the host's clock has been submitted;
    /// `u64::MAX` if nothing more comes. Call it every time that the source is at its end.
    pub fn caught_up(&self, source: &str, until_ns: u64) {
        self.shared.progress.caught_up(source, until_ns);
    }

    /// Replaces the whole inventory in the book: what differs from the last one holds from now on.
    ///
    /// # Errors
    /// The store takes no commits now.
    pub fn inventory(&self, objects: Vec<ObjectFacts>) -> Result<(), ApiError> {
        self.requests.ask(Act::Inventory(objects))?;
        Ok(())
    }

    /// Returns a stream of alerts as they change, from now on.
    pub fn alerts(&self) -> AlertStream {
        self.shared.listeners.add()
    }

    /// Returns why the recorder stopped, if it could not go on. What it took since the last commit comes
    /// again after the next start.
    pub fn failure(&self) -> Option<String> {
        self.shared.health.get().failed.clone()
    }

    /// Returns the state of the host.
    pub fn status(&self) -> HostStatus {
        status::status(&self.shared)
    }

    /// Returns how far a source is committed.
    pub fn source_offset(&self, source: &str) -> Option<SourceOffset> {
        self.shared.health.get().offsets.get(source).cloned()
    }

    /// Returns how far all sources were committed, by name.
    pub fn source_offsets(&self) -> Vec<SourceOffset> {
        self.shared.health.get().offsets.values().cloned().collect()
    }

    /// Forgets a source that was removed: its checkpoint goes with the next commit.
    pub fn forget_source(&self, source: &str) {
        self.shared.engine.forget_source(source);
    }

    /// Sets what `status` says of the configuration's files; an empty list leaves the files as they were.
    pub fn set_config_status(&self, files: Vec<PathBuf>, error: String) {
        let mut health = self.shared.health.get();
        if !files.is_empty() {
            health.config_files = files;
        }
        health.config_error = error;
    }

    /// Sets what describes the configured sources in `status`.
    pub fn describe_sources(&self, describe: DescribeSources) {
        *self.shared.describe.lock() = Some(describe);
    }

    /// Sets what reads the configuration again when a caller asks for it.
    pub fn on_reload(&self, reload: Reload) {
        *self.shared.reload.lock() = Some(reload);
    }

    /// Sets what checks a text of a configuration when a caller asks for it.
    pub fn on_validate(&self, validate: ValidateConfig) {
        *self.shared.validate.lock() = Some(validate);
    }

    /// Commits everything that was submitted, lets deliveries finish, and ends. Further calls wait until that is done.
    pub fn stop(&self) {
        let mut thread = self.thread.lock();
        if let Some(thread) = thread.take() {
            let _ = self.requests.0.send(RecorderRequest::Stop);
            let _ = thread.join();
        }
    }
}

impl Drop for RecorderHandle {
    fn drop(&mut self) {
        self.stop();
    }
}
