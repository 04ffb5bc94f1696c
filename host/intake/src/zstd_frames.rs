//! A stream of Zstandard frames, one after another (RFC 8878), with their checksums.

use std::io::{self, BufRead, Read};

use ruzstd::decoding::{
    BlockDecodingStrategy, FrameDecoder,
    errors::{FrameDecoderError, ReadFrameHeaderError},
};

const MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];
/// Upper three bytes of the sixteen magic numbers of frames that decoders skip.
const SKIPPABLE: [u8; 3] = [0x2a, 0x4d, 0x18];

/// Returns whether a file that begins like this is of Zstandard frames.
pub(crate) fn is_head(head: &[u8]) -> bool {
    head.starts_with(&MAGIC) || matches!(head, [low, rest @ ..] if low & 0xf0 == 0x50 && rest.starts_with(&SKIPPABLE))
}

/// Returns the window of the frame that begins like this, as far as that can be seen; 8 MiB otherwise, which
/// all decoders support.
pub(crate) fn window_bytes(head: &[u8]) -> usize {
    const DEFAULT: usize = 8 << 20;
    let [0x28, 0xb5, 0x2f, 0xfd, descriptor, rest @ ..] = head else { return DEFAULT };
    let is_single_segment = descriptor & 0x20 != 0;
    if !is_single_segment {
        let [window, ..] = rest else { return DEFAULT };
        let base = 1_usize << (10 + (window >> 3));
        return base + base / 8 * usize::from(window & 7);
    }
    // The window is the content: its size comes after the dictionary's number.
    let dictionary = [0, 1, 2, 4][usize::from(descriptor & 3)];
    let size = |len: usize| {
        let bytes = rest.get(dictionary..dictionary + len)?;
        Some(bytes.iter().rev().fold(0_usize, |size, byte| size << 8 | usize::from(*byte)))
    };
    let size = match descriptor >> 6 {
        0 => size(1),
        1 => size(2).map(|size| size + 256),
        2 => size(4),
        _ => size(8),
    };
    size.unwrap_or(DEFAULT)
}

/// See the module.
pub(crate) struct ZstdFrames<R> {
    stream: R,
    decoder: FrameDecoder,
    is_in_frame: bool,
    /// The largest window that a frame may have, in bytes.
    window_bytes: usize,
}

impl<R: BufRead> ZstdFrames<R> {
    /// Reads the frames of a stream, of which none may have a window larger than `window_bytes`.
    pub(crate) fn new(stream: R, window_bytes: usize) -> Self {
        Self { stream, decoder: FrameDecoder::new(), is_in_frame: false, window_bytes }
    }

    /// Begins the next frame; returns whether there is one.
    fn begin(&mut self) -> io::Result<bool> {
        while !self.stream.fill_buf()?.is_empty() {
            // One that goes on to the next frame would reserve the window that the frame claims.
            self.decoder = FrameDecoder::new();
            self.decoder.set_max_window_size(self.window_bytes as u64);
            match self.decoder.reset(&mut self.stream) {
                Ok(()) => {
                    self.is_in_frame = true;
                    return Ok(true);
                }
                Err(FrameDecoderError::WindowSizeTooBig { requested, max }) => {
                    return Err(invalid(format_args!("a window of {requested} bytes, and it may have {max}")));
                }
                Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame { length, .. })) => {
                    let length = u64::from(length);
                    if io::copy(&mut self.stream.by_ref().take(length), &mut io::sink())? < length {
                        return Err(io::ErrorKind::UnexpectedEof.into());
                    }
                }
                Err(error) => return Err(invalid(error)),
            }
        }
        Ok(false)
    }

    fn check(&mut self) -> io::Result<()> {
        self.is_in_frame = false;
        match (self.decoder.get_checksum_from_data(), self.decoder.get_calculated_checksum()) {
            (Some(said), Some(found)) if said != found => {
                Err(io::Error::new(io::ErrorKind::InvalidData, "Zstandard: the checksum does not match the content"))
            }
            _ => Ok(()),
        }
    }
}

