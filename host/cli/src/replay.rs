//! `lifesigns replay`: files in, NDJSON out.

use std::{
    cell::RefCell,
    io::{self, BufWriter, Write, stdout},
    sync::Arc,
    time::{Duration, Instant},
};

use lifesigns::{
    engine::{self, ReplayOptions, RuleSet, ShardReport},
    model::ChangeCount,
};
use lifesigns_intake::inventory;
use lifesigns_notifications::ndjson;
use lifesigns_text::{age_text, count_text, grouped, size_text, visible};

use crate::{
    args::Replay,
    exit::{Failure, Outcome},
    load,
    replay_inputs::{inputs, progress, sample},
    terminal,
};

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
    let rules = Arc::new(RuleSet::new(rules, &sample(&args.inputs.files)).map_err(Failure::failed)?);
    for rule in rules.unfiltered() {
        terminal::warning(&format!("{rule} has an interest without a literal: every line must be decoded for it"));
    }
    let threads = args.threads.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from));
    let options =
        ReplayOptions { disorder_bytes: args.disorder, until_ns: args.until, ..ReplayOptions::with_threads(threads) };
    let bar = progress(&args.inputs.files);
    let inputs = inputs(&args.inputs, &bar)?;
    let out = RefCell::new(BufWriter::with_capacity(1 << 16, stdout().lock()));
    let running = Instant::now();
    let result = engine::replay(
        &options,
        &rules,
        inputs,
        &known,
        &mut engine::ReplayOutput {
            render: &ndjson::write,
            emit: &mut |bytes| out.borrow_mut().write_all(bytes),
            flush: &mut || out.borrow_mut().flush(),
        },
    );
    bar.finish_and_clear();
    match result {
        Ok(outcome) => {
            summary(args, &outcome, rules.rules().len(), running - started, running.elapsed());
            shadows(&rules, &outcome.report);
            Ok(())
        }
        // The reader of the alerts is gone: `| head`.
        Err(engine::ReplayError::Write(error)) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        Err(error) => Err(Failure::failed(error)),
    }
}

fn summary(args: &Replay, outcome: &engine::ReplayOutcome, rules: usize, start: Duration, run: Duration) {
    let (scan_counts, report) = (&outcome.scan_counts, &outcome.report);
    let rate = scan_counts.lines as f64 / run.as_secs_f64().max(1e-9);
    terminal::line(&format!(
        "{}, {}, {}: {} in {:.2} s ({} lines/s; rules ready after {:.2} s)",
        count_text(scan_counts.lines, "line"),
        count_text(rules as u64, "rule"),
        count_text(outcome.objects as u64, "object"),
        count_text(report.alerts, terminal::RAISES),
        run.as_secs_f64(),
        grouped(rate as u64),
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
        terminal::line(&format!("  {} {remark}", count_text(*number, what)));
    }
    if outcome.late.lines > 0 {
        let window = args.disorder.unwrap_or_else(|| ReplayOptions::default_disorder_bytes(args.inputs.files.len()));
        terminal::warning(&format!(
            "{} evaluated out of order, up to {} late: in their file they stand further from their place by time than {}; --disorder {} looks further",
            count_text(outcome.late.lines, "line was|lines were"),
            age_text(outcome.late.behind_ns),
            size_text(window),
            size_text(window.saturating_mul(16)),
        ));
    }
    for (rule, failures) in &report.failures {
        terminal::warning(&format!(
            "{rule} failed on {} and missed {} while it was paused; last: {}",
            count_text(failures.failed, "event"),
            grouped(failures.missed),
            failures.last_error
        ));
    }
}

/// Says how shadows compare with the live versions of their rules.
fn shadows(rules: &RuleSet, report: &ShardReport) {
    for shadow in rules.rules().iter().filter(|rule| rule.key.is_shadow()) {
        let Some(diff) = rules.shadow_diff(shadow.name(), report) else { continue };
        terminal::line(&format!(
            "  {} and its shadow: both {} ({} reworded); only the live version {}; only the shadow {}",
            shadow.name(),
            changes(diff.both),
            grouped(diff.reworded),
            changes(diff.only_live),
            changes(diff.only_shadow),
        ));
        for one in &diff.examples {
            let (lane, change, time) = (one.lane.as_str(), one.change.as_str(), lifesigns_text::time_text(one.time_ns));
            terminal::line(&format!(
                "    only {lane}: {time} {} {change} {} ({}:{})",
                visible(&one.object),
                visible(&one.symptom),
                visible(&one.source),
                one.line
            ));
        }
    }
}

fn changes(changes: ChangeCount) -> String {
    format!("{}, {}", count_text(changes.raises, "raise"), count_text(changes.clears, "clear"))
}
