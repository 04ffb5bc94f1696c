//! What a source's first bytes say about its encoding, and UTF-16 as UTF-8.

use std::{fs::File, io, os::unix::fs::FileExt};

/// How the bytes of a source are to be read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Encoding {
    /// UTF-8, or something that is read as if it were.
    #[default]
    Utf8,
    /// UTF-16, the low byte first: what PowerShell's `>` writes.
    Utf16Le,
    /// UTF-16, the high byte first.
    Utf16Be,
}

/// What must be known of a head before it is decided.
const DECIDING_BYTES: usize = 4;
/// How much of a sample may be no text.
const ODD_PERCENT: usize = 30;

impl Encoding {
    /// Decides by a source's first bytes; with the length of the byte order mark. `None`: more bytes
    /// are needed, which is never so once it has `ended`.
    pub(crate) fn of_head(head: &[u8], ended: bool) -> Option<(Self, usize)> {
        const BOMS: [(&[u8], Encoding); 3] =
            [(b"\xef\xbb\xbf", Encoding::Utf8), (b"\xff\xfe", Encoding::Utf16Le), (b"\xfe\xff", Encoding::Utf16Be)];
        if let Some((bom, encoding)) = BOMS.iter().find(|(bom, _)| head.starts_with(bom)) {
            return Some((*encoding, bom.len()));
        }
        if !ended && BOMS.iter().any(|(bom, _)| bom.starts_with(head)) {
            return None;
        }
        let start = &head[..head.len().min(DECIDING_BYTES)];
        if !start.contains(&0) {
            return Some((Self::Utf8, 0));
        }
        match start {
            [1..=255, 0, 1..=255, 0] => Some((Self::Utf16Le, 0)),
            [0, 1..=255, 0, 1..=255] => Some((Self::Utf16Be, 0)),
            [_, _, _, _] => Some((Self::Utf8, 0)),
            _ if ended => Some((Self::Utf8, 0)),
            _ => None,
        }
    }

    /// Looks at the head of a regular file that is read from somewhere else.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn of_file(file: &File) -> io::Result<Self> {
        let mut head = [0; DECIDING_BYTES];
        let count = file.read_at(&mut head, 0)?;
        Ok(Self::of_bytes(&head[..count]))
    }

    /// Looks at the first bytes of something that is there whole.
    pub fn of_bytes(head: &[u8]) -> Self {
        Self::of_head(head, true).map_or(Self::Utf8, |(encoding, _)| encoding)
    }

    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Utf8 => "UTF-8",
            Self::Utf16Le => "UTF-16LE",
            Self::Utf16Be => "UTF-16BE",
        }
    }

    /// Bytes of the smallest character.
    pub(crate) const fn unit_bytes(self) -> usize {
        match self {
            Self::Utf8 => 1,
            Self::Utf16Le | Self::Utf16Be => 2,
        }
    }

    /// How many bytes a text has in this encoding.
    pub(crate) fn len_of(self, text: &[u8]) -> usize {
        match self {
            Self::Utf8 => text.len(),
            // A character of four bytes is two units; every other one is one.
            Self::Utf16Le | Self::Utf16Be => {
                let starts = text.iter().filter(|byte| **byte & 0b1100_0000 != 0b1000_0000).count();
                2 * (starts + text.iter().filter(|byte| **byte >= 0b1111_0000).count())
            }
        }
    }

    const fn unit(self, bytes: [u8; 2]) -> u16 {
        match self {
            Self::Utf16Be => u16::from_be_bytes(bytes),
            Self::Utf8 | Self::Utf16Le => u16::from_le_bytes(bytes),
        }
    }
}

/// UTF-16 that arrives in pieces. Half of a pair by itself becomes U+FFFD.
#[derive(Clone, Debug, Default)]
pub(crate) struct Utf16 {
    /// Bytes that are no whole character yet: three at most.
    rest: Vec<u8>,
}

impl Utf16 {
    /// Bytes that wait for the rest of their character.
    pub(crate) const fn pending(&self) -> usize {
        self.rest.len()
    }

    pub(crate) fn forget(&mut self) {
        self.rest.clear();
    }

    /// Appends what is whole of `bytes` to `out`.
    pub(crate) fn push(&mut self, encoding: Encoding, bytes: &[u8], out: &mut Vec<u8>) {
        self.rest.extend_from_slice(bytes);
        let units: Vec<u16> = self.rest.as_chunks().0.iter().map(|pair| encoding.unit(*pair)).collect();
        // The first half of a pair waits for the second.
        let whole = units.len() - usize::from(units.last().is_some_and(|last| (0xd800..0xdc00).contains(last)));
        let mut utf8 = [0; 4];
        for character in char::decode_utf16(units[..whole].iter().copied()) {
            let character = character.unwrap_or(char::REPLACEMENT_CHARACTER);
            out.extend_from_slice(character.encode_utf8(&mut utf8).as_bytes());
        }
        self.rest.drain(..2 * whole);
    }
}

