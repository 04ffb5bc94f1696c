//! Whether a byte of a raw line is a sign of a time in it. Lines without a time take the one of the line before them,
//! and in a source that has none all lines are searched for signs.
//!
//! The answer errs on one side only: `false` means that every decoder finds no time. Whatever makes a
//! time stands in the raw line as it is, or an escape hides a part of it: a clock (`hh:mm:ss`) after a
//! date, nine digits or an exponent under a key that means a time, or one of the shapes that plain
//! lines begin with.

use lifesigns_model::{BYTE_LIST_MARKS, escaped_number};
use memchr::memchr2_iter;

use super::keys;

/// Digits of the shortest epoch.
const EPOCH_DIGITS: usize = 9;

/// Returns whether a key that means a time may be in `line`, whatever its value; escapes that hide it are not looked at.
pub(super) fn has_time_key(line: &[u8]) -> bool {
    memchr2_iter(b':', b'=', line).any(|at| ends_with_time_key(&line[..at]))
}

/// Whether the bracket at `at` begins a list of bytes, which hides a text.
pub(super) fn is_byte_list(line: &[u8], at: usize) -> bool {
    BYTE_LIST_MARKS.iter().any(|mark| line[..=at].ends_with(mark.as_bytes()))
}

/// Whether the escape that `bytes` begins with may stand for a character that times, keys or other escapes are made of.
pub(super) fn is_hiding_escape(bytes: &[u8]) -> bool {
    // What Go and others escape in JSON for the sake of HTML, and control characters that are no space.
    let hides = |code| matches!(code, 0x08..=0x0d | 0x20..=0x7e) && !matches!(code, 0x26 | 0x27 | 0x3c | 0x3e);
    escaped_number(bytes).is_some_and(|(code, _)| hides(code))
}

fn is_digit(line: &[u8], at: usize) -> bool {
    line.get(at).is_some_and(u8::is_ascii_digit)
}

/// Returns the byte that is `back` bytes before `at`; 0 before the line's first.
fn before(line: &[u8], at: usize, back: usize) -> u8 {
    at.checked_sub(back).map_or(0, |at| line[at])
}

/// Whether the colon at `colon` is behind the hour of a time with its date.
pub(super) fn is_clock(line: &[u8], colon: usize) -> bool {
    let digits = [1, 2, 4, 5].into_iter().all(|next| is_digit(line, colon + next));
    if colon < 2 || line.get(colon + 3) != Some(&b':') || !digits {
        return false;
    }
    if !line[colon - 2].is_ascii_digit() || !line[colon - 1].is_ascii_digit() {
        return false;
    }
    let start = colon - 2;
    let between = before(line, start, 1);
    let ends = before(line, start, 2).is_ascii_digit();
    match between {
        b'T' | b't' => ends && has_iso_date(line, start),
        b' ' => ends && (has_iso_date(line, start) || has_rfc3164_date(line, start)),
        // `10/Oct/2000:13:55:36` of web servers.
        b':' => ends && before(line, start, 6) == b'/',
        _ => false,
    }
}

/// Whether `yyyy-mm-dd` or `yyyy/mm/dd` is before the clock that begins at `clock`, at a place where it counts.
fn has_iso_date(line: &[u8], clock: usize) -> bool {
    let separator = before(line, clock, 4);
    if !matches!(separator, b'-' | b'/') {
        return false;
    }
    // `yyyy\/mm\/dd`.
    if before(line, clock, 5) == b'\\' || before(line, clock, 8) == b'\\' {
        return true;
    }
    let year = (8..=11).all(|back| before(line, clock, back).is_ascii_digit());
    before(line, clock, 7) == separator && year && !is_other_value(line, clock - 11)
}

/// Whether `Mmm dd`, with a year behind it or not, can be before the clock that begins at `clock`.
fn has_rfc3164_date(line: &[u8], clock: usize) -> bool {
    let letter = |back: usize| before(line, clock, back).is_ascii_alphabetic();
    let year = (2..=5).all(|back| before(line, clock, back).is_ascii_digit());
    (3..=7).any(letter) || (year && (8..=12).any(letter))
}

