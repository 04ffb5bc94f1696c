//! Reads text files within a bound.

use std::{
    fmt,
    fs::File,
    io::{self, Read},
    path::Path,
};

use crate::{diagnostics::DiagnosticSink, source_text::SourceTexts};

/// Why a file is no usable text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextFileError {
    /// The line and column of the first byte that is not UTF-8, from 1; `None` if the file was not read.
    pub place: Option<(u32, u32)>,
    /// The reason, and how to correct it.
    pub message: String,
}

impl fmt::Display for TextFileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        self.place.map_or(Ok(()), |(line, column)| write!(f, " (line {line}, column {column})"))
    }
}

impl std::error::Error for TextFileError {}

/// Reads a text file of at most `limit_bytes`.
///
/// # Errors
/// The file does not exist, cannot be read, is too long, or is not UTF-8.
pub fn read_text(path: &Path, limit_bytes: u64) -> Result<String, TextFileError> {
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(limit_bytes + 1).read_to_end(&mut bytes));
    let unread = |message| TextFileError { place: None, message };
    match read {
        Ok(size) if size as u64 > limit_bytes => {
            Err(unread(format!("the file has more than {limit_bytes} bytes; split it")))
        }
        Ok(_) => decode_utf8(bytes),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(unread("the file does not exist".to_owned())),
        Err(error) => Err(unread(format!("the file cannot be read: {error}"))),
    }
}

/// Returns the bytes of a file as text.
///
/// # Errors
/// They are not UTF-8.
fn decode_utf8(bytes: Vec<u8>) -> Result<String, TextFileError> {
    String::from_utf8(bytes).map_err(|error| {
        let valid = String::from_utf8_lossy(&error.as_bytes()[..error.utf8_error().valid_up_to()]);
        let line = valid.matches('\n').count() + 1;
        let column = valid.rsplit('\n').next().map_or(0, |line| line.chars().count()) + 1;
        let number = |count| u32::try_from(count).unwrap_or(u32::MAX);
        TextFileError {
            place: Some((number(line), number(column))),
            message: "this is not UTF-8 text from here on; save the file as UTF-8".to_owned(),
        }
    })
}

impl SourceTexts {
    /// Reads a file of at most `limit_bytes`, adds it, and returns its number; or reports why it is no text.
    pub fn read(&mut self, path: &Path, limit_bytes: u64, diagnostics: &mut DiagnosticSink) -> Option<usize> {
        self.add_or_report(path, read_text(path, limit_bytes), diagnostics)
    }

    /// Adds the bytes of a file, and returns the text's number; or reports that they are no text.
    pub fn decode(&mut self, path: &Path, bytes: Vec<u8>, diagnostics: &mut DiagnosticSink) -> Option<usize> {
        self.add_or_report(path, decode_utf8(bytes), diagnostics)
    }

    fn add_or_report(
        &mut self,
        path: &Path,
        read: Result<String, TextFileError>,
        diagnostics: &mut DiagnosticSink,
    ) -> Option<usize> {
        match read {
            // Spreadsheets and some editors begin a file with a byte order mark.
            Ok(mut text) => {
                if text.starts_with('\u{feff}') {
                    text.remove(0);
                }
                Some(self.add(&path.display().to_string(), text))
            }
            Err(TextFileError { place, message }) => {
                let (line, column) = place.unwrap_or_default();
                diagnostics.place(path, line, column, message);
                None
            }
        }
    }
}
