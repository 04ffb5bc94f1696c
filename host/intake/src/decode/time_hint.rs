//! Whether a line can have a time, asked without decoding it. Lines without a time take the one of the
//! line before them, and in a source that has none this is asked for every line.
//!
//! The answer errs on one side only: `false` means that every decoder finds no time. Whatever makes a
//! time stands in the raw line as it is, or an escape hides a part of it: a clock (`hh:mm:ss`) after a
//! date, nine digits or an exponent under a key that means a time, or one of the shapes that plain
//! lines begin with.

use lifesigns_model::{BYTE_LIST_MARKS, escaped_number};
use memchr::memchr2_iter;

use super::{front, keys};

/// Positions that are looked at together.
const BLOCK: usize = 64;
/// A block, and what is looked at behind its last position.
const WINDOW: usize = BLOCK + 16;
/// Digits of the shortest epoch.
const EPOCH_DIGITS: usize = 9;

/// Returns whether `line`, as it is in the file, may have a time for any of the decoders.
pub(super) fn may_have_time(line: &[u8]) -> bool {
    front::may_begin_with_time(line) || shows_or_hides_time(line)
}

/// Returns whether a key that means a time may be in `line`, whatever its value; escapes that hide it are not looked at.
pub(super) fn has_time_key(line: &[u8]) -> bool {
    memchr2_iter(b':', b'=', line).any(|at| is_time_value(line, at + 1))
}

/// Whether the bracket at `at` begins a list of bytes, which hides a text.
fn is_byte_list(line: &[u8], at: usize) -> bool {
    BYTE_LIST_MARKS.iter().any(|mark| line[..=at].ends_with(mark.as_bytes()))
}

/// Whether the escape that `bytes` begins with may stand for a character that times, keys or other escapes are made of.
fn is_hiding_escape(bytes: &[u8]) -> bool {
    // What Go and others escape in JSON for the sake of HTML, and control characters that are no space.
    let hides = |code| matches!(code, 0x08..=0x0d | 0x20..=0x7e) && !matches!(code, 0x26 | 0x27 | 0x3c | 0x3e);
    escaped_number(bytes).is_some_and(|(code, _)| hides(code))
}

/// Whether a time stands in the line as it is, an escape may hide a part of one, or a list of bytes a text.
fn shows_or_hides_time(line: &[u8]) -> bool {
    let mut at = 0;
    while at < line.len() {
        let found = match line.get(at..at + WINDOW).and_then(|window| window.try_into().ok()) {
            Some(window) => candidates(window),
            None => {
                let mut window = [0; WINDOW];
                let rest = &line[at..line.len().min(at + WINDOW)];
                window[..rest.len()].copy_from_slice(rest);
                candidates(&window)
            }
        };
        if found.is_some_and(|found| any_time(line, at, &found)) {
            return true;
        }
        at += BLOCK;
    }
    false
}

/// Marks the positions of a block at which a clock, nine digits, an exponent, an escape by number or a list may begin;
/// `None` if there are none. Written so that the compiler makes vectors of it.
fn candidates(window: &[u8; WINDOW]) -> Option<[u8; BLOCK]> {
    let mut digits = [0_u8; WINDOW];
    for (digit, byte) in digits.iter_mut().zip(window) {
        *digit = u8::from(byte.wrapping_sub(b'0') < 10);
    }
    let mut found = [0_u8; BLOCK];
    let mut any = 0;
    for at in 0..BLOCK {
        let (byte, next) = (window[at], window[at + 1]);
        let clock = digits[at + 2] & u8::from(next == b':');
        let run = digits[at + 4] & digits[at + 8];
        let exponent = u8::from(next | 0x20 == b'e') & (digits[at] | u8::from(byte == b'.'));
        // `\u`, `\U` and `\x`; digits are more than the octal ones.
        let number = digits[at + 1] | u8::from(next | 0x20 == b'u') | u8::from(next == b'x');
        let hides = (number & u8::from(byte == b'\\')) | u8::from(byte == b'[');
        found[at] = (digits[at] & (clock | run)) | exponent | hides;
        any |= found[at];
    }
    (any != 0).then_some(found)
}

fn any_time(line: &[u8], block: usize, found: &[u8; BLOCK]) -> bool {
    let (words, _) = found.as_chunks::<8>();
    for (word, bytes) in words.iter().enumerate() {
        let mut left = u64::from_le_bytes(*bytes);
        while left != 0 {
            let at = block + word * 8 + (left.trailing_zeros() / 8) as usize;
            left &= left - 1;
            let is_time = match line[at] {
                b'\\' => is_hiding_escape(&line[at..]),
                b'[' => is_byte_list(line, at),
                _ => is_clock(line, at) || is_epoch(line, at) || is_exponent(line, at),
            };
            if is_time {
                return true;
            }
        }
    }
    false
}

fn is_digit(line: &[u8], at: usize) -> bool {
    line.get(at).is_some_and(u8::is_ascii_digit)
}

/// Returns the byte that is `back` bytes before `at`; 0 before the line's first.
fn before(line: &[u8], at: usize, back: usize) -> u8 {
    at.checked_sub(back).map_or(0, |at| line[at])
}

/// Whether the digit before a colon at `last` ends the hour of a time with its date.
fn is_clock(line: &[u8], last: usize) -> bool {
    let colons = line.get(last + 1) == Some(&b':') && line.get(last + 4) == Some(&b':');
    let digits = [2, 3, 5, 6].into_iter().all(|next| is_digit(line, last + next));
    if !colons || !digits || last == 0 || !is_digit(line, last - 1) {
        return false;
    }
    let start = last - 1;
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

/// Whether the digits at `at` are an epoch in a place where one counts.
fn is_epoch(line: &[u8], at: usize) -> bool {
    if at > 0 && is_digit(line, at - 1) {
        return false;
    }
    let len = line[at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    if len < EPOCH_DIGITS {
        return false;
    }
    // `1699956904.123456 host …`, which is a syslog header in a message too.
    let header = len == 10 && line.get(at + 10) == Some(&b'.') && line.get(at + 17) == Some(&b' ');
    header || is_time_value(line, at)
}

/// Whether the number before an `e` that follows `last` is under the key of a time.
fn is_exponent(line: &[u8], last: usize) -> bool {
    if !matches!(line.get(last + 1), Some(b'e' | b'E')) {
        return false;
    }
    let digits = line[..=last].iter().rev().take_while(|byte| byte.is_ascii_digit() || **byte == b'.').count();
    is_time_value(line, last + 1 - digits)
}

/// Whether the value that begins at `at` may be under the key of a time.
fn is_time_value(line: &[u8], at: usize) -> bool {
    key(&line[..at]).is_some_and(|key| keys::ends_as_time(unquoted(key)))
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
