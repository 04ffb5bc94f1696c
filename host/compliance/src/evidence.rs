//! The lines that show a symptom or an alert.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::shared_text::SharedText;

/// How many of the first and of the last lines are kept.
pub const EVIDENCE_LINES: usize = 3;

/// A line that shows something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EvidenceLine {
    /// Event time, nanoseconds since the Unix epoch.
    pub time_ns: u64,
    /// The source's name.
    pub source: SharedText,
    /// The line's number in the source, from 1.
    pub line: u64,
    /// The raw line.
    pub text: SharedText,
}

/// The first few and the last few lines of many.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EvidenceExcerpt {
    /// The first lines, oldest first; at most [`EVIDENCE_LINES`].
    pub first: Vec<EvidenceLine>,
    /// The last lines, oldest first; at most [`EVIDENCE_LINES`], none of them in `first`.
    pub last: Vec<EvidenceLine>,
}

impl EvidenceExcerpt {
    /// Returns the latest line.
    pub(crate) fn latest(&self) -> Option<&EvidenceLine> {
        self.last.last().or(self.first.last())
    }

    /// Adds a line that is later than those before. A line that shows two symptoms is kept once.
    pub(crate) fn add(&mut self, evidence: EvidenceLine) {
        if self.latest() == Some(&evidence) {
            return;
        }
        if self.first.len() < EVIDENCE_LINES {
            // There are very many of one line.
            self.first.reserve_exact(1);
            return self.first.push(evidence);
        }
        while self.last.len() >= EVIDENCE_LINES {
            self.last.remove(0);
        }
        self.last.push(evidence);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_and_the_last_few_lines_are_kept_each_once() {
        let line = |line| EvidenceLine { time_ns: line, source: "log".into(), line, text: "".into() };
        let mut shown = EvidenceExcerpt::default();
        for number in [1, 1, 2, 3, 4, 4, 5, 6, 7, 7] {
            shown.add(line(number));
        }
        let numbers = |some: &[EvidenceLine]| some.iter().map(|one| one.line).collect::<Vec<_>>();
        assert_eq!((numbers(&shown.first), numbers(&shown.last)), (vec![1, 2, 3], vec![5, 6, 7]));
    }
}
