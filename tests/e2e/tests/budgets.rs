//! Guests that stay within every limit of one call and yet are too much: each is held to its budget,
//! what it missed is counted and said, and the rule beside it loses nothing.

use std::{sync::Arc, time::Duration};

use lifesigns_e2e::{modules, run::Input};
use lifesigns_engine::{Engine, EngineConfig, LoadedRule, RuleFailures, RuleSet, RuleUsageTotals};
use lifesigns_model::{Checkpoint, Chunk, InitialState, Limits, Observation, RuleKey, limits};

const LINES: usize = 3000;

/// What came of a run with cuts, each released at once.
struct Outcome {
    failures: RuleFailures,
    used: RuleUsageTotals,
    /// Lines of which the rule beside it said something, in the order of the cuts.
    beside: Vec<u64>,
    hostile: usize,
    /// The most that one cut held, in bytes of raises and clears, roughly.
    most: usize,
    state_bytes: usize,
}

/// Lines about this many objects, one a millisecond.
fn input(lines: usize, objects: usize) -> Input {
    let line = |number: usize| {
        let (minute, second, ms) = (number / 60_000, number / 1000 % 60, number % 1000);
        let object = number % objects;
        format!(
            r#"{{"time":"2026-11-23T00:{minute:02}:{second:02}.{ms:03}Z","object":"vm-{object}","message":"healthy trigger"}}"#
        ) + "\n"
    };
    Input::new("a.ndjson", "vm", (0..lines).map(line).collect::<String>())
}

fn bytes(sign: &Observation) -> usize {
    match sign {
        Observation::RuleAlert(alert) => alert.summary.len() + alert.text.len() + 200,
        _ => 100,
    }
}

fn take(cut: Checkpoint, outcome: &mut Outcome) {
    outcome.most = outcome.most.max(cut.observations.iter().map(bytes).sum());
    for sign in &cut.observations {
        match sign {
            Observation::RuleAlert(alert) if alert.rule == "keyword" => outcome.beside.push(alert.line),
            Observation::RuleAlert(_) => outcome.hostile += 1,
            _ => {}
        }
    }
    outcome.state_bytes += cut.states.iter().filter_map(|state| state.entry.as_ref()).map(Vec::len).sum::<usize>();
    cut.acks.release();
}

