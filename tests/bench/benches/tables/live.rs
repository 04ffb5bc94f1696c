//! Rules that come and go while lines flow: hot load, start from the cache, memory for a further rule.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use lifesigns_bench::{
    Modules, Table, keyword_rules, keywords, machine, median, millis, quick, repeats, resident_bytes,
};
use lifesigns_engine::{Engine, EngineConfig, RuleSet};
use lifesigns_intake::Format;
use lifesigns_model::{Chunk, EventSource, Module};

const LIVE: usize = 1000;
/// Lines in one chunk of the load.
const CHUNK_LINES: usize = 500;

pub(crate) fn table() {
    let machine = machine();
    let modules = Modules::new();
    let words = keywords(2 * LIVE + 1);
    let mut table = Table::new(&["what", "median", "slowest", "target"]);
    // First, because memory that was freed before would hide what rules take.
    let memory = memory(&modules, &words);
    start(&modules, &words, &mut table);
    hot_load(&modules, &words, &mut table);
    println!("\n## Live\n");
    println!("{machine}; one scanner and one shard, pinned.\n");
    println!("{table}");
    println!("{memory}");
}

/// From nothing but the compile cache to rules that can be put in force.
fn start(modules: &Modules, words: &[String], table: &mut Table) {
    let mut times: [Vec<Duration>; 3] = Default::default();
    modules.load(&modules.sandbox(), "keyword");
    let sample = chunk_of(words, 0);
    for _ in 0..repeats(15) {
        let began = Instant::now();
        let module = modules.load(&modules.sandbox(), "keyword");
        times[1].push(began.elapsed());
        let rules = keyword_rules(&module, 0, &words[..LIVE]);
        let indexing = Instant::now();
        let rules = RuleSet::new(rules, &sample).expect("an index");
        times[2].push(indexing.elapsed());
        times[0].push(began.elapsed());
        drop(rules);
    }
    let targets = ["<= 300 ms", "", ""];
    let names = ["start, 1000 rules from the cache", "- of that, sandbox and module", "- of that, the index"];
    for ((name, times), target) in names.iter().zip(&mut times).zip(targets) {
        row(table, name, times, target);
    }
}

/// One more rule while 1000 are live.
fn hot_load(modules: &Modules, words: &[String], table: &mut Table) {
    let sandbox = modules.sandbox();
    // `docker-keyword` is in the cache on disk, and is not held in memory between two loads.
    drop(modules.load(&sandbox, "docker-keyword"));
    let keyword = modules.load(&sandbox, "keyword");
    let live = keyword_rules(&keyword, 0, &words[..LIVE]);
    let sample = chunk_of(words, 0);
    let alerts = Arc::new(AtomicU64::new(0));
    let engine = engine(Arc::new(RuleSet::new(live.clone(), &sample).expect("an index")), &alerts);
    let submitted = AtomicU64::new(0);
    let stop = AtomicBool::new(false);
    for (load, pause_us) in [("100 000 lines/s", 5000), ("as much as goes in", 0)] {
        stop.store(false, Ordering::Relaxed);
        let mut times: [Vec<Duration>; 4] = Default::default();
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let source = source();
                while !stop.load(Ordering::Relaxed) {
                    engine.submit(chunk(&source, sample.clone())).expect("the engine is open");
                    submitted.fetch_add(1, Ordering::Relaxed);
                    if pause_us > 0 {
                        std::thread::sleep(Duration::from_micros(pause_us));
                    }
                }
            });
            for round in 0..repeats(31) {
                std::thread::sleep(Duration::from_millis(if quick() { 1 } else { 30 }));
                // The last word, which no line holds.
                let word = format!("{} {round}", words[2 * LIVE]);
                let began = Instant::now();
                // Every second time, a module that only the disk has.
                let name = if round % 2 == 0 { "keyword" } else { "docker-keyword" };
                let module = modules.load(&sandbox, name);
                let mut rules = live.clone();
                rules.push(further(&module, name, &word));
                let indexing = Instant::now();
                let rules = Arc::new(RuleSet::new(rules, engine.sample().bytes()).expect("an index"));
                let swapping = Instant::now();
                engine.swap(rules);
                let done = Instant::now();
                times[round % 2].push(done - began);
                times[2].push(swapping - indexing);
                times[3].push(done - swapping);
            }
            stop.store(true, Ordering::Relaxed);
        });
        let names = [
            "hot load, module in use",
            "hot load, module from the cache on disk",
            "- of that, the index",
            "- of that, the swap",
        ];
        for ((name, times), target) in names.iter().zip(&mut times).zip(["<= 5 ms", "<= 5 ms", "", "<= 1 ms"]) {
            if !times.is_empty() {
                row(table, &format!("{name}; {load}"), times, target);
            }
        }
    }
    pause(&engine, &live, &sample, &submitted, table);
    engine.flush();
    let expected = submitted.load(Ordering::Relaxed) * alerts_of(&sample, &words[..LIVE]);
    let seen = alerts.load(Ordering::Relaxed);
    engine.stop();
    assert_eq!(seen, expected, "an event was lost or seen twice");
    row_text(table, "events lost or seen twice", &format!("0 of {expected}"), "", "0");
}

