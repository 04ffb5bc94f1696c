//! Ten thousand swaps of a rule in a steady stream: each line is seen by exactly one version, none is lost,
//! and the alerts are those of a run without a swap.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicBool, AtomicU64, Ordering},
};

use lifesigns_e2e::{modules, native, run::Input};
use lifesigns_engine::{Engine, EngineConfig, LoadedRule, RuleAlertSink, RuleSet, StateMove};
use lifesigns_model::{Chunk, InitialState, Module, RuleAlert, RuleKey};

const SWAPS: u64 = 10_000;
const CHUNKS: usize = 4_000;
const LINES: usize = 5;

type Kept = Arc<Mutex<Vec<RuleAlert>>>;

/// One rule says every line, another counts them with state; both are new rules each time.
fn rule_set(module: &Arc<dyn Module>) -> Arc<RuleSet> {
    let every = modules::open("every", module, r#"{"contains":["numbered line"]}"#);
    let count = modules::open("count", module, r#"{"contains":["numbered line"],"threshold":700,"window":"100000h"}"#);
    Arc::new(RuleSet::new(vec![every, count], &[]).expect("few literals"))
}

fn start(rules: Arc<RuleSet>) -> (Engine, Kept) {
    let kept = Kept::default();
    let into = Arc::clone(&kept);
    let sink: RuleAlertSink =
        Arc::new(move |alert| into.lock().expect("no thread panicked with it").push(RuleAlert::from(alert)));
    let config = EngineConfig { scanners: 2, shards: 2, pin: false, ..EngineConfig::default() };
    (Engine::start(&config, rules, InitialState::default(), sink).expect("threads"), kept)
}

fn submit(engine: &Engine) {
    let source = Input::new("a", "a", "").source(0);
    for number in 0..CHUNKS {
        let line = |line: usize| {
            let all = number * LINES + line;
            let (hour, minute, second) = (all / 3600, all / 60 % 60, all % 60);
            format!(
                r#"{{"time":"2026-11-23T{hour:02}:{minute:02}:{second:02}Z","object":"vm-{}","message":"numbered line {all}"}}"#,
                all % 7
            ) + "\n"
        };
        let bytes = (0..LINES).map(line).collect::<String>().into_bytes();
        let chunk = Chunk { source: Arc::clone(&source), bytes, arrived_ns: None, cursor: None, ack: None };
        assert!(engine.submit(chunk).is_ok(), "it is taken");
    }
}

/// What was said, in an order that does not depend on threads.
fn said(kept: &Kept) -> Vec<(String, u64, String, String)> {
    let kept = kept.lock().expect("no thread panicked with it");
    let mut all: Vec<_> =
        kept.iter().map(|one| (one.rule.clone(), one.line, one.object.clone(), one.summary.clone())).collect();
    all.sort();
    all
}

#[test]
fn ten_thousand_swaps_change_nothing() {
    let module = native::module("keyword").expect("it is there");
    let (engine, without) = start(rule_set(&module));
    submit(&engine);
    assert!(engine.stop().report.failures.is_empty());

    let (engine, with) = start(rule_set(&module));
    let (swaps, submitted) = (AtomicU64::new(0), AtomicBool::new(false));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while swaps.load(Ordering::SeqCst) < SWAPS {
                let rules = rule_set(&module);
                match swaps.fetch_add(1, Ordering::SeqCst) % 10 {
                    // Every tenth also moves state there and back: nothing may be lost between two lines.
                    0 => {
                        let moves = || StateMove::Exchange(RuleKey::live("count"), RuleKey::previous("count"));
                        engine.swap_with(rules, vec![moves(), moves()]);
                    }
                    _ => engine.swap(rules),
                }
            }
        });
        scope.spawn(|| {
            // Until all swaps are made there is a stream.
            submit(&engine);
            submitted.store(true, Ordering::SeqCst);
        });
    });
    let totals = engine.stop();
    assert_eq!(swaps.load(Ordering::SeqCst), SWAPS);
    assert_eq!(totals.scan_counts.lines as usize, CHUNKS * LINES);
    assert!(totals.report.failures.is_empty(), "{:?}", totals.report.failures);
    let (without, with) = (said(&without), said(&with));
    assert_eq!(without.iter().filter(|one| one.0 == "every").count(), CHUNKS * LINES, "every line once");
    assert!(without.iter().any(|one| one.0 == "count"), "the counter was reached");
    assert_eq!(with, without);
}

/// A rule that counts to `threshold`.
fn counting(module: &Arc<dyn Module>, key: RuleKey, threshold: u32) -> Arc<LoadedRule> {
    let settings = format!(r#"{{"contains":["numbered line"],"threshold":{threshold},"window":"1h"}}"#);
    let rule = LoadedRule::new(key, Arc::clone(module), &settings, Default::default());
    Arc::new(rule.expect("its settings are sound"))
}

#[test]
fn state_moves_exactly_between_two_lines() {
    let module = native::module("keyword").expect("it is there");
    let (live, shadow) = (RuleKey::live("count"), RuleKey::shadow("count"));
    let set = |rules| Arc::new(RuleSet::new(rules, &[]).expect("few literals"));
    let only = || set(vec![counting(&module, live.clone(), 3)]);
    let both = set(vec![counting(&module, live.clone(), 3), counting(&module, shadow.clone(), 3)]);
    let (engine, kept) = start(only());
    let source = Input::new("a", "a", "").source(0);
    let mut second = 0;
    let mut line = |engine: &Engine| {
        second += 1;
        let text = format!("2026-11-23T00:00:{second:02}Z vm app: numbered line\n").into_bytes();
        let chunk = Chunk { source: Arc::clone(&source), bytes: text, arrived_ns: None, cursor: None, ack: None };
        assert!(engine.submit(chunk).is_ok(), "it is taken");
    };
    line(&engine);
    engine.swap(both);
    line(&engine);
    // The live version has counted two, its shadow one. The shadow is promoted.
    let promote = vec![
        StateMove::Move { from: live.clone(), to: RuleKey::previous("count") },
        StateMove::Move { from: shadow, to: live.clone() },
    ];
    engine.swap_with(only(), promote);
    line(&engine);
    engine.flush();
    assert_eq!(said(&kept).len(), 0, "the shadow's second line");
    // Back to the state of before: two, so that this is the third.
    engine.swap_with(only(), vec![StateMove::Exchange(live.clone(), RuleKey::previous("count"))]);
    line(&engine);
    engine.flush();
    assert_eq!(said(&kept).iter().map(|one| one.1).collect::<Vec<_>>(), [4]);
    // And discarded: it begins with nothing.
    engine.swap_with(only(), vec![StateMove::Discard(live.clone())]);
    line(&engine);
    line(&engine);
    engine.flush();
    assert_eq!(said(&kept).len(), 1);
    engine.swap_with(only(), vec![StateMove::Copy { from: live, to: RuleKey::previous("count") }]);
    line(&engine);
    engine.stop();
    assert_eq!(said(&kept).iter().map(|one| one.1).collect::<Vec<_>>(), [4, 7], "a copy leaves it as it is");
}
