//! The texts that trees are parsed from, and the places in them.

use std::{fmt, ops::Range, sync::Arc};

/// Where something is written. Displayed as `file:line:column`, or as `file` without a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextLocation {
    /// The file as a person named it, or the variable.
    pub file: Arc<str>,
    /// From 1; 0 for the whole file.
    pub line: u32,
    /// From 1, in characters; in CSV files in cells.
    pub column: u32,
}

impl fmt::Display for TextLocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => f.write_str(&self.file),
            line => write!(f, "{}:{line}:{}", self.file, self.column),
        }
    }
}

/// A span of one of the [`SourceTexts`], in bytes. Texts are far below 4 GiB; an offset beyond is taken for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TextSpan {
    source: u32,
    start: u32,
    end: u32,
}

impl TextSpan {
    /// Returns a span of the text number `source`.
    pub fn new(source: usize, span: Range<usize>) -> Self {
        Self { source: number(source), start: number(span.start), end: number(span.end) }
    }

    /// Returns the number of its text.
    pub const fn source(&self) -> usize {
        self.source as usize
    }

    /// Returns the offset of its first byte.
    pub const fn start(&self) -> usize {
        self.start as usize
    }

    /// Returns the offset behind its last byte.
    pub const fn end(&self) -> usize {
        self.end as usize
    }
}

/// A text and its name.
#[derive(Clone, Debug)]
pub struct SourceText {
    /// The file as a person named it, or the variable.
    pub name: Arc<str>,
    /// The whole text.
    pub text: Arc<str>,
    /// The offsets of its lines.
    lines: Vec<usize>,
}

impl SourceText {
    /// Returns begin and end of the line around this byte, without its line end.
    #[cfg(feature = "terminal")]
    pub(crate) fn line(&self, at: usize) -> (usize, usize) {
        let number = self.lines.partition_point(|begin| *begin <= at.min(self.text.len()));
        let begin = self.lines[number - 1];
        (begin, begin + self.text[begin..].lines().next().unwrap_or_default().len())
    }

    /// Returns begin and end of the line of this number, from 1; the end of the text if there is none.
    fn nth_line(&self, number: usize) -> (usize, usize) {
        let begin = self.lines.get(number.saturating_sub(1)).copied().unwrap_or(self.text.len());
        (begin, begin + self.text[begin..].lines().next().unwrap_or_default().len())
    }
}

/// All texts that were read.
#[derive(Clone, Debug, Default)]
pub struct SourceTexts(Vec<SourceText>);

impl SourceTexts {
    /// Adds a text and returns its number.
    pub fn add(&mut self, name: &str, text: String) -> usize {
        let lines = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        self.0.push(SourceText { name: name.into(), text: text.into(), lines });
        self.0.len() - 1
    }

    /// Returns how many texts there are.
    pub const fn count(&self) -> usize {
        self.0.len()
    }

    /// Returns the text of this number.
    ///
    /// # Panics
    /// There is no such text.
    pub fn get(&self, source: usize) -> &SourceText {
        &self.0[source]
    }

    /// Returns file, line and column of the begin of a span.
    pub fn place(&self, at: &TextSpan) -> TextLocation {
        let source = self.get(at.source());
        let start = source.text.floor_char_boundary(at.start());
        let line = source.lines.partition_point(|begin| *begin <= start);
        let begin = source.lines[line - 1];
        let column = source.text[begin..start].chars().count() + 1;
        TextLocation { file: source.name.clone(), line: number(line), column: number(column) }
    }

    /// Returns the span from a place to the end of its line, if it is in one of these texts.
    pub fn find(&self, file: &str, line: u32, column: u32) -> Option<TextSpan> {
        let number = self.0.iter().position(|source| *source.name == *file)?;
        let source = &self.0[number];
        if !(1..=source.lines.len()).contains(&(line as usize)) {
            return None;
        }
        let (begin, end) = source.nth_line(line as usize);
        let mut characters = source.text[begin..end].char_indices();
        let within = characters.nth((column as usize).saturating_sub(1)).map_or(end - begin, |(at, _)| at);
        Some(TextSpan::new(number, begin + within..end))
    }

    /// Returns the span from the byte `column` of a line, both from 1, to the end of the line.
    pub(crate) fn bytes_from(&self, source: usize, line: usize, column: usize) -> TextSpan {
        let (begin, end) = self.get(source).nth_line(line);
        TextSpan::new(source, (begin + column.saturating_sub(1)).min(end)..end)
    }
}

fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_count_characters_from_one_and_lead_back() {
        let mut sources = SourceTexts::default();
        sources.add("a.toml", "äb\r\ncd".to_owned());
        let at = TextSpan::new(0, 2..3);
        let place = sources.place(&at);
        assert_eq!((place.line, place.column, place.to_string()), (1, 2, "a.toml:1:2".to_owned()));
        assert_eq!(sources.find("a.toml", 1, 2), Some(TextSpan::new(0, 2..3)));
        let end = sources.place(&TextSpan::new(0, 99..99));
        assert_eq!((end.line, end.column), (2, 3));
        assert_eq!(sources.find("a.toml", 9, 1), None);
        assert_eq!(sources.find("a.toml", 0, 0), None);
        assert_eq!(sources.find("b.toml", 1, 1), None);
    }
}
