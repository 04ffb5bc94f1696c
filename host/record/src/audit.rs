//! The audit log: its entries, the hash chain that covers them, and what a verification finds.

use lifesigns_compliance::AuditedChange;
use sha2::{Digest as _, Sha256};

use crate::error::RecordError;

/// The hash of an entry: SHA-256.
pub type ChainHash = [u8; 32];

/// An audit entry and its hash. With a mark that was noted elsewhere, a verification checks that
/// everything up to it is unchanged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChainMark {
    /// The entry's number, from 1; 0 for before the first.
    pub id: u64,
    /// Its hash, 64 hexadecimal digits.
    pub hash: String,
}

impl ChainMark {
    /// Returns the mark of an entry.
    pub fn new(id: u64, hash: &ChainHash) -> Self {
        Self { id, hash: hex::encode(hash) }
    }
}

/// An audit entry as it is stored.
#[derive(Clone, Debug, PartialEq)]
pub struct AuditLogEntry {
    /// The entry's number and hash.
    pub mark: ChainMark,
    /// The host's clock when it was written, nanoseconds since the Unix epoch.
    pub written_ns: u64,
    /// The content.
    pub audit: AuditedChange,
}

/// The result of a successful verification.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChainVerification {
    /// The number of entries that exist.
    pub entries: u64,
    /// The last entry that retention removed, if it removed any.
    pub anchor: Option<ChainMark>,
    /// The last entry.
    pub head: ChainMark,
}

/// Why the audit cannot be relied on.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    /// An entry does not match the chain: it, or one before it, was changed, inserted or removed.
    #[error("the audit was tampered with or damaged at entry {id}: {what}")]
    Broken {
        /// The first entry that does not match.
        id: u64,
        /// What does not match.
        what: String,
    },
    /// The triggers that protect entries are missing, so entries could have been changed.
    #[error(
        "the triggers {} are missing or changed, so entries could have been changed; compare with a head that was noted \
         elsewhere (`lifesigns audit verify --known NUMBER:HASH`); the next start puts them back and says so in \
         an entry", .missing.join(", ")
    )]
    Unguarded {
        /// The triggers.
        missing: Vec<String>,
    },
    /// Retention has removed the entry that was asked for, so it cannot be checked.
    #[error("entry {id} was removed by retention; the oldest that can be checked is {oldest}")]
    Removed {
        /// The entry.
        id: u64,
        /// The oldest one that is known.
        oldest: u64,
    },
    /// It could not be read.
    #[error(transparent)]
    Record(#[from] RecordError),
}

/// Returns the hash of an entry: of the previous hash, then `numbers` (the entry's number, when it was
/// written, its time), then `texts` (who, what, subject, before, after), each behind its length in eight
/// bytes; all numbers are eight bytes, big-endian.
pub fn chain_hash(previous: &ChainHash, numbers: [i64; 3], texts: [&str; 5]) -> ChainHash {
    let mut hasher = Sha256::new();
    hasher.update(previous);
    for number in numbers {
        hasher.update(number.to_be_bytes());
    }
    for text in texts {
        hasher.update((text.len() as u64).to_be_bytes());
        hasher.update(text);
    }
    hasher.finalize().into()
}
