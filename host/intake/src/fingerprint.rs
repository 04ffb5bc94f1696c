//! Fingerprints of pieces of a file, and where a piece with a given fingerprint is in another file.

use std::{fs::File, io, os::unix::fs::FileExt};

/// How many bytes of a file's start, and before a place in it, tell it from another.
pub(crate) const FINGERPRINT_BYTES: u64 = 256;
/// A piece shorter than this is not looked for elsewhere: it may be in any file.
const ANCHOR_BYTES: usize = 64;
/// What is read at once while a piece is looked for.
const BLOCK_BYTES: usize = 64 << 10;
/// Arithmetic is modulo this Mersenne prime.
const PRIME: u64 = (1 << 61) - 1;
const BASE: u64 = 0x0be5_f1a9_73c4_d26b;

const fn multiply(one: u64, other: u64) -> u64 {
    ((one as u128 * other as u128) % PRIME as u128) as u64
}

/// Returns the fingerprint of some bytes: a polynomial, so that it can roll over a file.
pub(crate) fn fingerprint(bytes: &[u8]) -> u64 {
    bytes.iter().fold(1, |hash, byte| (multiply(hash, BASE) + u64::from(*byte)) % PRIME)
}

/// Returns the fingerprint of the first bytes of a file, of which `offset` are known.
pub(crate) fn head(file: &File, offset: u64) -> io::Result<u64> {
    piece(file, 0, offset.min(FINGERPRINT_BYTES)).map(|bytes| fingerprint(&bytes))
}

/// Returns the bytes before a place in a file, [`FINGERPRINT_BYTES`] or fewer.
pub(crate) fn before(file: &File, offset: u64) -> io::Result<Vec<u8>> {
    let len = offset.min(FINGERPRINT_BYTES);
    piece(file, offset - len, len)
}

fn piece(file: &File, at: u64, len: u64) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; len as usize];
    file.read_exact_at(&mut bytes, at)?;
    Ok(bytes)
}

/// Where the piece of `len` bytes with this fingerprint ends in `file`, if it is there exactly
/// once. A piece that is short or repeats itself is not looked for: it proves nothing.
pub(crate) fn find(file: &File, len: usize, wanted: u64) -> io::Result<Option<u64>> {
    if len < ANCHOR_BYTES {
        return Ok(None);
    }
    let (mut window, mut at) = (Vec::with_capacity(len + BLOCK_BYTES), 0_u64);
    let mut block = vec![0; BLOCK_BYTES];
    let oldest = (0..len).fold(1, |power, _| multiply(power, BASE));
    // The leading 1 of `print` is taken out of the window with its first byte.
    let (mut hash, mut found) = (0, None);
    loop {
        let count = file.read_at(&mut block, at)?;
        if count == 0 {
            return Ok(found);
        }
        for byte in &block[..count] {
            window.push(*byte);
            hash = (multiply(hash, BASE) + u64::from(*byte)) % PRIME;
            at += 1;
            if window.len() > len {
                let out = multiply(u64::from(window[window.len() - len - 1]), oldest);
                hash = (hash + PRIME - out) % PRIME;
            }
            if window.len() >= len && (hash + oldest) % PRIME == wanted {
                if found.is_some() || repeats(&window[window.len() - len..]) {
                    return Ok(None);
                }
                found = Some(at);
            }
        }
        window.drain(..window.len().saturating_sub(len));
    }
}

/// Whether a piece is one shorter piece over and over, at least twice.
fn repeats(bytes: &[u8]) -> bool {
    let mut border = vec![0; bytes.len()];
    for at in 1..bytes.len() {
        let mut len: usize = border[at - 1];
        while len > 0 && bytes[at] != bytes[len] {
            len = border[len - 1];
        }
        border[at] = len + usize::from(bytes[at] == bytes[len]);
    }
    let period = bytes.len() - border.last().copied().unwrap_or_default();
    period * 2 <= bytes.len()
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn file(bytes: &[u8]) -> File {
        let mut file = tempfile::tempfile().expect("a file");
        file.write_all(bytes).expect("bytes");
        file
    }

    #[test]
    fn a_piece_is_found_where_it_stands_once() {
        let piece: Vec<u8> = (0..200_u32).map(|number| (number * 7 % 251) as u8).collect();
        for before in [0, 1, 63, BLOCK_BYTES - 100, BLOCK_BYTES, 3 * BLOCK_BYTES + 17] {
            let filler = |salt: usize, len: usize| (0..len).map(move |at| b'a' + ((at * at + salt) % 23) as u8);
            let mut bytes: Vec<u8> = filler(1, before).collect();
            bytes.extend(&piece);
            bytes.extend(filler(2, 5000));
            let end = (before + piece.len()) as u64;
            assert_eq!(find(&file(&bytes), piece.len(), fingerprint(&piece)).expect("it reads"), Some(end), "{before}");
            bytes.extend(&piece);
            assert_eq!(find(&file(&bytes), piece.len(), fingerprint(&piece)).expect("it reads"), None, "twice");
        }
    }

    #[test]
    fn a_piece_that_proves_nothing_is_not_looked_for() {
        let ticks = "tick\n".repeat(100);
        let piece = &ticks.as_bytes()[..256];
        assert_eq!(find(&file(&ticks.as_bytes()[..256]), 256, fingerprint(piece)).expect("it reads"), None);
        let short = b"a piece of less than 64 bytes\n";
        assert_eq!(find(&file(short), short.len(), fingerprint(short)).expect("it reads"), None);
    }
}
