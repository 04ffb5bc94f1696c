//! The agent as a whole: sources over the spool, a sender, and a reporter that brings the configuration.

use std::{
    collections::HashSet,
    fs::{self, File, OpenOptions, TryLockError},
    io,
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::Path,
    sync::Arc,
    thread,
    time::Duration,
};

use lifesigns_model::{SharedClock, WakeSignal, Wakeup};
use lifesigns_sources::{SourceDriver, SourceSink, SourceSupervisor};

use crate::{
    client::Client,
    collect::FileScanner,
    error::AgentError,
    options::AgentOptions,
    reporter::{Exchange, Reporter},
    sender::{self, Sender},
    sink::SpoolSink,
    state::KnownConfiguration,
};

/// How often the agent looks whether something is to be done, and at which of these times it looks for new files.
const TICK: Duration = Duration::from_millis(500);
const SCAN_TICKS: u32 = 10;
/// How long an agent that is stopped goes on sending.
const DRAIN: Duration = Duration::from_secs(2);
/// Where Docker's Engine listens.
const DOCKER: &str = "/var/run/docker.sock";

/// Runs an agent until it is stopped. `driver` reads what is neither a file nor of this machine's own figures.
///
/// # Errors
/// See [`AgentError`]: why it does not start, or cannot go on.
pub fn run(
    options: AgentOptions,
    clock: SharedClock,
    driver: Arc<dyn SourceDriver>,
    stop: &WakeSignal,
) -> Result<(), AgentError> {
    let client = Arc::new(Client::new(&options, Arc::clone(&clock))?);
    let _lock = lock(&options.state)?;
    let sink = Arc::new(SpoolSink::open(&options.state, options.spool_bytes, Arc::clone(&clock))?);
    let exchange = Arc::new(Exchange::default());
    let (sending, reporting) = (WakeSignal::new(), WakeSignal::new());
    let path = format!("{}/events", options.path());
    let sender =
        Sender::new(Arc::clone(&sink), Arc::clone(&client), path, sending.clone(), Arc::clone(&exchange.sending));
    spawn("lifesigns-sender", move || sender.run())?;
    let mut collector = Collector {
        supervisor: SourceSupervisor::new(Arc::<SpoolSink>::clone(&sink), Arc::clone(&clock)).with_driver(driver),
        scanner: FileScanner::resumed(sink.checkpoints(), clock.now_ns()),
        known: KnownConfiguration::load(&options.state),
        sink: Arc::clone(&sink),
        exchange: Arc::clone(&exchange),
        name: options.name.clone(),
        clock,
    };
    let known = collector.known.clone();
    collector.put_in_force(known, &options.state)?;
    let state = options.state.clone();
    let reporter =
        Reporter { sink: Arc::clone(&sink), client, options, exchange: Arc::clone(&exchange), stop: reporting.clone() };
    spawn("lifesigns-report", move || reporter.run())?;
    // A source that waits for room ends with it, also while its end is waited for.
    let (closing, stopped) = (Arc::clone(&sink), stop.clone());
    spawn("lifesigns-stop", move || {
        // It ends without a value.
        let _ = stopped.receiver().recv();
        closing.close();
    })?;
    let mut ticks = 0;
    while stop.wait(TICK) != Wakeup::Stopped {
        sink.tick();
        if let Some(incoming) = exchange.take_incoming() {
            collector.put_in_force(incoming, &state)?;
            ticks = 0;
        } else if ticks >= SCAN_TICKS {
            collector.scan()?;
            ticks = 0;
        }
        ticks += 1;
    }
    reporting.stop();
    // What sources had that waited for room was not taken, and is read again.
    sink.close();
    if let Err(error) = collector.supervisor.end() {
        tracing::warn!("{error}");
    }
    sink.flush_all();
    sender::drain(&sink, DRAIN);
    sender::end(&sink, &sending);
    Ok(())
}

/// What is collected now.
struct Collector {
    supervisor: SourceSupervisor,
    scanner: FileScanner,
    known: KnownConfiguration,
    sink: Arc<SpoolSink>,
    exchange: Arc<Exchange>,
    name: String,
    clock: SharedClock,
}

impl Collector {
    /// Goes on with another configuration.
    fn put_in_force(&mut self, known: KnownConfiguration, folder: &Path) -> Result<(), AgentError> {
        if known != self.known {
            tracing::info!(group = %known.group, etag = %known.etag, "configuration in force");
            if let Err(error) = known.save(folder) {
                tracing::warn!("the configuration cannot be kept for the next start: {error}");
            }
        }
        self.known = known;
        self.scan()?;
        self.exchange.set_effective(self.known.clone());
        Ok(())
    }

    /// Reads what the configuration asks for as of now.
    fn scan(&mut self) -> Result<(), AgentError> {
        let mut begun = self.sink.update(|_, state, _| state.begun.clone());
        let before = begun.clone();
        let collected = self.scanner.scan(&self.known.configuration, &self.name, &mut begun, self.clock.now_ns());
        begun.retain(|name| self.known.configuration.files.iter().any(|files| files.name == *name));
        if begun != before {
            self.sink.update(|_, state, _| state.begun = begun);
        }
        self.exchange.set_files_left_out(collected.left_out);
        let names: HashSet<String> = collected.styles.keys().cloned().collect();
        self.sink.add_styles(collected.styles, self.properties());
        let failures = self
            .supervisor
            .reconcile(&collected.sources)
            .map_err(|error| AgentError::System(io::Error::other(error)))?;
        failures.iter().for_each(|failure| tracing::warn!("{failure}"));
        self.sink.keep_styles(|name| names.contains(name));
        // Without a configuration nothing is known of what is to be read.
        if !self.known.etag.is_empty() {
            self.supervisor.forget_others();
        }
        Ok(())
    }

    /// Facts of this machine beside its own figures.
    fn properties(&self) -> Vec<(&'static str, String)> {
        vec![
            ("agent.version", env!("CARGO_PKG_VERSION").to_owned()),
            ("agent.group", self.known.group.clone()),
            ("docker.present", Path::new(DOCKER).exists().to_string()),
        ]
    }
}

/// Makes the folder of the state, and keeps other agents out of it.
fn lock(folder: &Path) -> Result<File, AgentError> {
    let failed = |error| AgentError::State { path: folder.to_owned(), error };
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(failed)?;
    let mut options = OpenOptions::new();
    let file = options.create(true).truncate(false).write(true).mode(0o600).open(folder.join("lock"));
    let file = file.map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(AgentError::InUse { path: folder.to_owned() }),
        Err(TryLockError::Error(error)) => Err(failed(error)),
    }
}

fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> Result<(), AgentError> {
    thread::Builder::new().name(name.to_owned()).spawn(work).map(drop).map_err(AgentError::System)
}
