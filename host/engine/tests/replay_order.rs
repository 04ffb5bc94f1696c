//! The merge of a replay: in order as a sort of all lines would be, the same for any number of threads, and
//! with sources that cannot all stay open.
#![allow(clippy::unwrap_used, reason = "in tests, also beside their functions")]

mod common;

use std::{
    cmp::Reverse,
    collections::HashMap,
    io, mem,
    sync::{
        Arc, Mutex,
        mpsc::{Receiver, channel},
    },
    time::Duration,
};

use common::{Event, rule, rules, source};
use lifesigns_engine::{
    LateLines, ReplayInput, ReplayOptions, ReplayOutcome, ReplayReader, RuleSet, replay_observations,
};
use lifesigns_model::{Observation, RuleState, StateError};

/// Longest line of a test, with its end.
const LINE_BYTES: u64 = 40;

/// A small generator; the same seed gives the same numbers.
struct Random(u64);

impl Random {
    fn below(&mut self, most: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % most
    }
}

/// Says what it sees, with a property as of then.
fn say(event: &Event<'_>, _: &mut dyn RuleState) -> Result<Option<String>, StateError> {
    // Of facts it is notified, too.
    let is_line = event.message.starts_with("say");
    Ok(is_line.then(|| format!("{} {}", event.message, event.properties[0].unwrap_or("none"))))
}

/// Lines of a source of which each stands less than `2 * disorder` lines from its place.
fn lines(random: &mut Random, input: usize, count: usize, disorder: u64) -> Vec<String> {
    let (mut time_ms, mut placed) = (1000 + random.below(40), Vec::new());
    for number in 0..count {
        // Often the same time, in this source and in others.
        time_ms += random.below(3) * random.below(4);
        let object = ["a", "b", "c", "d"][random.below(4) as usize];
        let text = match random.below(8) {
            0 => format!("{object} \"properties\" env={input}.{number}"),
            1 => format!("{object} nothing {input}.{number}"),
            _ => format!("{object} say {input}.{number}"),
        };
        let line = if random.below(9) == 0 { format!("- {text}") } else { format!("{time_ms} {text}") };
        placed.push((number as u64 + random.below(disorder), number, line));
    }
    placed.sort_by_key(|(place, number, _)| (*place, Reverse(*number)));
    placed.into_iter().map(|(.., line)| line).collect()
}

/// What must come out: a stable sort of all lines by time, source, line, with properties as of then.
fn naive(sources: &[Vec<String>]) -> Vec<String> {
    let mut all = Vec::new();
    for lines in sources {
        let mut last = 0;
        for line in lines {
            let (time, rest) = line.split_once(' ').unwrap();
            last = time.parse::<u64>().unwrap_or(last);
            all.push((last, rest));
        }
    }
    all.sort_by_key(|(time, _)| *time);
    let (mut env, mut out) = (HashMap::new(), Vec::new());
    for (time, line) in all {
        let (object, text) = line.split_once(' ').unwrap();
        if let Some((_, value)) = text.split_once("env=") {
            env.insert(object, value);
        } else if text.starts_with("say") {
            out.push(format!("{time} {object} {text} {}", env.get(object).unwrap_or(&"none")));
        }
    }
    out
}

/// Cuts lines into chunks.
fn chunks(random: &mut Random, lines: &[String], most: u64) -> Vec<Vec<u8>> {
    let (mut chunks, mut rest) = (Vec::new(), lines);
    while !rest.is_empty() {
        let (now, later) = rest.split_at((1 + random.below(most) as usize).min(rest.len()));
        chunks.push((now.join("\n") + "\n").into_bytes());
        rest = later;
    }
    chunks
}

fn replayed(
    options: &ReplayOptions,
    rules: &Arc<RuleSet>,
    inputs: Vec<ReplayInput<'_>>,
) -> (Vec<String>, ReplayOutcome) {
    let mut out = Vec::new();
    let mut emit = |observation| {
        if let Observation::RuleAlert(alert) = observation {
            out.push(format!("{} {} {}", alert.time_ns / 1_000_000, alert.object, alert.summary));
        }
        Ok(())
    };
    let outcome = replay_observations(options, rules, inputs, &[], &mut emit).unwrap();
    (out, outcome)
}

/// The first place where two replays differ.
fn difference(found: &[String], expected: &[String]) -> String {
    let at = found.iter().zip(expected).position(|(one, other)| one != other);
    let at = at.unwrap_or(found.len().min(expected.len()));
    format!("at {at} {:?} instead of {:?}", found.get(at), expected.get(at))
}

fn inputs(sources: &[Vec<Vec<u8>>]) -> Vec<ReplayInput<'static>> {
    let input = |(rank, chunks): (usize, &Vec<Vec<u8>>)| {
        let mut chunks = chunks.clone().into_iter();
        let reader = Box::new(move |_: Vec<u8>| Ok(chunks.next()));
        ReplayInput { source: source(&format!("{rank}"), rank as u32), reader }
    };
    sources.iter().enumerate().map(input).collect()
}

