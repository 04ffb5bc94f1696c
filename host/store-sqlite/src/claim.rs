//! The epoch that a writer claims when it opens the store.

use lifesigns_record::{Superseded, WriterEpoch};
use rusqlite::Transaction;

use crate::{form::bits, meta};

/// The latest writer's epoch, in the table `meta`.
pub(crate) const EPOCH: &str = "writer_epoch";

/// Whether this writer's epoch is in the file.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Claim {
    /// It is.
    Made(WriterEpoch),
    /// The disk was full when the store was opened, and this was the epoch of the writer before: ours is
    /// written with the first commit.
    Due(WriterEpoch),
}

impl Claim {
    pub(crate) const fn epoch(self) -> WriterEpoch {
        match self {
            Self::Made(epoch) => epoch,
            Self::Due(before) => before.next(),
        }
    }

    /// Checks that no other writer has opened the store since, and writes the epoch if that is due.
    pub(crate) fn check(self, transaction: &Transaction<'_>) -> rusqlite::Result<Result<(), Superseded>> {
        let current = WriterEpoch(meta::get(transaction, EPOCH)?);
        match self {
            Self::Made(epoch) if epoch == current => {}
            Self::Due(before) if before == current => meta::set(transaction, EPOCH, bits(self.epoch().0))?,
            _ => return Ok(Err(Superseded { ours: self.epoch(), current })),
        }
        Ok(Ok(()))
    }
}
