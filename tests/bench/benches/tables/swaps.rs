//! What swaps of the rule set cost a stream: how long a source waits to hand a line over while rules are
//! replaced all the time, in the engine alone.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use lifesigns_bench::{Modules, Table, keyword_rules, machine, quick};
use lifesigns_engine::{Engine, EngineConfig, RuleAlertSink, RuleSet};
use lifesigns_intake::Format;
use lifesigns_model::{Chunk, EventSource, InitialState, Module};

const PER_SECOND: u64 = 50_000;
/// Lines of a chunk.
const LINES: u64 = 50;
const SWAPS: u64 = 10_000;

pub(crate) fn table() {
    let swaps = if quick() { SWAPS / 100 } else { SWAPS };
    let modules = Modules::new();
    let module = modules.load(&modules.sandbox(), "keyword");
    let mut table = Table::new(&["swaps", "lines", "alerts", "p50", "p99", "worst"]);
    for swaps in [0, swaps] {
        let run = run(&module, swaps);
        let at = |percent: usize| {
            let last = run.waits.len().saturating_sub(1);
            format!("{} µs", run.waits.get(last * percent / 100).copied().unwrap_or_default().as_micros())
        };
        table.row(&[swaps.to_string(), run.lines.to_string(), run.alerts.to_string(), at(50), at(99), at(100)]);
    }
    println!("\n## Swaps\n");
    println!("{}; {PER_SECOND} lines a second; the time that a source waits to hand over {LINES} lines.\n", machine());
    println!("{table}");
}

struct Run {
    waits: Vec<Duration>,
    lines: u64,
    alerts: u64,
}

fn rule_set(module: &Arc<dyn Module>) -> Arc<RuleSet> {
    let rules = keyword_rules(module, 0, &["numbered line".to_owned()]);
    Arc::new(RuleSet::new(rules, &[]).expect("few literals"))
}

/// Hands lines over at their pace for as long as it takes to make the swaps, at least a second.
fn run(module: &Arc<dyn Module>, swaps: u64) -> Run {
    let alerts = Arc::<AtomicU64>::default();
    let count = Arc::clone(&alerts);
    let sink: RuleAlertSink = Arc::new(move |_| {
        count.fetch_add(1, Ordering::Relaxed);
    });
    let engine = Engine::start(&EngineConfig::default(), rule_set(module), InitialState::default(), sink);
    let engine = engine.expect("threads");
    let (done, mut waits, mut lines) = (AtomicBool::new(swaps == 0), Vec::new(), 0);
    thread::scope(|scope| {
        scope.spawn(|| {
            for _ in 0..swaps {
                engine.swap(rule_set(module));
            }
            done.store(true, Ordering::SeqCst);
        });
        let source = Arc::new(EventSource {
            name: "a".to_owned(),
            rank: 0,
            object: "a".to_owned(),
            app: None,
            decoder: Format::Auto.decoder(u64::MAX),
        });
        let begun = Instant::now();
        while !done.load(Ordering::SeqCst) || begun.elapsed() < Duration::from_secs(1) {
            let due = begun + Duration::from_nanos(lines * 1_000_000_000 / PER_SECOND);
            thread::sleep(due.saturating_duration_since(Instant::now()));
            let line = |line: u64| format!("2026-11-23T00:00:00Z vm-{} app: numbered line {line}\n", line % 64);
            let bytes = (lines..lines + LINES).map(line).collect::<String>().into_bytes();
            let chunk = Chunk { source: Arc::clone(&source), bytes, arrived_ns: None, cursor: None, ack: None };
            let handed = Instant::now();
            engine.submit(chunk).expect("the engine is open");
            waits.push(handed.elapsed());
            lines += LINES;
        }
    });
    let report = engine.stop().report;
    assert!(report.failures.is_empty(), "{:?}", report.failures);
    waits.sort_unstable();
    Run { waits, lines, alerts: alerts.load(Ordering::Relaxed) }
}