/// Whether the dot at `dot` is in an epoch that no key is before: `1699956904.123456 host …`, which is a syslog header in
/// a message too, or `1117838570 2005.06.03 …`.
pub(super) fn is_unnamed_epoch(line: &[u8], dot: usize) -> bool {
    let digits = line[..dot].iter().rev().take(11).take_while(|byte| byte.is_ascii_digit()).count();
    (digits == 10 && line.get(dot + 7) == Some(&b' '))
        || (digits == 4 && line.get(dot + 3) == Some(&b'.') && is_digit(line, dot + 1) && is_digit(line, dot + 2))
}

/// Whether what is behind the colon or equals sign at `at` may be an epoch under the key of a time: a number of nine
/// digits, or one with an exponent.
pub(super) fn is_under_time_key(line: &[u8], at: usize) -> bool {
    let mut value = &line[at + 1..];
    while let [b' ' | b'\t' | b'\r' | b'\n' | b'"' | b'\\', rest @ ..] = value {
        value = match value {
            [b'\\', b't' | b'r' | b'n', rest @ ..] => rest,
            _ => rest,
        };
    }
    if !matches!(value, [b'0'..=b'9' | b'.', ..]) {
        return false;
    }
    let digits = value.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let number = value.iter().take_while(|byte| byte.is_ascii_digit() || **byte == b'.').count();
    (digits >= EPOCH_DIGITS || matches!(value.get(number), Some(b'e' | b'E'))) && ends_with_time_key(&line[..at])
}

/// Returns where the digits and dots begin that `text` ends with.
pub(super) fn number_start(text: &[u8]) -> usize {
    text.iter().rposition(|byte| !byte.is_ascii_digit() && *byte != b'.').map_or(0, |before| before + 1)
}

/// Returns the colon or equals sign whose value begins where `text` ends: between them is nothing but what
/// [`is_under_time_key`] skips.
pub(super) fn separator_before(text: &[u8]) -> Option<usize> {
    let is_skipped = |byte: u8| matches!(byte, b' ' | b'\t' | b'\r' | b'"' | b'\\' | b't' | b'r' | b'n');
    let last = text.iter().rposition(|byte| !is_skipped(*byte))?;
    matches!(text[last], b':' | b'=').then_some(last)
}

/// Whether `text`, which a colon or an equals sign follows, may end with the key of a time.
fn ends_with_time_key(text: &[u8]) -> bool {
    keys::ends_as_time(unquoted(without_space(text)))
}

/// Whether a text in quotes begins at `at`, in JSON, under a key that means neither a time nor a text.
fn is_other_value(line: &[u8], at: usize) -> bool {
    let quoted = before(line, at, 1) == b'"';
    let key = key(&line[..at]).filter(|_| quoted);
    key.is_some_and(|key| {
        key.ends_with(b"\"") && {
            let key = unquoted(key);
            !keys::ends_as_time(key) && !keys::ends_as_message(key)
        }
    })
}

/// Returns what ends with the key of the value that begins where `text` ends, with the key's quotes; `None` if
/// nothing that can be before a value is there.
fn key(text: &[u8]) -> Option<&[u8]> {
    let text = without_space(text);
    let text = unquoted(text);
    let text = without_space(text);
    let (last, key) = text.split_last()?;
    matches!(last, b':' | b'=').then(|| without_space(key))
}

/// Returns `text` without the quote at its end and the backslashes before that.
fn unquoted(text: &[u8]) -> &[u8] {
    let Some(mut text) = text.strip_suffix(b"\"") else { return text };
    while let [before @ .., b'\\'] = text {
        text = before;
    }
    text
}

/// Returns `text` without the space at its end, which may be escaped.
fn without_space(mut text: &[u8]) -> &[u8] {
    loop {
        text = match text {
            [before @ .., b' ' | b'\t' | b'\r' | b'\n'] => before,
            [before @ .., b'\\', b't' | b'r' | b'n'] => {
                let mut before = before;
                while let [shorter @ .., b'\\'] = before {
                    before = shorter;
                }
                before
            }
            _ => return text,
        };
    }
}
