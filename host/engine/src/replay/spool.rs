//! Wanted lines of sources that cannot stay open, in a temporary file. What is read back is the same, chunk
//! by chunk, as if the source had been scanned then.

use std::{
    fs::File,
    io,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    sync::Arc,
};

use lifesigns_model::EventSource;
use parking_lot::Mutex;

use crate::{RuleSet, ScanCounts, scan::Scanner, scanned::ScannedChunk};

/// A block is written when it has this many bytes.
const BLOCK_BYTES: usize = 8 << 10;

/// The temporary file of a replay; it has no name, so nothing is left of it.
pub(super) struct Spool {
    folder: PathBuf,
    file: Mutex<Option<(Arc<File>, u64)>>,
}

impl Spool {
    pub(super) fn new(folder: &Path) -> Self {
        Self { folder: folder.to_owned(), file: Mutex::new(None) }
    }

    /// Appends a block; returns where it begins.
    fn append(&self, block: &[u8]) -> io::Result<u64> {
        let (file, start) = {
            let mut open = self.file.lock();
            let (file, end) = match &mut *open {
                Some(open) => open,
                empty => empty.insert((Arc::new(tempfile::tempfile_in(&self.folder)?), 0)),
            };
            let start = *end;
            *end += block.len() as u64;
            (Arc::clone(file), start)
        };
        file.write_all_at(block, start)?;
        Ok(start)
    }

    fn read(&self, start: u64, block: &mut [u8]) -> io::Result<()> {
        let file = self.file.lock().as_ref().map(|(file, _)| Arc::clone(file));
        file.ok_or(io::ErrorKind::NotFound)?.read_exact_at(block, start)
    }

    /// Adds to an error what to do.
    pub(super) fn explained(&self, error: &io::Error) -> io::Error {
        let folder = self.folder.display();
        io::Error::new(
            error.kind(),
            format!(
                "the wanted lines of compressed sources that overlap in time are kept in a temporary file in {folder}, which failed: {error}; name a folder with more room in TMPDIR"
            ),
        )
    }
}

/// The spooled chunks of one source, in order.
#[derive(Default)]
pub(super) struct SpooledSource {
    /// Start and length of blocks.
    blocks: Vec<(u64, u32)>,
    /// Blocks that were read.
    read: usize,
    /// What is being written or read.
    block: Vec<u8>,
    at: usize,
}

impl SpooledSource {
    /// Writes a chunk.
    pub(super) fn push(&mut self, spool: &Spool, scanned: &ScannedChunk) -> io::Result<()> {
        for count in counters(&scanned.scan_counts) {
            self.block.extend_from_slice(&count.to_le_bytes());
        }
        put_time(&mut self.block, scanned.last_time_ns);
        self.block.extend_from_slice(&(scanned.lines.len() as u32).to_le_bytes());
        for line in &scanned.lines {
            let raw = line.raw.str(&scanned.text);
            self.block.extend_from_slice(&line.number.to_le_bytes());
            put_time(&mut self.block, line.time_ns);
            self.block.extend_from_slice(&(raw.len() as u32).to_le_bytes());
            self.block.extend_from_slice(raw.as_bytes());
        }
        if self.block.len() >= BLOCK_BYTES { self.finish(spool) } else { Ok(()) }
    }

    /// Writes the rest.
    pub(super) fn finish(&mut self, spool: &Spool) -> io::Result<()> {
        if !self.block.is_empty() {
            self.blocks.push((spool.append(&self.block)?, self.block.len() as u32));
        }
        self.block = Vec::new();
        Ok(())
    }

    /// Returns the next chunk, decoded again.
    pub(super) fn next(
        &mut self,
        spool: &Spool,
        scanner: &mut Scanner,
        rules: &Arc<RuleSet>,
        source: &Arc<EventSource>,
    ) -> io::Result<Option<ScannedChunk>> {
        if self.at == self.block.len() {
            let Some((start, len)) = self.blocks.get(self.read) else {
                self.block = Vec::new();
                self.at = 0;
                return Ok(None);
            };
            self.block.resize(*len as usize, 0);
            spool.read(*start, &mut self.block)?;
            (self.read, self.at) = (self.read + 1, 0);
        }
        let mut scan_counts = ScanCounts::default();
        for counter in counters_mut(&mut scan_counts) {
            *counter = u64::from_le_bytes(self.take()?);
        }
        let last_time_ns = self.take_time()?;
        let count = u32::from_le_bytes(self.take()?) as usize;
        let mut places = Vec::with_capacity(count);
        let mut text = Vec::new();
        for _ in 0..count {
            places.push((u32::from_le_bytes(self.take()?), self.take_time()?));
            let len = u32::from_le_bytes(self.take()?) as usize;
            text.extend_from_slice(self.block.get(self.at..self.at + len).ok_or(io::ErrorKind::UnexpectedEof)?);
            text.push(b'\n');
            self.at += len;
        }
        let mut scanned = scanner.scan(Arc::clone(rules), Arc::clone(source), &text, None);
        if scanned.lines.len() != count {
            return Err(io::Error::other("a line is not what it was"));
        }
        for (line, (number, time_ns)) in scanned.lines.iter_mut().zip(places) {
            (line.number, line.time_ns) = (number, time_ns);
        }
        (scanned.scan_counts, scanned.last_time_ns) = (scan_counts, last_time_ns);
        Ok(Some(scanned))
    }

    fn take<const N: usize>(&mut self) -> io::Result<[u8; N]> {
        let bytes = self.block.get(self.at..).and_then(|rest| rest.first_chunk());
        self.at += N;
        bytes.copied().ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
    }

    fn take_time(&mut self) -> io::Result<Option<u64>> {
        let [is_known] = self.take()?;
        let time_ns = u64::from_le_bytes(self.take()?);
        Ok((is_known != 0).then_some(time_ns))
    }
}

fn put_time(block: &mut Vec<u8>, time_ns: Option<u64>) {
    block.push(u8::from(time_ns.is_some()));
    block.extend_from_slice(&time_ns.unwrap_or_default().to_le_bytes());
}

fn counters(scan_counts: &ScanCounts) -> [u64; 10] {
    counters_mut(&mut scan_counts.clone()).map(|counter| *counter)
}

const fn counters_mut(scan_counts: &mut ScanCounts) -> [&mut u64; 10] {
    let ScanCounts { bytes, lines, decoded, kept, not_utf8, cut, malformed, timeless, verifications, fallbacks } =
        scan_counts;
    [bytes, lines, decoded, kept, not_utf8, cut, malformed, timeless, verifications, fallbacks]
}