/// Why a piece of a source does not look like text, for a person; `None` if it does. A few odd bytes
/// are no reason: lines of other encodings than UTF-8 are read as far as they can be.
pub fn not_text(sample: &[u8]) -> Option<&'static str> {
    const MAGIC: [(&[u8], &str); 6] = [
        (b"\x1f\x8b", "it is compressed (gzip)"),
        (b"\x28\xb5\x2f\xfd", "it is compressed (zstd)"),
        (b"\xfd7zXZ\0", "it is compressed (xz)"),
        (b"BZh9", "it is compressed (bzip2)"),
        (b"PK\x03\x04", "it is a zip archive"),
        (b"LPKSHHRH", "it is a binary journal of systemd; read `journalctl -f -o json` instead"),
    ];
    if let Some((_, why)) = MAGIC.iter().find(|(magic, _)| sample.starts_with(magic)) {
        return Some(why);
    }
    let odd = |count: usize| count * 100 > sample.len() * ODD_PERCENT;
    if odd(memchr::memchr_iter(0, sample).count()) {
        return Some("much of it is NUL bytes: UTF-16 in the middle of a file, UTF-32, or no text at all");
    }
    let not_utf8: usize = sample.utf8_chunks().map(|chunk| chunk.invalid().len()).sum();
    odd(not_utf8).then_some("much of it is not UTF-8 text; write it as UTF-8")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_head_says_its_encoding() {
        let decide = |head: &[u8]| Encoding::of_head(head, false);
        assert_eq!(decide(b"\xef\xbb\xbftime="), Some((Encoding::Utf8, 3)));
        assert_eq!(decide(b"\xff\xfe{\0"), Some((Encoding::Utf16Le, 2)));
        assert_eq!(decide(b"\xfe\xff\0{"), Some((Encoding::Utf16Be, 2)));
        assert_eq!(decide(b"{\0\"\0"), Some((Encoding::Utf16Le, 0)));
        assert_eq!(decide(b"\0{\0\""), Some((Encoding::Utf16Be, 0)));
        assert_eq!(decide(b"a\n"), Some((Encoding::Utf8, 0)));
        assert_eq!(decide(b"\0\0\0\0time="), Some((Encoding::Utf8, 0)));
        for short in [&b""[..], b"\xef", b"\xef\xbb", b"\xff", b"{\0", b"\0{\0"] {
            assert_eq!(decide(short), None, "{short:?}");
            assert_eq!(Encoding::of_head(short, true), Some((Encoding::Utf8, 0)), "{short:?}");
        }
    }

    #[test]
    fn what_is_no_text_is_recognised() {
        assert_eq!(not_text(b"2026-11-26 a line\n"), None);
        assert_eq!(not_text("grüße, κόσμε\n".as_bytes()), None);
        assert_eq!(not_text(b"gr\xfc\xdfe aus einer alten Datei\n"), None);
        assert!(not_text(b"\x1f\x8b\x08\0\0\0\0\0").is_some_and(|why| why.contains("gzip")));
        assert!(not_text(b"a\0b\0c\0\n\0").is_some_and(|why| why.contains("NUL")));
        assert!(not_text(b"\xc8\x85\x93\x93\x96\x15").is_some_and(|why| why.contains("UTF-8")));
    }

    proptest! {
        #[test]
        fn utf16_in_any_pieces_is_the_same_text(
            text in "\\PC{0,40}", sizes in prop::collection::vec(1_usize..6, 1..8), big: bool,
        ) {
            let encoding = if big { Encoding::Utf16Be } else { Encoding::Utf16Le };
            let units = text.encode_utf16();
            let bytes: Vec<u8> =
                units.flat_map(|unit| if big { unit.to_be_bytes() } else { unit.to_le_bytes() }).collect();
            let (mut utf16, mut out, mut at) = (Utf16::default(), Vec::new(), 0);
            for size in sizes.iter().cycle().take(bytes.len()) {
                let piece = &bytes[at..(at + size).min(bytes.len())];
                utf16.push(encoding, piece, &mut out);
                at += piece.len();
                prop_assert_eq!(encoding.len_of(&out) + utf16.pending(), at);
            }
            prop_assert_eq!(out, text.as_bytes());
        }
    }
}
