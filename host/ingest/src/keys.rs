//! Keys that make a retry count once. The latest of them are in the cursor of the source, so that they are
//! committed together with the events that they stand for.

use std::collections::{HashMap, HashSet, VecDeque};

use sha2::{Digest, Sha256};

/// Keys that a receiver remembers.
const REMEMBERED: usize = 65_536;
/// Those of them, the latest, that the record has.
const COMMITTED: usize = 512;
/// The first byte of a cursor: its format.
const FORMAT: u8 = 1;
/// A key in a cursor: its hash, that of the body, the items, and whether these are all.
const ENTRY_BYTES: usize = 16 + 8 + 8 + 1;

/// The hash of a key.
type KeyHash = [u8; 16];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct KeyEntry {
    body: [u8; 8],
    /// Items that were taken.
    items: u64,
    /// Whether these are all of the request.
    is_complete: bool,
}

/// A request with a key that is being taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct KeyClaim {
    key: KeyHash,
    body: [u8; 8],
    /// Items that an earlier attempt has brought.
    pub(crate) skip: u64,
}

/// Why a key cannot be claimed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeyRefusal {
    /// A request with it is being taken.
    InUse,
    /// It came with another body before.
    OtherBody,
}

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct SeenKeys {
    in_use: HashSet<KeyHash>,
    known: HashMap<KeyHash, KeyEntry>,
    /// The known ones, the oldest first.
    order: VecDeque<KeyHash>,
}

impl SeenKeys {
    /// Returns the keys that a cursor holds; none if there is no cursor, or one of another format.
    pub(crate) fn from_cursor(cursor: Option<&[u8]>) -> Self {
        let mut keys = Self::default();
        let Some([FORMAT, entries @ ..]) = cursor else { return keys };
        for entry in entries.as_chunks::<ENTRY_BYTES>().0 {
            let mut at = 0;
            let mut take = |into: &mut [u8]| {
                into.copy_from_slice(&entry[at..at + into.len()]);
                at += into.len();
            };
            let (mut key, mut body, mut items, mut complete) = ([0; 16], [0; 8], [0; 8], [0; 1]);
            take(&mut key);
            take(&mut body);
            take(&mut items);
            take(&mut complete);
            keys.insert(key, KeyEntry { body, items: u64::from_le_bytes(items), is_complete: complete == [1] });
        }
        keys
    }

    /// Claims a key for a request with this body. What comes of it is noted with [`Self::settle`].
    pub(crate) fn claim(&mut self, key: &[u8], body: &[u8]) -> Result<KeyClaim, KeyRefusal> {
        let (key, body) = (start_of_hash(key), start_of_hash(body));
        if self.in_use.contains(&key) {
            return Err(KeyRefusal::InUse);
        }
        let known = self.known.get(&key);
        if known.is_some_and(|entry| entry.body != body) {
            return Err(KeyRefusal::OtherBody);
        }
        let skip = known.map_or(0, |entry| if entry.is_complete { u64::MAX } else { entry.items });
        self.in_use.insert(key);
        Ok(KeyClaim { key, body, skip })
    }

    /// Returns the cursor of a piece of the request that claimed a key: `items` have been taken up to its end.
    pub(crate) fn cursor(&self, claim: &KeyClaim, items: u64, is_complete: bool) -> Vec<u8> {
        let latest = self.order.iter().rev().filter(|key| **key != claim.key).take(COMMITTED - 1);
        let mut cursor = vec![FORMAT];
        let known = latest.collect::<Vec<_>>();
        for key in known.into_iter().rev() {
            if let Some(entry) = self.known.get(key) {
                write(&mut cursor, key, entry);
            }
        }
        write(&mut cursor, &claim.key, &KeyEntry { body: claim.body, items, is_complete });
        cursor
    }

    /// Notes that everything of a request was submitted.
    pub(crate) fn submitted(&mut self, claim: &KeyClaim, items: u64) {
        self.insert(claim.key, KeyEntry { body: claim.body, items, is_complete: true });
    }

    /// Ends a claim. If what was submitted is not committed, the key is forgotten.
    pub(crate) fn resolve(&mut self, claim: &KeyClaim, is_committed: bool) {
        self.in_use.remove(&claim.key);
        if !is_committed && self.known.remove(&claim.key).is_some() {
            self.order.retain(|key| *key != claim.key);
        }
    }

    /// Ends a claim of which nothing was submitted.
    pub(crate) fn release(&mut self, claim: &KeyClaim) {
        self.in_use.remove(&claim.key);
    }

    fn insert(&mut self, key: KeyHash, entry: KeyEntry) {
        if self.known.insert(key, entry).is_some() {
            self.order.retain(|known| *known != key);
        }
        self.order.push_back(key);
        if self.order.len() > REMEMBERED
            && let Some(oldest) = self.order.pop_front()
        {
            self.known.remove(&oldest);
        }
    }
}

fn write(cursor: &mut Vec<u8>, key: &KeyHash, entry: &KeyEntry) {
    cursor.extend_from_slice(key);
    cursor.extend_from_slice(&entry.body);
    cursor.extend_from_slice(&entry.items.to_le_bytes());
    cursor.push(entry.is_complete.into());
}

fn start_of_hash<const N: usize>(bytes: &[u8]) -> [u8; N] {
    let mut start = [0; N];
    start.copy_from_slice(&Sha256::digest(bytes)[..N]);
    start
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_counts_once_and_is_one_body() {
        let mut keys = SeenKeys::default();
        let claim = keys.claim(b"a", b"body").expect("it is new");
        assert_eq!(claim.skip, 0);
        assert_eq!(keys.claim(b"a", b"body"), Err(KeyRefusal::InUse));
        keys.submitted(&claim, 3);
        keys.resolve(&claim, true);
        assert_eq!(keys.claim(b"a", b"other"), Err(KeyRefusal::OtherBody));
        assert_eq!(keys.claim(b"a", b"body").expect("it is known").skip, u64::MAX);
    }

    #[test]
    fn what_was_not_committed_is_not_remembered() {
        let mut keys = SeenKeys::default();
        let claim = keys.claim(b"a", b"body").expect("it is new");
        keys.submitted(&claim, 3);
        keys.resolve(&claim, false);
        assert_eq!(keys.claim(b"a", b"other").expect("it is new").skip, 0);
    }

    #[test]
    fn a_cursor_has_the_latest_keys_and_how_far_the_last_one_came() {
        let mut keys = SeenKeys::default();
        for number in 0..2 * COMMITTED as u32 {
            let claim = keys.claim(&number.to_le_bytes(), b"body").expect("it is new");
            keys.submitted(&claim, 1);
            keys.resolve(&claim, true);
        }
        let claim = keys.claim(b"last", b"body").expect("it is new");
        let cursor = keys.cursor(&claim, 7, false);
        assert_eq!(cursor.len(), 1 + COMMITTED * ENTRY_BYTES);
        let mut again = SeenKeys::from_cursor(Some(&cursor));
        assert_eq!(again.claim(b"last", b"body").expect("it is known").skip, 7);
        assert_eq!(again.claim(&1023_u32.to_le_bytes(), b"body").expect("it is known").skip, u64::MAX);
        assert_eq!(again.claim(&0_u32.to_le_bytes(), b"body").expect("it is forgotten").skip, 0);
        assert_eq!(SeenKeys::from_cursor(Some(b"\x02nonsense")).known.len(), 0);
        assert_eq!(SeenKeys::from_cursor(None).known.len(), 0);
    }
}
