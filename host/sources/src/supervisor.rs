//! The sources that are read. Each goes on where the last commit left it.

use std::{
    collections::{BTreeMap, HashMap},
    io,
    sync::Arc,
    thread::{self, JoinHandle},
};

use lifesigns_intake::{Format, SourceKind, SourceSettings};
use lifesigns_model::{EventSource, SharedClock, WakeSignal};
use lifesigns_watch::{FolderWatch, OnChange, SystemWatch, WatchError};

use crate::{
    activity::Activity,
    config::{decoder, sources_reporting_end},
    driver::{SourceDriver, SourceFeed},
    error::SourceError,
    follow::{FollowedFile, FollowerId, Followers, StartWatch},
    host_metrics,
    input::InputSource,
    reader::SourceReader,
    report::SourceReports,
    sink::SourceSink,
    state::SharedState,
};

/// Supervises sources. They end when it is dropped, but are not waited for then: see [`SourceSupervisor::end`].
pub struct SourceSupervisor {
    sink: Arc<dyn SourceSink>,
    followers: Followers,
    running: BTreeMap<String, RunningSource>,
    /// Where those go on that have ended since the start, because what they submitted may not be
    /// committed yet; `None` for those that were forgotten.
    ended: HashMap<String, Option<Vec<u8>>>,
    /// The next source's rank: all that were ever started are counted.
    rank: u32,
    clock: SharedClock,
    driver: Option<Arc<dyn SourceDriver>>,
}

struct RunningSource {
    config: SourceSettings,
    stop: WakeSignal,
    work: SourceRunner,
    state: SharedState,
}

/// What reads a source.
enum SourceRunner {
    /// A thread of its own.
    Thread(JoinHandle<Result<(), SourceError>>),
    /// The threads that follow files.
    Followed(FollowerId),
}

impl Drop for SourceSupervisor {
    fn drop(&mut self) {
        self.running.values().for_each(|running| running.stop.stop());
    }
}

impl SourceSupervisor {
    /// No source yet. Lines arrive by this clock. The system reports changes of files that are followed.
    pub fn new(sink: Arc<dyn SourceSink>, clock: SharedClock) -> Self {
        Self::with_watch(sink, clock, Box::new(system_watch))
    }

    /// As [`Self::new`], but `start` starts what reports changes of files. Where it fails they are polled;
    /// [`WatchError::Off`](crate::WatchError::Off) asks for that.
    pub fn with_watch(sink: Arc<dyn SourceSink>, clock: SharedClock, start: StartWatch) -> Self {
        let followers = Followers::new(start);
        Self { sink, followers, running: BTreeMap::new(), ended: HashMap::new(), rank: 0, clock, driver: None }
    }

    /// Lets `driver` run the sources that are neither files nor standard input; without one they fail.
    #[must_use]
    pub fn with_driver(mut self, driver: Arc<dyn SourceDriver>) -> Self {
        self.driver = Some(driver);
        self
    }

