//! What is wrong in an inventory, and where.

/// A mistake in the content of an inventory.
pub(super) struct ContentError {
    /// The line, from 1.
    pub(super) line: usize,
    /// The column from 1: characters, in CSV cells.
    pub(super) column: usize,
    /// What is wrong and what to do.
    pub(super) message: String,
}
