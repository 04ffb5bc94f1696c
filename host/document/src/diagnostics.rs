//! All mistakes: as they are collected, and as they are shown.

use std::{fmt, ops::Range, path::Path};

use lifesigns_text::count_text;

use crate::{
    diagnostic::Diagnostic,
    source_text::{SourceTexts, TextLocation, TextSpan},
};

/// How many mistakes are kept; more are only counted.
const KEPT: usize = 200;

/// All mistakes, in the order of the files. Displayed as lines `file:line:column: message; help`.
#[derive(Clone, Debug, Default)]
pub struct Diagnostics {
    diagnostics: Vec<Diagnostic>,
    more: usize,
    /// Spans that may hold a secret.
    #[cfg_attr(not(feature = "terminal"), expect(dead_code, reason = "only terminals see lines"))]
    masked: Vec<TextSpan>,
    #[cfg_attr(not(feature = "terminal"), expect(dead_code, reason = "only terminals see lines"))]
    sources: SourceTexts,
}

impl Diagnostics {
    /// Returns the mistakes, at most 200.
    pub fn iter(&self) -> impl Iterator<Item = &Diagnostic> {
        self.diagnostics.iter()
    }

    /// Returns how many mistakes there are, with those that were only counted. Never 0.
    pub const fn count(&self) -> usize {
        self.diagnostics.len() + self.more
    }

    /// Returns at most `most` mistakes, a line each, and how many more there are.
    pub fn lines(&self, most: usize) -> String {
        let mut lines: Vec<String> = self.iter().take(most).map(Diagnostic::to_string).collect();
        if self.count() > lines.len() {
            lines.push(format!("and {}", count_text((self.count() - lines.len()) as u64, "more mistake")));
        }
        lines.join("\n")
    }

    /// Renders all mistakes for a terminal: each with its line, a caret below it, and help. `width` is in
    /// characters; with `colour`, ANSI colours are used.
    #[cfg(feature = "terminal")]
    pub fn render(&self, width: usize, colour: bool) -> String {
        use miette::{GraphicalReportHandler, GraphicalTheme};

        let theme = if colour { GraphicalTheme::unicode() } else { GraphicalTheme::unicode_nocolor() };
        let handler = GraphicalReportHandler::new_themed(theme).with_width(width).with_links(false);
        let mut text = String::new();
        for diagnostic in &self.diagnostics {
            let excerpt = crate::excerpt::Excerpt::new(diagnostic, &self.sources, &self.masked);
            // Writing into a string does not fail; otherwise the plain form is shown.
            if handler.render_report(&mut text, &excerpt).is_err() {
                text.push_str(&format!("{diagnostic}\n"));
            }
        }
        if self.more > 0 {
            text.push_str(&format!("and {}\n", count_text(self.more as u64, "more mistake")));
        }
        text
    }
}

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.lines(KEPT))
    }
}

impl std::error::Error for Diagnostics {}

/// Collects mistakes as they are found.
#[derive(Debug, Default)]
pub struct DiagnosticSink {
    diagnostics: Vec<Diagnostic>,
    more: usize,
    masked: Vec<TextSpan>,
}

impl DiagnosticSink {
    /// Returns whether there are no mistakes.
    pub fn is_empty(&self) -> bool {
        self.diagnostics.is_empty()
    }

    /// Returns the mistakes, in the order of the files.
    pub fn finish(mut self, sources: SourceTexts) -> Diagnostics {
        self.diagnostics.sort_by_key(|diagnostic| diagnostic.at);
        Diagnostics { diagnostics: self.diagnostics, more: self.more, masked: self.masked, sources }
    }

    /// Returns whether further mistakes are only counted.
    pub(crate) fn is_full(&self) -> bool {
        self.diagnostics.len() >= KEPT
    }

    /// Counts a mistake that is not kept.
    pub(crate) fn count_only(&mut self) {
        self.more += 1;
    }

    pub(crate) fn push(&mut self, diagnostic: Diagnostic) {
        if self.is_full() {
            self.count_only();
        } else {
            self.diagnostics.push(diagnostic);
        }
    }

    /// Adds a mistake about a whole file.
    pub fn file(&mut self, path: &Path, message: impl Into<String>) {
        self.place(path, 0, 0, message);
    }

    /// Adds a mistake at a line and column of a file, both from 1.
    pub fn place(&mut self, path: &Path, line: u32, column: u32, message: impl Into<String>) {
        let place = TextLocation { file: path.display().to_string().into(), line, column };
        self.push(Diagnostic { place, message: message.into(), help: None, at: None, hidden: false });
    }

    /// Marks a span that may hold a secret.
    pub(crate) fn mask(&mut self, at: TextSpan) {
        self.masked.push(at);
    }

    /// Returns the mistakes about these lines of `file`, the last exclusive.
    pub fn between(&self, file: &str, lines: Range<u32>) -> impl Iterator<Item = &Diagnostic> {
        self.diagnostics.iter().filter(move |one| *one.place.file == *file && lines.contains(&one.place.line))
    }
}
