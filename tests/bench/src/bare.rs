//! The loop that every rule engine contains: each line, all overlapping matches, each printed.

use std::{
    fs::{self, File},
    io::{BufWriter, Write, stdout},
    path::Path,
};

use aho_corasick::{AhoCorasick, AhoCorasickKind};
use lifesigns_intake::LineChunks;

use crate::Program;

/// The word by which this program is asked to be the bare loop: then a file of literals and the input.
pub const BARE: &str = "bare-loop";

/// An automaton and its literals.
#[derive(Debug)]
pub struct BareLoop {
    automaton: AhoCorasick,
    words: Vec<String>,
}

impl BareLoop {
    /// Builds the automaton.
    ///
    /// # Panics
    /// When it does not build.
    pub fn new(words: Vec<String>) -> Self {
        // A DFA of 10 000 literals would take hundreds of megabytes.
        let kind = if words.len() > 1000 { AhoCorasickKind::ContiguousNFA } else { AhoCorasickKind::DFA };
        let automaton = AhoCorasick::builder().kind(Some(kind)).build(&words).expect("an automaton");
        Self { automaton, words }
    }

    /// Prints each match with its line, and returns their number.
    ///
    /// # Panics
    /// When the file cannot be read or `out` cannot be written.
    pub fn run(&self, path: &Path, out: impl Write) -> u64 {
        let mut chunks = LineChunks::new(File::open(path).expect("the lines"));
        let mut out = BufWriter::with_capacity(1 << 16, out);
        let mut matches = 0;
        while let Some(chunk) = chunks.next_chunk().expect("the lines") {
            let mut start = 0;
            for end in memchr::memchr_iter(b'\n', &chunk) {
                let line = &chunk[start..end];
                start = end + 1;
                for found in self.automaton.find_overlapping_iter(line) {
                    matches += 1;
                    let word = self.words[found.pattern().as_usize()].as_bytes();
                    for part in [word, b"\t", line, b"\n"] {
                        out.write_all(part).expect("the output takes it");
                    }
                }
            }
            chunks.recycle(chunk);
        }
        out.flush().expect("the output takes it");
        matches
    }
}

/// Returns the bare loop with the literals of a file, one a line, as a process of its own.
///
/// # Panics
/// When this program cannot be found.
pub fn bare_loop(words: &Path) -> Program {
    let this = std::env::current_exe().expect("this program");
    Program::new([this.as_os_str(), BARE.as_ref(), words.as_os_str()])
}

/// Is the bare loop.
///
/// # Panics
/// When a file cannot be read.
pub fn run_bare_loop(words: &Path, input: &Path) {
    let text = fs::read_to_string(words).expect("the literals");
    BareLoop::new(text.lines().map(str::to_owned).collect()).run(input, stdout().lock());
}
