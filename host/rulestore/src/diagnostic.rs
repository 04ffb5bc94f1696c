//! What is wrong with a manifest, and where.

use std::{fmt, ops::Range};

/// A mistake in a manifest: where it is, and how to fix it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ManifestDiagnostic {
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
    /// The mistake and the fix.
    pub what: String,
}

impl ManifestDiagnostic {
    /// Returns a mistake in the text at `span` of `text`.
    pub(crate) fn at(text: &str, span: Range<usize>, what: impl Into<String>) -> Self {
        let before = text.get(..span.start).unwrap_or(text);
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        Self {
            line: before.matches('\n').count() as u32 + 1,
            column: before[line_start..].chars().count() as u32 + 1,
            what: what.into(),
        }
    }
}

impl fmt::Display for ManifestDiagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.line, self.column, self.what)
    }
}

impl std::error::Error for ManifestDiagnostic {}
