//! Guests that do something wrong at run time: only their own events are lost, and it is said.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use lifesigns_e2e::{
    modules,
    run::{Input, Replayed, replay},
};
use lifesigns_engine::{Engine, EngineConfig, LoadedRule, RuleAlertSink, RuleSet};
use lifesigns_model::{AckCallback, Chunk, InitialState, Limits, RuleKey};

/// Lines, 10 s apart, two of which the guest misbehaves on; its pauses do not matter then.
const LINES: usize = 600;
const POISON: [usize; 2] = [100, 400];

fn input(poison: &[usize]) -> Input {
    let line = |number: usize| {
        let word = if poison.contains(&number) { "trigger" } else { "fine" };
        let (hour, minute, second) = (number / 360, number / 6 % 60, number % 6 * 10);
        format!("2026-11-23T{hour:02}:{minute:02}:{second:02}Z host app: healthy keyword, {word} {number}\n")
    };
    Input::new("a.log", "vm-1", (0..LINES).map(line).collect::<String>())
}

fn run(act: &str, poison: &[usize]) -> Replayed {
    let hostile = modules::open("hostile", &modules::guest("hostile"), &format!(r#"{{"do":"{act}"}}"#));
    let healthy = modules::open("keyword", &modules::rule("keyword"), r#"{"contains":["healthy keyword"]}"#);
    let replayed = replay(&[hostile, healthy], &[input(poison)], &[], 1);
    let all: Vec<u64> = (1..=LINES as u64).collect();
    assert_eq!(replayed.lines("keyword"), all, "{act}: the rule beside it loses nothing");
    replayed
}

/// What [`run`] must give when the guest fails on the poisoned events.
fn fails(act: &str, message: &str) {
    let replayed = run(act, &POISON);
    let failures =
        replayed.outcome.report.failures.get(&RuleKey::live("hostile")).unwrap_or_else(|| panic!("{act}: no failure"));
    assert!(failures.last_error.contains(message), "{act}: {}", failures.last_error);
    assert_eq!((failures.failed, failures.missed), (2, 0), "{act}: {failures:?}");
    let others: Vec<u64> = (1..=LINES).filter(|line| !POISON.contains(&(line - 1))).map(|line| line as u64).collect();
    assert_eq!(replayed.lines("hostile"), others, "{act}: every other event still alerts");
}

#[test]
fn it_loops() {
    fails("loop", "deadline of 1000 ms");
}

#[test]
fn it_traps_or_panics_or_recurses() {
    fails("trap", "wasm `unreachable`");
    fails("panic", "wasm `unreachable`");
    // The stack of a rule lies at the start of its memory: what goes beyond it is outside.
    fails("recurse", "out of bounds memory access");
}

#[test]
fn it_wants_too_much_memory() {
    fails("grow-memory", "its limit `memory-bytes` is 33554432");
}

#[test]
fn its_answer_is_too_large() {
    fails("flood-alerts", "100,000 alerts for 1 event; the limit is 16 an event");
    fails("huge-summary", "an alert of 4194304 bytes; the limit is 16384");
    fails("huge-attributes", "an alert of 4194315 bytes; the limit is 16384");
}

#[test]
fn its_answer_breaks_the_contract() {
    fails("bad-event-index", "alert 0 names event 1 of a batch of 1");
    fails("bad-symptom", "alert 1 names symptom 7; 1 are declared");
    fails("same-attribute-twice", "two attributes `a`");
    fails("bad-change", "alert 1 says change 2; there are 0 (raise) and 1 (clear)");
    fails("many-attributes", "alert 1 has 4294967295 attributes, and 1 are left in the list");
    fails("no-attributes", "1 attributes that no alert has");
}

/// Two alerts of 21 bytes each: a summary of ten, a name of five, a value of six.
#[test]
fn its_answer_has_bad_spans() {
    fails("summary-outside-text", "the summary of alert 1 takes 1 bytes from byte 42 on, of a text of 42 bytes");
    fails("summary-overflows", "alert 1 takes 4294967295 bytes from byte 4294967295 on, of a text of 42 bytes");
    fails("summary-overlaps", "the summary of alert 1 begins at byte 20; the span before it ends at byte 21");
    fails("summary-inside-character", "the summary of alert 1 ends at byte 33, inside a character");
    fails("name-inside-character", "the name of attribute 0 of alert 1 ends at byte 33, inside a character");
    fails("value-outside-text", "the value of attribute 0 of alert 1 takes 7 bytes from byte 36 on");
    fails("value-overflows", "the value of attribute 0 of alert 1 takes 4294967295 bytes from byte 36 on");
    fails(
        "value-before-name",
        "the name of attribute 0 of alert 1 begins at byte 36; the span before it ends at byte 31",
    );
    fails("text-left-over", "1048576 bytes at the end of its text belong to no span");
}

#[test]
fn it_calls_the_host_wrongly() {
    fails("huge-value", "it called the host wrongly: a state value of 1048576 bytes; the limit is 65536");
    fails("state-outside-batch", "it asked for the state of event 1 in a batch of 1");
    fails("reminder-without-interest", "it set a reminder, but has no interest in reminders");
}

#[test]
fn floods_of_state_and_log_are_bounded_rather_than_fatal() {
    for act in ["state-flood", "log-flood"] {
        let replayed = run(act, &POISON);
        let alerts = replayed.lines("hostile").len();
        let failed =
            replayed.outcome.report.failures.get(&RuleKey::live("hostile")).map_or(0, |failures| failures.failed);
        // On each of the two events by itself: either it was through within its deadline, and says
        // nothing about the event, or it failed on it.
        assert!(alerts == LINES - 2 && failed <= 2, "{act}: {alerts} alerts, {failed} failed");
    }
}

#[test]
fn it_reads_no_more_than_it_declared() {
    let hostile = modules::open("hostile", &modules::guest("hostile"), r#"{"do":"reads-undeclared"}"#);
    let text = concat!(
        r#"{"time":"2026-11-23T00:00:00Z","object":"vm-1","app":"app","message":"trigger","fields":{"password":"field-secret"}}"#,
        "\n",
        r#"{"time":"2026-11-23T00:00:01Z","object":"vm-2","app":"app","message":"another-object","fields":{"x":"y"}}"#,
        "\n",
    );
    let known = lifesigns_model::ObjectFacts {
        object: "vm-1".into(),
        properties: vec![("owner".into(), Some("property-secret".into()))],
        metrics: vec![("load".into(), 77.25)],
        ..Default::default()
    };
    // A rule beside it that may read all that: what it is shown does not leak over.
    let settings =
        r#"{"contains":["trigger"],"fields":{"password":"field-secret"},"properties":{"owner":"property-secret"}}"#;
    let neighbour = modules::open("neighbour", &modules::rule("keyword"), settings);
    let replayed = replay(&[hostile, neighbour], &[Input::new("a", "a", text)], &[known], 1);
    assert_eq!(replayed.lines("neighbour"), [1]);
    let alert = replayed.alerts.iter().find(|alert| alert.rule == "hostile" && alert.line == 1).expect("an alert");
    let shown = format!("{:?}", alert.attributes);
    for secret in ["field-secret", "property-secret", "77.25", "password", "owner"] {
        assert!(!shown.contains(secret), "{shown}");
    }
    assert!(shown.contains("trigger") && shown.contains("vm-1"), "{shown}");
}

#[test]
fn a_rule_that_keeps_failing_is_paused_in_event_time() {
    // Ten poisoned events in a row, 10 s apart. Two are free; the pauses of 1, 2, 4 and 8 s pass
    // between events; from the seventh failure on a pause is longer than that.
    let poison: Vec<usize> = (10..20).collect();
    let replayed = run("trap", &poison);
    let failures = &replayed.outcome.report.failures[&RuleKey::live("hostile")];
    // Failures at 0 to 60 s; after the seventh 16 s of pause, so 70 s is missed; at 80 s the eighth,
    // with 32 s of pause: 90, 100 and 110 s are missed, of which only the first is poisoned.
    assert_eq!((failures.failed, failures.missed), (8, 4), "{failures:?}");
    let lines = replayed.lines("hostile");
    assert_eq!(lines.len() as u64 + failures.failed + failures.missed, LINES as u64, "every event is accounted for");
    assert_eq!(lines.last(), Some(&(LINES as u64)), "it came back");
    // The same again, whatever the number of threads: pauses are event time.
    let hostile = modules::open("hostile", &modules::guest("hostile"), r#"{"do":"trap"}"#);
    let again = replay(&[hostile], &[input(&poison)], &[], 2);
    assert_eq!(again.lines("hostile"), lines);
}

#[test]
fn what_goes_wrong_in_describe_refuses_the_rule() {
    let module = modules::guest("hostile");
    for (act, message) in [
        ("loop-in-describe", "did not return within its deadline of 100 ms"),
        ("panic-in-describe", "cannot be started: it trapped"),
        ("refuse-settings", "refuses its settings: `do` is `refuse-settings`: say something else"),
        ("bad-description", "a literal has 0 bytes"),
        ("empty-literal", "a literal has 0 bytes"),
        ("huge-literal", "a literal has 2000 bytes; 1 to 1024"),
        ("many-literals", "20000 of literals; the limit is 10000"),
        ("duplicate-symptoms", "two symptoms are called `seen`"),
        ("bad-symptom-id", "a symptom's id is \"Not Kebab\""),
        ("no-kinds", "an interest names no kind"),
        ("nested-literals", "more than 8 of its literals end with \"aaaaaaa\""),
        ("many-conditions", "2000 conditions; the limit is 1024"),
        ("many-contains", "100 conditions that look for a text within a value; the limit is 64"),
        ("many-values", "20000 values in its conditions; the limit is 10000"),
        ("bad-name", "the module's name is \"Hos\\ttile\""),
        ("huge-title", "a symptom's title has 6291456 bytes; at most 1024 are allowed"),
        ("huge-recommendation", "a symptom's recommendation has 6291456 bytes; at most 8192 are allowed"),
        ("huge-version", "the module's version has 70000 bytes; at most 128 are allowed"),
        ("escapes-in-version", "the module's version contains control characters"),
        ("huge-settings-error", "xxx… (6291456 bytes)"),
        ("escapes-in-settings-error", "\\u{1b}[2Jgone"),
        ("no-such-act", "unknown variant"),
    ] {
        let settings = format!(r#"{{"do":"{act}"}}"#);
        let refused = LoadedRule::new("hostile", Arc::clone(&module), &settings, Limits::default());
        let why = refused.expect_err(act).to_string();
        // Two things are wrong with `bad-description`; either may be reported.
        let other = act == "bad-description" && why.contains("two symptoms");
        assert!(why.len() < 4096 && !why.contains('\x1b'), "{act}: a text of {} bytes", why.len());
        assert!(other || why.contains(message), "{act}: {why}");
    }
}

#[test]
fn live_it_fails_alone_and_everything_is_acknowledged() {
    // It may use all the time that its deadline gives it.
    let limits = Limits { deadline_ms: modules::DEADLINE_MS, cpu_ms_per_s: 100_000, ..Limits::default() };
    let hostile = LoadedRule::new("hostile", modules::guest("hostile"), r#"{"do":"loop"}"#, limits).map(Arc::new);
    let hostile = hostile.expect("it describes itself");
    let healthy = modules::open("keyword", &modules::rule("keyword"), r#"{"contains":["healthy keyword"]}"#);
    let rules = Arc::new(RuleSet::new(vec![hostile, healthy], &[]).expect("few literals"));
    let counts: Arc<[AtomicUsize; 3]> = Arc::default();
    let (alerts, dones) = (Arc::clone(&counts), Arc::clone(&counts));
    let sink: RuleAlertSink = Arc::new(move |alert| {
        alerts[usize::from(alert.rule == "keyword")].fetch_add(1, Ordering::SeqCst);
    });
    let config =
        EngineConfig { scanners: 1, shards: 2, pin: false, rules_cpu_ms_per_s: 100_000, ..EngineConfig::default() };
    let engine = Engine::start(&config, rules, InitialState::default(), sink).expect("threads");
    let input = input(&POISON);
    let source = input.source(0);
    for line in input.chunks[0].split_inclusive(|byte| *byte == b'\n') {
        let dones = Arc::clone(&dones);
        let done: AckCallback = Box::new(move || {
            dones[2].fetch_add(1, Ordering::SeqCst);
        });
        let (source, bytes) = (Arc::clone(&source), line.to_vec());
        engine
            .submit(Chunk { source, bytes, arrived_ns: None, cursor: None, ack: Some(done) })
            .expect("the engine is open");
    }
    let report = engine.stop().report;
    let failures = &report.failures[&RuleKey::live("hostile")];
    assert_eq!((failures.failed, failures.missed), (2, 0), "{failures:?}");
    assert!(failures.last_error.contains("deadline of 1000 ms"), "{failures:?}");
    let counts = [0, 1, 2].map(|at: usize| counts[at].load(Ordering::SeqCst));
    assert_eq!(counts, [LINES - 2, LINES, LINES]);
}
