//! Reads what the receiver was notified of, as it comes.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::File,
    io::{Read, Seek, SeekFrom},
    path::PathBuf,
};

use serde_json::Value;

use crate::feed::Feed;

/// Events that may wait for the host.
const FAR_BEHIND: u64 = 500;

/// The receiver's file of notices, read incrementally.
#[derive(Debug)]
pub struct Notified {
    path: PathBuf,
    offset: u64,
    /// The beginning of a line that is not complete yet.
    rest: Vec<u8>,
    /// How often each key came, by alert id and kind of notice.
    keys: BTreeMap<(String, String), BTreeMap<String, u64>>,
    /// Events that the receiver was notified of.
    events: BTreeSet<u64>,
    /// Lines that are not JSON: a kill in the middle of a write leaves one.
    broken: u64,
}

impl Notified {
    /// Reads the file at `path`, which need not exist yet.
    pub fn new(path: PathBuf) -> Self {
        let (keys, events) = (BTreeMap::new(), BTreeSet::new());
        Self { path, offset: 0, rest: Vec::new(), keys, events, broken: 0 }
    }

    /// Reads what was added. Returns whether anything was.
    ///
    /// # Panics
    /// When the file cannot be read.
    pub fn read(&mut self) -> bool {
        let Ok(mut file) = File::open(&self.path) else { return false };
        file.seek(SeekFrom::Start(self.offset)).expect("a regular file");
        let read = file.read_to_end(&mut self.rest).expect("a regular file");
        self.offset += read as u64;
        while let Some(end) = self.rest.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = self.rest.drain(..=end).collect();
            match serde_json::from_slice(&line) {
                Ok(notice) => self.take(&notice),
                Err(_) => self.broken += 1,
            }
        }
        read > 0
    }

    fn take(&mut self, notice: &Value) {
        let text = |name: &str| notice[name].as_str().unwrap_or_default().to_owned();
        let keys = self.keys.entry((text("id"), text("happened"))).or_default();
        *keys.entry(text("key")).or_default() += 1;
        if let Some(number) = text("object").strip_prefix("event-") {
            self.events.insert(number.parse().expect("a number"));
        }
    }

    /// Returns the events that the receiver was notified of.
    pub const fn events(&self) -> &BTreeSet<u64> {
        &self.events
    }

    /// Whether as much waits for the host already that more would only make its next commits larger and slower.
    #[must_use]
    pub fn is_far_behind(&self, feed: &Feed) -> bool {
        feed.events() > self.events.len() as u64 + FAR_BEHIND
    }

    /// Returns the keys of the notices of one kind about an alert.
    pub fn keys(&self, alert: &str, happened: &str) -> Vec<&str> {
        let keys = self.keys.get(&(alert.to_owned(), happened.to_owned()));
        keys.into_iter().flatten().map(|(key, _)| key.as_str()).collect()
    }

    /// Returns the ids of all alerts that the receiver was notified of.
    pub fn alerts(&self) -> BTreeSet<&str> {
        self.keys.keys().map(|(alert, _)| alert.as_str()).collect()
    }

    /// Returns how many notices came more than once.
    pub fn duplicates(&self) -> u64 {
        self.keys.values().flat_map(BTreeMap::values).map(|count| count - 1).sum()
    }

    /// Returns the number of lines that are not JSON.
    pub const fn broken(&self) -> u64 {
        self.broken
    }
}