#[test]
fn what_stands_in_the_window_comes_out_as_sorted_whatever_the_threads() {
    let rules = rules(&[rule("say", &["say"], &["env"], false, say)]);
    for seed in 0..60 {
        let mut random = Random(seed);
        let disorder = 1 + random.below(12);
        let count = 1 + random.below(7) as usize;
        let sources: Vec<_> = (0..count)
            .map(|input| {
                let count = random.below(400) as usize;
                lines(&mut random, input, count, disorder)
            })
            .collect();
        let most = 1 + random.below(30);
        let chunked: Vec<_> = sources.iter().map(|lines| chunks(&mut random, lines, most)).collect();
        let expected = naive(&sources);
        for threads in [1, 2, 4] {
            // A line without a time has that of a line before it, which may be that much further away.
            let disorder_bytes = Some(4 * disorder * LINE_BYTES);
            let options = ReplayOptions { disorder_bytes, ..ReplayOptions::with_threads(threads) };
            let (found, outcome) = replayed(&options, &rules, inputs(&chunked));
            assert!(found == expected, "seed {seed}, {threads} threads: {}", difference(&found, &expected));
            assert_eq!(outcome.late, LateLines::default(), "seed {seed}");
        }
    }
}

#[test]
fn what_stands_outside_of_the_window_is_counted_and_comes_out_the_same_for_any_number_of_threads() {
    let rules = rules(&[rule("say", &["say"], &["env"], false, say)]);
    let mut late = 0;
    for seed in 0..40 {
        let mut random = Random(seed);
        let sources: Vec<_> = (0..4).map(|input| lines(&mut random, input, 300, 200)).collect();
        let chunked: Vec<_> = sources.iter().map(|lines| chunks(&mut random, lines, 9)).collect();
        let options = |threads| ReplayOptions { disorder_bytes: Some(100), ..ReplayOptions::with_threads(threads) };
        let (first, outcome) = replayed(&options(1), &rules, inputs(&chunked));
        late += outcome.late.lines;
        for threads in [2, 3, 4] {
            let (other, again) = replayed(&options(threads), &rules, inputs(&chunked));
            assert!(first == other && outcome.late == again.late, "seed {seed}, {threads} threads");
        }
        // None is lost.
        let line = |text: &String| text.split(' ').nth(3).map(str::to_owned);
        let (mut found, mut expected) =
            (first.iter().map(line).collect::<Vec<_>>(), naive(&sources).iter().map(line).collect::<Vec<_>>());
        found.sort();
        expected.sort();
        assert!(found == expected, "seed {seed}");
    }
    assert!(late > 0);
}

#[test]
fn a_late_line_says_by_how_much() {
    let rules = rules(&[rule("say", &["say"], &["env"], false, say)]);
    let text = ["5000 a say 1\n", "6000 a say 2\n", "7000 a say 3\n", "5500 a say 4\n", "8000 a say 5\n"];
    let chunked = vec![text.map(|line| line.as_bytes().to_vec()).to_vec()];
    let options = ReplayOptions { disorder_bytes: Some(1), ..ReplayOptions::with_threads(1) };
    let (found, outcome) = replayed(&options, &rules, inputs(&chunked));
    assert_eq!(outcome.late, LateLines { lines: 1, behind_ns: 500_000_000 });
    // Within what is written at once alerts are sorted.
    assert_eq!(found[1], "5500 a say 4 none");
}

/// A compressed source: it holds memory while it is open, and begins again after it was closed.
struct Compressed {
    chunks: Vec<Vec<u8>>,
    next: usize,
    is_open: bool,
    log: Arc<Mutex<Counts>>,
}

#[derive(Default)]
struct Counts {
    open: usize,
    most_open: usize,
    closed: usize,
}

impl ReplayReader for Compressed {
    fn next_chunk(&mut self, _: Vec<u8>) -> io::Result<Option<Vec<u8>>> {
        let mut log = self.log.lock().unwrap();
        log.open += usize::from(!mem::replace(&mut self.is_open, true));
        log.most_open = log.most_open.max(log.open);
        let chunk = self.chunks.get(self.next).cloned();
        self.next += 1;
        log.open -= usize::from(chunk.is_none() && mem::replace(&mut self.is_open, false));
        Ok(chunk)
    }

    fn open_bytes(&self) -> usize {
        6 << 20
    }

    fn close(&mut self) {
        let mut log = self.log.lock().unwrap();
        log.open -= usize::from(mem::replace(&mut self.is_open, false));
        log.closed += 1;
    }
}

