//! How far each journal of systemd was taken: the numbers of its entries grow, so that an entry that comes again is known by its
//! number. The cursor of the source has it, and is committed together with the entries.

use std::collections::{BTreeMap, VecDeque};

use lifesigns_intake::JournalCursor;

/// The first byte of a cursor: its format.
const FORMAT: u8 = 2;
/// Journals that are remembered, those that sent last.
const JOURNALS: usize = 1000;
/// A journal in a cursor: what it is, and the number of the last entry.
const ENTRY_BYTES: usize = 16 + 8;

/// See the module.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct SeenEntries {
    last: BTreeMap<u128, u64>,
    /// The journals, the one that has been silent for longest first.
    order: VecDeque<u128>,
}

impl SeenEntries {
    /// Returns what a cursor holds; nothing if there is no cursor, or one of another format.
    pub(crate) fn from_cursor(cursor: Option<&[u8]>) -> Self {
        let mut seen = Self::default();
        let Some([FORMAT, entries @ ..]) = cursor else { return seen };
        for entry in entries.as_chunks::<ENTRY_BYTES>().0 {
            let Some((journal, number)) = entry.split_first_chunk::<16>() else { continue };
            let number = number.try_into().map_or(0, u64::from_le_bytes);
            seen.advance(JournalCursor { journal: u128::from_le_bytes(*journal), number });
        }
        seen
    }

    pub(crate) fn to_cursor(&self) -> Vec<u8> {
        let mut cursor = vec![FORMAT];
        for at in self.latest() {
            cursor.extend(at.journal.to_le_bytes());
            cursor.extend(at.number.to_le_bytes());
        }
        cursor
    }

    /// Whether an entry was taken before.
    pub(crate) fn has(&self, at: JournalCursor) -> bool {
        self.last.get(&at.journal).is_some_and(|last| at.number <= *last)
    }

    /// Returns the last entry of each journal, the one that has been silent for longest first.
    pub(crate) fn latest(&self) -> impl Iterator<Item = JournalCursor> {
        let last = |journal: &u128| Some(JournalCursor { journal: *journal, number: *self.last.get(journal)? });
        self.order.iter().filter_map(last)
    }

    /// Notes that entries were taken up to this one.
    pub(crate) fn advance(&mut self, at: JournalCursor) {
        let last = self.last.entry(at.journal).or_insert(0);
        *last = at.number.max(*last);
        if self.order.back() != Some(&at.journal) {
            self.order.retain(|journal| *journal != at.journal);
            self.order.push_back(at.journal);
        }
        if self.order.len() > JOURNALS
            && let Some(oldest) = self.order.pop_front()
        {
            self.last.remove(&oldest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(journal: u128, number: u64) -> JournalCursor {
        JournalCursor { journal, number }
    }

    #[test]
    fn an_entry_is_known_by_its_number_also_from_a_cursor() {
        let mut seen = SeenEntries::default();
        seen.advance(at(1, 5));
        seen.advance(at(2, 9));
        seen.advance(at(1, 4));
        let again = SeenEntries::from_cursor(Some(&seen.to_cursor()));
        assert_eq!(again, seen);
        assert!(again.has(at(1, 5)) && !again.has(at(1, 6)) && !again.has(at(3, 0)));
        assert_eq!(SeenEntries::from_cursor(Some(b"\x01nonsense")), SeenEntries::default());
    }

    #[test]
    fn the_journals_that_sent_last_are_remembered() {
        let mut seen = SeenEntries::default();
        for journal in 0..2 * JOURNALS as u128 {
            seen.advance(at(7, 1 + journal as u64));
            seen.advance(at(1000 + journal, 1));
        }
        assert_eq!(seen.to_cursor().len(), 1 + JOURNALS * ENTRY_BYTES);
        assert!(seen.has(at(7, 2 * JOURNALS as u64)) && !seen.has(at(1000, 1)));
    }
}
