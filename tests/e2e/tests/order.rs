//! The order of a replay's alerts over many slices: event time, source, line, rule; whatever the
//! number of threads and however the sources are cut into chunks.

use std::fmt::Write;

use lifesigns_e2e::{
    modules, native,
    run::{Input, Replayed, replay},
};

const SOURCES: usize = 3;
const LINES: usize = 40_000;

/// A source whose lines jump about in time by up to a minute: activity, metrics, words.
fn source(number: usize, lines_per_chunk: usize) -> Input {
    let mut random = 0x9e37_79b9_u64 + number as u64;
    let mut next = |bound: u64| {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (random >> 33) % bound
    };
    let mut chunks = vec![String::new()];
    for line in 0..LINES {
        if line % lines_per_chunk == 0 {
            chunks.push(String::new());
        }
        let text = chunks.last_mut().expect("there is always one");
        // Milliseconds are coarse on purpose: ties are what this is about.
        let time_ms = 1_795_413_600_000 + line as u64 * 40 + next(60) * 1000;
        let object = next(20);
        let start = format!("{{\"time\":{time_ms},\"object\":\"vm-{object}\"");
        let written = match next(4) {
            0 => writeln!(text, "{start},\"metrics\":{{\"load.1m\":{}}}}}", next(80) as f64 / 10.0),
            1 => writeln!(text, "{start},\"message\":\"docker0: port 1(veth0) entered blocking state\"}}"),
            _ => writeln!(text, "{start},\"message\":\"a keyword {line}\"}}"),
        };
        written.expect("it writes into memory");
    }
    let name = format!("source-{number}");
    Input { chunks: chunks.into_iter().map(String::into_bytes).collect(), ..Input::new(&name, &name, "") }
}

fn run(threads: usize, lines_per_chunk: usize) -> Replayed {
    let native = |name: &str| native::module(name).expect("it is there");
    let rules = [
        modules::open("b-under-load", &native("docker-under-load"), r#"{"for":"5s"}"#),
        modules::open("a-word", &native("keyword"), r#"{"contains":["a keyword","docker0"]}"#),
        modules::open("c-word", &native("keyword"), r#"{"contains":["keyword 1"],"threshold":3,"window":"10s"}"#),
    ];
    let inputs: Vec<Input> = (0..SOURCES).map(|number| source(number, lines_per_chunk)).collect();
    replay(&rules, &inputs, &[], threads)
}

#[test]
fn alerts_come_in_one_order_whatever_the_threads_and_chunks() {
    let first = run(1, 1000);
    assert!(first.outcome.scan_counts.kept > 1 << 16, "more than one slice: {:?}", first.outcome.scan_counts);
    for rule in ["a-word", "b-under-load", "c-word"] {
        assert!(!first.lines(rule).is_empty(), "{rule} says something");
    }
    let key =
        |alert: &lifesigns_model::RuleAlert| (alert.time_ns, alert.source.clone(), alert.line, alert.rule.clone());
    for pair in first.alerts.windows(2) {
        assert!(key(&pair[0]) <= key(&pair[1]), "{:?}\n{:?}", pair[0], pair[1]);
    }
    for (threads, lines_per_chunk) in [(2, 1000), (4, 1000), (2, 77), (3, LINES)] {
        let other = run(threads, lines_per_chunk);
        assert!(other.ndjson == first.ndjson, "{threads} threads, chunks of {lines_per_chunk} lines");
    }
}
