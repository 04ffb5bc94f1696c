//! The inventory: objects and facts from a file: TOML or JSON of the same shape, or a CSV table.

mod content_error;
mod csv;
mod read;

use std::{
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
};

use lifesigns_model::{ObjectFacts, limits::TEXT_FILE_BYTES};
use serde::de::DeserializeSeed;

use self::content_error::ContentError;

/// Why an inventory cannot be used. Each says where, and what to do.
#[derive(Debug, thiserror::Error)]
pub enum InventoryError {
    /// The file cannot be read.
    #[error("{path}: cannot read the inventory: {cause}; give a file that exists and that you may read")]
    Read {
        /// The file.
        path: PathBuf,
        /// The error of the system.
        #[source]
        cause: io::Error,
    },
    /// The file is not UTF-8.
    #[error("{path}:{line}: the inventory is not UTF-8 text; save it as UTF-8")]
    NotUtf8 {
        /// The file.
        path: PathBuf,
        /// The line of the first wrong byte, from 1.
        line: usize,
    },
    /// The file is larger than [`TEXT_FILE_BYTES`].
    #[error("{path}: the inventory has more than {limit_bytes} bytes; split it or leave out what no rule reads")]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// The limit, in bytes.
        limit_bytes: u64,
    },
    /// The extension is neither of the known ones.
    #[error("{path}: the inventory's format is not known; name the file `.toml`, `.json` or `.csv`")]
    Extension {
        /// The file.
        path: PathBuf,
    },
    /// Something in it is wrong.
    #[error("{path}:{line}:{column}: {message}")]
    Content {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// The column from 1: characters, in CSV cells.
        column: usize,
        /// What is wrong and what to do.
        message: String,
    },
}

/// Reads the inventory at `path`, whose extension (`.toml`, `.json`, `.csv`) says what it is. The facts
/// hold for ever since (`time_ns` is 0). Numbers and booleans as property values are kept as text.
///
/// # Errors
/// When it cannot be read, is larger than [`TEXT_FILE_BYTES`], or has a key that is not known, an
/// object without `id` or twice, or a value that is not of its type.
pub fn load(path: impl AsRef<Path>) -> Result<Vec<ObjectFacts>, InventoryError> {
    let path = path.as_ref();
    let extension = path.extension().and_then(|extension| extension.to_str()).map(str::to_ascii_lowercase);
    let parse: fn(&str) -> Result<Vec<ObjectFacts>, ContentError> = match extension.as_deref() {
        Some("toml") => toml,
        Some("json") => json,
        Some("csv") => csv::read,
        _ => return Err(InventoryError::Extension { path: path.to_owned() }),
    };
    let text = read_text(path)?;
    // Spreadsheets and PowerShell begin a file with one.
    parse(text.trim_start_matches('\u{feff}')).map_err(|ContentError { line, column, message }| {
        InventoryError::Content { path: path.to_owned(), line, column, message }
    })
}

fn read_text(path: &Path) -> Result<String, InventoryError> {
    let path = || path.to_owned();
    let mut bytes = Vec::new();
    let read = File::open(path()).and_then(|file| file.take(TEXT_FILE_BYTES + 1).read_to_end(&mut bytes));
    let size = read.map_err(|cause| InventoryError::Read { path: path(), cause })?;
    if size as u64 > TEXT_FILE_BYTES {
        return Err(InventoryError::TooLarge { path: path(), limit_bytes: TEXT_FILE_BYTES });
    }
    String::from_utf8(bytes).map_err(|error| {
        let valid = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        InventoryError::NotUtf8 { path: path(), line: memchr::memchr_iter(b'\n', valid).count() + 1 }
    })
}

fn toml(text: &str) -> Result<Vec<ObjectFacts>, ContentError> {
    let read = toml::Deserializer::parse(text).and_then(|toml| read::Inventory.deserialize(toml));
    read.map_err(|error| {
        let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
        let line = memchr::memchr_iter(b'\n', before.as_bytes()).count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        ContentError { line, column, message: error.message().to_owned() }
    })
}

fn json(text: &str) -> Result<Vec<ObjectFacts>, ContentError> {
    let mut json = serde_json::Deserializer::from_str(text);
    let read = read::Inventory.deserialize(&mut json).and_then(|objects| json.end().map(|()| objects));
    read.map_err(|error| {
        let (line, column) = (error.line(), error.column());
        let text = error.to_string();
        let place = format!(" at line {line} column {column}");
        // serde_json counts columns from 0 at the start of a line.
        ContentError {
            line: line.max(1),
            column: column.max(1),
            message: text.strip_suffix(&place).unwrap_or(&text).to_owned(),
        }
    })
}