/// How much longer a chunk takes, from its source to its last alert, when it is the first of a new
/// rule set.
fn pause(
    engine: &Engine,
    live: &[Arc<lifesigns_engine::LoadedRule>],
    sample: &[u8],
    submitted: &AtomicU64,
    table: &mut Table,
) {
    let source = source();
    let time = |chunk: Chunk| {
        let began = Instant::now();
        engine.submit(chunk).expect("the engine is open");
        engine.flush();
        submitted.fetch_add(1, Ordering::Relaxed);
        began.elapsed()
    };
    let (mut usual, mut first, mut longer) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..repeats(51) {
        time(chunk(&source, sample.to_vec()));
        usual.push(time(chunk(&source, sample.to_vec())));
        engine.swap(Arc::new(RuleSet::new(live.to_vec(), sample).expect("an index")));
        first.push(time(chunk(&source, sample.to_vec())));
        longer.push(first[first.len() - 1].saturating_sub(usual[usual.len() - 1]));
    }
    row(table, "a chunk of 500 lines, from source to alerts", &mut usual, "");
    row(table, "the same, first of a new rule set", &mut first, "");
    row(table, "- the pause: how much longer that took", &mut longer, "<= 1 ms");
}

/// Resident memory for each of a second thousand rules, all of which have seen an event.
fn memory(modules: &Modules, words: &[String]) -> Table {
    let sandbox = modules.sandbox();
    let module = modules.load(&sandbox, "keyword");
    let alerts = Arc::new(AtomicU64::new(0));
    let source = source();
    let each = |words: &[String]| words.iter().flat_map(|word| [word.as_bytes(), b"\n"].concat()).collect::<Vec<u8>>();
    let mut rules = keyword_rules(&module, 0, &words[..LIVE]);
    let engine = engine(Arc::new(RuleSet::new(rules.clone(), &[]).expect("an index")), &alerts);
    engine.submit(chunk(&source, each(&words[..LIVE]))).expect("the engine is open");
    engine.flush();
    let before = resident_bytes();
    rules.extend(keyword_rules(&module, LIVE, &words[LIVE..2 * LIVE]));
    engine.swap(Arc::new(RuleSet::new(rules, &[]).expect("an index")));
    engine.submit(chunk(&source, each(&words[LIVE..2 * LIVE]))).expect("the engine is open");
    engine.flush();
    let after = resident_bytes();
    let seen = alerts.load(Ordering::Relaxed);
    engine.stop();
    assert!(seen >= 2 * LIVE as u64, "each rule has seen an event: {seen}");
    let mut table = Table::new(&["resident memory", "measured", "target"]);
    if let (Some(before), Some(after)) = (before, after) {
        table.row(["1000 rules, all in use", &format!("{} MiB", before >> 20), ""]);
        table.row(["2000 rules, all in use", &format!("{} MiB", after >> 20), ""]);
        let further = after.saturating_sub(before) as f64 / LIVE as f64 / 1024.0;
        table.row(["a further rule of the same module", &format!("{further:.1} KiB"), "<= 64 KiB"]);
    }
    table
}

fn further(module: &Arc<dyn Module>, name: &str, word: &str) -> Arc<lifesigns_engine::LoadedRule> {
    let settings =
        if name == "keyword" { serde_json::json!({ "contains": [word] }).to_string() } else { "{}".to_owned() };
    let rule =
        lifesigns_engine::LoadedRule::new("further", Arc::clone(module), &settings, lifesigns_model::Limits::default());
    Arc::new(rule.expect("a rule of our own"))
}

fn engine(rules: Arc<RuleSet>, alerts: &Arc<AtomicU64>) -> Engine {
    let config = EngineConfig { scanners: 1, shards: 1, ..EngineConfig::default() };
    let alerts = Arc::clone(alerts);
    let sink = move |alert: &lifesigns_model::RuleAlertRef<'_>| {
        // The further rules have nothing to say here, and if they had, nothing would be lost.
        alerts.fetch_add(u64::from(alert.rule != "further"), Ordering::Relaxed);
    };
    Engine::start(&config, rules, lifesigns_model::InitialState::default(), Arc::new(sink)).expect("threads")
}

fn source() -> Arc<EventSource> {
    let decoder = Format::Plain.decoder(1_795_500_000_000_000_000);
    Arc::new(EventSource { name: "load".into(), rank: 0, object: "vm".into(), app: None, decoder })
}

fn chunk(source: &Arc<EventSource>, bytes: Vec<u8>) -> Chunk {
    let arrived_ns = Some(1_795_500_000_000_000_000);
    Chunk { source: Arc::clone(source), bytes, arrived_ns, cursor: None, ack: None }
}

/// A chunk of the load: three lines of a hundred hold a literal of a live rule.
fn chunk_of(words: &[String], first: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    for line in 0..CHUNK_LINES {
        bytes.extend_from_slice(b"2026-11-23T15:02:07Z combo sshd[19939]: connection from 10.0.0.7 port 41822 ");
        match line % 100 {
            0 | 33 | 66 => bytes.extend_from_slice(words[(first + line * 7) % LIVE].as_bytes()),
            _ => bytes.extend_from_slice(b"closed by the other side after 17 s"),
        }
        bytes.push(b'\n');
    }
    bytes
}

/// What the live rules must say to a chunk: counted naively.
fn alerts_of(bytes: &[u8], words: &[String]) -> u64 {
    let text = String::from_utf8_lossy(bytes);
    let lines = text.lines();
    lines.map(|line| words.iter().filter(|word| line.contains(word.as_str())).count() as u64).sum()
}

fn row(table: &mut Table, name: &str, times: &mut [Duration], target: &str) {
    let middle = median(times);
    row_text(table, name, &millis(middle), &millis(times[times.len() - 1]), target);
}

fn row_text(table: &mut Table, name: &str, median: &str, slowest: &str, target: &str) {
    table.row([name, median, slowest, target]);
}
