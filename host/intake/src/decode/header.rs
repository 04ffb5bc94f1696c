//! Headers of RFC 3164 in the shapes that devices, relays, rsyslog and `journalctl` give them:
//! `time host tag[pid]: message`.

use memchr::memchr2;

use super::{
    device, payload,
    time::{self, Reference, Stamp},
};

/// Words that stand where a host would in lines that are not syslog.
const LEVELS: [&str; 10] =
    ["trace", "debug", "info", "notice", "warn", "warning", "error", "fatal", "critical", "severe"];
/// Programs whose lines are seen behind nothing but their name.
const PROGRAMS: [&str; 3] = ["dockerd", "docker", "containerd"];
/// What syslogd writes in the place of a host and a tag.
const OWN_LINES: [&str; 2] = ["last message repeated ", "-- MARK --"];
const WEEKDAYS: [&[u8; 4]; 7] = [b"Mon ", b"Tue ", b"Wed ", b"Thu ", b"Fri ", b"Sat ", b"Sun "];
/// RFC 3164 allows 32 for the tag; programs with paths as names exceed it.
const TAG_BYTES: usize = 256;

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
pub(crate) enum Doubt {
    /// There was a `<PRI>`.
    Sent,
    /// The format was set.
    Named,
    /// It is a line: with a date, which other formats have too, it must have all signs of syslog.
    Dated,
    /// It is within another line: it must have all signs.
    All,
}

/// The header of a line that was sent, of whatever shape.
pub(crate) fn sent<'a>(text: &'a str, reference: Reference<'_>) -> Option<Header<'a>> {
    if let Some(header) = device::read(text, reference) {
        return Some(header);
    }
    if let Some(header) = read(text, reference, Doubt::Sent) {
        return Some(header);
    }
    // What a program writes to the local socket may have no time.
    let (app, pid, message) = tag(text).filter(|(_, pid, _)| pid.is_some())?;
    Some(Header { app, pid, message, ..Header::default() })
}

/// `time host tag[pid]: ` of RFC 3164, or of rsyslog's or `journalctl`'s formats.
pub(crate) fn read<'a>(text: &'a str, reference: Reference<'_>, doubt: Doubt) -> Option<Header<'a>> {
    let (stamp, dated) = stamp(text.as_bytes(), reference)?;
    // rsyslog's file format is RFC 3339; what only resembles it is not syslog.
    if dated && !stamp.strict && doubt != Doubt::Sent {
        return None;
    }
    let time = Header { time_ns: stamp.ns, vague: stamp.vague, ..Header::default() };
    let all = doubt == Doubt::All || (doubt == Doubt::Dated && dated);
    let rest = &text[stamp.len..];
    if !all && let Some(header) = device::after_time(rest) {
        return Some(Header { time_ns: time.time_ns, vague: time.vague, ..header });
    }
    let rest = rest.strip_prefix(' ')?;
    let rest = if all { rest } else { rest.trim_start_matches(' ') };
    if !all && OWN_LINES.iter().any(|own| rest.starts_with(own)) {
        return Some(Header { message: rest, ..time });
    }
    // What a program writes to the local socket has no host.
    if !(all && dated)
        && let Some((app, pid, message)) = tag(rest)
    {
        return Some(Header { app, pid, message, ..time });
    }
    let (host, after) = host(rest);
    if all && (host.is_none() || !host.is_some_and(is_host)) {
        return None;
    }
    if let Some(device) = device::read(after, reference) {
        let time_ns = device.time_ns.or(time.time_ns);
        return Some(Header { time_ns, host: device.host.or(host), ..device });
    }
    if let Some(program) = host.filter(|host| PROGRAMS.contains(host) && payload::begins(after)) {
        return if all { None } else { Some(Header { app: Some(program), message: after, ..time }) };
    }
    let tagged = tag(after);
    if all && tagged.is_none() {
        return None;
    }
    let (app, pid, message) = tagged.unwrap_or((None, None, after));
    Some(Header { host, app, pid, message, ..time })
}

