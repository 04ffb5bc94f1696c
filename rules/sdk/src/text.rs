//! Searches in texts, and numbers as texts, for a tenth of the code that the standard library's take: its searcher
//! brings the texts of its panics and tables of Unicode into a module, and its printing of floats its own tables.

pub use crate::decimal::Decimal;

/// Returns where `literal` first stands in `text`, as [`str::find`] does. The time is linear, whatever the texts.
///
/// ```
/// use lifesigns_rule::text;
///
/// assert_eq!(text::find("pull of busybox failed", "of "), Some(5));
/// assert_eq!(text::find("pull", "push"), None);
/// ```
pub fn find(text: &str, literal: &str) -> Option<usize> {
    find_bytes(text.as_bytes(), literal.as_bytes())
}

/// Returns whether `literal` stands in `text`.
///
/// ```
/// assert!(lifesigns_rule::text::contains("out of memory: killed", "memory"));
/// ```
pub fn contains(text: &str, literal: &str) -> bool {
    find(text, literal).is_some()
}

/// Returns where `literal` stands in `text`, again and again after its end, as [`str::match_indices`] does.
///
/// ```
/// assert_eq!(lifesigns_rule::text::positions("a, b, c", ", ").collect::<Vec<_>>(), [1, 4]);
/// ```
pub fn positions<'a>(text: &'a str, literal: &'a str) -> impl Iterator<Item = usize> + 'a {
    let mut from = 0;
    std::iter::from_fn(move || {
        let at = from + find(text.get(from..)?, literal)?;
        from = at + literal.len().max(1);
        Some(at)
    })
}

/// Returns what stands before and after the first `separator`, as [`str::split_once`] does.
///
/// ```
/// let (image, registry) = lifesigns_rule::text::split_once("busybox from https://a.example", " from ").unwrap();
/// assert_eq!((image, registry), ("busybox", "https://a.example"));
/// ```
pub fn split_once<'a>(text: &'a str, separator: &str) -> Option<(&'a str, &'a str)> {
    parts(text, find(text, separator)?, separator)
}

/// Returns what stands before and after the last `separator`, as [`str::rsplit_once`] does.
///
/// ```
/// let (folder, id) = lifesigns_rule::text::rsplit_once("/run/moby/a/moby/b", "/moby/").unwrap();
/// assert_eq!((folder, id), ("/run/moby/a", "b"));
/// ```
pub fn rsplit_once<'a>(text: &'a str, separator: &str) -> Option<(&'a str, &'a str)> {
    let mut last = None;
    let mut from = 0;
    while let Some(at) = text.get(from..).and_then(|rest| find(rest, separator)) {
        last = Some(from + at);
        // Occurrences may overlap: the last one counts.
        from += at + text.get(from + at..)?.chars().next()?.len_utf8();
    }
    parts(text, last?, separator)
}

fn parts<'a>(text: &'a str, at: usize, separator: &str) -> Option<(&'a str, &'a str)> {
    Some((text.get(..at)?, text.get(at + separator.len()..)?))
}

/// Comparisons, in bytes for each byte of a text, before the search turns to the one that is linear in all cases.
const COMPARED: usize = 8;

fn find_bytes(text: &[u8], literal: &[u8]) -> Option<usize> {
    let Some((first, rest)) = literal.split_first() else { return Some(0) };
    let starts = text.len().checked_sub(literal.len())? + 1;
    let (mut at, mut compared) = (0, 0);
    while compared <= COMPARED * text.len() {
        at += find_byte(text.get(at..starts)?, *first)?;
        if text.get(at + 1..)?.starts_with(rest) {
            return Some(at);
        }
        compared += literal.len();
        at += 1;
    }
    rolling(text.get(at..)?, literal).map(|found| at + found)
}

