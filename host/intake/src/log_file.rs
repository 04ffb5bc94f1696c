//! A file of lines that is read once from its start to its end, but not at once: between two chunks it may be
//! closed.

use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom},
    path::{Path, PathBuf},
    sync::Arc,
};

use crate::{compression::Compression, lines::LineChunks};

/// Called with the bytes that were read of a file, as they are on disk.
pub type OnRead = Arc<dyn Fn(u64) + Send + Sync>;

/// Whether a file stays open between two chunks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StayOpen {
    /// It does.
    Yes,
    /// It does not if that costs little, because there are more files than a process may have open.
    No,
}

/// The lines of a file. Where its chunks end depends on its content and the step alone.
pub struct LogFile {
    path: PathBuf,
    compression: Compression,
    step_bytes: usize,
    stay_open: StayOpen,
    on_read: OnRead,
    /// `None` while it is closed.
    chunks: Option<LineChunks<Filled<Box<dyn Read + Send>>>>,
    /// Chunks so far.
    returned: u64,
}

impl LogFile {
    /// Opens a file, which is read in steps of about `step_bytes` of what it contains.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn open(path: &Path, step_bytes: usize, stay_open: StayOpen, on_read: OnRead) -> io::Result<Self> {
        let compression = Compression::of_file(&File::open(path)?)?;
        Ok(Self { path: path.to_owned(), compression, step_bytes, stay_open, on_read, chunks: None, returned: 0 })
    }

    /// Returns how it is compressed.
    pub const fn compression(&self) -> Compression {
        self.compression
    }

    /// Returns the next chunk, or `None` at the end.
    ///
    /// # Errors
    /// When the file cannot be read or decoded.
    pub fn next_chunk(&mut self, spare: Vec<u8>) -> io::Result<Option<Vec<u8>>> {
        let chunks = match &mut self.chunks {
            Some(chunks) => chunks,
            closed => {
                let stay_open = if self.compression == Compression::None { self.stay_open } else { StayOpen::Yes };
                let file = PlainFile {
                    path: self.path.clone(),
                    file: None,
                    offset: 0,
                    stay_open,
                    on_read: Arc::clone(&self.on_read),
                };
                let mut chunks = LineChunks::in_steps(Filled(self.compression.reader(file)), self.step_bytes);
                for _ in 0..self.returned {
                    if let Some(again) = next(&mut chunks, self.step_bytes)? {
                        chunks.recycle(again);
                    }
                }
                closed.insert(chunks)
            }
        };
        if spare.capacity() >= self.step_bytes {
            chunks.recycle(spare);
        }
        let chunk = next(chunks, self.step_bytes)?;
        self.returned += 1;
        if chunk.is_none() {
            self.chunks = None;
        }
        Ok(chunk)
    }

    /// Gives a decoder up. The next chunk costs decoding the file again up to it.
    pub fn close(&mut self) {
        if self.compression != Compression::None {
            self.chunks = None;
        }
    }
}

/// With many files steps are small, and their buffers together large.
const PARKED_STEP_BYTES: usize = 64 << 10;

fn next<R: Read>(chunks: &mut LineChunks<R>, step_bytes: usize) -> io::Result<Option<Vec<u8>>> {
    let chunk = chunks.next_chunk();
    if step_bytes <= PARKED_STEP_BYTES {
        chunks.park();
    }
    chunk
}

/// Fills what it is passed, so that reads end where the bytes say, and not where a decoder or a pipe pauses.
#[derive(Debug)]
pub struct Filled<R>(pub R);

impl<R: Read> Read for Filled<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let mut filled = 0;
        while filled < into.len() {
            match self.0.read(&mut into[filled..]) {
                Ok(0) => break,
                Ok(count) => filled += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(filled)
    }
}

/// A file that is opened when it is read.
struct PlainFile {
    path: PathBuf,
    file: Option<File>,
    offset: u64,
    stay_open: StayOpen,
    on_read: OnRead,
}

impl Read for PlainFile {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let mut file = match self.file.take() {
            Some(file) => file,
            None => {
                let mut file = File::open(&self.path)?;
                if self.offset > 0 {
                    file.seek(SeekFrom::Start(self.offset))?;
                }
                file
            }
        };
        let count = file.read(into)?;
        self.offset += count as u64;
        (self.on_read)(count as u64);
        if self.stay_open == StayOpen::Yes {
            self.file = Some(file);
        }
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use proptest::prelude::*;

    use super::*;

    fn gzip(text: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(text).expect("a vector takes it");
        encoder.finish().expect("a vector takes it")
    }

    fn zstd(text: &[u8]) -> Vec<u8> {
        ruzstd::encoding::compress_to_vec(text, ruzstd::encoding::CompressionLevel::Fastest)
    }

    fn chunks(path: &Path, step_bytes: usize, stay_open: StayOpen, close_at: &[usize]) -> Vec<Vec<u8>> {
        let mut file = LogFile::open(path, step_bytes, stay_open, Arc::new(|_| ())).expect("a file of our own");
        let mut chunks = Vec::new();
        while let Some(chunk) = file.next_chunk(Vec::new()).expect("a file of our own") {
            assert!(!chunk.is_empty());
            chunks.push(chunk);
            if close_at.contains(&chunks.len()) {
                file.close();
            }
        }
        assert!(file.next_chunk(Vec::new()).is_ok_and(|chunk| chunk.is_none()), "the end stays the end");
        chunks
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]
        #[test]
        fn chunks_are_the_same_compressed_and_closed_or_not(
            lines in prop::collection::vec("[a-c ]{0,60}", 0..80), long in 0_usize..2000, ended: bool,
            step_bytes in 64_usize..700, close_at in prop::collection::vec(1_usize..20, 0..4),
        ) {
            let mut text = lines.join("\n").into_bytes();
            // A line that is longer than a step.
            text.extend(vec![b'x'; long]);
            text.extend(if ended { &b"\n"[..] } else { b"" });
            let folder = tempfile::tempdir().expect("a temporary folder");
            let path = folder.path().join("a.log");
            std::fs::write(&path, &text).expect("a file of our own");
            let plain = chunks(&path, step_bytes, StayOpen::Yes, &[]);
            prop_assert_eq!(plain.concat(), text.clone());
            for chunk in &plain[..plain.len().saturating_sub(1)] {
                prop_assert_eq!(chunk.last(), Some(&b'\n'));
            }
            let is_longer = long + 61 > step_bytes;
            prop_assert!(is_longer || plain.iter().all(|chunk| chunk.len() <= step_bytes));
            prop_assert_eq!(&chunks(&path, step_bytes, StayOpen::No, &close_at), &plain);
            for packed in [gzip(&text), zstd(&text)] {
                std::fs::write(&path, packed).expect("a file of our own");
                prop_assert_eq!(&chunks(&path, step_bytes, StayOpen::No, &close_at), &plain);
            }
        }
    }
}