/// The time that `bytes` begin with, and whether it is a date as other formats have it too.
fn stamp(bytes: &[u8], reference: Reference<'_>) -> Option<(Stamp, bool)> {
    if !bytes.first()?.is_ascii_digit() {
        // `journalctl -o short-full`: `Tue 2023-11-14 10:15:04 UTC host …`.
        if WEEKDAYS.iter().any(|day| bytes.starts_with(*day)) {
            let stamp = time::iso(&bytes[4..])?;
            return Some((Stamp { len: stamp.len + 4, strict: true, ..stamp }, true));
        }
        return Some((reference.bsd(bytes)?, false));
    }
    if let Some(stamp) = time::iso(bytes) {
        return Some((stamp, true));
    }
    // `journalctl -o short-unix`: `1699956904.123456 host …`.
    if bytes.get(10) == Some(&b'.') && bytes.get(17) == Some(&b' ') {
        let ns = time::value(str::from_utf8(&bytes[..17]).ok()?)?;
        return Some((Stamp { ns: Some(ns), len: 17, strict: true, vague: false }, true));
    }
    // A year before the month: Cisco's Nexus.
    Some((reference.bsd(bytes)?, false))
}

/// The host at the front of `text`, if what stands there can be one, and what follows it.
fn host(text: &str) -> (Option<&str>, &str) {
    if let Some((inside, rest)) = text.strip_prefix('[').and_then(|text| text.split_once("] ")) {
        let inside = inside.trim_ascii();
        return if is_host(inside) { (Some(inside), rest) } else { (None, text) };
    }
    if let Some(len) = spaced_len(text) {
        return (Some(&text[..len]), &text[len + 1..]);
    }
    let Some((word, rest)) = text.split_once(' ') else { return (None, text) };
    // syslog-ng chains them: `source@host/relay`.
    let first = word.split('/').next().unwrap_or(word);
    let name = first.rsplit('@').next().unwrap_or(first);
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b':' | b'%' | 0x80..);
    let fits = name.bytes().all(allowed) && name.chars().any(char::is_alphanumeric) && !is_level(name);
    if fits { (Some(name), rest) } else { (None, text) }
}

/// The length of a host's name with spaces in it: words with a capital letter or a digit in front, and
/// then a program in small letters with its number, or the kernel.
fn spaced_len(text: &str) -> Option<usize> {
    let mut at = 0;
    for (index, word) in text.split(' ').take(5).enumerate() {
        let name = word.find('[').map_or(word, |bracket| &word[..bracket]);
        let small = |byte: u8| byte.is_ascii_lowercase() || matches!(byte, b'-' | b'_' | b'.');
        let program = word == "kernel:"
            || (name.len() < word.len() && name.starts_with(|first: char| first.is_ascii_lowercase()) && {
                let pid = word[name.len() + 1..].trim_end_matches(':').strip_suffix(']');
                name.bytes().all(|byte| small(byte) || byte.is_ascii_digit())
                    && pid.is_some_and(|pid| !pid.is_empty() && pid.bytes().all(|byte| byte.is_ascii_digit()))
            });
        if program {
            return (index > 1).then(|| at - 1);
        }
        let part = word.starts_with(|first: char| first.is_uppercase() || first.is_ascii_digit())
            && word.chars().all(|letter| letter.is_alphanumeric() || matches!(letter, '-' | '_' | '.' | '\'' | '’'));
        if !part {
            return None;
        }
        at += word.len() + 1;
    }
    None
}

pub(crate) type Tagged<'a> = (Option<&'a str>, Option<&'a str>, &'a str);

/// `tag: `, `tag[pid]: ` or `tag[pid] ` and what follows.
pub(crate) fn tag(text: &str) -> Option<Tagged<'_>> {
    let bytes = text.as_bytes();
    let near = &bytes[..bytes.len().min(TAG_BYTES)];
    let end = near.iter().position(|byte| matches!(byte, b'[' | b':' | b' ' | b'=' | b'"' | b'{'))?;
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

fn is_level(word: &str) -> bool {
    LEVELS.iter().any(|level| word.eq_ignore_ascii_case(level))
}
