//! `lifesigns replay`: files in, NDJSON out.

use std::{
    fs::File,
    io::{self, BufWriter, IsTerminal, Read, Write, stderr, stdin, stdout},
    path::Path,
    sync::Arc,
    time::{Duration, Instant, UNIX_EPOCH},
};

use indicatif::{ProgressBar, ProgressStyle};
use lifesigns::{
    engine::{self, ReplayInput, RuleSet},
    model::{EventSource, ManualClock, SystemClock, limits},
};
use lifesigns_intake::{LineChunks, inventory, not_text};
use lifesigns_notifications::ndjson;

use crate::{
    args::Replay,
    exit::{Failure, Outcome},
    load, terminal,
};

/// How much of each file is read as a sample, by which the prefilter is built.
const SAMPLE_BYTES: u64 = 128 << 10;

pub(crate) fn run(args: &Replay) -> Outcome {
    let started = Instant::now();
    let (rules, loads) = load::once(&args.rules, args.cache.as_deref(), &args.module_folders)?;
    let refused: Vec<&str> = load::refusals(&loads).map(|(_, why)| why).collect();
    if !refused.is_empty() {
        return Err(Failure::Configuration(format!("rules are refused:\n{}", load::indented(&refused))));
    }
    if rules.is_empty() {
        terminal::warning(&format!("there is no rule in {}", args.rules.display()));
    }
    let known = match &args.inventory {
        Some(path) => inventory::load(path).map_err(|mistakes| terminal::diagnosed(path, &mistakes))?,
        None => Vec::new(),
    };
    let rules = Arc::new(RuleSet::new(rules, &sample(&args.files)).map_err(Failure::failed)?);
    for name in rules.unfiltered() {
        terminal::warning(&format!("{name} has an interest without a literal: every line must be decoded for it"));
    }
    let files = args.files.iter().enumerate();
    let inputs = files.map(|(rank, path)| input(args, rank as u32, path)).collect::<Result<Vec<_>, _>>()?;
    let threads = args.threads.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from));
    let bar = progress(&args.files);
    let mut out = BufWriter::with_capacity(1 << 16, stdout().lock());
    let running = Instant::now();
    let result = engine::replay(
        threads,
        &rules,
        inputs,
        &known,
        &mut engine::ReplayOutput {
            render: &ndjson::write,
            emit: &mut |bytes| out.write_all(bytes),
            progress: &|bytes| bar.inc(bytes),
        },
    );
    let result = result.and_then(|outcome| out.flush().map(|()| outcome).map_err(engine::ReplayError::Write));
    bar.finish_and_clear();
    match result {
        Ok(outcome) => {
            summary(&outcome, rules.rules().len(), running - started, running.elapsed());
            Ok(())
        }
        // The reader of the alerts is gone: `| head`.
        Err(engine::ReplayError::Write(error)) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        Err(error) => Err(Failure::failed(error)),
    }
}

/// Returns the first lines of each file.
fn sample(files: &[std::path::PathBuf]) -> Vec<u8> {
    let mut sample = Vec::new();
    for path in files.iter().filter(|path| path.as_os_str() != "-") {
        if let Ok(file) = File::open(path) {
            // A file that cannot be read is reported when it is replayed.
            let _ = file.take(SAMPLE_BYTES).read_to_end(&mut sample);
        }
        if sample.len() as u64 >= 8 * SAMPLE_BYTES {
            break;
        }
    }
    sample
}