#[test]
fn sources_that_cannot_all_stay_open_go_by_way_of_the_spool_and_come_out_the_same() {
    let rules = rules(&[rule("say", &["say"], &["env"], false, say)]);
    for threads in [1, 2, 4] {
        let mut random = Random(7);
        let sources: Vec<_> = (0..9).map(|input| lines(&mut random, input, 2000, 6)).collect();
        let chunked: Vec<_> = sources.iter().map(|lines| chunks(&mut random, lines, 20)).collect();
        let log = Arc::new(Mutex::new(Counts::default()));
        let compressed = chunked.iter().enumerate().map(|(rank, chunks)| {
            let (chunks, log) = (chunks.clone(), Arc::clone(&log));
            let reader = Box::new(Compressed { chunks, next: 0, is_open: false, log });
            ReplayInput { source: source(&format!("{rank}"), rank as u32), reader }
        });
        let options = ReplayOptions { disorder_bytes: Some(1000), ..ReplayOptions::with_threads(threads) };
        let (found, outcome) = replayed(&options, &rules, compressed.collect());
        let (plain, counts) = replayed(&options, &rules, inputs(&chunked));
        assert!(found == naive(&sources) && found == plain);
        assert_eq!(outcome.scan_counts, counts.scan_counts);
        let log = log.lock().unwrap();
        // All but those that fit into the bound for decoders were closed after their beginning.
        assert!(log.closed > 0 && log.open == 0, "{} closed", log.closed);
        assert!(log.most_open <= 2 + threads, "{} were open with {threads} threads", log.most_open);
    }
}

#[test]
fn a_spool_that_cannot_be_written_is_an_error_that_names_the_folder() {
    let rules = rules(&[rule("say", &["say"], &["env"], false, say)]);
    let mut random = Random(1);
    let sources: Vec<_> = (0..6).map(|input| lines(&mut random, input, 500, 2)).collect();
    let compressed = sources.iter().enumerate().map(|(rank, lines)| {
        let chunks = chunks(&mut random, lines, 20);
        let reader = Box::new(Compressed { chunks, next: 0, is_open: false, log: Arc::default() });
        ReplayInput { source: source(&format!("{rank}"), rank as u32), reader }
    });
    let options = ReplayOptions {
        disorder_bytes: Some(500),
        spool_folder: "/nonexistent/spool".into(),
        ..ReplayOptions::with_threads(1)
    };
    let result = replay_observations(&options, &rules, compressed.collect(), &[], &mut |_| Ok(()));
    let error = result.unwrap_err().to_string();
    assert!(error.contains("/nonexistent/spool") && error.contains("TMPDIR"), "{error}");
}

#[test]
fn a_source_that_fails_later_does_so_when_its_turn_comes_with_any_number_of_threads() {
    let rules = rules(&[rule("say", &["say"], &["env"], false, say)]);
    let runs = [1, 2, 4].map(|threads| {
        let mut number = 0;
        let failing = Box::new(move |_: Vec<u8>| {
            number += 1;
            if number > 50 {
                Err(io::Error::other("gone"))
            } else {
                Ok(Some(format!("{number} a say {number}\n").into_bytes()))
            }
        });
        let mut out = 0;
        let inputs = vec![ReplayInput { source: source("failing", 0), reader: failing }];
        let options = ReplayOptions { disorder_bytes: Some(20), ..ReplayOptions::with_threads(threads) };
        let mut emit = |_| {
            out += 1;
            Ok(())
        };
        let error = replay_observations(&options, &rules, inputs, &[], &mut emit).unwrap_err();
        (error.to_string(), out)
    });
    assert!(runs[0] == runs[1] && runs[0] == runs[2], "{runs:?}");
    assert_eq!(runs[0].0, "failing cannot be read: gone");
}

/// A pipe whose writer waits, before it ends, for the first alert of what it has written.
struct Pipe {
    chunks: std::vec::IntoIter<Vec<u8>>,
    answer: Receiver<()>,
}

impl ReplayReader for Pipe {
    fn next_chunk(&mut self, _: Vec<u8>) -> io::Result<Option<Vec<u8>>> {
        if let Some(chunk) = self.chunks.next() {
            return Ok(Some(chunk));
        }
        // Long enough for any machine; who reads on before the alert is out waits for nothing.
        let answered = self.answer.recv_timeout(Duration::from_secs(60));
        answered.map(|()| None).map_err(|_| io::Error::other("no alert came"))
    }

    fn is_ready(&mut self) -> bool {
        self.chunks.len() > 0
    }
}

#[test]
fn what_is_complete_is_written_while_a_pipe_has_no_more() {
    let rules = rules(&[rule("say", &["say"], &["env"], false, say)]);
    let say = |range: std::ops::Range<u32>| -> Vec<u8> {
        range.map(|number| format!("{number} a say {number}\n")).collect::<String>().into_bytes()
    };
    // While one thread scans the second chunk, the one that writes could read all that there is, and wait for more.
    let quick = || "5000 a nothing\n".repeat(20_000).into_bytes();
    for _ in 0..20 {
        let chunks = [vec![say(0..500), say(500..4000)], (0..8).map(|_| quick()).collect()].concat();
        let (send, answer) = channel();
        let reader = Box::new(Pipe { chunks: chunks.into_iter(), answer });
        let inputs = vec![ReplayInput { source: source("pipe", 0), reader }];
        let options = ReplayOptions { disorder_bytes: Some(1000), ..ReplayOptions::with_threads(4) };
        let mut said = 0;
        let mut emit = |_| {
            said += 1;
            let _ = send.send(());
            Ok(())
        };
        replay_observations(&options, &rules, inputs, &[], &mut emit).unwrap();
        assert!(said >= 4000, "{said}");
    }
}
