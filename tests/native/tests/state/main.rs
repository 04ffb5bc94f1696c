//! The state of rules: the SDK's test bench and the host give the same answers to the same events, late
//! ones, limits and failures included.

mod script;

use std::{
    collections::BTreeMap,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Mutex, PoisonError},
};

use lifesigns_engine::{Engine, EngineConfig, LoadedRule, RuleAlertSink, RuleSet};
use lifesigns_model::{Chunk, Decoder, EventSource, InitialState, Limits, LogRecord, ManualClock, RuleKey};
use lifesigns_rule::testing::Bench;
use script::Script;

const NS_PER_MS: u64 = 1_000_000;
/// The host's clock stands here, after all events.
const NOW_NS: u64 = 1 << 62;

/// An event: when, about which object, and what the rule is to do.
#[derive(Debug)]
struct Step {
    time_ms: u64,
    object: String,
    script: String,
}

/// What the rule answered, by object and in order.
type Answers = BTreeMap<String, Vec<String>>;

/// Numbers that a seed gives.
struct Random(u64);

impl Random {
    fn below(&mut self, most: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % most
    }

    fn of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len() as u64) as usize]
    }
}

/// `TIME_MS OBJECT script`.
struct Plain;

impl Decoder for Plain {
    fn decode<'a>(&self, line: &'a str) -> LogRecord<'a> {
        let mut words = line.splitn(3, ' ');
        let time_ns = words.next().and_then(|time| time.parse::<u64>().ok()).map(|time_ms| time_ms * NS_PER_MS);
        let object = words.next().map(Into::into);
        LogRecord { time_ns, object, message: words.next().map(Into::into), ..LogRecord::default() }
    }

    fn escapes(&self) -> bool {
        false
    }

    fn facts(&self) -> bool {
        false
    }

    fn may_have_time(&self, _: &[u8]) -> bool {
        true
    }
}

/// Returns the host's answers, and how many events failed. Lines go in by `lines` at a time.
fn hosted(steps: &[Step], lines: usize) -> (Answers, u64) {
    let most = u64::from(u32::MAX);
    let limits = Limits {
        cpu_ms_per_s: most,
        alerts_per_s: most,
        alert_bytes_per_s: most,
        state_bytes_per_s: most,
        ..Limits::default()
    };
    let rule = LoadedRule::new("script", lifesigns_native::module::<Script>("sha256:0"), "{}", limits);
    let rules = Arc::new(RuleSet::new(vec![Arc::new(rule.expect("a rule"))], &[]).expect("no literals"));
    let answers: Arc<Mutex<Answers>> = Arc::default();
    let kept = Arc::clone(&answers);
    let sink: RuleAlertSink = Arc::new(move |alert| {
        let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
        let of_object = kept.entry(alert.object.to_owned()).or_default();
        of_object.push(format!("{} {}", alert.order.time_ns, alert.summary));
    });
    let clock = Arc::new(ManualClock::new(NOW_NS));
    let config =
        EngineConfig { scanners: 1, shards: 1, pin: false, clock, rules_cpu_ms_per_s: most, ..EngineConfig::default() };
    let engine = Engine::start(&config, rules, InitialState::default(), sink).expect("threads");
    let source = EventSource { name: "a".into(), rank: 0, object: "-".into(), app: None, decoder: Arc::new(Plain) };
    let source = Arc::new(source);
    for steps in steps.chunks(lines) {
        let bytes: String =
            steps.iter().map(|step| format!("{} {} {}\n", step.time_ms, step.object, step.script)).collect();
        let chunk =
            Chunk { source: Arc::clone(&source), bytes: bytes.into_bytes(), arrived_ns: None, cursor: None, ack: None };
        engine.submit(chunk).expect("the engine is open");
    }
    let report = engine.stop().report;
    let failed = report.failures.get(&RuleKey::live("script")).map_or(0, |failures| failures.failed);
    let answers = std::mem::take(&mut *answers.lock().unwrap_or_else(PoisonError::into_inner));
    (answers, failed)
}

/// Returns the bench's answers, and how many events failed.
fn benched(steps: &[Step]) -> (Answers, u64) {
    let mut benches: BTreeMap<&str, Bench<Script>> = BTreeMap::new();
    let (mut answers, mut failed) = (Answers::new(), 0);
    for step in steps {
        let bench = benches.entry(&step.object).or_insert_with(|| Bench::new("{}").expect("a rule"));
        bench.at_ms(step.time_ms);
        let of_object = answers.entry(step.object.clone()).or_default();
        of_object.extend(bench.reminder().into_iter().map(|alert| alert.summary));
        match catch_unwind(AssertUnwindSafe(|| bench.log(&step.object, &step.script))) {
            Ok(alerts) => of_object.extend(alerts.into_iter().map(|alert| alert.summary)),
            Err(_) => failed += 1,
        }
    }
    (answers, failed)
}

