//! Headers of RFC 3164 in the shapes that devices, relays, rsyslog and `journalctl` give them:
//! `time host tag[pid]: message`.

use super::{
    device,
    line_start::is_log_line,
    reference::Reference,
    tag::{Confidence, Header, is_host, is_level, tag},
    time::{self, LeadingTime},
    words,
};

/// Programs whose lines are seen behind nothing but their name.
const PROGRAMS: [&str; 3] = ["dockerd", "docker", "containerd"];
/// What syslogd writes in the place of a host and a tag.
const OWN_LINES: [&str; 2] = ["last message repeated ", "-- MARK --"];
const WEEKDAYS: [&[u8; 4]; 7] = [b"Mon ", b"Tue ", b"Wed ", b"Thu ", b"Fri ", b"Sat ", b"Sun "];
/// Returns the header of a line that was sent, of whatever shape.
pub(crate) fn sent<'a>(text: &'a str, reference: Reference<'_>) -> Option<Header<'a>> {
    if let Some(header) = device::read(text, reference) {
        return Some(header);
    }
    if let Some(header) = read(text, time::iso(text.as_bytes()), reference, Confidence::Sent) {
        return Some(header);
    }
    // What a program writes to the local socket may have no time.
    let (app, pid, message) = tag(text).filter(|(_, pid, _)| pid.is_some())?;
    Some(Header { app, pid, message, ..Header::default() })
}

/// `time host tag[pid]: ` of RFC 3164, or of rsyslog's or `journalctl`'s formats. `iso` is what [`time::iso`] returns of
/// `text`.
pub(crate) fn read<'a>(
    text: &'a str,
    iso: Option<LeadingTime>,
    reference: Reference<'_>,
    confidence: Confidence,
) -> Option<Header<'a>> {
    let (stamp, dated) = stamp(text.as_bytes(), iso, reference)?;
    // rsyslog's file format is RFC 3339; what only resembles it is not syslog.
    if dated && !stamp.strict && confidence != Confidence::Sent {
        return None;
    }
    let time = Header { time_ns: stamp.ns, vague: stamp.vague, ..Header::default() };
    let all = confidence == Confidence::All || (confidence == Confidence::Dated && dated);
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
    if let Some(program) = host.filter(|host| PROGRAMS.contains(host) && is_log_line(after)) {
        return if all { None } else { Some(Header { app: Some(program), message: after, ..time }) };
    }
    let tagged = tag(after);
    if all && tagged.is_none() {
        return None;
    }
    let (app, pid, message) = tagged.unwrap_or((None, None, after));
    Some(Header { host, app, pid, message, ..time })
}

/// Returns the time that `bytes` begin with, and whether it is a date as other formats have it too.
fn stamp(bytes: &[u8], iso: Option<LeadingTime>, reference: Reference<'_>) -> Option<(LeadingTime, bool)> {
    if !bytes.first()?.is_ascii_digit() {
        // `journalctl -o short-full`: `Tue 2023-11-14 10:15:04 UTC host …`.
        if WEEKDAYS.iter().any(|day| bytes.starts_with(*day)) {
            let stamp = time::iso(&bytes[4..])?;
            return Some((LeadingTime { len: stamp.len + 4, strict: true, ..stamp }, true));
        }
        return Some((reference.bsd(bytes)?, false));
    }
    if let Some(stamp) = iso {
        return Some((stamp, true));
    }
    // `journalctl -o short-unix`: `1699956904.123456 host …`.
    if bytes.get(10) == Some(&b'.') && bytes.get(17) == Some(&b' ') {
        let ns = time::value(str::from_utf8(&bytes[..17]).ok()?)?;
        return Some((LeadingTime { ns: Some(ns), len: 17, strict: true, vague: false }, true));
    }
    // A year before the month: Cisco's Nexus.
    Some((reference.bsd(bytes)?, false))
}

/// Returns the host at the front of `text`, if what is there can be one, and what follows it.
fn host(text: &str) -> (Option<&str>, &str) {
    if let Some((inside, rest)) = text.strip_prefix('[').and_then(|text| text.split_once("] ")) {
        let inside = inside.trim_ascii();
        return if is_host(inside) { (Some(inside), rest) } else { (None, text) };
    }
    if let Some(len) = spaced_len(text) {
        return (Some(&text[..len]), &text[len + 1..]);
    }
    let Some((word, rest)) = words::split_once(text, b' ') else { return (None, text) };
    // syslog-ng chains them: `source@host/relay`.
    let name = words::behind_last(words::until(word, b'/'), b'@');
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b':' | b'%' | 0x80..);
    let fits = name.bytes().all(allowed) && name.chars().any(char::is_alphanumeric) && !is_level(name);
    if fits { (Some(name), rest) } else { (None, text) }
}

/// Returns the length of a host's name with spaces in it: words with a capital letter or a digit in front, and then a
/// program in small letters with its number, or the kernel.
fn spaced_len(text: &str) -> Option<usize> {
    let mut at = 0;
    for index in 0..5 {
        let word = words::until(text.get(at..)?, b' ');
        let name = words::until(word, b'[');
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
        let is_first = |first: char| first.is_uppercase() || first.is_ascii_digit();
        let part = word.starts_with(is_first)
            && word.chars().all(|letter| letter.is_alphanumeric() || matches!(letter, '-' | '_' | '.' | '\'' | '’'));
        if !part {
            return None;
        }
        at += word.len() + 1;
    }
    None
}
