//! An entry of state, and how it is written for a store and read again. The first byte is the
//! version of the writing; numbers are LEB128; times are written as what has passed since the one
//! before.

use std::{
    collections::{HashSet, VecDeque},
    sync::Arc,
};

use lifesigns_model::limits;

use super::{
    counts::Counts,
    distincts::{Distincts, Note},
};

const VERSION: u8 = 1;

/// What a key holds.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum EntryValue {
    Value { bytes: Vec<u8>, expires_ns: Option<u64> },
    Counts(Counts),
    Distincts(Distincts),
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Entry {
    pub(super) held: EntryValue,
    /// When it was written, on the state's own count of writes.
    pub(super) written: u64,
}

impl EntryValue {
    /// What it takes in memory, more or less.
    pub(super) fn bytes(&self) -> usize {
        match self {
            Self::Value { bytes, .. } => bytes.len(),
            Self::Counts(counts) => counts.bytes(),
            Self::Distincts(values) => values.bytes(),
        }
    }
}

impl Entry {
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let mut out = vec![VERSION];
        put(&mut out, self.written);
        match &self.held {
            EntryValue::Value { bytes, expires_ns } => {
                out.extend([0, u8::from(expires_ns.is_some())]);
                put(&mut out, expires_ns.unwrap_or_default());
                out.extend_from_slice(bytes);
            }
            EntryValue::Counts(counts) => {
                out.push(1);
                put(&mut out, counts.window_ns);
                put(&mut out, counts.entries.len() as u64);
                let mut before = 0;
                for (time_ns, amount) in &counts.entries {
                    put(&mut out, *time_ns - before);
                    put(&mut out, u64::from(*amount));
                    before = *time_ns;
                }
            }
            EntryValue::Distincts(values) => {
                out.push(2);
                put(&mut out, values.window_ns);
                for notes in values.notes() {
                    put(&mut out, notes.len() as u64);
                    let mut before = 0;
                    for (time_ns, value) in notes {
                        put(&mut out, *time_ns - before);
                        put(&mut out, value.len() as u64);
                        out.extend_from_slice(value.as_bytes());
                        before = *time_ns;
                    }
                }
            }
        }
        out
    }

    /// Reads an entry; `None` if it is not one.
    pub(super) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let mut input = ReplayInput(bytes);
        if input.byte()? != VERSION {
            return None;
        }
        let written = input.number()?;
        let held = match input.byte()? {
            0 => {
                let expires = input.byte()?;
                let expires_ns = input.number().map(|ns| (expires == 1).then_some(ns))?;
                let bytes = std::mem::take(&mut input.0).to_vec();
                if expires > 1 || bytes.len() > limits::VALUE_BYTES {
                    return None;
                }
                EntryValue::Value { bytes, expires_ns }
            }
            1 => EntryValue::Counts(input.counts()?),
            2 => EntryValue::Distincts(input.distincts()?),
            _ => return None,
        };
        input.0.is_empty().then_some(Self { held, written })
    }
}

fn put(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

struct ReplayInput<'a>(&'a [u8]);

impl ReplayInput<'_> {
    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    fn number(&mut self) -> Option<u64> {
        let mut number = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            let part = u64::from(byte & 0x7f);
            if shift == 63 && part > 1 {
                return None;
            }
            number |= part << shift;
            if byte < 0x80 {
                return Some(number);
            }
        }
        None
    }

    fn counts(&mut self) -> Option<Counts> {
        let (window_ns, many) = (self.number()?, self.number()?);
        if many > limits::COUNTS as u64 {
            return None;
        }
        let (mut entries, mut time_ns) = (VecDeque::new(), 0_u64);
        for _ in 0..many {
            time_ns = time_ns.checked_add(self.number()?)?;
            entries.push_back((time_ns, u32::try_from(self.number()?).ok()?));
        }
        Some(Counts::of(entries, window_ns))
    }

    fn distincts(&mut self) -> Option<Distincts> {
        let window_ns = self.number()?;
        let mut known = HashSet::new();
        let latest = self.notes(&mut known)?;
        let values = known.len();
        let earlier = self.notes(&mut known)?;
        (values == latest.len()).then(|| Distincts::of(latest, earlier, window_ns))
    }

    fn notes(&mut self, known: &mut HashSet<Arc<str>>) -> Option<Vec<Note>> {
        let many = self.number()?;
        if many > limits::DISTINCTS as u64 {
            return None;
        }
        let (mut notes, mut time_ns) = (Vec::new(), 0_u64);
        for _ in 0..many {
            time_ns = time_ns.checked_add(self.number()?)?;
            let len = usize::try_from(self.number()?).ok()?;
            let value = std::str::from_utf8(self.0.get(..len)?).ok()?;
            self.0 = &self.0[len..];
            let value = match known.get(value) {
                Some(value) => Arc::clone(value),
                None => {
                    let value: Arc<str> = value.into();
                    known.insert(Arc::clone(&value));
                    value
                }
            };
            notes.push((time_ns, value));
        }
        Some(notes)
    }
}
