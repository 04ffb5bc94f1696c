//! What swaps of the rule set cost a stream at a steady pace: how long a source waits to hand a line over, when its
//! alert is there, and whether each line was evaluated exactly once, by one version. In the engine alone.

use std::{
    hash::{DefaultHasher, Hash as _, Hasher as _},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use lifesigns_bench::{Modules, Table, machine, percentile, quick};
use lifesigns_engine::{Engine, EngineConfig, LoadedRule, RuleAlertSink, RuleSet};
use lifesigns_intake::Format;
use lifesigns_model::{Chunk, EventSource, InitialState, Limits, Module, RuleAlertRef};

const PER_SECOND: u64 = 50_000;
/// Lines of a chunk.
const LINES: u64 = 50;
const SWAPS: u64 = 10_000;
const SWAPS_PER_SECOND: u64 = 500;
/// Alerts later than this, in tens of microseconds, are counted as this late.
const LATEST: usize = 100_000;
/// The titles of the two versions, which tell their alerts apart.
const VERSIONS: [&str; 2] = ["even", "odd"];

pub(crate) fn table() {
    let swaps = if quick() { SWAPS / 20 } else { SWAPS };
    let modules = Modules::new();
    let module = modules.load(&modules.sandbox(), "keyword");
    let mut table = Table::new(&[
        "swaps",
        "lines",
        "alerts",
        "of one version",
        "of the other",
        "a swap p99",
        "worst",
        "source waits p50",
        "p99",
        "worst",
        "alert after p50",
        "p99",
        "worst",
        "scanner pause p99",
    ]);
    let lines = PER_SECOND * (swaps / SWAPS_PER_SECOND).max(1);
    let quiet = run(&module, 0, lines);
    let swapped = run(&module, swaps, lines);
    assert_eq!(quiet.seen.digest, swapped.seen.digest, "the alerts are those of a run without swaps");
    for (swaps, run) in [(0, quiet), (swaps, swapped)] {
        let mut cells = vec![swaps.to_string(), lines.to_string()];
        cells.push((run.seen.of_versions[0] + run.seen.of_versions[1]).to_string());
        cells.extend(run.seen.of_versions.iter().map(u64::to_string));
        cells.extend([99, 100].map(|percent| micros(&run.swaps, percent)));
        cells.extend([50, 99, 100].map(|percent| micros(&run.waits, percent)));
        cells.extend([50, 99, 100].map(|percent| micros(&run.seen.delays, percent)));
        cells.push(micros(&run.seen.pauses, 99));
        table.row(&cells);
    }
    println!("\n## Swaps\n");
    println!(
        "{}; {PER_SECOND} lines a second in chunks of {LINES}, {SWAPS_PER_SECOND} swaps a second between two versions \
         of a rule that alerts on each line. Each line was evaluated once. The scanner's pause is how much longer the \
         first chunk of a new rule set took than the median of the others, from the source to its last alert; target: \
         p99 <= 1 ms.\n",
        machine()
    );
    println!("{table}");
}

fn micros(sorted: &[Duration], percent: usize) -> String {
    percentile(sorted, percent).map_or("–".to_owned(), |time| format!("{} µs", time.as_micros()))
}

struct Run {
    swaps: Vec<Duration>,
    waits: Vec<Duration>,
    seen: Seen,
}

/// What came of the lines.
struct Seen {
    of_versions: [u64; 2],
    delays: Vec<Duration>,
    pauses: Vec<Duration>,
    digest: u64,
}

/// Notes alerts as they come, from any thread.
struct Watch {
    begun: Instant,
    /// When each chunk was handed over, in nanoseconds since `begun`.
    handed: Vec<AtomicU64>,
    /// When the last alert of each chunk was there, as that.
    done: Vec<AtomicU64>,
    /// Which version evaluated each chunk.
    versions: Vec<AtomicU64>,
    /// Alerts of each line.
    lines: Vec<AtomicU64>,
    /// How many alerts were so late, in tens of microseconds.
    delays: Vec<AtomicU64>,
    of_versions: [AtomicU64; 2],
    /// The sum of the alerts' hashes, without their titles.
    digest: AtomicU64,
}

fn zeros(len: usize) -> Vec<AtomicU64> {
    (0..len).map(|_| AtomicU64::new(0)).collect()
}

impl Watch {
    fn new(lines: u64) -> Self {
        Self {
            begun: Instant::now(),
            handed: zeros((lines / LINES) as usize),
            done: zeros((lines / LINES) as usize),
            versions: zeros((lines / LINES) as usize),
            lines: zeros(lines as usize),
            delays: zeros(LATEST + 1),
            of_versions: Default::default(),
            digest: AtomicU64::new(0),
        }
    }

    fn now_ns(&self) -> u64 {
        self.begun.elapsed().as_nanos() as u64
    }

    fn note(&self, alert: &RuleAlertRef<'_>) {
        let number = alert
            .evidence
            .text
            .rsplit(' ')
            .next()
            .and_then(|word| word.parse::<usize>().ok())
            .expect("a numbered line");
        self.lines[number].fetch_add(1, Ordering::Relaxed);
        let chunk = number / LINES as usize;
        let (now_ns, handed_ns) = (self.now_ns(), self.handed[chunk].load(Ordering::Acquire));
        self.done[chunk].fetch_max(now_ns, Ordering::Relaxed);
        let late = (now_ns.saturating_sub(handed_ns) / 10_000) as usize;
        self.delays[late.min(LATEST)].fetch_add(1, Ordering::Relaxed);
        let version = VERSIONS.iter().position(|title| *title == alert.symptom.title).expect("a title of ours");
        self.of_versions[version].fetch_add(1, Ordering::Relaxed);
        self.versions[chunk].store(version as u64, Ordering::Relaxed);
        let mut hasher = DefaultHasher::new();
        let summary = alert.summary.strip_prefix(alert.symptom.title.as_str());
        (alert.evidence.text, alert.object, alert.order.time_ns, summary).hash(&mut hasher);
        self.digest.fetch_add(hasher.finish(), Ordering::Relaxed);
    }

    /// How much longer the first chunk of each new rule set took than the others, sorted.
    fn pauses(&self) -> Vec<Duration> {
        let took = |chunk: usize| {
            let [done, handed] = [&self.done, &self.handed].map(|times| times[chunk].load(Ordering::Relaxed));
            Duration::from_nanos(done.saturating_sub(handed))
        };
        let version = |chunk: usize| self.versions[chunk].load(Ordering::Relaxed);
        let (first, mut usual): (Vec<usize>, Vec<usize>) =
            (1..self.handed.len()).partition(|chunk| version(*chunk) != version(chunk - 1));
        usual.sort_by_key(|chunk| took(*chunk));
        let median = usual.get(usual.len() / 2).map_or(Duration::ZERO, |chunk| took(*chunk));
        let mut pauses: Vec<Duration> = first.iter().map(|chunk| took(*chunk).saturating_sub(median)).collect();
        pauses.sort_unstable();
        pauses
    }

    fn seen(&self) -> Seen {
        for (number, count) in self.lines.iter().enumerate() {
            assert_eq!(count.load(Ordering::Relaxed), 1, "line {number} is evaluated once");
        }
        let mut delays = Vec::with_capacity(self.lines.len());
        for (late, count) in self.delays.iter().enumerate() {
            let count = count.load(Ordering::Relaxed) as usize;
            delays.extend(std::iter::repeat_n(Duration::from_micros(10 * late as u64), count));
        }
        let of_versions = [0, 1].map(|version: usize| self.of_versions[version].load(Ordering::Relaxed));
        Seen { of_versions, delays, pauses: self.pauses(), digest: self.digest.load(Ordering::Relaxed) }
    }
}

fn rule_set(module: &Arc<dyn Module>, version: u64) -> Arc<RuleSet> {
    let title = VERSIONS[(version % 2) as usize];
    let settings = serde_json::json!({ "contains": ["numbered line"], "title": title }).to_string();
    let rule = LoadedRule::new("keyword", Arc::clone(module), &settings, Limits::default()).expect("sound settings");
    Arc::new(RuleSet::new(vec![Arc::new(rule)], &[]).expect("few literals"))
}

/// Waits for the moment that is due.
fn wait_until(due: Instant) {
    thread::sleep(due.saturating_duration_since(Instant::now()));
}

/// Hands `lines` over at their pace, with as many swaps meanwhile.
fn run(module: &Arc<dyn Module>, swaps: u64, lines: u64) -> Run {
    let watch = Arc::new(Watch::new(lines));
    let noted = Arc::clone(&watch);
    let sink: RuleAlertSink = Arc::new(move |alert| noted.note(alert));
    let engine = Engine::start(&EngineConfig::default(), rule_set(module, 0), InitialState::default(), sink);
    let engine = engine.expect("threads");
    let mut waits = Vec::with_capacity((lines / LINES) as usize);
    let mut took = thread::scope(|scope| {
        let swapper = scope.spawn(|| {
            let begun = Instant::now();
            let mut took = Vec::with_capacity(swaps as usize);
            for number in 0..swaps {
                let rules = rule_set(module, number + 1);
                wait_until(begun + Duration::from_nanos(number * 1_000_000_000 / SWAPS_PER_SECOND));
                let swap = Instant::now();
                engine.swap(rules);
                took.push(swap.elapsed());
            }
            took
        });
        let source = Arc::new(EventSource {
            name: "a".to_owned(),
            rank: 0,
            object: "a".to_owned(),
            app: None,
            decoder: Format::Auto.decoder(u64::MAX),
        });
        let begun = Instant::now();
        for first in (0..lines).step_by(LINES as usize) {
            let line = |line: u64| format!("2026-11-23T00:00:00Z vm-{} app: numbered line {line}\n", line % 64);
            let bytes = (first..first + LINES).map(line).collect::<String>().into_bytes();
            let chunk = Chunk { source: Arc::clone(&source), bytes, arrived_ns: None, cursor: None, ack: None };
            wait_until(begun + Duration::from_nanos(first * 1_000_000_000 / PER_SECOND));
            watch.handed[(first / LINES) as usize].store(watch.now_ns(), Ordering::Release);
            let handed = Instant::now();
            engine.submit(chunk).expect("the engine is open");
            waits.push(handed.elapsed());
        }
        swapper.join().expect("it does not panic")
    });
    let report = engine.stop().report;
    assert!(report.failures.is_empty(), "{:?}", report.failures);
    waits.sort_unstable();
    took.sort_unstable();
    Run { swaps: took, waits, seen: watch.seen() }
}
