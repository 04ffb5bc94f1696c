//! `lifesigns rule bench`: what a rule costs on logs, as a module and, where its crate is at hand, linked natively.

use std::{
    fs,
    io::{Write as _, stdout},
    process::Command,
    sync::Arc,
    time::Instant,
};

use parking_lot::Mutex;

use lifesigns::{
    engine::{self, LoadedRule, ReplayOptions, ReplayOutput, RuleSet},
    model::{Limits, Module, RuleAlertBatch},
};
use lifesigns_text::{count_text, grouped, visible};
use lifesigns_workbench as workbench;
use serde::Serialize;

use super::{
    args::Bench,
    recording::{RecordedState, Recording, RecordingModule},
    rule_under_test::{self, RuleUnderTest},
};
use crate::{
    compliance::Output,
    exit::{Failure, Outcome},
    replay_inputs::{inputs, progress, sample},
    terminal,
};

/// What was measured.
#[derive(Serialize)]
struct Figures {
    rule: String,
    module_bytes: usize,
    digest: String,
    lines: u64,
    /// Events that the rule was given.
    events: u64,
    /// Of all lines, in percent.
    delivered_percent: f64,
    /// Raises and clears.
    alerts: u64,
    calls: usize,
    events_per_call: f64,
    /// Memory that the host charges for the module and an instance, at most.
    memory_bytes: usize,
    rounds: usize,
    module: Speed,
    /// `null` if the crate is not at hand.
    native: Option<Speed>,
    /// Why not; empty if it is.
    not_native: String,
}

/// How fast the calls of a round are, by the median round.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
struct Speed {
    events_per_s: f64,
    ns_per_event: f64,
    p50_call_ns: u64,
    p99_call_ns: u64,
}

pub(super) fn run(args: &Bench) -> Outcome {
    if args.inputs.files.iter().any(|file| file.as_os_str() == "-") {
        return Err(Failure::Usage("a bench reads files, not standard input: it needs them more than once".to_owned()));
    }
    let settings = rule_under_test::settings(&args.chosen.set)?;
    let subject = RuleUnderTest::open(&args.chosen.rule)?;
    subject.announce();
    // So that caches stay warm.
    engine::pin_current_thread();
    let (mut figures, recording) = record(args, &subject, &settings)?;
    if figures.events == 0 {
        return Err(Failure::Failed(format!(
            "none of {} is one that the rule sees: `lifesigns explain --line` says why",
            count_text(figures.lines, "line")
        )));
    }
    figures.rounds = usize::from(args.rounds);
    figures.module = measure(&subject, &settings, &recording, figures.rounds)?;
    match native(&subject, &settings, &recording, figures.rounds) {
        Ok(speed) => figures.native = Some(speed),
        Err(why) => figures.not_native = why,
    }
    let text = match args.output {
        Output::Json => serde_json::to_string_pretty(&figures).map_err(Failure::failed)? + "\n",
        Output::Table => page(&figures),
    };
    let _ = stdout().lock().write_all(text.as_bytes());
    Ok(())
}

/// Runs the rule over the logs once, which also warms it up, and records its calls.
fn record(args: &Bench, subject: &RuleUnderTest, settings: &str) -> Result<(Figures, Recording), Failure> {
    let recording = Arc::new(Mutex::new(Recording::default()));
    let module: Arc<dyn Module> = Arc::new(RecordingModule {
        inner: Arc::clone(&subject.module) as Arc<dyn Module>,
        recording: Arc::clone(&recording),
        memory: Arc::clone(&subject.memory),
    });
    let rule = LoadedRule::new(subject.name.as_str(), module, settings, Limits::default());
    let rule = rule.map_err(|error| Failure::Failed(format!("{}: {error}", subject.name)))?;
    let rules = Arc::new(RuleSet::new(vec![Arc::new(rule)], &sample(&args.inputs.files)).map_err(Failure::failed)?);
    let bar = progress(&args.inputs.files);
    let inputs = inputs(&args.inputs, &bar)?;
    let mut output = ReplayOutput { render: &|_, _| (), emit: &mut |_| Ok(()), flush: &mut || Ok(()) };
    let outcome = engine::replay(&ReplayOptions::with_threads(1), &rules, inputs, &[], &mut output);
    bar.finish_and_clear();
    let outcome = outcome.map_err(Failure::failed)?;
    if let Some((_, failures)) = outcome.report.failures.iter().next() {
        let failed = count_text(failures.failed, "event");
        return Err(Failure::Failed(format!("it failed on {failed}; last: {}", visible(&failures.last_error))));
    }
    drop(rules);
    let recording = std::mem::take(&mut *recording.lock());
    if recording.left_out > 0 {
        terminal::warning(&format!("the last {} are not measured: too many", count_text(recording.left_out, "event")));
    }
    let (lines, events) = (outcome.scan_counts.lines, outcome.report.events);
    let recorded = events - recording.left_out.min(events);
    let figures = Figures {
        rule: subject.name.clone(),
        module_bytes: subject.bytes.len(),
        digest: subject.module.digest().to_owned(),
        lines,
        events,
        delivered_percent: 100.0 * events as f64 / lines.max(1) as f64,
        alerts: outcome.report.alerts,
        calls: recording.calls.len(),
        events_per_call: recorded as f64 / recording.calls.len().max(1) as f64,
        memory_bytes: recording.memory_bytes,
        rounds: 0,
        module: Speed::default(),
        native: None,
        not_native: String::new(),
    };
    Ok((figures, recording))
}

