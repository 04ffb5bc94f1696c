//! What must be found: every line decoded, every literal looked for in it by itself.

use std::{
    fs::File,
    io::{BufRead, BufReader},
    path::Path,
};

use lifesigns_intake::Format;
use memchr::memmem::{Finder, find};

/// What the rules `k00000` and on, one for each word, must say about lines, and what a loop over raw lines must print.
#[derive(Debug, Default)]
pub struct Oracle {
    /// Lines after which they come again.
    lines: u64,
    /// Rule and line, counted from 0, sorted by line.
    alerts: Vec<(u32, u64)>,
    /// Occurrences of literals in raw lines, overlapping ones too.
    matches: u64,
    /// Raw lines with a literal.
    matching: u64,
}

impl Oracle {
    /// Looks for all words in each line.
    pub fn new(round: &[String], words: &[String]) -> Self {
        Self::of_format(Format::Auto, round, words)
    }

    /// As [`Self::new`], for lines that are read in this format.
    pub fn of_format(format: Format, round: &[String], words: &[String]) -> Self {
        let finders: Vec<Finder<'_>> = words.iter().map(Finder::new).collect();
        let decoder = format.decoder(0);
        let mut oracle = Self { lines: round.len() as u64, ..Self::default() };
        for (number, line) in round.iter().enumerate() {
            let record = decoder.decode(line);
            let message = record.message.as_deref().unwrap_or_default();
            let before = oracle.matches;
            for (rule, finder) in finders.iter().enumerate() {
                if finder.find(message.as_bytes()).is_some() {
                    oracle.alerts.push((rule as u32, number as u64));
                }
                oracle.matches += occurrences(finder, line.as_bytes());
            }
            oracle.matching += u64::from(oracle.matches > before);
        }
        oracle
    }

    /// Rule and line of each alert of a round, both counted from 0, in the order of the lines.
    pub fn alerts_of_round(&self) -> &[(u32, u64)] {
        &self.alerts
    }

    /// Alerts of this number of lines.
    pub fn alerts(&self, lines: u64) -> u64 {
        self.alerts.len() as u64 * (lines / self.lines)
    }

    /// Occurrences of literals in this number of raw lines.
    pub fn matches(&self, lines: u64) -> u64 {
        self.matches * (lines / self.lines)
    }

    /// Raw lines with a literal, of this number.
    pub fn matching(&self, lines: u64) -> u64 {
        self.matching * (lines / self.lines)
    }

    /// Compares the output of a replay of this number of lines.
    ///
    /// # Panics
    /// When it is another set.
    pub fn check_alerts(&self, out: &Path, lines: u64) {
        let mut found: Vec<(u64, u32)> = lines_of(out).map(|line| alert(&line)).collect();
        found.sort_unstable();
        let rounds = (0..lines / self.lines).map(|round| round * self.lines);
        let expected = rounds.flat_map(|first| self.alerts.iter().map(move |(rule, line)| (first + line + 1, *rule)));
        assert!(found.len() as u64 == self.alerts(lines), "{} alerts, not {}", found.len(), self.alerts(lines));
        for (found, expected) in found.iter().zip(expected) {
            assert_eq!(*found, expected, "the alerts (line, rule) are others than those of the oracle");
        }
    }

    /// Compares the output of a loop that prints all matches.
    ///
    /// # Panics
    /// When their number is another one.
    pub fn check_matches(&self, out: &Path, lines: u64) {
        assert_eq!(lines_of(out).count() as u64, self.matches(lines), "matches");
    }

    /// Compares the output of a loop that prints lines with a match.
    ///
    /// # Panics
    /// When their number is another one.
    pub fn check_matching(&self, out: &Path, lines: u64) {
        assert_eq!(lines_of(out).count() as u64, self.matching(lines), "matching lines");
    }
}

fn occurrences(finder: &Finder<'_>, line: &[u8]) -> u64 {
    let (mut count, mut from) = (0, 0);
    while let Some(at) = finder.find(&line[from..]) {
        count += 1;
        from += at + 1;
    }
    count
}

fn lines_of(path: &Path) -> impl Iterator<Item = Vec<u8>> {
    BufReader::with_capacity(1 << 20, File::open(path).expect("the output"))
        .split(b'\n')
        .map(|line| line.expect("a line"))
}

/// The line and the rule of an alert.
fn alert(json: &[u8]) -> (u64, u32) {
    // Quotes within its texts are escaped.
    let number = |key: &[u8]| {
        let start = find(json, key).expect("an alert has a rule and a line") + key.len();
        let digits = json[start..].iter().take_while(|byte| byte.is_ascii_digit());
        digits.fold(0, |number, digit| number * 10 + u64::from(digit - b'0'))
    };
    (number(b"\"line\":"), number(b"\"rule\":\"k") as u32)
}