fn input(args: &Replay, rank: u32, path: &Path) -> Result<ReplayInput<'static>, Failure> {
    let cannot = |error| Failure::Failed(format!("{} cannot be read: {error}", path.display()));
    let (reader, name, stem, modified): (Box<dyn Read + Send>, _, _, _) = if path.as_os_str() == "-" {
        (Box::new(stdin()), "stdin".to_owned(), "stdin".to_owned(), None)
    } else {
        let file = File::open(path).map_err(cannot)?;
        let metadata = file.metadata().map_err(cannot)?;
        if metadata.is_dir() {
            return Err(Failure::Usage(format!("{} is a folder; name its files", path.display())));
        }
        let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        (Box::new(file), path.display().to_string(), stem, metadata.modified().ok())
    };
    let reference_ns = match &args.before {
        Some(text) => lifesigns_intake::parse_time(text).ok_or_else(|| {
            Failure::Usage(format!("--before {text:?} is not an RFC 3339 time such as 2026-01-31T00:00:00Z"))
        })?,
        None => {
            let time = modified.unwrap_or_else(SystemClock::file_time);
            time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos() as u64)
        }
    };
    let source = Arc::new(EventSource {
        name,
        rank,
        object: args.object.clone().unwrap_or(stem),
        app: None,
        decoder: args.format.decoder_with(Arc::new(ManualClock::new(reference_ns)), &args.time_formats),
    });
    let (mut chunks, shown, mut first) = (LineChunks::new(reader), source.name.clone(), true);
    let next = Box::new(move |spare: Vec<u8>| {
        if spare.capacity() >= limits::CHUNK_BYTES {
            chunks.recycle(spare);
        }
        let chunk = chunks.next_chunk()?;
        // Lines without a literal of any rule are never decoded, and would not be counted as not text.
        if std::mem::take(&mut first)
            && let Some(why) =
                chunk.as_deref().and_then(|bytes| not_text(&bytes[..bytes.len().min(SAMPLE_BYTES as usize)]))
        {
            terminal::warning(&format!("{shown} does not look like text: {why}"));
        }
        Ok(chunk)
    });
    Ok(ReplayInput { source, next })
}

/// Returns a bar for long runs on a terminal; it appears after a second.
fn progress(files: &[std::path::PathBuf]) -> ProgressBar {
    let sizes = files.iter().map(|path| path.metadata().map_or(0, |metadata| metadata.len()));
    let total: u64 = sizes.sum();
    if !stderr().is_terminal() || total < 256 << 20 {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(total);
    if let Ok(style) = ProgressStyle::with_template("{wide_bar} {bytes}/{total_bytes} {bytes_per_sec} {eta}") {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}

fn summary(outcome: &engine::ReplayOutcome, rules: usize, start: Duration, run: Duration) {
    let (scan_counts, report) = (&outcome.scan_counts, &outcome.report);
    let rate = scan_counts.lines as f64 / run.as_secs_f64().max(1e-9);
    terminal::line(&format!(
        "{}, {}, {}: {} in {:.2} s ({} lines/s; rules ready after {:.2} s)",
        terminal::count(scan_counts.lines, "line"),
        terminal::count(rules as u64, "rule"),
        terminal::count(outcome.objects as u64, "object"),
        terminal::raises(report.alerts),
        run.as_secs_f64(),
        terminal::grouped(rate as u64),
        start.as_secs_f64(),
    ));
    let remarks = [
        (scan_counts.cut, "line", "longer than 64 KiB, and cut there"),
        (scan_counts.not_utf8, "decoded line", "not in UTF-8: rules saw U+FFFD in place of the invalid bytes"),
        (scan_counts.malformed, "decoded line", "malformed: only what is before the fault was used"),
        (
            scan_counts.timeless,
            "event",
            "without a time, and no line before with one: counted as 1970-01-01T00:00:00Z; --time-format says how times look",
        ),
        (
            report.reminders_put_off,
            "time",
            "more than 1024 reminders of one object were due at once: some were deferred",
        ),
    ];
    for (number, what, remark) in remarks.iter().filter(|(number, ..)| *number > 0) {
        terminal::line(&format!("  {} {remark}", terminal::count(*number, what)));
    }
    for (rule, failures) in &report.failures {
        terminal::warning(&format!(
            "{rule} failed on {} events and missed {} while it was paused; last: {}",
            failures.failed, failures.missed, failures.last_error
        ));
    }
}
