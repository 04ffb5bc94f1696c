//! Reads a file that a person names, within a bound.

use std::{fs, io::Read as _, path::Path};

use crate::exit::Failure;

/// Returns a file of at most `most_bytes`.
pub(crate) fn bounded(path: &Path, most_bytes: u64) -> Result<Vec<u8>, Failure> {
    let failed = |why: String| Failure::Failed(format!("{}: {why}", path.display()));
    let mut bytes = Vec::new();
    let read = fs::File::open(path).and_then(|file| file.take(most_bytes + 1).read_to_end(&mut bytes));
    read.map_err(|error| failed(error.to_string()))?;
    if bytes.len() as u64 > most_bytes {
        return Err(failed(format!("it has more than {most_bytes} bytes")));
    }
    Ok(bytes)
}