/// Returns where a byte first stands: eight bytes are looked at together.
fn find_byte(text: &[u8], byte: u8) -> Option<usize> {
    const LOW: u64 = 0x0101_0101_0101_0101;
    let wanted = LOW * u64::from(byte);
    let (chunks, rest) = text.as_chunks::<8>();
    let mut at = 0;
    for chunk in chunks {
        // A byte that is the wanted one becomes 0, and 0 is the only byte from which the lowest such carry comes.
        let differs = u64::from_le_bytes(*chunk) ^ wanted;
        let zeros = differs.wrapping_sub(LOW) & !differs & (LOW << 7);
        if zeros != 0 {
            return Some(at + zeros.trailing_zeros() as usize / 8);
        }
        at += 8;
    }
    rest.iter().position(|one| *one == byte).map(|found| at + found)
}

/// Finds a literal by a hash of as many bytes that is rolled over the text (Rabin and Karp).
fn rolling(text: &[u8], literal: &[u8]) -> Option<usize> {
    const FACTOR: u32 = 0x0100_0193;
    let hash =
        |bytes: &[u8]| bytes.iter().fold(0u32, |hash, byte| hash.wrapping_mul(FACTOR).wrapping_add(u32::from(*byte)));
    let wanted = hash(literal);
    let mut now = hash(text.get(..literal.len())?);
    let leaving = literal.iter().skip(1).fold(1u32, |power, _| power.wrapping_mul(FACTOR));
    let mut at = 0;
    loop {
        if now == wanted && text.get(at..)?.starts_with(literal) {
            return Some(at);
        }
        let (old, new) = (*text.get(at)?, *text.get(at + literal.len())?);
        now = now.wrapping_sub(leaving.wrapping_mul(u32::from(old)));
        now = now.wrapping_mul(FACTOR).wrapping_add(u32::from(new));
        at += 1;
    }
}

/// Returns texts one after another, with `separator` between them.
#[inline(never)]
pub(crate) fn joined(texts: &mut dyn Iterator<Item = &str>, separator: &str) -> String {
    let mut out = String::new();
    for (index, text) in texts.enumerate() {
        if index > 0 {
            out.push_str(separator);
        }
        out.push_str(text);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All texts of these letters up to a length.
    fn texts(letters: &[&str], most: usize) -> Vec<String> {
        let mut all = vec![String::new()];
        let mut from = 0;
        for _ in 0..most {
            let until = all.len();
            for index in from..until {
                let before = all[index].clone();
                all.extend(letters.iter().map(|letter| format!("{before}{letter}")));
            }
            from = until;
        }
        all
    }

    #[test]
    fn searches_find_what_the_standard_library_finds() {
        let literals = texts(&["a", "b", "é"], 3);
        for text in texts(&["a", "b", "é"], 6) {
            for literal in &literals {
                assert_eq!(find(&text, literal), text.find(literal), "{literal} in {text}");
                assert_eq!(rolling(text.as_bytes(), literal.as_bytes()), text.find(literal), "{literal} in {text}");
                if !literal.is_empty() {
                    assert_eq!(split_once(&text, literal), text.split_once(literal.as_str()), "{literal} in {text}");
                    let last = text.char_indices().rev().find(|(at, _)| text[*at..].starts_with(literal.as_str()));
                    assert_eq!(rsplit_once(&text, literal).map(|(before, _)| before.len()), last.map(|(at, _)| at));
                }
            }
        }
    }

    #[test]
    fn bytes_are_found_at_every_place() {
        for len in 0..40 {
            for at in 0..len {
                let mut text = vec![0x80u8; len];
                text[at] = 0x81;
                assert_eq!(find_byte(&text, 0x81), Some(at), "{at} of {len}");
                text[at] = 0;
                assert_eq!(find_byte(&text, 0), Some(at), "{at} of {len}");
            }
            assert_eq!(find_byte(&vec![1; len], 0), None);
        }
    }

    #[test]
    fn a_text_that_nearly_matches_everywhere_is_searched_to_its_end() {
        let text = "a".repeat(100_000);
        let literal = format!("{}b", "a".repeat(1000));
        assert_eq!(find(&text, &literal), None);
        assert_eq!(find(&format!("{text}b"), &literal), Some(99_000));
    }
}
