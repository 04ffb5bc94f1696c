//! The bit set that every fourth byte of the traffic is probed against: small, branch-free, and wrong only on one side.

/// The haystack is probed by blocks of this many bytes.
pub(super) const BLOCK_BYTES: usize = 512;
/// Bytes between probes.
pub(super) const STRIDE: usize = 4;
/// Bits of the set for each gram (which sets two of them).
const BITS_PER_GRAM: usize = 48;

/// The 4 bytes at the start of `bytes`, with ASCII letters folded (and some other bytes too: a filter may).
#[inline]
pub(super) fn gram(bytes: [u8; 4]) -> u32 {
    u32::from_le_bytes(bytes) | 0x2020_2020
}

/// Spreads a gram; the high bits are the good ones.
#[inline]
pub(super) fn mix(gram: u32) -> u64 {
    u64::from(gram).wrapping_mul(0x9E37_79B9_7F4A_7C15)
}

/// A Bloom filter of two bits within one word, so that a probe is one load.
#[derive(Debug)]
pub(super) struct Bits<const WORDS: usize>(Box<[u64; WORDS]>);

impl<const WORDS: usize> Bits<WORDS> {
    const LOG: u32 = WORDS.trailing_zeros();

    #[inline]
    fn place(gram: u32) -> (usize, u32, u32) {
        let hash = mix(gram);
        let rest = hash >> (64 - 12 - Self::LOG);
        ((rest >> 12) as usize & (WORDS - 1), (rest >> 6) as u32 & 63, rest as u32 & 63)
    }

    fn new(grams: impl Iterator<Item = u32>) -> Self {
        let mut words = Box::new([0; WORDS]);
        for gram in grams {
            let (word, one, two) = Self::place(gram);
            words[word] |= 1 << one | 1 << two;
        }
        Self(words)
    }

    #[inline]
    fn has(&self, gram: u32) -> bool {
        let (word, one, two) = Self::place(gram);
        (self.0[word] >> one) & (self.0[word] >> two) & 1 != 0
    }

    /// Writes to `found` the numbers of the probes that may be grams, and returns how many there are.
    #[inline]
    fn probe(&self, block: &[u8; BLOCK_BYTES], found: &mut [u8; 256]) -> usize {
        // A byte counts the at most 128 probes of a block, and needs no bounds check in `found`.
        let mut count = 0u8;
        for (number, bytes) in block.as_chunks::<STRIDE>().0.iter().enumerate() {
            found[usize::from(count)] = number as u8;
            count += u8::from(self.has(gram(*bytes)));
        }
        usize::from(count)
    }
}

/// The bit set in the smallest size that serves its grams.
#[derive(Debug)]
pub(super) enum Filter {
    /// 4 KiB.
    Small(Bits<512>),
    /// 32 KiB: the first-level cache.
    Medium(Bits<4096>),
    /// 64 KiB.
    Large(Bits<8192>),
    /// 256 KiB: the second-level cache.
    Huge(Bits<32768>),
}

impl Filter {
    pub(super) fn new(count: usize, grams: impl Iterator<Item = u32>) -> Self {
        match count * BITS_PER_GRAM / 64 {
            0..=512 => Self::Small(Bits::new(grams)),
            513..=4096 => Self::Medium(Bits::new(grams)),
            4097..=8192 => Self::Large(Bits::new(grams)),
            _ => Self::Huge(Bits::new(grams)),
        }
    }

    pub(super) fn memory_bytes(&self) -> usize {
        8 * match self {
            Self::Small(_) => 512,
            Self::Medium(_) => 4096,
            Self::Large(_) => 8192,
            Self::Huge(_) => 32768,
        }
    }

    /// Whether `gram` may be in the set.
    #[inline]
    pub(super) fn has(&self, gram: u32) -> bool {
        match self {
            Self::Small(bits) => bits.has(gram),
            Self::Medium(bits) => bits.has(gram),
            Self::Large(bits) => bits.has(gram),
            Self::Huge(bits) => bits.has(gram),
        }
    }

    /// Writes to `found` the numbers of the probes of `block` that may be grams, and returns how many there are.
    #[inline]
    pub(super) fn probe(&self, block: &[u8; BLOCK_BYTES], found: &mut [u8; 256]) -> usize {
        match self {
            Self::Small(bits) => bits.probe(block, found),
            Self::Medium(bits) => bits.probe(block, found),
            Self::Large(bits) => bits.probe(block, found),
            Self::Huge(bits) => bits.probe(block, found),
        }
    }
}
