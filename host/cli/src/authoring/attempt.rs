//! `lifesigns rule try`: one rule over logs, for a person who writes it.

use std::{
    cell::RefCell,
    io::{self, BufWriter, Write, stdout},
    path::Path,
    sync::Arc,
};

use lifesigns::{
    engine::{self, LoadedRule, ReplayOptions, ReplayOutcome, ReplayOutput, RuleSet},
    model::{Change, Limits, Module, RuleAlertRef},
};
use lifesigns_text::{count_text, grouped, time_text, visible};

use super::{args::Try, rule_under_test};
use crate::{
    exit::{Failure, Outcome},
    replay_inputs::{inputs, progress, sample},
    terminal,
};

pub(super) fn run(args: &Try) -> Outcome {
    let settings = rule_under_test::settings(&args.chosen.set)?;
    let subject = rule_under_test::RuleUnderTest::open(&args.chosen.rule)?;
    subject.announce();
    let module: Arc<dyn Module> = Arc::clone(&subject.module) as Arc<dyn Module>;
    let rule = LoadedRule::new(subject.name.as_str(), module, &settings, Limits::default());
    let rule = rule.map_err(|error| Failure::Failed(format!("{}: {error}", subject.name)))?;
    let rules = Arc::new(RuleSet::new(vec![Arc::new(rule)], &sample(&args.inputs.files)).map_err(Failure::failed)?);
    if !rules.unfiltered().is_empty() {
        terminal::warning("it has an interest without a literal: every line must be decoded for it");
    }
    let bar = progress(&args.inputs.files);
    let inputs = inputs(&args.inputs, &bar)?;
    let out = RefCell::new(BufWriter::with_capacity(1 << 16, stdout().lock()));
    let options = ReplayOptions { until_ns: args.until, ..ReplayOptions::with_threads(1) };
    let counts = Counts::default();
    let outcome = engine::replay(
        &options,
        &rules,
        inputs,
        &[],
        &mut ReplayOutput {
            render: &|alert, bytes| {
                counts.note(alert.change);
                line(alert, bytes);
            },
            emit: &mut |bytes| out.borrow_mut().write_all(bytes),
            flush: &mut || out.borrow_mut().flush(),
        },
    );
    bar.finish_and_clear();
    match outcome {
        Ok(outcome) => summary(&outcome, &counts),
        Err(engine::ReplayError::Write(error)) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        Err(error) => Err(Failure::failed(error)),
    }
}

/// Raises and clears; a replay renders in several threads.
#[derive(Default)]
struct Counts {
    raises: std::sync::atomic::AtomicU64,
    clears: std::sync::atomic::AtomicU64,
}

impl Counts {
    fn note(&self, change: Change) {
        let count = if change == Change::Raise { &self.raises } else { &self.clears };
        count.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    }
}

/// Writes an alert for a person: when, what, about which object, and the line that shows it.
fn line(alert: &RuleAlertRef<'_>, out: &mut Vec<u8>) {
    let file = Path::new(alert.evidence.source).file_name().unwrap_or_default().to_string_lossy();
    let text = format!(
        "{} {:<5}  {}  {}  {}  {}:{}\n",
        time_text(alert.order.time_ns),
        alert.change.as_str(),
        visible(&alert.symptom.id),
        visible(alert.object),
        visible(alert.summary),
        visible(&file),
        alert.evidence.line
    );
    out.extend_from_slice(text.as_bytes());
}

fn summary(outcome: &ReplayOutcome, counts: &Counts) -> Outcome {
    let count =
        |count: &std::sync::atomic::AtomicU64, what| count_text(count.load(std::sync::atomic::Ordering::Relaxed), what);
    terminal::line(&format!(
        "{}, {} seen by the rule, {}, {}",
        count_text(outcome.scan_counts.lines, "line"),
        count_text(outcome.report.events, "event"),
        count(&counts.raises, "raise"),
        count(&counts.clears, "clear"),
    ));
    let Some((_, failures)) = outcome.report.failures.iter().next() else { return Ok(()) };
    Err(Failure::Failed(format!(
        "it failed on {} and missed {} while it was paused; last: {}",
        count_text(failures.failed, "event"),
        grouped(failures.missed),
        failures.last_error
    )))
}