fn run(act: &str, limits: Limits, lines: usize, objects: usize) -> Outcome {
    let settings = format!(r#"{{"do":"{act}"}}"#);
    let hostile = LoadedRule::new("hostile", modules::guest("hostile"), &settings, limits).map(Arc::new);
    let hostile = hostile.unwrap_or_else(|error| panic!("{act}: {error}"));
    let beside = modules::open("keyword", &modules::rule("keyword"), r#"{"contains":["healthy"]}"#);
    let rules = Arc::new(RuleSet::new(vec![hostile, beside], &[]).expect("few literals"));
    let config = EngineConfig {
        scanners: 1,
        shards: 1,
        pin: false,
        checkpoints: true,
        rules_cpu_ms_per_s: 100_000,
        ..EngineConfig::default()
    };
    let engine =
        Arc::new(Engine::start(&config, rules, InitialState::default(), Arc::new(|_: &_| ())).expect("threads"));
    let input = input(lines, objects);
    let source = input.source(0);
    let mut outcome = Outcome {
        failures: RuleFailures::default(),
        used: RuleUsageTotals::default(),
        beside: Vec::new(),
        hostile: 0,
        most: 0,
        state_bytes: 0,
    };
    for bytes in &input.chunks {
        let chunk =
            Chunk { source: Arc::clone(&source), bytes: bytes.clone(), arrived_ns: None, cursor: None, ack: None };
        assert!(engine.submit(chunk).is_ok());
    }
    let until = std::time::Instant::now() + Duration::from_secs(120);
    while outcome.beside.len() < lines || engine.inflight_bytes() > 0 {
        assert!(std::time::Instant::now() < until, "{act}: {} of {lines} lines", outcome.beside.len());
        let _ = engine.checkpoint_ready().recv_timeout(Duration::from_millis(20));
        take(engine.checkpoint(), &mut outcome);
    }
    outcome.used = engine.rule_usage().remove(&RuleKey::live("hostile")).unwrap_or_default();
    outcome.failures = engine.totals().report.failures.remove(&RuleKey::live("hostile")).unwrap_or_default();
    let all: Vec<u64> = (1..=lines as u64).collect();
    assert_eq!(outcome.beside, all, "{act}: the rule beside it loses nothing");
    outcome
}

/// As much time as it takes, however slow the machine is.
fn unhurried() -> Limits {
    Limits { deadline_ms: 10_000, cpu_ms_per_s: 100_000, ..Limits::default() }
}

#[test]
fn a_slow_rule_is_paused_with_the_figure() {
    let Outcome { failures, used, .. } = run("slow", Limits { deadline_ms: 10_000, ..Limits::default() }, 300, 7);
    assert!(failures.missed > 0 && failures.over_budget >= 1 && failures.failed == 0, "{failures:?}");
    assert!(failures.last_error.starts_with("slow: ") && failures.last_error.contains("ms of CPU in"), "{failures:?}");
    assert_eq!(used.total.pauses, failures.over_budget);
    assert!(used.total.cpu_ns > 100_000_000, "{used:?}");
}

#[test]
fn a_flood_of_large_alerts_is_bounded_before_it_is_committed() {
    // Its own budget, and without one the room that there is for what waits.
    let held = run("alerts", Limits::default(), LINES, 7);
    assert!(held.failures.missed > 2000 && held.failures.over_budget >= 1, "{:?}", held.failures);
    assert!(held.failures.last_error.contains("bytes of raises and clears"), "{:?}", held.failures);
    assert!(held.most < 32 << 20, "{}", held.most);
    let free = Limits {
        deadline_ms: 1000,
        alert_bytes_per_s: 1 << 40,
        alerts_per_s: 1 << 30,
        cpu_ms_per_s: 100_000,
        ..Limits::default()
    };
    let free = run("alerts", free, LINES, 7);
    assert!(free.most < limits::OBSERVATIONS_MAX_BYTES / 2 + (32 << 20), "{}", free.most);
    assert_eq!(
        free.hostile as u64,
        16 * (LINES as u64 - free.failures.missed - free.failures.failed),
        "each event is all or missed"
    );
}

#[test]
fn a_hoard_of_state_is_bounded_for_each_object_and_in_all() {
    // 13 MB an object: each event wants more than an object may hold.
    let Outcome { failures, used, state_bytes, .. } = run("hoard", unhurried(), 200, 200);
    assert_eq!(failures.failed + failures.missed + used.total.alerts, 200, "{failures:?} {used:?}");
    assert!(failures.last_error.contains("object-state-bytes"), "{failures:?}");
    assert_eq!((used.state_bytes, state_bytes), (0, 0), "nothing of an event that failed stays");
    // Each object may have it, not all of them.
    let limits = Limits { object_state_bytes: 64 << 20, ..unhurried() };
    let Outcome { failures, used, .. } = run("hoard", limits, 200, 200);
    assert!(failures.failed > 0 && used.state_bytes <= 64 << 20, "{failures:?} {used:?}");
    assert!(used.state_bytes > 48 << 20, "{used:?}");
}

#[test]
fn a_thousand_counters_an_event_are_held_to_the_time_that_they_take() {
    let Outcome { failures, used, .. } = run("counters", Limits::default(), LINES, 10);
    assert!(failures.missed > 500 && failures.last_error.starts_with("slow: "), "{failures:?}");
    assert!(used.state_bytes < 64 << 20, "{used:?}");
}

#[test]
fn reminders_that_set_themselves_wait_while_the_rule_is_over_its_budget() {
    let Outcome { failures, used, hostile, .. } = run("reminders", Limits::default(), 2000, 200);
    assert!(failures.over_budget >= 1 && failures.failed == 0, "{failures:?}");
    // A second and more of event time passed: on their own they would have come 200 times as often.
    assert!(hostile < 20_000, "{hostile} {used:?}");
}

#[test]
fn a_flood_of_log_lines_is_left_out_and_counted() {
    let Outcome { failures, used, .. } = run("log-flood", unhurried(), 20, 1);
    assert!(used.total.log_lines_left_out > 64, "{used:?} {failures:?}");
}
