//! The live engine: rule sets that change under traffic, acknowledgement, backpressure, facts.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    time::Duration,
};

use lifesigns_e2e::{modules, native, run::Input};
use lifesigns_engine::{Engine, EngineConfig, LoadedRule, RuleAlertSink, RuleSet};
use lifesigns_model::{Chunk, EventSource, InitialState, ObjectFacts, RuleAlert};

type Kept = Arc<Mutex<Vec<RuleAlert>>>;

fn sink() -> (Kept, RuleAlertSink) {
    let kept = Kept::default();
    let into = Arc::clone(&kept);
    (kept, Arc::new(move |alert| into.lock().expect("no thread panicked with it").push(RuleAlert::from(alert))))
}

fn config(inflight_bytes: usize) -> EngineConfig {
    EngineConfig { scanners: 2, shards: 3, inflight_bytes, pin: false, ..EngineConfig::default() }
}

fn rules(list: Vec<Arc<LoadedRule>>) -> Arc<RuleSet> {
    Arc::new(RuleSet::new(list, &[]).expect("few literals"))
}

/// The rule `lines`, which alerts on every numbered line; `version` makes its settings new.
fn rule_set(module: &Arc<dyn lifesigns_model::Module>, version: usize) -> Arc<RuleSet> {
    let settings = format!(r#"{{"contains":["numbered line","never {version}"],"title":"Version {version}"}}"#);
    let counter = format!(
        r#"{{"contains":["numbered line","never {version}"],"threshold":1500,"window":"100000h","title":"Count"}}"#
    );
    rules(vec![modules::open("lines", module, &settings), modules::open("count", module, &counter)])
}

/// Ends the test process if `work` hangs: a deadlock must not look like a slow test.
fn within<T: Send + 'static>(limit: Duration, work: impl FnOnce() -> T + Send + 'static) -> T {
    let (sender, receiver) = mpsc::channel();
    let thread = std::thread::spawn(move || {
        let _ = sender.send(work());
    });
    match receiver.recv_timeout(limit) {
        Ok(value) => value,
        Err(mpsc::RecvTimeoutError::Timeout) => panic!("deadlock: not done within {limit:?}"),
        Err(mpsc::RecvTimeoutError::Disconnected) => match thread.join() {
            Err(panic) => std::panic::resume_unwind(panic),
            Ok(()) => unreachable!("it has sent nothing and not panicked"),
        },
    }
}

fn chunk(source: &Arc<EventSource>, from: usize, lines: usize, done: &Arc<AtomicUsize>) -> Chunk {
    let line = |number: usize| {
        let (minute, second) = (number / 60 % 60, number % 60);
        let hour = number / 3600;
        let vm = number % 5;
        format!(
            r#"{{"time":"2026-11-23T{hour:02}:{minute:02}:{second:02}Z","object":"{}-{vm}","message":"numbered line {number}"}}"#,
            source.name
        ) + "\n"
    };
    let bytes = (from..from + lines).map(line).collect::<String>().into_bytes();
    let done = Arc::clone(done);
    let done: lifesigns_model::AckCallback = Box::new(move || {
        done.fetch_add(1, Ordering::SeqCst);
    });
    Chunk { source: Arc::clone(source), bytes, arrived_ns: None, cursor: None, ack: Some(done) }
}

/// Two sources, `chunks` chunks of `lines` lines each, 50 swaps meanwhile.
fn traffic(inflight_bytes: usize, chunks: usize, lines: usize) {
    let module = modules::rule("keyword");
    let (kept, sink) = sink();
    let engine =
        Engine::start(&config(inflight_bytes), rule_set(&module, 0), InitialState::default(), sink).expect("threads");
    let done = Arc::new(AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for (rank, name) in ["a", "b"].into_iter().enumerate() {
            let (engine, done) = (&engine, &done);
            scope.spawn(move || {
                let source = Input::new(name, name, "").source(rank);
                (0..chunks).for_each(|number| {
                    assert!(engine.submit(chunk(&source, number * lines, lines, done)).is_ok(), "it is taken")
                });
            });
        }
        scope.spawn(|| (1..=50).for_each(|number| engine.swap(rule_set(&module, number))));
    });
    engine.flush();
    assert_eq!(engine.inflight_bytes(), 0);
    let totals = engine.stop();
    assert_eq!(done.load(Ordering::SeqCst), 2 * chunks, "each chunk is acknowledged once");
    assert_eq!(totals.scan_counts.lines as usize, 2 * chunks * lines);
    assert!(totals.report.failures.is_empty(), "{:?}", totals.report.failures);

    let kept = kept.lock().expect("no thread panicked with it");
    let mut by_object: HashMap<&str, Vec<u64>> = HashMap::new();
    for alert in kept.iter().filter(|alert| alert.rule == "lines") {
        by_object.entry(&alert.object).or_default().push(alert.line);
        assert!(alert.text.contains(&format!("numbered line {}\"", alert.line - 1)), "{alert:?}");
    }
    assert_eq!(by_object.len(), 10);
    for (object, found) in by_object {
        let vm: usize = object[2..].parse().expect("a number");
        let all: Vec<u64> = (0..chunks * lines).filter(|line| line % 5 == vm).map(|line| line as u64 + 1).collect();
        assert_eq!(found, all, "{object}: every line once, in order");
    }
    // The counter goes on through all rule sets: it reaches 1500 exactly once for each object.
    let crossed: Vec<_> = kept.iter().filter(|alert| alert.rule == "count").collect();
    let expected = if chunks * lines / 5 >= 1500 { 10 } else { 0 };
    assert_eq!(crossed.len(), expected, "{crossed:?}");
    let summary = "Count: \"numbered line\" in the log of";
    assert!(crossed.iter().all(|alert| alert.summary.starts_with(summary) && alert.line / 5 >= 1499));
}

