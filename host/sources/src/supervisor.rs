//! The sources that are read: a thread each, which goes on where the last commit left it.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
    thread::{self, JoinHandle},
};

use lifesigns_intake::{Cursor, SourceSettings, Stop};
use lifesigns_model::{EventSource, SharedClock};

use crate::{
    config::{decoder, sources_reporting_end},
    error::SourceError,
    input::InputSource,
    reader::SourceReader,
    report::SourceReports,
    sink::SourceSink,
    state::SharedState,
};

/// Supervises sources. They end when it is dropped, but are not waited for then: see [`SourceSupervisor::end`].
pub struct SourceSupervisor {
    sink: Arc<dyn SourceSink>,
    running: BTreeMap<String, Running>,
    /// Where those go on that have ended since the start, because what they submitted may not be
    /// committed yet; `None` for those that were forgotten.
    ended: HashMap<String, Option<Cursor>>,
    /// The next source's rank: all that were ever started are counted.
    rank: u32,
    clock: SharedClock,
}

struct Running {
    config: SourceSettings,
    stop: Stop,
    thread: JoinHandle<Result<(), SourceError>>,
    state: SharedState,
}

impl Drop for SourceSupervisor {
    fn drop(&mut self) {
        self.running.values().for_each(|running| running.stop.stop());
    }
}

impl SourceSupervisor {
    /// No source yet. Lines arrive by this clock.
    pub fn new(sink: Arc<dyn SourceSink>, clock: SharedClock) -> Self {
        Self { sink, running: BTreeMap::new(), ended: HashMap::new(), rank: 0, clock }
    }

    /// Reads exactly these from now on: new ones are started, removed ones ended and forgotten, changed
    /// ones ended and started again where they were. Returns the failures of those that it ended.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn reconcile(&mut self, configs: &[SourceSettings]) -> Result<Vec<SourceError>, SourceError> {
        let is_gone = |running: &Running| !configs.contains(&running.config);
        let gone: Vec<String> =
            self.running.iter().filter(|(_, running)| is_gone(running)).map(|(name, _)| name.clone()).collect();
        let mut failures = Vec::new();
        for name in gone {
            let Some(running) = self.running.remove(&name) else { continue };
            let state = running.state.clone();
            failures.extend(end(running).err());
            if configs.iter().any(|config| config.name == name) {
                self.ended.insert(name, state.lock().read);
            } else {
                self.forget(name);
            }
        }
        self.sink.expect_end_reports(sources_reporting_end(configs));
        for config in configs {
            if !self.running.contains_key(&config.name) {
                let running = self.start(config.clone())?;
                self.running.insert(config.name.clone(), running);
            }
        }
        self.describe();
        Ok(failures)
    }

    /// Forgets the checkpoints of all sources that are not read now: they were removed while no host ran.
    /// Only for a sink that has no other sources than these.
    pub fn forget_others(&mut self) {
        for name in self.sink.checkpoints() {
            if !self.running.contains_key(&name) {
                self.forget(name);
            }
        }
    }

    fn forget(&mut self, name: String) {
        tracing::info!(source = %name, "the source was removed; its checkpoint is forgotten");
        self.sink.forget(&name);
        self.ended.insert(name, None);
    }

    fn start(&mut self, config: SourceSettings) -> Result<Running, SourceError> {
        let cursor = match self.ended.remove(&config.name) {
            Some(known) => known,
            None => committed(&*self.sink, &config.name),
        };
        let source = EventSource {
            name: config.name.clone(),
            rank: self.rank,
            object: config.object.clone(),
            app: config.app.clone(),
            decoder: decoder(&config, &self.clock),
        };
        self.rank += 1;
        let (stop, state) = (Stop::new(), SharedState::starting_at(cursor));
        let reader = SourceReader {
            sink: Arc::clone(&self.sink),
            source: InputSource::new(source),
            stop: stop.clone(),
            clock: Arc::clone(&self.clock),
            state: state.clone(),
        };
        let kind = config.kind.clone();
        let thread = thread::Builder::new().name("lifesigns-source".into()).spawn(move || reader.run(&kind));
        let thread = thread.map_err(|cause| SourceError::Thread { source_name: config.name.clone(), cause })?;
        Ok(Running { config, stop, thread, state })
    }

    fn describe(&self) {
        let sources = self.running.values().map(|running| (running.config.clone(), running.state.clone()));
        self.sink.describe(SourceReports::new(sources.collect()));
    }

    /// Whether all of them have come to their end.
    pub fn have_ended(&self) -> bool {
        self.running.values().all(|running| running.thread.is_finished())
    }

    /// Ends all of them, and waits for it.
    ///
    /// # Errors
    /// The first failure, if there was one; all are waited for.
    pub fn end(mut self) -> Result<(), SourceError> {
        let running = std::mem::take(&mut self.running);
        running.values().for_each(|running| running.stop.stop());
        let ends: Vec<_> = running.into_values().map(end).collect();
        ends.into_iter().collect()
    }
}

fn committed(sink: &dyn SourceSink, name: &str) -> Option<Cursor> {
    Cursor::from_bytes(&sink.checkpoint(name)?.cursor?)
}

fn end(running: Running) -> Result<(), SourceError> {
    running.stop.stop();
    match running.thread.join() {
        Ok(result) => result,
        Err(panic) => std::panic::resume_unwind(panic),
    }
}
