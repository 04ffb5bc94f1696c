//! The recorder's public face: queries, commands, configuration, status.

use std::{
    io,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    thread::JoinHandle,
};

use lifesigns_compliance::{
    Command, CommandAction, InventoryDiff, RequestError,
    query::{Query, QueryAnswer},
};
use lifesigns_control::{Peer, Request, Response, Server, Status, Stopper};
use lifesigns_model::{ObjectFacts, SourceOffset};

use crate::{
    alert_stream::AlertStream,
    control,
    request::{RecorderRequest, RequestSender},
    setup::{ConfigureError, Setup},
    shared::{DescribeSources, Shared},
    status,
};

/// A record that is being kept.
pub struct RecorderHandle {
    shared: Arc<Shared>,
    requests: RequestSender,
    thread: Mutex<Option<JoinHandle<()>>>,
    servers: Mutex<Vec<(Stopper, JoinHandle<()>)>>,
}

impl RecorderHandle {
    pub(crate) fn new(shared: Arc<Shared>, requests: RequestSender, thread: JoinHandle<()>) -> Self {
        Self { shared, requests, thread: Mutex::new(Some(thread)), servers: Mutex::default() }
    }

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
        self.requests.ask(|to| RecorderRequest::Command(command, to))?
    }

    /// Puts another configuration in force: everything open is judged anew, at once.
    ///
    /// # Errors
    /// Why it is not in force; the one before is.
    pub fn configure(&self, setup: Setup) -> Result<(), ConfigureError> {
        self.requests.ask(|to| RecorderRequest::Configure(Box::new(setup), to)).map_err(ConfigureError::Store)?
    }

    /// Returns what `objects`, the whole inventory, changes if it is read now.
    pub fn inventory_diff(&self, objects: &[ObjectFacts]) -> InventoryDiff {
        self.shared.book().registry().inventory_diff(objects, self.shared.clock.now_ns())
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
        self.requests.ask(|to| RecorderRequest::Inventory(objects, to))?
    }

    /// Alerts as they change, from now on.
    pub fn alerts(&self) -> AlertStream {
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

    /// Returns how far all sources were committed, by name.
    pub fn places(&self) -> Vec<SourceOffset> {
        self.shared.health.get().places.values().cloned().collect()
    }

    /// Forgets a source that was removed: its checkpoint goes with the next commit.
    pub fn forget_source(&self, source: &str) {
        self.shared.engine.forget_source(source);
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
    pub fn describe_sources(&self, describe: DescribeSources) {
        *self.shared.describe.lock().unwrap_or_else(PoisonError::into_inner) = Some(describe);
    }

    /// Answers over a socket until the host stops.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn serve(&self, server: Server) -> io::Result<()> {
        let (shared, requests, stopper) = (Arc::clone(&self.shared), self.requests.clone(), server.stopper());
        let thread = std::thread::Builder::new().name("lifesigns-control".into()).spawn(move || {
            let answer =
                |request: Request, peer: &Peer| -> Response { control::answer(&shared, &requests, request, peer) };
            if let Err(error) = server.serve(answer) {
                tracing::error!("the control socket is closed: {error}");
            }
        })?;
        self.servers.lock().unwrap_or_else(PoisonError::into_inner).push((stopper, thread));
        Ok(())
    }

    /// Commits everything that was handed in, lets deliveries finish, and ends.
    pub fn stop(&self) {
        for (stopper, thread) in self.servers.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
            stopper.stop();
            let _ = thread.join();
        }
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
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
