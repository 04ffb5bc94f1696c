//! `lifesigns run`: sources into a host that keeps its record, until they end or a signal comes.

use std::{
    fs::OpenOptions,
    io::{BufWriter, Write, stdout},
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use lifesigns::{Builder, KeptHost, Load, Outcome as LoadOutcome, Setup, engine};
use lifesigns_intake::Stop;
use lifesigns_outlets::ndjson;
use lifesigns_settings::{Output, Settings};

use crate::{
    compliance::settings,
    exit::{Failure, Outcome},
    load,
    reload::{self, Reload},
    say, signals,
    sources::Sources,
};

/// How often files are looked at, and whether all sources have ended.
const TURN: Duration = Duration::from_millis(200);

pub(crate) fn run(path: &Path) -> Outcome {
    let settings = settings(path)?;
    if settings.sources.is_empty() {
        return Err(Failure::Configuration(format!(
            "{}: there is no [[source]]; name at least one, such as `file = \"/var/log/syslog\"`",
            path.display()
        )));
    }
    let stop = Stop::new();
    signals::stop_on_signal(&stop)?;
    let host = Arc::new(start(&settings)?);
    let mut sources = Sources::new(Arc::clone(&host));
    let mut reload = Reload::new(path, &settings);
    sources.become_these(&settings.sources)?;
    let rules = say::count(host.rules().rules().len() as u64, "rule");
    say::line(&format!("running: {rules}, {}", say::count(settings.sources.len() as u64, "source")));
    while !stop.wait(TURN) && !sources.have_ended() {
        reload.look(&host, &mut sources)?;
    }
    let ended = sources.end();
    let host = Arc::try_unwrap(host).map_err(|_| Failure::Failed("a source did not end".to_owned()))?;
    say::line(&farewell(&host.stop()));
    ended
}

fn start(settings: &Settings) -> Result<KeptHost, Failure> {
    let writer = Mutex::new(writer(&settings.output)?);
    let builder = Builder::new(load::sandbox(settings.cache.as_deref())?, &settings.rules)
        .known(reload::inventory(&settings.inventories)?)
        .config(engine_config(&settings.engine))
        .on_load(say_loads)
        .setup(setup(settings))
        .control(&settings.control)
        .on_sign(Arc::new(move |alert| {
            let mut line = Vec::with_capacity(512);
            alert.lend(|alert| ndjson::write(alert, &mut line));
            let mut writer = writer.lock().unwrap_or_else(PoisonError::into_inner);
            // Alerts are worth a write each: whoever waits for one sees it at once.
            if let Err(error) = writer.write_all(&line).and_then(|()| writer.flush()) {
                tracing::error!("an alert cannot be written: {error}");
            }
        }));
    let host = builder.keep(&settings.store).map_err(Failure::failed)?;
    host.keep().say_config(settings.files.clone(), String::new());
    Ok(host)
}

/// What the operators decided, as the host takes it.
pub(crate) fn setup(settings: &Settings) -> Setup {
    let retention = &settings.retention;
    Setup {
        compliance: Arc::new(settings.compliance.clone()),
        receivers: settings.receivers.clone(),
        outbound: settings.outbound.clone(),
        retention: lifesigns::Retention {
            alerts_age_ms: retention.alerts_ms,
            audit_age_ms: retention.audit_ms,
            badges_age_ms: retention.badges_ms,
            size_bytes: retention.size_bytes,
        },
    }
}

/// What a live run came to.
pub(crate) fn farewell(totals: &engine::Totals) -> String {
    let (lines, alerts) = (say::count(totals.tally.lines, "line"), say::count(totals.report.alerts, "alert"));
    format!("stopped: {lines}, {alerts}")
}

fn engine_config(typed: &lifesigns_settings::Engine) -> engine::Config {
    let default = engine::Config::default();
    engine::Config {
        scanners: typed.scanners.unwrap_or(default.scanners),
        shards: typed.shards.unwrap_or(default.shards),
        inflight_bytes: typed.inflight_bytes.unwrap_or(default.inflight_bytes),
        pin: typed.pin.unwrap_or(default.pin),
        ..default
    }
}

fn writer(output: &Output) -> Result<Box<dyn Write + Send>, Failure> {
    match &output.file {
        None => Ok(Box::new(stdout())),
        Some(path) => match OpenOptions::new().append(true).create(true).open(path) {
            Ok(file) => Ok(Box::new(BufWriter::new(file))),
            Err(error) => {
                Err(Failure::Configuration(format!("[output] file {} cannot be opened: {error}", path.display())))
            }
        },
    }
}

/// Says what became of rules; what stays as it was is not worth a line.
pub(crate) fn say_loads(loads: &[Load]) {
    for load in loads {
        match &load.outcome {
            LoadOutcome::Unchanged | LoadOutcome::Refused { again: true, .. } => {}
            LoadOutcome::Refused { .. } => say::warning(&load.to_string()),
            _ => say::line(&load.to_string()),
        }
    }
}
