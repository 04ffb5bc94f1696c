//! The texts that settings are read from: files and environment variables.

use std::{
    fs::File,
    io::{self, Read},
    ops::Range,
    path::Path,
    sync::Arc,
};

use lifesigns_compliance::config::ConfigLocation;
use lifesigns_model::limits::TEXT_FILE_BYTES;

/// A span of one of the [`SourceTexts`], in bytes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct TextSpan {
    pub(crate) source: usize,
    pub(crate) start: usize,
    pub(crate) end: usize,
}

impl TextSpan {
    pub(crate) const fn new(source: usize, span: Range<usize>) -> Self {
        Self { source, start: span.start, end: span.end }
    }
}

/// A text and its name.
#[derive(Clone, Debug)]
pub(crate) struct SourceText {
    /// The file as the operator named it, or the variable.
    pub(crate) name: Arc<str>,
    pub(crate) text: Arc<str>,
    /// The offsets of its lines.
    lines: Vec<usize>,
    pub(crate) from_environment: bool,
}

impl SourceText {
    /// Returns begin and end of the line around this byte, without its line end.
    pub(crate) fn line(&self, at: usize) -> (usize, usize) {
        let number = self.lines.partition_point(|begin| *begin <= at.min(self.text.len()));
        let begin = self.lines[number - 1];
        (begin, begin + self.text[begin..].lines().next().unwrap_or_default().len())
    }
}

/// All texts that were read.
#[derive(Clone, Debug, Default)]
pub(crate) struct SourceTexts(Vec<SourceText>);

impl SourceTexts {
    pub(crate) fn add(&mut self, name: &str, text: String, from_environment: bool) -> usize {
        let lines = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        self.0.push(SourceText { name: name.into(), text: text.into(), lines, from_environment });
        self.0.len() - 1
    }

    pub(crate) fn get(&self, source: usize) -> &SourceText {
        &self.0[source]
    }

    /// Returns file, line and column of the begin of a span.
    pub(crate) fn place(&self, at: &TextSpan) -> ConfigLocation {
        let source = &self.0[at.source];
        let start = floor(&source.text, at.start);
        let line = source.lines.partition_point(|begin| *begin <= start);
        let begin = source.lines[line - 1];
        let column = source.text[begin..start].chars().count() + 1;
        ConfigLocation { file: source.name.clone(), line: number(line), column: number(column) }
    }

    /// Returns the span from `place` to the end of its line, if it is in one of these texts.
    pub(crate) fn at(&self, place: &ConfigLocation) -> Option<TextSpan> {
        let source = self.0.iter().position(|source| source.name == place.file)?;
        let SourceText { text, lines, .. } = &self.0[source];
        let begin = *lines.get((place.line as usize).checked_sub(1)?)?;
        let line = text[begin..].lines().next().unwrap_or_default();
        let column = (place.column as usize).saturating_sub(1);
        let offset = line.char_indices().nth(column).map_or(line.len(), |(at, _)| at);
        Some(TextSpan { source, start: begin + offset, end: begin + line.len() })
    }
}

fn floor(text: &str, at: usize) -> usize {
    (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}

fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

/// Reads a text file within [`TEXT_FILE_BYTES`]; the error says how to correct it.
pub(crate) fn read(path: &Path) -> Result<String, String> {
    let mut bytes = Vec::new();
    let size =
        File::open(path).and_then(|file| file.take(TEXT_FILE_BYTES + 1).read_to_end(&mut bytes)).map_err(|error| {
            match error.kind() {
                io::ErrorKind::NotFound => "the file does not exist".to_owned(),
                _ => format!("the file cannot be read: {error}"),
            }
        })?;
    if size as u64 > TEXT_FILE_BYTES {
        return Err(format!("the file has more than {TEXT_FILE_BYTES} bytes; split it over conf.d"));
    }
    String::from_utf8(bytes).map_err(|error| {
        let valid = error.utf8_error().valid_up_to();
        let line = error.as_bytes()[..valid].iter().filter(|byte| **byte == b'\n').count() + 1;
        format!("the file is not UTF-8 text (line {line}); save it as UTF-8")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_count_characters_from_one_and_lead_back() {
        let mut sources = SourceTexts::default();
        sources.add("a.toml", "äb\r\ncd".to_owned(), false);
        let at = TextSpan::new(0, 2..3);
        let place = sources.place(&at);
        assert_eq!((place.line, place.column), (1, 2));
        assert_eq!(sources.at(&place), Some(TextSpan::new(0, 2..3)));
        let end = sources.place(&TextSpan::new(0, 99..99));
        assert_eq!((end.line, end.column), (2, 3));
        assert_eq!(sources.at(&ConfigLocation { file: "a.toml".into(), line: 9, column: 1 }), None);
        assert_eq!(sources.at(&ConfigLocation::default()), None);
    }
}
