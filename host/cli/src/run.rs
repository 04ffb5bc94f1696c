//! `lifesigns run`: a host with its sources, until they end or a signal comes.

use std::{
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use parking_lot::Mutex;

use crossbeam_channel::select;
use lifesigns::{
    HostBuilder, IngestHandle, LoadOutcome, RecordingHost, RuleLoad, engine,
    model::{ObjectFacts, SystemClock, WakeSignal, Wakeup},
    sources::SourceSupervisor,
};
use lifesigns_gateway::{ApiSocket, Gateway, GatewayLimits};
use lifesigns_ingest::{AgentRegistry, Ingest, IngestLimits};
use lifesigns_network::NetworkDriver;
use lifesigns_settings::Settings;
use lifesigns_text::count_text;

use crate::{
    compliance::settings,
    exit::{Failure, Outcome},
    inventory,
    kept_agents::{self, AgentKeeper},
    load, open_files,
    output::OutputWriter,
    preflight,
    reload::{self, ConfigWatcher},
    reload_requests::ReloadRequests,
    server, signals,
    source_driver::Drivers,
    terminal,
};

/// How often the configuration's files and the sources are checked.
const POLL: Duration = Duration::from_millis(200);
/// How often sources are checked that end by themselves: their end is not to be waited for.
const POLL_ENDING: Duration = Duration::from_millis(10);
/// How long sources have after the signal to submit what they have read.
const STOP_GRACE: Duration = Duration::from_secs(3);

pub(crate) fn run(path: &Path) -> Outcome {
    // First, so that a host that is stopped while it starts ends as one that runs does.
    let stop = WakeSignal::new();
    signals::stop_on_signal(&stop)?;
    let hangups = signals::hangups()?;
    let settings = settings(path)?;
    preflight::require_source(path, &settings)?;
    open_files::raise_limit(&settings.sources);
    let agents = Arc::new(AgentRegistry::new(SystemClock::shared()));
    agents.set_groups(&settings.agent_groups);
    settings.warnings.iter().for_each(|warning| terminal::warning(warning));
    let mut reload = ConfigWatcher::new(path, &settings, Arc::clone(&agents));
    let inventory = inventory::read(&settings.inventories)?;
    // The inventory that was read last is used until it is complete.
    let (known, incomplete) =
        if inventory.is_complete() { (Some(inventory.objects), None) } else { (None, Some(inventory)) };
    let ingest = Arc::new(Ingest::new(IngestLimits::default(), SystemClock::shared()));
    let (host, gateway) = start(&settings, known, (&ingest, &agents), &stop)?;
    let host = Arc::new(host);
    if let Some(incomplete) = incomplete {
        reload.begin_incomplete(&host, incomplete);
    }
    let reloads = ReloadRequests::serve(&host, path, hangups);
    let ended = StopWatchdog::watch(&host, &stop)?;
    let mut sources = SourceSupervisor::new(Arc::<RecordingHost>::clone(&host), SystemClock::shared())
        .with_driver(Arc::new(Drivers { network: NetworkDriver, ingest }));
    reload::reconcile(&mut sources, &settings.sources)?;
    sources.forget_others();
    let rules = host.rules().rules().len();
    let count = count_text(settings.sources.len() as u64, "source");
    terminal::line(&format!("running: {}, {count}", count_text(rules as u64, "rule")));
    if rules == 0 {
        terminal::warning(&format!(
            "no rule of {} runs; nothing is raised until one is loaded",
            settings.rules.display()
        ));
    }
    let is_endless = settings.server.is_some() || settings.sources.iter().any(|source| source.kind.is_endless());
    let poll = if is_endless { POLL } else { POLL_ENDING };
    let (mut polled, mut kept_agents) = (Instant::now(), AgentKeeper::new(Arc::clone(&agents)));
    let has_ended = |sources: &SourceSupervisor| settings.server.is_none() && sources.have_ended();
    while stop.wait(poll) != Wakeup::Stopped && !has_ended(&sources) && host.recorder().failure().is_none() {
        reloads.answer(|| reload.reload_now(&host, &mut sources));
        if polled.elapsed() >= POLL {
            reload.poll(&host, &mut sources)?;
            kept_agents.poll(host.recorder());
            polled = Instant::now();
        }
    }
    let read = sources.end().map_err(Failure::failed);
    drop(ended);
    gateway.stop();
    kept_agents.keep(host.recorder());
    let host = Arc::try_unwrap(host).map_err(|_| Failure::Failed("a source did not end".to_owned()))?;
    let failure = host.recorder().failure();
    terminal::line(&run_summary(&host.stop()));
    failure.map_or(read, |why| Err(Failure::Failed(format!("the recorder stopped: {why}"))))
}

/// Watches over the end of the sources; dropped when they have ended.
struct StopWatchdog(WakeSignal);

impl StopWatchdog {
    /// Sources that wait for a store which takes nothing do not notice the signal: if they do not end
    /// by themselves after it, the host stops taking input.
    fn watch(host: &RecordingHost, stop: &WakeSignal) -> Result<Self, Failure> {
        let ended = WakeSignal::new();
        let watchdog = Self(ended.clone());
        let (door, stop) = (host.ingest_handle(), stop.clone());
        let watch = move || close_late(&ended, &stop, &door);
        std::thread::Builder::new().name("lifesigns-stop".into()).spawn(watch).map_err(Failure::failed)?;
        Ok(watchdog)
    }
}

/// Closes the host's intake if sources have not ended a while after they were stopped.
fn close_late(ended: &WakeSignal, stop: &WakeSignal, door: &IngestHandle) {
    select! {
        recv(ended.receiver()) -> _ => return,
        recv(stop.receiver()) -> _ => {}
    }
    if ended.wait(STOP_GRACE) == Wakeup::TimedOut {
        tracing::warn!("sources wait for the store; their input is no longer taken and will be read again");
        door.close();
    }
}

impl Drop for StopWatchdog {
    fn drop(&mut self) {
        self.0.stop();
    }
}

/// Starts the host with the objects of the inventory (`None` for those that it had before), and the API at its
/// socket.
fn start(
    settings: &Settings,
    known: Option<Vec<ObjectFacts>>,
    (ingest, agents): (&Arc<Ingest>, &Arc<AgentRegistry>),
    stop: &WakeSignal,
) -> Result<(RecordingHost, Gateway), Failure> {
    let lines = Mutex::new(OutputWriter::open(&settings.output, settings.file_mode)?);
    let sandbox =
        load::sandbox(load::cache(settings.cache.as_deref())?, &settings.compile, settings.rules_memory_bytes)?;
    let builder = HostBuilder::without_folder(sandbox)
        .settings(settings)
        .stop_signal(stop.clone())
        .on_load(print_loads)
        .on_rule_alerts(Arc::new(move |alerts| {
            // At once, because a reader may wait for them.
            lines.lock().write_alerts(alerts);
        }));
    let builder = match known {
        Some(known) => builder.inventory(known),
        None => builder.keep_last_inventory(),
    };
    // The socket first, so that a host that runs already is reported as such, not as a store in use.
    let socket = ApiSocket::bind(&settings.control).map_err(Failure::failed)?;
    server::require_token(settings)?;
    let network = settings.server.as_ref().map(server::listen).transpose()?;
    let host = builder.start_recording(&settings.store).map_err(Failure::failed)?;
    host.recorder().set_config_status(settings.files.clone(), String::new());
    kept_agents::restore(agents, host.recorder());
    let mut gateway = Gateway::builder(host.recorder().services())
        .changes(host.recorder().changes())
        .socket(socket, GatewayLimits::default())
        .mount(lifesigns_ingest::router(ingest), &lifesigns_ingest::route_rules())
        .mount(
            lifesigns_ingest::agent_router(agents, ingest, host.recorder().revoked_agents()),
            lifesigns_ingest::agent_route_rules(),
        );
    if settings.server.as_ref().is_some_and(|server| server.suite_api) {
        gateway = gateway.suite_api();
    }
    if let Some(network) = network {
        server::print_addresses(&network);
        gateway = gateway.network(network, host.recorder().authenticate());
    }
    Ok((host, gateway.serve().map_err(Failure::failed)?))
}

/// Returns the closing line of a live run.
pub(crate) fn run_summary(totals: &engine::EngineTotals) -> String {
    format!(
        "stopped: {}, {}",
        count_text(totals.scan_counts.lines, "line"),
        count_text(totals.report.alerts, terminal::RAISES)
    )
}

/// Prints the outcome of loading rules, except for rules that have not changed.
pub(crate) fn print_loads(loads: &[RuleLoad]) {
    for load in loads {
        match &load.outcome {
            LoadOutcome::Unchanged
            | LoadOutcome::Compiling { again: true, .. }
            | LoadOutcome::Refused { again: true, .. } => {}
            LoadOutcome::Refused { .. } | LoadOutcome::Compiling { .. } => terminal::warning(&load.to_string()),
            _ => terminal::line(&load.to_string()),
        }
    }
}
