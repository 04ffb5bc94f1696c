//! Blocks of bytes as sets of positions: a search for several bytes at once is a few operations on 64 bits for 64 bytes.

/// Bytes that are looked at together.
const BYTES: usize = 64;

/// 64 bytes. The sets that its functions return have a bit for each of them, the lowest for the first.
#[derive(Clone, Copy, Debug)]
pub struct ByteBlock<'a>(&'a [u8; 64]);

impl<'a> ByteBlock<'a> {
    /// Bytes of a block.
    pub const BYTES: usize = BYTES;

    /// Returns these bytes as a block.
    pub const fn new(bytes: &'a [u8; 64]) -> Self {
        Self(bytes)
    }

    /// Returns where `byte` is.
    #[inline]
    pub fn equal(self, byte: u8) -> u64 {
        lanes::equal(self.0, byte)
    }

    /// Returns where an ASCII letter is, in lower or in upper case.
    #[inline]
    pub fn letter(self, letter: u8) -> u64 {
        lanes::folded_equal(self.0, letter)
    }

    /// Returns where ASCII digits are.
    #[inline]
    pub fn digits(self) -> u64 {
        lanes::digits(self.0)
    }
}

/// Sixteen bytes an instruction, by those that every x86-64 processor has.
#[cfg(target_arch = "x86_64")]
mod lanes {
    use safe_arch::{
        add_i8_m128i, bitor_m128i, cmp_eq_mask_i8_m128i, cmp_lt_mask_i8_m128i, load_unaligned_m128i, m128i,
        move_mask_i8_m128i, set_splat_i8_m128i,
    };

    use super::BYTES;

    #[inline(always)]
    fn set(block: &[u8; BYTES], test: impl Fn(m128i) -> m128i) -> u64 {
        let (parts, _) = block.as_chunks::<16>();
        let part = |at: usize| move_mask_i8_m128i(test(load_unaligned_m128i(&parts[at]))) as u32;
        let half = |at: usize| part(at) | part(at + 1) << 16;
        u64::from(half(0)) | u64::from(half(2)) << 32
    }

    #[inline(always)]
    pub(super) fn equal(block: &[u8; BYTES], byte: u8) -> u64 {
        let wanted = set_splat_i8_m128i(byte as i8);
        set(block, |bytes| cmp_eq_mask_i8_m128i(bytes, wanted))
    }

    #[inline(always)]
    pub(super) fn folded_equal(block: &[u8; BYTES], letter: u8) -> u64 {
        let (fold, wanted) = (set_splat_i8_m128i(0x20), set_splat_i8_m128i((letter | 0x20) as i8));
        set(block, |bytes| cmp_eq_mask_i8_m128i(bitor_m128i(bytes, fold), wanted))
    }

    #[inline(always)]
    pub(super) fn digits(block: &[u8; BYTES]) -> u64 {
        // Digits become the ten least of all signed bytes.
        let (shift, end) = (set_splat_i8_m128i((0x80 - b'0') as i8), set_splat_i8_m128i(i8::MIN + 10));
        set(block, |bytes| cmp_lt_mask_i8_m128i(add_i8_m128i(bytes, shift), end))
    }
}

#[cfg(not(target_arch = "x86_64"))]
mod lanes {
    use super::BYTES;

    #[inline(always)]
    fn set(block: &[u8; BYTES], test: impl Fn(u8) -> bool) -> u64 {
        (0..BYTES).fold(0, |bits, at| bits | u64::from(test(block[at])) << at)
    }

    #[inline(always)]
    pub(super) fn equal(block: &[u8; BYTES], byte: u8) -> u64 {
        set(block, |other| other == byte)
    }

    #[inline(always)]
    pub(super) fn folded_equal(block: &[u8; BYTES], letter: u8) -> u64 {
        set(block, |other| other | 0x20 == letter | 0x20)
    }

    #[inline(always)]
    pub(super) fn digits(block: &[u8; BYTES]) -> u64 {
        set(block, |byte| byte.is_ascii_digit())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn naive(block: &[u8; BYTES], test: impl Fn(u8) -> bool) -> u64 {
        (0..BYTES).map(|at| u64::from(test(block[at])) << at).sum()
    }

    /// Every byte at every position, among its neighbours.
    #[test]
    fn each_set_has_the_bytes_that_it_names_and_no_other() {
        for start in 0..=u8::MAX {
            let mut block = [0; BYTES];
            for (at, byte) in block.iter_mut().enumerate() {
                *byte = start.wrapping_add((at as u8).wrapping_mul(37));
            }
            let sets = ByteBlock::new(&block);
            assert_eq!(sets.digits(), naive(&block, |byte| byte.is_ascii_digit()), "{start}");
            assert_eq!(sets.letter(b'e'), naive(&block, |byte| matches!(byte, b'e' | b'E')), "{start}");
            for byte in [0, b'\n', b'/', b'0', b'9', b':', b'[', b'\\', 0x80, 0xff] {
                assert_eq!(sets.equal(byte), naive(&block, |other| other == byte), "{byte} in {start}");
            }
        }
    }
}