/// Makes the recorded calls, round by round, in an instance that is warm.
fn measure(subject: &RuleUnderTest, settings: &str, recording: &Recording, rounds: usize) -> Result<Speed, Failure> {
    let opened = subject.module.instantiate(settings, &Limits::default()).map_err(Failure::failed)?;
    let mut instance = opened.instance;
    let (mut totals, mut each) = (Vec::new(), Vec::new());
    let mut answer = RuleAlertBatch::default();
    // The first round warms up.
    for round in 0..=rounds {
        let mut total_ns = 0;
        for call in &recording.calls {
            let state = Box::new(RecordedState::new(&call.answers));
            answer.clear();
            let begun = Instant::now();
            let (_, outcome) = instance.evaluate(&call.batch, state, &mut answer);
            let took_ns = begun.elapsed().as_nanos() as u64;
            outcome.map_err(|error| Failure::Failed(format!("it answers otherwise than before: {error}")))?;
            total_ns += took_ns;
            if round > 0 {
                each.push(took_ns);
            }
        }
        if round > 0 {
            totals.push(total_ns);
        }
    }
    let events: usize = recording.calls.iter().map(|call| call.batch.len()).sum();
    Ok(speed(&mut totals, &mut each, events))
}

/// Returns the speed of the median round, and the times of single calls in all of them.
fn speed(totals: &mut [u64], each: &mut [u64], events: usize) -> Speed {
    totals.sort_unstable();
    each.sort_unstable();
    let at = |list: &[u64], percent: usize| list.get((list.len() * percent / 100).min(list.len().max(1) - 1)).copied();
    let median_ns = at(totals, 50).unwrap_or_default().max(1) as f64;
    Speed {
        events_per_s: events as f64 * 1e9 / median_ns,
        ns_per_event: median_ns / events.max(1) as f64,
        p50_call_ns: at(each, 50).unwrap_or_default(),
        p99_call_ns: at(each, 99).unwrap_or_default(),
    }
}

/// Makes the same calls in a program that has the rule linked natively; it is built for that.
fn native(subject: &RuleUnderTest, settings: &str, recording: &Recording, rounds: usize) -> Result<Speed, String> {
    if subject.built.is_none() {
        return Err("name its crate instead of its module".to_owned());
    }
    let program = workbench::native_program(&subject.folder, &mut |text| terminal::line(text))
        .map_err(|error| error.to_string())?;
    let calls = program.with_file_name("calls.bin");
    fs::write(&calls, recording.to_bytes()).map_err(|error| format!("{}: {error}", calls.display()))?;
    let output = Command::new(&program).arg(settings).arg(&calls).arg(rounds.to_string()).output();
    let _ = fs::remove_file(&calls);
    let output = output.map_err(|error| format!("{}: {error}", program.display()))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(format!("it failed: {}", visible(said.lines().next().unwrap_or("it does not say why"))));
    }
    let events = recording.calls.iter().map(|call| call.batch.len()).sum();
    read_speed(&String::from_utf8_lossy(&output.stdout), events).ok_or_else(|| "it says nothing".to_owned())
}

/// Reads the times that such a program writes: a line `round NS` for each round, a line `call NS` for each call.
fn read_speed(text: &str, events: usize) -> Option<Speed> {
    let of = |kind: &str| -> Vec<u64> {
        let lines = text.lines().filter_map(|line| line.strip_prefix(kind)?.trim().parse().ok());
        lines.collect()
    };
    let (mut totals, mut each) = (of("round "), of("call "));
    (!totals.is_empty()).then(|| speed(&mut totals, &mut each, events))
}

fn page(figures: &Figures) -> String {
    let mut page = format!(
        "{} {} bytes, {} memory with an instance\n{}, {} seen by the rule ({:.2} %), {} in a call, {}\n",
        visible(&figures.rule),
        grouped(figures.module_bytes as u64),
        bytes(figures.memory_bytes),
        count_text(figures.lines, "line"),
        grouped(figures.events),
        figures.delivered_percent,
        format_args!("{:.1}", figures.events_per_call),
        count_text(figures.alerts, terminal::RAISES),
    );
    page.push_str(&format!(
        "{:<8}{:>12}{:>12}{:>14}{:>14}\n",
        "", "NS/EVENT", "EVENTS/S", "P50 OF CALL", "P99 OF CALL"
    ));
    page.push_str(&row("module", &figures.module));
    match &figures.native {
        Some(native) => {
            page.push_str(&row("native", native));
            page.push_str(&format!("{:.2} times native\n", figures.module.ns_per_event / native.ns_per_event.max(0.1)));
        }
        None => page.push_str(&format!("native: {}\n", figures.not_native)),
    }
    page.push_str(&format!(
        "median of {}; what the state answered is played back\n",
        count_text(figures.rounds as u64, "round")
    ));
    page
}

fn row(name: &str, speed: &Speed) -> String {
    let us = |ns: u64| format!("{:.1} us", ns as f64 / 1000.0);
    let per_s = grouped(speed.events_per_s as u64);
    let (half, most) = (us(speed.p50_call_ns), us(speed.p99_call_ns));
    format!("{name:<8}{:>12.0}{per_s:>12}{half:>14}{most:>14}\n", speed.ns_per_event)
}

fn bytes(count: usize) -> String {
    format!("{} KiB", grouped((count as u64).div_ceil(1024)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_speed_is_that_of_the_median_round() {
        let text = "round 300\nround 100\nround 200\ncall 1\ncall 2\ncall 3\nnoise\n";
        let found = read_speed(text, 2).expect("rounds");
        assert_eq!((found.ns_per_event, found.events_per_s), (100.0, 1e7));
        assert_eq!((found.p50_call_ns, found.p99_call_ns), (2, 3));
        assert_eq!(read_speed("call 1\n", 2), None);
    }
}
