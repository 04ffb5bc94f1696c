//! Times at the front of plain lines, in the usual shapes.

use memchr::memchr;

use super::{
    reference::Reference,
    shapes,
    time::{self, LeadingTime},
};

const DAY_S: i64 = 86_400;
/// A first word that may be before the time, such as a file name.
const WORD_BYTES: usize = 128;

/// Whether a plain line that is `line` in its file may begin with a time, other than a clock after a date, or an epoch
/// and a date behind a word. `false` is certain.
pub(crate) fn may_begin_with_time(line: &[u8]) -> bool {
    // JSON is looked for behind spaces, and what is no JSON after all is a plain line from there on.
    may_lead(line) || (line.starts_with(b" ") && may_lead(line.trim_ascii_start()))
}

fn may_lead(line: &[u8]) -> bool {
    match line {
        [b'0'..=b'9', ..] if compact(line).is_some() || epoch(line, false).is_some() => true,
        // Something to skip is before the first character.
        [0..b' ' | 0x7f, ..] | [0xef, 0xbb, 0xbf, ..] | [b'#', b'0', b'3', b'3', ..] => true,
        _ => shapes::find(line).is_some(),
    }
}

/// Returns the time at the front of a plain line.
pub(crate) fn leading(bytes: &[u8], reference: Reference<'_>) -> Option<LeadingTime> {
    if let Some(stamp) = reference.own(bytes) {
        return Some(stamp);
    }
    let first = *bytes.first()?;
    let stamp = match first {
        b'0'..=b'9' => time::iso(bytes).or_else(|| compact(bytes)).or_else(|| epoch(bytes, false)),
        b'[' => apache(bytes).or_else(|| time::iso(&bytes[1..])),
        b'A'..=b'Z' => reference.bsd(bytes),
        _ => None,
    };
    if stamp.is_some() {
        return stamp;
    }
    if let Some(format) = shapes::find(bytes) {
        return reference.formatted(format, bytes);
    }
    let space = memchr(b' ', &bytes[..bytes.len().min(WORD_BYTES)])?;
    let rest = &bytes[space + 1..];
    if rest.first()?.is_ascii_digit() {
        return time::iso(rest).or_else(|| epoch(rest, true));
    }
    access(rest)
}

/// `[Sun Dec 04 04:47:44 2005]`, and with a fraction as Apache 2.4 writes it.
fn apache(bytes: &[u8]) -> Option<LeadingTime> {
    if bytes.get(4) != Some(&b' ') || bytes.get(8) != Some(&b' ') {
        return None;
    }
    let month = time::month(&bytes[5..])?;
    let day = time::digits::<2>(bytes, 9)?;
    let seconds = time::clock(bytes, 12)?;
    let (nanos, end) = time::fraction(bytes, 20);
    let year = time::digits::<4>(bytes, end + 1)?;
    if bytes.get(end + 5) != Some(&b']') {
        return None;
    }
    stamp(time::days(year, month, day)?, seconds, nanos, end + 6)
}

/// `yymmdd hhmmss` of HDFS; years from 70 on are of the last century.
fn compact(bytes: &[u8]) -> Option<LeadingTime> {
    let part = |at| time::digits::<2>(bytes, at);
    let (year, month, day) = (part(0)?, part(2)?, part(4)?);
    let (hour, minute, second) = (part(7)?, part(9)?, part(11)?);
    if bytes[6] != b' ' || bytes.get(13).is_some_and(u8::is_ascii_digit) || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let year = if year < 70 { 2000 + year } else { 1900 + year };
    stamp(time::days(year, month, day)?, hour * 3600 + minute * 60 + second, 0, 13)
}

/// Ten digits of seconds, perhaps with a fraction, as squid writes them. After a first word
/// (BG/L and its kin) only if a date like `2005.11.09` follows.
fn epoch(bytes: &[u8], dated: bool) -> Option<LeadingTime> {
    let (high, low) = (time::digits::<5>(bytes, 0)?, time::digits::<5>(bytes, 5)?);
    let (nanos, end) = time::fraction(bytes, 10);
    if bytes.get(end).is_some_and(|byte| *byte != b' ') || high < 1000 {
        return None;
    }
    if dated {
        time::digits::<4>(bytes, end + 1)?;
        time::digits::<2>(bytes, end + 6)?;
        time::digits::<2>(bytes, end + 9)?;
        if bytes[end + 5] != b'.' || bytes[end + 8] != b'.' {
            return None;
        }
    }
    let seconds = i64::from(high) * 100_000 + i64::from(low);
    Some(LeadingTime { ns: time::nanoseconds(seconds, nanos), len: end, strict: false, vague: false })
}

/// `client - user [10/Oct/2000:13:55:36 -0700] …`, the common log format of web servers.
fn access(bytes: &[u8]) -> Option<LeadingTime> {
    let at = memchr(b'[', &bytes[..bytes.len().min(WORD_BYTES)])? + 1;
    let day = time::digits::<2>(bytes, at)?;
    let month = time::month(bytes.get(at + 3..)?)?;
    let year = time::digits::<4>(bytes, at + 7)?;
    let seconds = time::clock(bytes, at + 12)?;
    let (hours, minutes) = (time::digits::<2>(bytes, at + 22)?, time::digits::<2>(bytes, at + 24)?);
    let east = match (&bytes[at + 20..at + 22], bytes.get(at + 26)) {
        (b" +", Some(b']')) => 1,
        (b" -", Some(b']')) => -1,
        _ => return None,
    };
    let seconds = time::days(year, month, day)? * DAY_S + i64::from(seconds);
    let ns = time::nanoseconds(seconds - east * i64::from(hours * 3600 + minutes * 60), 0);
    Some(LeadingTime { ns, len: at + 27, strict: false, vague: false })
}

fn stamp(days: i64, seconds: u32, nanos: u32, len: usize) -> Option<LeadingTime> {
    Some(LeadingTime {
        ns: time::nanoseconds(days * DAY_S + i64::from(seconds), nanos),
        len,
        strict: false,
        vague: false,
    })
}
