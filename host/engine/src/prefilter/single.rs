//! One `memmem` for each literal: the fastest method for a literal or two.

use memchr::memmem::Finder;

use super::literal::Hit;
use super::patterns::{Patterns, Seen};

#[derive(Debug)]
pub(super) struct Single {
    pattern: u32,
    finder: Finder<'static>,
}

impl Single {
    pub(super) fn new(patterns: &Patterns, pattern: u32) -> Self {
        Self { pattern, finder: Finder::new(patterns.bytes(pattern)).into_owned() }
    }

    pub(super) fn scan(&self, haystack: &[u8], patterns: &Patterns, hits: &mut Vec<Hit>, seen: &mut Seen) {
        let mut from = 0;
        while let Some(found) = self.finder.find(&haystack[from..]) {
            patterns.report(self.pattern, haystack, from + found, hits, seen);
            from += found + 1;
        }
    }
}
