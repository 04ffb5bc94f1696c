//! Writes numbered events as programs write logs: in bursts, sometimes half a line, and into files
//! that are rotated.

use std::{
    collections::BTreeSet,
    fs::{self, File, OpenOptions},
    io::Write,
    path::{Path, PathBuf},
};

use crate::{home::Home, random::Random};

/// Events that share an object of which the rule counts.
pub(crate) const BATCH: u64 = 10;
/// 2026-11-24T00:00:00Z in milliseconds; each event is 10 ms after the one before.
const BEGIN_MS: u64 = 1_795_478_400_000;

/// Where events come from. A batch is in one file, so its events are in order.
#[derive(Debug)]
pub struct Feed {
    files: Vec<Log>,
    /// The next event's number.
    next: u64,
}

/// A file that is written.
#[derive(Debug)]
struct Log {
    path: PathBuf,
    file: File,
    /// Of a line that is half written: what is missing.
    rest: Vec<u8>,
    /// How often it was rotated.
    rotations: u64,
    /// The first event after the last rotation, once it is written.
    first: Option<u64>,
}

impl Feed {
    /// Begins with empty files.
    ///
    /// # Panics
    /// When they cannot be made.
    pub fn new(home: &Home) -> Self {
        let log = |path: PathBuf| Log { file: open(&path), path, rest: Vec::new(), rotations: 0, first: None };
        Self { files: home.logs().map(log).into(), next: 0 }
    }

    /// How many events were written; the last one perhaps in half.
    pub const fn events(&self) -> u64 {
        self.next
    }

    /// How often files were rotated.
    pub fn rotations(&self) -> u64 {
        self.files.iter().map(|log| log.rotations).sum()
    }

    /// Writes `events` more events.
    ///
    /// # Panics
    /// When the disk does not take them.
    pub fn write(&mut self, events: u64, random: &mut Random) {
        for _ in 0..events {
            let number = self.next;
            self.next += 1;
            let log = &mut self.files[(number / BATCH % 2) as usize];
            let mut bytes = std::mem::take(&mut log.rest);
            bytes.extend_from_slice(lines(number).as_bytes());
            if random.one_in(5) {
                let cut = random.between(0, bytes.len() as u64 - 1) as usize;
                log.rest = bytes.split_off(cut);
            }
            log.file.write_all(&bytes).expect("the disk takes it");
            log.first.get_or_insert(number);
        }
    }

    /// Writes what is missing of half lines, and the rest of the last batch.
    ///
    /// # Panics
    /// When the disk does not take it.
    pub fn finish(&mut self, random: &mut Random) {
        self.write(BATCH - self.next % BATCH, random);
        self.files.iter_mut().for_each(Log::finish);
    }

    /// Rotates a file if the host has read beyond the previous rotation; `notified` are the events it has
    /// notified. No follower of files looks two rotations back.
    ///
    /// # Panics
    /// When the file cannot be renamed.
    pub fn rotate(&mut self, notified: &BTreeSet<u64>, random: &mut Random) {
        let log = &mut self.files[random.between(0, 1) as usize];
        if log.first.is_none_or(|first| !notified.contains(&first)) {
            return;
        }
        log.finish();
        if log.rotations > 0 && random.one_in(2) {
            // Its inode may be used again.
            fs::remove_file(log.old()).expect("only this test removes it");
        }
        log.rotations += 1;
        fs::rename(&log.path, log.old()).expect("the folder is ours");
        (log.file, log.first) = (open(&log.path), None);
    }
}

impl Log {
    fn finish(&mut self) {
        self.file.write_all(&std::mem::take(&mut self.rest)).expect("the disk takes it");
    }

    fn old(&self) -> PathBuf {
        let mut name = self.path.as_os_str().to_owned();
        name.push(format!(".{}", self.rotations));
        name.into()
    }
}

fn open(path: &Path) -> File {
    OpenOptions::new().create(true).append(true).open(path).expect("the folder is ours")
}

/// The lines of an event: one for each rule.
fn lines(number: u64) -> String {
    let time = BEGIN_MS + number * 10;
    let line = |object: &str, word: &str| {
        format!("{{\"time\":{time},\"object\":\"{object}\",\"message\":\"{word} {number}\"}}\n")
    };
    let batch = format!("batch-{}", number / BATCH);
    line(&format!("event-{number}"), "numbered") + &line("total", "counted") + &line(&batch, "tenth")
}