fn invalid(error: impl std::fmt::Display) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("Zstandard: {error}"))
}

impl<R: BufRead> Read for ZstdFrames<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if into.is_empty() {
            return Ok(0);
        }
        loop {
            if !self.is_in_frame && !self.begin()? {
                return Ok(0);
            }
            while self.decoder.can_collect() == 0 && !self.decoder.is_finished() {
                // The sequences of a block bring at most 128 KiB, what they leave of its literals at most 1 MiB.
                let step = BlockDecodingStrategy::UptoBlocks(1);
                self.decoder.decode_blocks(&mut self.stream, step).map_err(invalid)?;
            }
            let count = self.decoder.read(into)?;
            if count > 0 {
                return Ok(count);
            }
            self.check()?;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A block of 8 bytes, and one of `count` sequences that repeat 128 KiB each.
    fn bomb(count: u16) -> Vec<u8> {
        let [high, low] = count.to_be_bytes();
        let mut block = vec![0, 128 + high, low, 0x54, 0, 0, 52];
        block.extend(vec![0xff; 2 * usize::from(count)]);
        block.push(1);
        let size = (block.len() << 3 | 5).to_le_bytes();
        let head = [0x28, 0xb5, 0x2f, 0xfd, 0, 0x38, 8 << 3, 0, 0];
        [&head[..], b"abcdefgh", &size[..3], &block].concat()
    }

    #[test]
    fn a_block_brings_no_more_than_blocks_may() {
        for count in [1, 2, 100, 8192] {
            let bytes = bomb(count);
            let mut frames = ZstdFrames::new(&bytes[..], 8 << 20);
            let (mut step, mut total) = (vec![0; 64 << 10], 0);
            let refused = loop {
                match frames.read(&mut step) {
                    Ok(0) => break None,
                    Ok(count) => total += count,
                    Err(error) => break Some(error.to_string()),
                }
            };
            assert!(total <= 128 << 10, "{count} sequences made {total} bytes");
            let why = refused.expect("it is refused");
            assert!(why.contains("TooManyBytesGenerated"), "{count} sequences: {why}");
        }
    }

    #[test]
    fn no_frame_claims_a_larger_window_than_it_may_have() {
        let first = [0x28, 0xb5, 0x2f, 0xfd, 0, 0x38, 8 << 3 | 1, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8];
        // 64 MiB, 8 TiB.
        for (window, why) in [(0x80, "a window of 67108864 bytes, and it may have 8388608"), (0xff, "window")] {
            let bytes = [&first[..], &[0x28, 0xb5, 0x2f, 0xfd, 0, window, 1, 0, 0]].concat();
            let (mut frames, mut text) = (ZstdFrames::new(&bytes[..], 8 << 20), Vec::new());
            let error = frames.read_to_end(&mut text).expect_err("the second frame is refused").to_string();
            assert_eq!(text, [1, 2, 3, 4, 5, 6, 7, 8]);
            assert!(error.to_lowercase().contains(why), "{error}");
        }
    }

    #[test]
    fn the_window_is_read_from_the_head() {
        // `zstd -3` of a stream, `zstd -19 --long=27`, a small file, and one of 70 000 bytes.
        assert_eq!(window_bytes(&[0x28, 0xb5, 0x2f, 0xfd, 0x04, 0x58, 0]), 2 << 20);
        assert_eq!(window_bytes(&[0x28, 0xb5, 0x2f, 0xfd, 0x04, 0x88, 0]), 128 << 20);
        assert_eq!(window_bytes(&[0x28, 0xb5, 0x2f, 0xfd, 0x24, 11, 0]), 11);
        assert_eq!(window_bytes(&[0x28, 0xb5, 0x2f, 0xfd, 0xa4, 0x70, 0x11, 1, 0]), 70_000);
        assert_eq!(window_bytes(&[0x28, 0xb5, 0x2f, 0xfd]), 8 << 20);
    }
}
