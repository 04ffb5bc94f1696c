//! `lifesigns run`: sources into a running host until they end or a signal comes.

use std::{
    fs::{File, OpenOptions},
    io::{BufWriter, Write, stdin, stdout},
    ops::ControlFlow,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    thread,
    time::{SystemTime, UNIX_EPOCH},
};

use lifesigns::{
    Builder, Host, Load, Outcome as LoadOutcome, engine,
    model::{AlertRef, Chunk, Source},
};
use lifesigns_intake::{Follower, LineChunks, Position, Stop, inventory};
use lifesigns_outlets::ndjson;

use crate::{
    config::{self, Config, Door, From, SourceConfig},
    exit::{Failure, Outcome},
    load, say, signals,
};

pub(crate) fn run(path: &Path) -> Outcome {
    let config = config::load(path)?;
    let known = match &config.inventory {
        Some(path) => inventory::load(path).map_err(Failure::configuration)?,
        None => Vec::new(),
    };
    let writer = Arc::new(Mutex::new(writer(&config)?));
    let sink = Arc::clone(&writer);
    let host = Builder::new(load::sandbox(config.cache.as_deref())?, &config.rules)
        .known(known)
        .config(engine_config(&config))
        .on_load(say_loads)
        .start(Arc::new(move |alert: &AlertRef<'_>| {
            let mut line = Vec::with_capacity(512);
            ndjson::write(alert, &mut line);
            let mut writer = sink.lock().unwrap_or_else(PoisonError::into_inner);
            // Alerts are worth a write each: whoever waits for one sees it at once.
            if let Err(error) = writer.write_all(&line).and_then(|()| writer.flush()) {
                tracing::error!("an alert cannot be written: {error}");
            }
        }))
        .map_err(Failure::failed)?;
    let stop = Stop::new();
    signals::stop_on_signal(&stop)?;
    let rules = say::count(host.rules().rules().len() as u64, "rule");
    say::line(&format!("running: {rules}, {}", say::count(config.sources.len() as u64, "source")));
    read_all(&host, config.sources, &stop)?;
    say::line(&farewell(&host.stop()));
    Ok(())
}

/// What a live run came to.
pub(crate) fn farewell(totals: &engine::Totals) -> String {
    let (lines, alerts) = (say::count(totals.tally.lines, "line"), say::count(totals.report.alerts, "alert"));
    format!("stopped: {lines}, {alerts}")
}

fn engine_config(config: &Config) -> engine::Config {
    let (default, typed) = (engine::Config::default(), &config.engine);
    engine::Config {
        scanners: typed.scanners.unwrap_or(default.scanners),
        shards: typed.shards.unwrap_or(default.shards),
        inflight_bytes: typed.inflight_bytes.unwrap_or(default.inflight_bytes),
        pin: typed.pin.unwrap_or(default.pin),
        cuts: false,
    }
}

fn writer(config: &Config) -> Result<Box<dyn Write + Send>, Failure> {
    match &config.output.file {
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

/// Reads every source on a thread of its own, until it ends or `stop` says so.
pub(crate) fn read_all(host: &Host, sources: Vec<SourceConfig>, stop: &Stop) -> Outcome {
    thread::scope(|scope| {
        let readers: Vec<_> = sources
            .into_iter()
            .enumerate()
            .map(|(rank, config)| scope.spawn(move || read(host, rank as u32, config, stop)))
            .collect();
        let results = readers.into_iter().map(|reader| match reader.join() {
            Ok(result) => result,
            Err(panic) => std::panic::resume_unwind(panic),
        });
        // Those that are not looked at any more are waited for by the scope.
        results.collect()
    })
}

fn read(host: &Host, rank: u32, config: SourceConfig, stop: &Stop) -> Outcome {
    let source = Arc::new(Source {
        name: config.name.clone(),
        rank,
        object: config.object,
        app: config.app,
        decoder: config.format.decoder(now_ns()),
    });
    let submit = |bytes: Vec<u8>| {
        host.submit(Chunk { source: Arc::clone(&source), bytes, arrived_ns: Some(now_ns()), cursor: None, done: None });
    };
    let failed = |error: std::io::Error| Failure::Failed(format!("{} cannot be read: {error}", config.name));
    match config.door {
        Door::Follow(path, from) => {
            let position = if from == From::Start { Position::Start } else { Position::End };
            let followed = Follower::new(path, position).run(stop, |bytes, _| {
                submit(bytes);
                ControlFlow::Continue(())
            });
            followed.map(|_| ()).map_err(Failure::failed)
        }
        Door::File(path) => {
            let mut chunks = LineChunks::new(File::open(path).map_err(failed)?);
            while !stop.is_stopped()
                && let Some(bytes) = chunks.next_chunk().map_err(failed)?
            {
                submit(bytes);
            }
            Ok(())
        }
        Door::Stdin => read_stdin(stop, submit, failed),
    }
}

/// Standard input cannot be waited for and stopped at once, so a thread of its own waits for it; it
/// ends with the process.
fn read_stdin(stop: &Stop, submit: impl Fn(Vec<u8>), failed: impl Fn(std::io::Error) -> Failure) -> Outcome {
    let (sender, receiver) = crossbeam_channel::bounded(1);
    thread::spawn(move || {
        let mut chunks = LineChunks::new(stdin());
        loop {
            let chunk = chunks.next_chunk().transpose();
            let end = chunk.is_none();
            if sender.send(chunk).is_err() || end {
                return;
            }
        }
    });
    while !stop.is_stopped() {
        match receiver.recv_timeout(std::time::Duration::from_millis(100)) {
            Ok(Some(chunk)) => submit(chunk.map_err(&failed)?),
            Ok(None) | Err(crossbeam_channel::RecvTimeoutError::Disconnected) => return Ok(()),
            Err(crossbeam_channel::RecvTimeoutError::Timeout) => {}
        }
    }
    Ok(())
}

fn now_ns() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos() as u64)
}
