//! An error with its line, a caret and help, for terminals. Possible secrets are masked.

use std::fmt;

use lifesigns_text::{visible, visible_same_length};
use miette::{LabeledSpan, MietteError, MietteSpanContents, SourceCode, SourceSpan, SpanContents};

use crate::{
    diagnostic::Diagnostic,
    source_text::{SourceTexts, TextSpan},
};

/// The most bytes of a line that are shown.
const LINE_BYTES: usize = 400;

/// An error with its line, for miette.
#[derive(Debug)]
pub(crate) struct Excerpt<'a> {
    diagnostic: &'a Diagnostic,
    line: Option<Line>,
}

/// One line of a source.
#[derive(Debug)]
struct Line {
    name: String,
    /// Masked where it may hold a secret.
    text: String,
    /// The offset of the line in the source.
    start: usize,
    /// The number of the line, from 0.
    number: usize,
    /// The span to point at, within the source.
    at: SourceSpan,
}

impl<'a> Excerpt<'a> {
    pub(crate) fn new(diagnostic: &'a Diagnostic, sources: &SourceTexts, masked: &[TextSpan]) -> Self {
        let at = diagnostic.at.as_ref().filter(|_| !diagnostic.hidden);
        Self { diagnostic, line: at.map(|at| Line::new(diagnostic, at, sources, masked)) }
    }
}

impl Line {
    fn new(diagnostic: &Diagnostic, at: &TextSpan, sources: &SourceTexts, masked: &[TextSpan]) -> Self {
        let source = sources.get(at.source());
        let (start, end) = source.line(at.start());
        let end = end.min(start.max(at.start()) + LINE_BYTES);
        let mut bytes = source.text.as_bytes()[start..end].to_vec();
        for mask in masked.iter().filter(|mask| mask.source() == at.source()) {
            let from = mask.start().clamp(start, end);
            let to = mask.end().clamp(start, end);
            bytes[from - start..to - start].fill(b'*');
        }
        let length = at.end().min(end).saturating_sub(at.start());
        Self {
            name: visible(&source.name),
            text: visible_same_length(&String::from_utf8_lossy(&bytes)),
            start,
            number: (diagnostic.place.line as usize).saturating_sub(1),
            at: (at.start(), length).into(),
        }
    }
}

impl fmt::Display for Excerpt<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Diagnostic { place, message, .. } = self.diagnostic;
        match &self.line {
            Some(_) => f.write_str(&visible(message)),
            None => f.write_str(&visible(&format!("{place}: {message}"))),
        }
    }
}

impl std::error::Error for Excerpt<'_> {}

impl miette::Diagnostic for Excerpt<'_> {
    fn help<'b>(&'b self) -> Option<Box<dyn fmt::Display + 'b>> {
        self.diagnostic.help.as_ref().map(|help| Box::new(visible(help)) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.line.as_ref().map(|line| line as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let line = self.line.as_ref()?;
        Some(Box::new(std::iter::once(LabeledSpan::underline(line.at))))
    }
}

impl SourceCode for Line {
    /// Returns the line, whatever span is asked for, because the lines around it do not belong to the error.
    fn read_span<'a>(
        &'a self,
        _: &SourceSpan,
        _: usize,
        _: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let span = SourceSpan::from((self.start, self.text.len()));
        let column = self.at.offset().saturating_sub(self.start);
        let name = self.name.clone();
        Ok(Box::new(MietteSpanContents::new_named(name, self.text.as_bytes(), span, self.number, column, 1)))
    }
}
