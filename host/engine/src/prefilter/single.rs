//! One literal, one `memmem`: nothing is faster for a literal or two.

use memchr::memmem::Finder;

use super::Hit;
use super::patterns::Patterns;

#[derive(Debug)]
pub(super) struct Single {
    pattern: u32,
    finder: Finder<'static>,
}

impl Single {
    pub(super) fn new(patterns: &Patterns, pattern: u32) -> Self {
        Self { pattern, finder: Finder::new(patterns.bytes(pattern)).into_owned() }
    }

    pub(super) fn scan(&self, haystack: &[u8], patterns: &Patterns, hits: &mut Vec<Hit>) {
        let mut from = 0;
        while let Some(found) = self.finder.find(&haystack[from..]) {
            patterns.report(self.pattern, from + found, hits);
            from += found + 1;
        }
    }
}
