//! Lines that are collected until they fill a chunk.

use lifesigns_model::limits::CHUNK_BYTES;

/// Whether something found room in a chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Pushed {
    /// It was added.
    Added,
    /// The chunk is full: submit it, and push again to the next one.
    Full,
    /// It is larger than any chunk or line may be, and will never be added.
    TooLarge,
}

/// Lines, at most [`CHUNK_BYTES`] of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct LineBatch(Vec<u8>);

impl LineBatch {
    /// Adds a line made of these parts, which hold no line end.
    pub(super) fn push(&mut self, parts: &[&[u8]]) -> Pushed {
        let bytes = parts.iter().map(|part| part.len()).sum::<usize>() + 1;
        if bytes > CHUNK_BYTES {
            return Pushed::TooLarge;
        }
        if self.0.len() + bytes > CHUNK_BYTES {
            return Pushed::Full;
        }
        for part in parts {
            self.0.extend_from_slice(part);
        }
        self.0.push(b'\n');
        Pushed::Added
    }

    /// Takes memory for this number of bytes at once, as far as a chunk may have them.
    pub(super) fn reserve(&mut self, bytes: usize) {
        self.0.reserve(bytes.min(CHUNK_BYTES.saturating_sub(self.0.len())));
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.0
    }
}
