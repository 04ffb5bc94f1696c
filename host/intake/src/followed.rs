//! What following a file has counted.

use crate::cursor::Cursor;

/// What was counted while a file was followed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Followed {
    /// How far it was read.
    pub cursor: Option<Cursor>,
    /// Lines that were longer than a chunk.
    pub cut_lines: u64,
    /// NUL bytes before lines that were skipped.
    pub nul_bytes: u64,
    /// Times that another file took the path.
    pub rotations: u64,
    /// Times that the file was truncated, or rewritten in place.
    pub truncations: u64,
    /// Times that something was not read, or may not have been.
    pub gaps: u64,
}