    /// Reads exactly these from now on: new ones are started, removed ones ended and forgotten, changed
    /// ones ended and started again where they were. Returns the failures of those that it ended.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn reconcile(&mut self, configs: &[SourceSettings]) -> Result<Vec<SourceError>, SourceError> {
        let wanted: HashMap<&str, &SourceSettings> =
            configs.iter().map(|config| (config.name.as_str(), config)).collect();
        let is_gone = |running: &RunningSource| wanted.get(running.config.name.as_str()) != Some(&&running.config);
        let gone: Vec<String> =
            self.running.iter().filter(|(_, running)| is_gone(running)).map(|(name, _)| name.clone()).collect();
        let mut failures = Vec::new();
        // All at once, so that none is waited for while others go on.
        gone.iter().filter_map(|name| self.running.get(name)).for_each(|running| running.stop.stop());
        for name in gone {
            let Some(running) = self.running.remove(&name) else { continue };
            let state = running.state.clone();
            failures.extend(self.wait_for(running).err());
            if wanted.contains_key(name.as_str()) {
                self.ended.insert(name, state.lock().position());
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

    fn start(&mut self, config: SourceSettings) -> Result<RunningSource, SourceError> {
        let position = match self.ended.remove(&config.name) {
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
        // What was read elsewhere is of any format, whatever this source takes by itself.
        let placed = Format::Auto.decoder_with(Arc::clone(&self.clock), &config.time_formats);
        self.rank += 1;
        let (stop, state) = (WakeSignal::new(), SharedState::starting_at(position.clone()));
        let feed = SourceFeed {
            sink: Arc::clone(&self.sink),
            source: InputSource::new(source).with_placed_decoder(placed),
            stop: stop.clone(),
            clock: Arc::clone(&self.clock),
            state: state.clone(),
            position,
        };
        let work = self
            .work(&config, feed)
            .map_err(|cause| SourceError::Thread { source_name: config.name.clone(), cause })?;
        Ok(RunningSource { config, stop, work, state })
    }

    /// Starts what reads a source.
    fn work(&mut self, config: &SourceSettings, feed: SourceFeed) -> io::Result<SourceRunner> {
        let SourceFeed { sink, source, stop, clock, state, position: _ } = feed.clone();
        let reader = SourceReader { sink, source, stop, clock, state };
        let thread = thread::Builder::new().name("lifesigns-source".into());
        match config.kind.clone() {
            SourceKind::Follow(path, start) => {
                self.followers.add(FollowedFile::new(reader, path, start)).map(SourceRunner::Followed)
            }
            kind @ (SourceKind::File(_) | SourceKind::Stdin) => {
                thread.spawn(move || reader.run(&kind)).map(SourceRunner::Thread)
            }
            SourceKind::Host(host) => thread.spawn(move || host_metrics::run(host, &feed)).map(SourceRunner::Thread),
            SourceKind::Syslog(_) | SourceKind::Http(_) | SourceKind::Docker(_) | SourceKind::Journald(_) => {
                let (config, driver) = (config.clone(), self.driver.clone());
                thread.spawn(move || driven(driver.as_deref(), &config, &feed)).map(SourceRunner::Thread)
            }
        }
    }

    fn describe(&self) {
        let sources = self.running.values().map(|running| (running.config.clone(), running.state.clone()));
        self.sink.describe(SourceReports::new(sources.collect(), self.followers.watch_reports()));
    }

    /// Whether all of them have come to their end.
    pub fn have_ended(&self) -> bool {
        self.running.values().all(|running| match &running.work {
            SourceRunner::Thread(thread) => thread.is_finished(),
            SourceRunner::Followed(id) => self.followers.has_ended(*id),
        })
    }

    /// Ends all of them, and waits for it.
    ///
    /// # Errors
    /// The first failure, if there was one; all are waited for.
    pub fn end(mut self) -> Result<(), SourceError> {
        let running = std::mem::take(&mut self.running);
        running.values().for_each(|running| running.stop.stop());
        let ends: Vec<_> = running.into_values().map(|running| self.wait_for(running)).collect();
        ends.into_iter().collect()
    }

    /// Waits for the end of a source that was stopped.
    fn wait_for(&self, running: RunningSource) -> Result<(), SourceError> {
        match running.work {
            SourceRunner::Thread(thread) => thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)),
            SourceRunner::Followed(id) => {
                self.followers.remove(id);
                Ok(())
            }
        }
    }
}

/// Runs a source to its end.
fn driven(driver: Option<&dyn SourceDriver>, config: &SourceSettings, feed: &SourceFeed) -> Result<(), SourceError> {
    let result = match driver {
        Some(driver) => driver.run(config, feed),
        None => Err(SourceError::NoDriver { source_name: config.name.clone() }),
    };
    feed.set_activity(match &result {
        Ok(()) => Activity::Ended,
        Err(error) => {
            tracing::error!("the source ended: {error}");
            Activity::Failed(error.to_string())
        }
    });
    result
}

fn system_watch(on_change: OnChange) -> Result<Box<dyn FolderWatch>, WatchError> {
    Ok(Box::new(SystemWatch::new(on_change)?))
}

fn committed(sink: &dyn SourceSink, name: &str) -> Option<Vec<u8>> {
    sink.checkpoint(name)?.cursor
}
