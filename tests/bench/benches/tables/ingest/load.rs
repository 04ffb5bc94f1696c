//! What is sent: numbered lines of the corpus, each with a time of its own, by which its alerts are recognised.

use std::{
    collections::{HashMap, HashSet},
    fmt::Write as _,
    fs::File,
    io::{BufRead, BufReader},
    path::Path,
    time::Instant,
};

use lifesigns_bench::{Corpus, Oracle, keywords};
use lifesigns_intake::{Format, parse_time};
use memchr::memmem;

use crate::follower::TimedLines;

/// Keyword rules. The last one's word is only in probes.
pub(crate) const RULES: usize = 100;
/// The word of the probes.
pub(crate) const PROBE: &str = "measured probe";
/// The time of the first line, and that of the first probe; a microsecond for each that follows.
const LINES_FROM: u64 = 12 * 3600;
const PROBES_FROM: u64 = 13 * 3600;
/// The midnight before them, in seconds since the Unix epoch, as [`time`] writes it.
const MIDNIGHT_S: u64 = 1_795_392_000;

/// See the module.
pub(crate) struct Load {
    /// What the rules look for, a word each.
    pub(crate) words: Vec<String>,
    /// Lines after which they come again.
    pub(crate) round: Vec<String>,
    /// Lines in all.
    pub(crate) count: usize,
    /// Where they come from.
    pub(crate) from: String,
}

/// What the rules have said: rule and number, each once.
pub(crate) type Alerts = HashSet<(u32, u64)>;

impl Load {
    /// Returns `count` lines, a multiple of a thousand.
    pub(crate) fn new(count: usize) -> Self {
        let corpus = Corpus::new(1);
        let mut words = keywords(RULES - 1);
        words.push(PROBE.to_owned());
        let [round, _] = corpus.rounds;
        Self { words, round, count: count.next_multiple_of(1000), from: corpus.from }
    }

    /// Returns the text of a line.
    pub(crate) fn line(&self, number: usize) -> &str {
        &self.round[number % self.round.len()]
    }

    /// Returns what must be said of the first `count` lines, if `lines` are what a round becomes in its protocol and are
    /// read in this format.
    pub(crate) fn alerts(&self, format: Format, lines: &[String], count: usize) -> Alerts {
        let oracle = Oracle::of_format(format, lines, &self.words);
        let length = self.round.len() as u64;
        let rounds = (0..(count as u64).div_ceil(length)).map(|round| round * length);
        let of_round = |first| oracle.alerts_of_round().iter().map(move |(rule, line)| (*rule, first + line));
        rounds.flat_map(of_round).filter(|(_, number)| *number < count as u64).collect()
    }

    /// Returns how many of the first `count` lines have one of the words anywhere.
    pub(crate) fn matching(&self, count: usize) -> u64 {
        let finders: Vec<_> = self.words.iter().map(memmem::Finder::new).collect();
        let has = |text: &String| finders.iter().any(|finder| finder.find(text.as_bytes()).is_some());
        let matching: Vec<bool> = self.round.iter().map(has).collect();
        (0..count).filter(|number| matching[number % matching.len()]).count() as u64
    }
}

/// Returns the time of a line.
pub(crate) fn time_of_line(number: usize) -> String {
    time(LINES_FROM, number)
}

/// Returns the time of a probe.
pub(crate) fn time_of_probe(number: usize) -> String {
    time(PROBES_FROM, number)
}

/// Returns the time of a line, in nanoseconds since the Unix epoch.
pub(crate) const fn line_ns(number: usize) -> u64 {
    ((MIDNIGHT_S + LINES_FROM) * 1_000_000 + number as u64) * 1000
}

/// As [`line_ns`], of a probe.
pub(crate) const fn probe_ns(number: usize) -> u64 {
    ((MIDNIGHT_S + PROBES_FROM) * 1_000_000 + number as u64) * 1000
}

fn time(from_s: u64, number: usize) -> String {
    let (second, micro) = (from_s + number as u64 / 1_000_000, number % 1_000_000);
    format!("2026-11-23T{:02}:{:02}:{:02}.{micro:06}Z", second / 3600, second / 60 % 60, second % 60)
}

/// Returns a line as RFC 5424.
pub(crate) fn syslog(number: usize, text: &str) -> String {
    let mut line = String::with_capacity(text.len() + 64);
    let _ = write!(line, "<30>1 {} vm-{} app 7 - - {text}", time_of_line(number), number % 16);
    line
}

/// An alert of the output: its rule and the number of its line or probe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Seen {
    Line(u32, u64),
    Probe(u64),
}

impl Seen {
    /// Reads a line of the output.
    pub(crate) fn read(json: &str) -> Option<Self> {
        // A time in the text of the corpus counts before that of the frame: the frame is in the evidence.
        let at = memmem::find(json.as_bytes(), b"2026-11-23T12:")
            .or_else(|| memmem::find(json.as_bytes(), b"2026-11-23T13:"))?;
        let ns = parse_time(json[at..].split_inclusive('Z').next()?)?;
        let (_, rule) = json.split_once("\"rule\":\"k")?;
        let rule: u32 = rule.get(..5)?.parse().ok()?;
        if rule as usize == RULES - 1 {
            return Some(Self::Probe(ns.checked_sub(probe_ns(0))? / 1000));
        }
        Some(Self::Line(rule, ns.checked_sub(line_ns(0))? / 1000))
    }
}

/// Returns when the alert of each probe was there first.
pub(crate) fn probes(lines: TimedLines) -> HashMap<usize, Instant> {
    let mut seen = HashMap::new();
    for (at, line) in lines {
        if let Some(Seen::Probe(number)) = Seen::read(&line) {
            seen.entry(number as usize).or_insert(at);
        }
    }
    seen
}

/// Compares the alerts in a file with those that are expected. Returns those that are missing or too many.
///
/// # Panics
/// When one is not understood, which is a fault of the bench.
pub(crate) fn differences(out: &Path, expected: &Alerts) -> u64 {
    let mut found = Alerts::with_capacity(expected.len());
    let mut wrong = 0;
    for line in BufReader::with_capacity(1 << 20, File::open(out).expect("the output")).lines() {
        let line = line.expect("text");
        match Seen::read(&line) {
            Some(Seen::Line(rule, number)) => {
                wrong += u64::from(!expected.contains(&(rule, number)) || !found.insert((rule, number)));
            }
            Some(Seen::Probe(_)) => {}
            None => panic!("not understood: {line}"),
        }
    }
    wrong + expected.difference(&found).count() as u64
}
