//! A segment: what the agent has read of its sources, on disk as a whole or not at all, with how far the sources are
//! after it. A line of JSON describes it; compressed batches follow.

use std::{
    collections::BTreeMap,
    error::Error,
    fs::File,
    io::{self, BufRead, BufReader, ErrorKind, Read, Write},
    path::Path,
};

use flate2::{Compression, write::GzEncoder};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::state::{self, SourceCheckpoint};

/// The format.
const VERSION: u32 = 1;
/// A batch is closed when it has this many bytes or events: a request of a host's bounds.
const PART_BYTES: usize = 4 << 20;
const PART_EVENTS: u64 = 20_000;
/// Longest description, and longest segment, in bytes.
const HEADER_BYTES: u64 = 16 << 20;
const SEGMENT_BYTES: u64 = 256 << 20;

/// Changed checkpoints by source; `None` for a source that was removed.
pub(crate) type CheckpointChanges = BTreeMap<String, Option<SourceCheckpoint>>;

/// The description.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SegmentHeader {
    version: u32,
    pub(crate) checkpoints: CheckpointChanges,
    pub(crate) parts: Vec<PartHeader>,
    digest: String,
    /// When its first event came, milliseconds since the Unix epoch.
    pub(crate) since_ms: u64,
}

/// One batch of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PartHeader {
    bytes: u64,
    pub(crate) events: u64,
}

/// A segment that was read.
#[derive(Debug)]
pub(crate) struct Segment {
    pub(crate) parts: Vec<(u64, Vec<u8>)>,
}

/// A segment that is being filled.
#[derive(Debug, Default)]
pub(crate) struct SegmentBuilder {
    pub(crate) checkpoints: CheckpointChanges,
    parts: Vec<(PartHeader, Vec<u8>)>,
    open: Vec<u8>,
    open_events: u64,
    /// Bytes before they were compressed.
    bytes: usize,
    since_ms: Option<u64>,
}

impl SegmentBuilder {
    /// Adds an event, a line, that `write` writes.
    pub(crate) fn event<T>(&mut self, now_ms: u64, write: impl FnOnce(&mut Vec<u8>) -> T) -> T {
        let before = self.open.len();
        let written = write(&mut self.open);
        self.bytes += self.open.len() - before;
        self.open_events += 1;
        self.since_ms.get_or_insert(now_ms);
        if self.open.len() >= PART_BYTES || self.open_events >= PART_EVENTS {
            self.close_part();
        }
        written
    }

    /// Bytes in it, before they were compressed.
    pub(crate) const fn bytes(&self) -> usize {
        self.bytes
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.checkpoints.is_empty() && self.bytes == 0
    }

    /// When its first event came.
    pub(crate) const fn since_ms(&self) -> Option<u64> {
        self.since_ms
    }

    fn close_part(&mut self) {
        if self.open_events == 0 {
            return;
        }
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        // Writing to memory does not fail.
        let compressed = encoder.write_all(&self.open).and_then(|()| encoder.finish()).unwrap_or_default();
        let header = PartHeader { bytes: compressed.len() as u64, events: self.open_events };
        self.parts.push((header, compressed));
        self.open.clear();
        self.open.shrink_to(64 << 10);
        self.open_events = 0;
    }

    /// Writes it as a file of a folder; it is on disk when this returns. It can be tried again. Returns the description
    /// and the length of the file.
    pub(crate) fn write(&mut self, folder: &Path, name: &str, now_ms: u64) -> io::Result<(SegmentHeader, u64)> {
        self.close_part();
        let mut digest = Sha256::new();
        self.parts.iter().for_each(|(_, bytes)| digest.update(bytes));
        let header = SegmentHeader {
            version: VERSION,
            checkpoints: self.checkpoints.clone(),
            parts: self.parts.iter().map(|(header, _)| *header).collect(),
            digest: hex::encode(digest.finalize()),
            since_ms: self.since_ms.unwrap_or(now_ms),
        };
        let mut bytes = serde_json::to_vec(&header)?;
        bytes.push(b'\n');
        self.parts.iter().for_each(|(_, part)| bytes.extend_from_slice(part));
        state::write(folder, name, &bytes)?;
        Ok((header, bytes.len() as u64))
    }
}

fn damaged(why: impl Into<Box<dyn Error + Send + Sync>>) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, why)
}

/// Returns whether a segment that was not read is not what was written. Otherwise the system could not read it now, and
/// may later.
pub(crate) fn is_damaged(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::InvalidData | ErrorKind::UnexpectedEof)
}

impl SegmentHeader {
    /// Reads the description of a file, and checks that the file is as long as it says.
    pub(crate) fn read(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        let length = file.metadata()?.len();
        Ok(Self::from(&mut BufReader::new(file), length)?.0)
    }

    /// Returns the description, and its own length.
    fn from(reader: &mut impl BufRead, length: u64) -> io::Result<(Self, u64)> {
        let mut line = Vec::new();
        reader.take(HEADER_BYTES).read_until(b'\n', &mut line)?;
        let header: Self = serde_json::from_slice(&line).map_err(damaged)?;
        let all = header.parts.iter().try_fold(line.len() as u64, |all, part| all.checked_add(part.bytes));
        if header.version != VERSION || all != Some(length) || length > SEGMENT_BYTES {
            return Err(damaged("it is not as long as it says, or of another version"));
        }
        Ok((header, line.len() as u64))
    }
}

impl Segment {
    /// Reads a segment and checks that it is what was written.
    pub(crate) fn read(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        let length = file.metadata()?.len();
        let mut reader = BufReader::new(file);
        let (header, _) = SegmentHeader::from(&mut reader, length)?;
        let mut digest = Sha256::new();
        let mut parts = Vec::with_capacity(header.parts.len());
        for part in &header.parts {
            let mut bytes = vec![0; usize::try_from(part.bytes).map_err(damaged)?];
            reader.read_exact(&mut bytes)?;
            digest.update(&bytes);
            parts.push((part.events, bytes));
        }
        if hex::encode(digest.finalize()) != header.digest {
            return Err(damaged("its content is not what was written"));
        }
        Ok(Self { parts })
    }
}
