//! What keeps a sound configuration from doing what is meant.

use std::fmt;

use serde::Serialize;

/// A problem that does not keep `run` from starting.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Problem {
    /// What it is about: `source`, `rules`, `rule`, `receiver`, `cache`, `configuration`.
    of: &'static str,
    /// Which of them.
    name: String,
    /// What is wrong.
    what: String,
    /// How to fix it; empty where `what` says it.
    pub(crate) fix: String,
}

impl Problem {
    pub(crate) fn new(
        of: &'static str,
        name: impl Into<String>,
        what: impl Into<String>,
        fix: impl Into<String>,
    ) -> Self {
        Self { of, name: name.into(), what: what.into(), fix: fix.into() }
    }

    /// What is wrong with what, without the fix.
    pub(crate) fn text(&self) -> String {
        format!("{} {}: {}", self.of, self.name, self.what)
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text())?;
        if self.fix.is_empty() { Ok(()) } else { write!(f, "; {}", self.fix) }
    }
}
