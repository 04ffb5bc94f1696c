//! The prefilter against a naive matcher, on random literals and traffic; a failure prints the seed that replays it.

use super::BUDGET_PER_KIB;
use super::tests::{Owned, naive, scan};

/// Small alphabets, so that literals nest, overlap and almost match; with NULs, line ends, invalid UTF-8, and
/// neighbours of letters that a careless folding would take for letters.
const ALPHABETS: [&[u8]; 6] =
    [b"ab", b"aAbB", b"a.A \0", b"aZ@`[{", b"\xc3\xa4\x84\xff\nk\xe2\x84\xaaK", b"0123-xyzXYZ"];

/// SplitMix64.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    fn within(&mut self, range: std::ops::Range<usize>) -> usize {
        range.start + self.below(range.len())
    }

    fn coin(&mut self) -> bool {
        self.next() & 1 == 1
    }

    fn bytes(&mut self, len: std::ops::Range<usize>) -> Vec<u8> {
        let alphabet = ALPHABETS[self.below(ALPHABETS.len())];
        (0..self.within(len)).map(|_| alphabet[self.below(alphabet.len())]).collect()
    }

    fn literals(&mut self, count: std::ops::Range<usize>, len: std::ops::Range<usize>) -> Vec<Owned> {
        (0..self.within(count)).map(|_| (self.bytes(len.clone()), self.coin())).collect()
    }

    /// Writes up to `count` of the literals, perhaps in the other case, into the haystack.
    fn plant(&mut self, owned: &[Owned], haystack: &mut Vec<u8>, count: usize) {
        for _ in 0..self.below(count) {
            let mut bytes = owned[self.below(owned.len())].0.clone();
            if self.coin() {
                bytes.iter_mut().filter(|b| b.is_ascii_alphabetic()).for_each(|b| *b ^= 0x20);
            }
            let at = self.below(haystack.len() + 1);
            haystack.splice(at..at, bytes);
        }
    }
}

fn check(cases: u64, draw: impl Fn(&mut Dice) -> (Vec<Owned>, Vec<u8>, Vec<u8>)) {
    for seed in 0..cases {
        let (owned, sample, haystack) = draw(&mut Dice(seed));
        let wanted = naive(&owned, &haystack);
        for budget in [BUDGET_PER_KIB, 0, 1] {
            let (hits, _) = scan(&owned, &sample, budget, &haystack);
            assert!(hits == wanted, "seed {seed}, budget {budget}: {hits:?} instead of {wanted:?}\n{owned:?}");
        }
    }
}

#[test]
fn any_literals() {
    check(400, |dice| {
        let owned = dice.literals(1..24, 1..41);
        let (sample, mut haystack) = (dice.bytes(0..200), dice.bytes(0..300));
        dice.plant(&owned, &mut haystack, 12);
        (owned, sample, haystack)
    });
}

#[test]
fn few_literals() {
    check(400, |dice| (dice.literals(1..4, 1..12), dice.bytes(0..2), dice.bytes(0..200)));
}

#[test]
fn short_literals() {
    check(300, |dice| {
        let (owned, mut haystack) = (dice.literals(3..200, 1..7), dice.bytes(0..400));
        dice.plant(&owned, &mut haystack, 12);
        (owned, Vec::new(), haystack)
    });
}

#[test]
fn substrings_and_duplicates() {
    check(400, |dice| {
        let text = dice.bytes(20..60);
        let cut = |dice: &mut Dice| {
            let from = dice.below(text.len());
            (text[from..][..1 + dice.below(text.len() - from)].to_vec(), dice.coin())
        };
        let owned: Vec<Owned> = (0..dice.within(1..30)).map(|_| cut(dice)).collect();
        let mut haystack = dice.bytes(0..200);
        let at = dice.below(haystack.len() + 1);
        haystack.splice(at..at, text.clone());
        (owned, text, haystack)
    });
}

#[test]
fn many_spans() {
    check(20, |dice| {
        let (owned, line) = (dice.literals(3..120, 4..41), dice.bytes(1..90));
        let bytes = dice.within(15_000..26_000);
        let mut haystack = line.iter().copied().cycle().take(bytes).collect();
        dice.plant(&owned, &mut haystack, 40);
        (owned, line, haystack)
    });
}
