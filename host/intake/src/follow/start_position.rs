//! Where following a file begins.

use crate::cursor::Cursor;

/// Where following a file begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StartPosition {
    /// At the start of the file.
    Start,
    /// At its end as it is when following begins; at the start of a file that comes later.
    End,
    /// Where an earlier run was. A file that has been renamed since is read to its end first; if it is
    /// gone, the present one is read from its start, and that is a gap.
    At(Cursor),
}
