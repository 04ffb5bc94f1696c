//! All errors in the settings: as they are collected, and as they are shown.

use std::{
    fmt,
    ops::Range,
    path::{Path, PathBuf},
};

use lifesigns_compliance::config::ConfigLocation;
use miette::{GraphicalReportHandler, GraphicalTheme};

use crate::{
    diagnostic::Diagnostic,
    excerpt::Excerpt,
    source_text::{SourceTexts, TextSpan},
};

/// How many errors are kept; more are only counted.
const KEPT: usize = 200;

/// All errors, in the order of the files. Displayed as lines `file:line:column: message`.
#[derive(Clone, Debug, Default)]
pub struct Diagnostics {
    diagnostics: Vec<Diagnostic>,
    more: usize,
    /// Spans that may hold a secret.
    masked: Vec<TextSpan>,
    sources: SourceTexts,
    files: Vec<PathBuf>,
}

impl Diagnostics {
    pub(crate) fn new(mut diagnostics: DiagnosticSink, sources: SourceTexts, files: Vec<PathBuf>) -> Self {
        diagnostics.diagnostics.sort_by(|a, b| a.at.cmp(&b.at));
        Self {
            diagnostics: diagnostics.diagnostics,
            more: diagnostics.more,
            masked: diagnostics.masked,
            sources,
            files,
        }
    }

    /// Returns the errors, at most 200.
    pub fn iter(&self) -> impl Iterator<Item = &Diagnostic> {
        self.diagnostics.iter()
    }

    /// Returns how many errors there are, with those that were only counted. Never 0.
    pub const fn count(&self) -> usize {
        self.diagnostics.len() + self.more
    }

    /// Returns the files and folders whose change may correct them.
    pub fn files(&self) -> &[PathBuf] {
        &self.files
    }

    /// Renders all errors for a terminal: each with its line, a caret below it, and help. `width` is in
    /// characters; with `colour`, ANSI colours are used.
    pub fn render(&self, width: usize, colour: bool) -> String {
        let theme = if colour { GraphicalTheme::unicode() } else { GraphicalTheme::unicode_nocolor() };
        let handler = GraphicalReportHandler::new_themed(theme).with_width(width).with_links(false);
        let mut text = String::new();
        for diagnostic in &self.diagnostics {
            // Writing into a string does not fail; otherwise the plain form is shown.
            if handler.render_report(&mut text, &Excerpt::new(diagnostic, &self.sources, &self.masked)).is_err() {
                text.push_str(&format!("{diagnostic}\n"));
            }
        }
        text + &self.rest()
    }

    fn rest(&self) -> String {
        if self.more == 0 { String::new() } else { format!("and {} more mistakes\n", self.more) }
    }
}

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<String> = self.diagnostics.iter().map(Diagnostic::to_string).collect();
        f.write_str(&lines.join("\n"))?;
        if self.more > 0 {
            write!(f, "\n{}", self.rest().trim_end())?;
        }
        Ok(())
    }
}

impl std::error::Error for Diagnostics {}

/// Collects errors as they are found.
#[derive(Debug, Default)]
pub(crate) struct DiagnosticSink {
    diagnostics: Vec<Diagnostic>,
    more: usize,
    masked: Vec<TextSpan>,
}

impl DiagnosticSink {
    pub(crate) fn is_empty(&self) -> bool {
        self.diagnostics.is_empty()
    }

    /// Returns whether further errors are only counted.
    pub(crate) fn is_full(&self) -> bool {
        self.diagnostics.len() >= KEPT
    }

    pub(crate) fn push(&mut self, diagnostic: Diagnostic) {
        if !self.is_full() {
            self.diagnostics.push(diagnostic);
        } else {
            self.more += 1;
        }
    }

    /// Adds an error about a whole file.
    pub(crate) fn file(&mut self, path: &Path, message: impl Into<String>) {
        let place = ConfigLocation { file: path.display().to_string().into(), line: 0, column: 0 };
        self.push(Diagnostic { place, message: message.into(), help: None, at: None, hidden: false });
    }

    /// Marks a span that may hold a secret.
    pub(crate) fn mask(&mut self, at: TextSpan) {
        self.masked.push(at);
    }

    /// Returns the errors about these lines of `file`, the last exclusive.
    pub(crate) fn between(&self, file: &str, lines: Range<u32>) -> impl Iterator<Item = &Diagnostic> {
        self.diagnostics.iter().filter(move |one| *one.place.file == *file && lines.contains(&one.place.line))
    }
}
