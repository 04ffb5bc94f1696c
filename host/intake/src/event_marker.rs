//! Events of several lines: a regular expression that finds the line with which one begins, and what joins the others.

use regex_automata::{
    nfa::thompson::{
        self,
        pikevm::{self, PikeVM},
    },
    util::syntax,
};

/// Most characters of an expression.
const PATTERN_CHARS: usize = 1024;
/// Most memory of what an expression is compiled to, in bytes.
const PROGRAM_BYTES: usize = 1 << 20;

/// Finds lines that begin an event. Time is linear in the length of a line, whatever the expression.
pub struct EventMarker {
    program: PikeVM,
    cache: pikevm::Cache,
}

impl std::fmt::Debug for EventMarker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EventMarker").finish_non_exhaustive()
    }
}

impl EventMarker {
    /// Compiles a regular expression; its classes, such as `\d`, are those of ASCII.
    ///
    /// # Errors
    /// It is none, or is too large; the text says where.
    pub fn new(pattern: &str) -> Result<Self, String> {
        if pattern.chars().count() > PATTERN_CHARS {
            return Err(format!("it has more than {PATTERN_CHARS} characters"));
        }
        let built = PikeVM::builder()
            .syntax(syntax::Config::new().unicode(false).utf8(false))
            .thompson(thompson::Config::new().utf8(false).nfa_size_limit(Some(PROGRAM_BYTES)))
            .build(pattern);
        let program = built.map_err(|error| {
            let cause = std::error::Error::source(&error).map_or_else(|| error.to_string(), ToString::to_string);
            // The library draws where the mistake is, over several lines; the last one says what it is.
            cause.lines().last().unwrap_or_default().trim().trim_start_matches("error: ").to_owned()
        })?;
        let cache = program.create_cache();
        Ok(Self { program, cache })
    }

    /// Whether an event begins with this line.
    pub fn begins(&mut self, line: &[u8]) -> bool {
        self.program.is_match(&mut self.cache, line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_marker_finds_where_events_begin() {
        let mut marker = EventMarker::new(r"^\d{4}-\d{2}-\d{2}").expect("an expression");
        assert!(marker.begins(b"2026-11-28 10:00:00 started"));
        assert!(!marker.begins(b"  at main.rs:7"));
        assert!(!marker.begins(b"\xff\xfe 2026-11-28"));
        assert!(EventMarker::new("^(").is_err_and(|why| why.contains("unclosed group")));
        assert!(EventMarker::new(&"(a{100}){100}{100}".repeat(3)).is_err());
        assert!(EventMarker::new(&"a".repeat(2000)).is_err_and(|why| why.contains("1024")));
    }
}
