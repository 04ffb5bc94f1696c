//! Parts of syslog headers that all their shapes share: hosts and tags.

use memchr::memchr2;

/// Words that stand where a host would in lines that are not syslog.
const LEVELS: [&str; 10] =
    ["trace", "debug", "info", "notice", "warn", "warning", "error", "fatal", "critical", "severe"];
/// RFC 3164 allows 32 for the tag; programs with paths as names exceed it.
const TAG_BYTES: usize = 256;

/// The bytes that a program's name in a tag ends before.
const ENDS_NAME: [bool; 256] = {
    let (mut ends, marks, mut at) = ([false; 256], *b"[: =\"{", 0);
    while at < marks.len() {
        ends[marks[at] as usize] = true;
        at += 1;
    }
    ends
};

/// What a header says.
#[derive(Default)]
pub(crate) struct Header<'a> {
    pub(crate) time_ns: Option<u64>,
    /// The time's zone has a name that means several.
    pub(crate) vague: bool,
    pub(crate) host: Option<&'a str>,
    pub(crate) app: Option<&'a str>,
    pub(crate) pid: Option<&'a str>,
    pub(crate) message: &'a str,
}

/// How sure it is that there is a header.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Confidence {
    /// There was a `<PRI>`.
    Sent,
    /// The format was set.
    Named,
    /// It is a line: with a date, which other formats have too, it must have all signs of syslog.
    Dated,
    /// It is within another line: it must have all signs.
    All,
}

pub(crate) type Tagged<'a> = (Option<&'a str>, Option<&'a str>, &'a str);

/// `tag: `, `tag[pid]: ` or `tag[pid] ` and what follows.
pub(crate) fn tag(text: &str) -> Option<Tagged<'_>> {
    let bytes = text.as_bytes();
    let near = &bytes[..bytes.len().min(TAG_BYTES)];
    let end = near.iter().position(|byte| ENDS_NAME[usize::from(*byte)])?;
    if end == 0 {
        return None;
    }
    let (pid, after) = if bytes[end] == b'[' {
        let close = end + memchr2(b']', b' ', &near[end..])?;
        if bytes[close] == b' ' || close == end + 1 {
            return None;
        }
        (Some(&text[end + 1..close]), close + 1)
    } else {
        (None, end)
    };
    let message = match (bytes.get(after), bytes.get(after + 1)) {
        (Some(b':'), None) => &text[after + 1..],
        (Some(b':'), Some(b' ')) => &text[after + 2..],
        (Some(b' '), _) if pid.is_some() => &text[after + 1..],
        _ => return None,
    };
    Some((Some(&text[..end]), pid, message))
}

/// Whether `word` looks like a host's name or address.
pub(crate) fn is_host(word: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b':');
    !word.is_empty() && word.bytes().all(allowed) && !word.ends_with(':') && !is_level(word)
}

/// Whether `word` is a level of severity, which is where a host would in other formats.
pub(crate) fn is_level(word: &str) -> bool {
    LEVELS.iter().any(|level| word.eq_ignore_ascii_case(level))
}