fn same(steps: &[Step], lines: usize, what: &str) {
    let (mut hosted, hosted_failed) = hosted(steps, lines);
    let (benched, benched_failed) = benched(steps);
    for (object, answers) in &benched {
        let hosted = hosted.remove(object).unwrap_or_default();
        let hosted = hosted.iter().map(|answer| answer.split_once(' ').map_or("", |(_, answer)| answer));
        for (number, (hosted, benched)) in hosted.clone().zip(answers).enumerate() {
            assert_eq!(hosted, benched, "{what}: answer {number} on {object} (host, bench); {steps:#?}");
        }
        assert_eq!(hosted.len(), answers.len(), "{what}: answers on {object} (host, bench); {steps:#?}");
    }
    assert_eq!(hosted_failed, benched_failed, "{what}: failures (host, bench); {steps:#?}");
}

/// One call, in words of [`Script`].
fn call(random: &mut Random, may_remind: bool) -> String {
    let key = random.of(&["a", "b", "c", "Llong", "Lother"]);
    let window_ms = random.of(&[0, 1, 10, 25, 60]);
    match random.below(if may_remind { 10 } else { 8 }) {
        0 => format!("set {key} {} {window_ms}", random.below(200)),
        1 => format!("get {key}"),
        2 if random.below(3) == 0 => format!("delete {key}"),
        2 | 3 => format!("count {key} {} {window_ms}", random.below(4)),
        4 if random.below(3) == 0 => format!("rename {key} {}", random.of(&["a", "b", "Llong"])),
        4 => format!("count {key} 1 {window_ms}"),
        5 | 6 => {
            let value = random.of(&["v", "w", "x", "Lvalue", "Lanother"]);
            format!("distinct {key} {value} {window_ms}")
        }
        7 => format!("values {key} {window_ms}"),
        8 => format!("forget {}", random.of(&["soon", "again", "Lname"])),
        _ => {
            let from_before_ns = random.of(&[0, 1_000_000, 1_500_000, 7_000_000, 40_000_000]);
            format!("remind {} {from_before_ns}", random.of(&["soon", "again", "Lname"]))
        }
    }
}

fn steps(seed: u64) -> Vec<Step> {
    let mut random = Random(seed);
    let (mut newest_ms, mut failures) = (BTreeMap::<u64, u64>::new(), 0);
    let step = |_| {
        let object = random.below(2);
        let newest_ms = newest_ms.entry(object).or_insert(1000);
        let is_late = random.below(5) == 0;
        let time_ms = if is_late { *newest_ms - random.below(40) } else { *newest_ms + random.below(8) };
        let is_late = time_ms < *newest_ms;
        *newest_ms = time_ms.max(*newest_ms);
        // A late event sets no reminder: it would fire in the host whenever time goes on.
        let mut script: Vec<String> = (0..=random.below(4)).map(|_| call(&mut random, !is_late)).collect();
        // The host pauses a rule from the third failure on.
        if random.below(40) == 0 && failures < 2 {
            failures += 1;
            script.push("set a 65537 0".to_owned());
        }
        Step { time_ms, object: format!("vm-{object}"), script: script.join(";") }
    };
    (0..200).map(step).collect()
}

#[test]
fn random_events_get_the_same_answers() {
    for seed in 0..60 {
        same(&steps(seed), 1 + seed as usize % 40, &format!("seed {seed}"));
    }
}

/// Two steps on one object, a millisecond apart.
fn limit(first: &str, second: &str) {
    let step = |time_ms, script: &str| Step { time_ms, object: "vm-1".to_owned(), script: script.to_owned() };
    same(&[step(1000, "set a 1 0;set b 2 0"), step(1001, first), step(1002, second)], 1, first);
}

#[test]
fn limits_are_the_same() {
    limit("keys k 1022", "get a;get b;get k-0;get k-1021");
    limit("keys k 1023", "get a;get b;get k-0;get k-1022");
    limit("keys k 1024;count c 1 10", "get b;get k-0;get k-1;count c 0 10");
    limit("additions a 65534", "count a 0 50");
    limit("additions a 65536", "count a 0 50");
    limit("distinct n v 50;notes n 4095", "values n 50;distinct n v 50");
    limit("distinct n v 50;notes n 4096", "values n 50;distinct n v 50");
    limit("keys k 1021;rename b c;set d 1 0", "get a;get c;get k-0");
    limit("count b 2 50;rename b a;set a 65537 0", "get a;count b 0 50");
    limit("set a 65536 0", "get a");
    limit("set a 65537 0", "get a");
    limit("set a 3 18446744073709551615", "get a");
    limit("count a 4294967295 18446744073709551615", "count a 4294967295 18446744073709551615");
    limit("reminders r 1024", "get a");
    limit("set a 7 0;reminders r 1025", "get a");
    limit("reminders r 1000;set a 7 0;remind s 18446744073709551615", "forget s;forget r-0");
}

#[test]
fn of_too_many_reminders_the_same_go() {
    let step = |time_ms, script: &str| Step { time_ms, object: "vm-1".to_owned(), script: script.to_owned() };
    let far = 5_000_000;
    let steps = [
        step(1000, "reminders r 1024"),
        step(1001, "remind near 5000000;remind r-1023 5000000"),
        step(1002, "remind far 36000000000000;remind farther 36000000000001"),
        step(1010, "get a"),
        step(far, "get a"),
    ];
    same(&steps, 1, "reminders");
}