#[test]
fn fifty_rule_sets_lose_nothing_and_repeat_nothing() {
    within(Duration::from_secs(120), || traffic(64 << 20, 200, 40));
}

#[test]
fn backpressure_with_hardly_any_room_does_not_deadlock() {
    within(Duration::from_secs(120), || traffic(1, 100, 5));
}

#[test]
fn what_was_submitted_before_a_swap_is_evaluated_by_the_old_rule_set() {
    let module = native::module("keyword").expect("it is there");
    let (kept, sink) = sink();
    let engine = Engine::start(&config(1 << 20), rule_set(&module, 0), InitialState::default(), sink).expect("threads");
    let source = Input::new("a", "a", "").source(0);
    let done = Arc::default();
    for number in 0..50 {
        engine.submit(chunk(&source, number, 1, &done)).expect("the engine is open");
        engine.swap(rule_set(&module, number + 1));
    }
    engine.stop();
    for alert in kept.lock().expect("no thread panicked with it").iter() {
        let title = format!("Version {}:", alert.line - 1);
        assert!(alert.summary.starts_with(&title), "line {}: {}", alert.line, alert.summary);
    }
    assert_eq!(kept.lock().expect("no thread panicked with it").len(), 50);
}

#[test]
fn a_rule_that_goes_and_comes_back_finds_its_state() {
    let module = modules::rule("keyword");
    let (kept, sink) = sink();
    let settings = r#"{"contains":["numbered line"],"threshold":3,"window":"1h"}"#;
    let with = rules(vec![modules::open("count", &module, settings)]);
    let engine = Engine::start(&config(1 << 20), Arc::clone(&with), InitialState::default(), sink).expect("threads");
    let source = Input::new("a", "a", "").source(0);
    let done = Arc::default();
    // Two of the five objects' lines each, then others while it is away, then the third.
    engine.submit(chunk(&source, 0, 10, &done)).expect("the engine is open");
    engine.swap(rules(vec![modules::open("other", &module, settings)]));
    engine.submit(chunk(&source, 10, 10, &done)).expect("the engine is open");
    engine.swap(with);
    engine.submit(chunk(&source, 20, 5, &done)).expect("the engine is open");
    engine.stop();
    let kept = kept.lock().expect("no thread panicked with it");
    let mut found: Vec<_> = kept.iter().map(|alert| (alert.rule.as_str(), alert.line)).collect();
    found.sort_unstable();
    assert_eq!(found, (21..=25).map(|line| ("count", line)).collect::<Vec<_>>());
}

#[test]
fn facts_by_call_reach_the_rules_that_watch_them_and_the_lines_after_them() {
    let module = modules::rule("keyword");
    let (kept, sink) = sink();
    let settings = r#"{"contains":["numbered line"],"properties":{"env":"production"}}"#;
    let rules = rules(vec![modules::open("production", &module, settings)]);
    let known = ObjectFacts {
        object: "a-1".into(),
        properties: vec![("env".into(), Some("production".into()))],
        ..ObjectFacts::default()
    };
    let engine =
        Engine::start(&config(1 << 20), rules, InitialState { known: vec![known], ..InitialState::default() }, sink)
            .expect("threads");
    let sources = [Input::new("a", "a", "").source(0), Input::new("inventory", "-", "").source(1)];
    let done = Arc::default();
    engine.submit(chunk(&sources[0], 0, 10, &done)).expect("the engine is open");
    let moved = |env: &str, time: &str| ObjectFacts {
        object: "a-2".into(),
        time_ns: lifesigns_intake::parse_time(time).expect("a time"),
        properties: vec![("env".into(), Some(env.into()))],
        ..ObjectFacts::default()
    };
    engine.submit_facts(&sources[1], moved("production", "2026-11-23T00:00:10Z")).expect("the engine is open");
    engine.submit(chunk(&sources[0], 10, 10, &done)).expect("the engine is open");
    engine.submit_facts(&sources[1], moved("test", "2026-11-23T00:00:20Z")).expect("the engine is open");
    engine.submit(chunk(&sources[0], 20, 10, &done)).expect("the engine is open");
    engine.stop();
    let mut lines: Vec<(String, u64)> = kept
        .lock()
        .expect("no thread panicked with it")
        .iter()
        .map(|alert| (alert.object.clone(), alert.line))
        .collect();
    lines.sort();
    let expected =
        [("a-1", 2), ("a-1", 7), ("a-1", 12), ("a-1", 17), ("a-1", 22), ("a-1", 27), ("a-2", 13), ("a-2", 18)];
    assert_eq!(lines, expected.map(|(object, line)| (object.to_owned(), line)));
}

#[test]
fn facts_and_chunks_together_do_not_deadlock_over_the_last_byte() {
    within(Duration::from_secs(120), || {
        let module = native::module("keyword").expect("it is there");
        let (_, sink) = sink();
        let engine = Engine::start(&config(1), rule_set(&module, 0), InitialState::default(), sink).expect("threads");
        let done = Arc::new(AtomicUsize::new(0));
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let source = Input::new("a", "a", "").source(0);
                (0..2000)
                    .for_each(|number| assert!(engine.submit(chunk(&source, number, 1, &done)).is_ok(), "it is taken"));
            });
            scope.spawn(|| {
                let source = Input::new("inventory", "-", "").source(1);
                let facts = |time_ns| ObjectFacts { object: "a-1".into(), time_ns, ..ObjectFacts::default() };
                (0..2000).for_each(|time_ns| {
                    assert!(engine.submit_facts(&source, facts(time_ns)).is_ok(), "they are taken")
                });
            });
        });
        engine.stop();
        assert_eq!(done.load(Ordering::SeqCst), 2000);
    });
}
