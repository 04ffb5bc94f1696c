//! Gzip and Zstandard: recognised by their first bytes, and read as what they contain.

use std::{
    fs::File,
    io::{self, BufReader, Read},
    os::unix::fs::FileExt,
};

use flate2::bufread::MultiGzDecoder;

use crate::zstd_frames::{self, ZstdFrames};

/// How the bytes of a file are compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compression {
    /// They are not.
    None,
    /// Gzip, of one or more members.
    Gzip,
    /// Zstandard, of one or more frames.
    Zstd {
        /// The window of the first frame.
        window_bytes: usize,
    },
}

/// Bytes of a file by which its compression is decided.
const HEAD_BYTES: usize = 18;
/// What is read at once of a compressed file.
const BLOCK_BYTES: usize = 16 << 10;
/// What a decoder holds beside the window of its format: tables, and the last block.
const GZIP_BYTES: usize = (32 << 10) + (12 << 10);
const ZSTD_BYTES: usize = 512 << 10;

impl Compression {
    /// Decides by the first bytes of a file.
    pub fn of_head(head: &[u8]) -> Self {
        if head.starts_with(&[0x1f, 0x8b, 8]) {
            Self::Gzip
        } else if zstd_frames::is_head(head) {
            Self::Zstd { window_bytes: zstd_frames::window_bytes(head) }
        } else {
            Self::None
        }
    }

    /// Decides by the first bytes of an open file, wherever it is read from.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn of_file(file: &File) -> io::Result<Self> {
        let mut head = [0; HEAD_BYTES];
        let mut filled = 0;
        loop {
            match file.read_at(&mut head[filled..], filled as u64) {
                Ok(0) => return Ok(Self::of_head(&head[..filled])),
                Ok(count) => filled += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Decides by the first bytes of a stream; returns a reader of what it contains.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn undone(mut stream: impl Read + Send + 'static) -> io::Result<(Self, Box<dyn Read + Send>)> {
        let mut head = Vec::new();
        stream.by_ref().take(HEAD_BYTES as u64).read_to_end(&mut head)?;
        let compression = Self::of_head(&head);
        let whole = io::Cursor::new(head).chain(stream);
        Ok((compression, compression.reader(whole)))
    }

    /// Returns a reader of what a stream that is compressed like this contains.
    pub fn reader(self, stream: impl Read + Send + 'static) -> Box<dyn Read + Send> {
        self.reader_within(stream, usize::MAX)
    }

    /// Returns such a reader, which fails where a frame of Zstandard has a window larger than `window_bytes`.
    pub fn reader_within(self, stream: impl Read + Send + 'static, window_bytes: usize) -> Box<dyn Read + Send> {
        match self {
            Self::None => Box::new(stream),
            Self::Gzip => Box::new(MultiGzDecoder::new(BufReader::with_capacity(BLOCK_BYTES, stream))),
            Self::Zstd { .. } => Box::new(ZstdFrames::new(BufReader::with_capacity(BLOCK_BYTES, stream), window_bytes)),
        }
    }

    /// Returns roughly the bytes that a reader holds.
    pub const fn open_bytes(self) -> usize {
        match self {
            Self::None => 0,
            Self::Gzip => GZIP_BYTES + BLOCK_BYTES,
            Self::Zstd { window_bytes } => window_bytes + ZSTD_BYTES + BLOCK_BYTES,
        }
    }

    /// Returns the file's name without the extension that names this compression.
    pub fn stripped(self, name: &str) -> &str {
        let extensions: &[&str] = match self {
            Self::None => &[],
            Self::Gzip => &[".gz", ".gzip"],
            Self::Zstd { .. } => &[".zst", ".zstd"],
        };
        extensions.iter().find_map(|extension| name.strip_suffix(extension)).unwrap_or(name)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use ruzstd::encoding::{CompressionLevel, compress_to_vec};

    use super::*;

    fn gzip(text: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(text).expect("a vector takes it");
        encoder.finish().expect("a vector takes it")
    }

    fn zstd(text: &[u8]) -> Vec<u8> {
        compress_to_vec(text, CompressionLevel::Fastest)
    }

    fn undone(bytes: Vec<u8>) -> io::Result<Vec<u8>> {
        let (_, mut reader) = Compression::undone(io::Cursor::new(bytes))?;
        let mut text = Vec::new();
        reader.read_to_end(&mut text).map(|_| text)
    }

    #[test]
    fn members_and_frames_follow_each_other() {
        let (one, two) = (b"first line\n".repeat(50_000), b"second\n".to_vec());
        let whole = [&one[..], &two].concat();
        assert_eq!(undone(whole.clone()).unwrap(), whole);
        assert_eq!(undone([gzip(&one), gzip(b""), gzip(&two)].concat()).unwrap(), whole);
        let skippable = [&[0x53, 0x2a, 0x4d, 0x18, 3, 0, 0, 0][..], b"abc"].concat();
        assert_eq!(undone([zstd(&one), skippable.clone(), zstd(b""), zstd(&two)].concat()).unwrap(), whole);
        assert_eq!(undone([skippable, zstd(&one), zstd(&two)].concat()).unwrap(), whole);
        assert_eq!(undone(Vec::new()).unwrap(), b"");
    }

    #[test]
    fn what_is_cut_off_or_damaged_is_an_error() {
        let text: Vec<u8> = (0..20_000_u32)
            .flat_map(|number| format!("{}\n", number.wrapping_mul(2_654_435_761) % 97).into_bytes())
            .collect();
        for whole in [gzip(&text), zstd(&text)] {
            assert_eq!(undone(whole.clone()).unwrap(), text);
            assert!(undone(whole[..whole.len() / 2].to_vec()).is_err(), "cut off");
            assert!(undone(whole[..whole.len() - 2].to_vec()).is_err(), "cut off in the checksum");
            let mut damaged = whole;
            let middle = damaged.len() / 2;
            damaged[middle] ^= 0x55;
            assert!(undone(damaged).map_or(true, |found| found == text), "damaged");
        }
    }
}
