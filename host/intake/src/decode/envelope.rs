//! What container runtimes and their tools put before the lines of programs: a time, a stream, a
//! container's name, brackets. Not a syslog header, which is in `header`.

use std::borrow::Cow;

use lifesigns_model::LogRecord;

use super::{
    line_start::is_log_line,
    noise,
    time::{self, LeadingTime},
};

/// The longest name of a container, or of a program, before a line.
const NAME_BYTES: usize = 128;

/// What the prefix of `text` says, and what follows it. It is only a prefix if a log line follows. `iso` is what
/// [`time::iso`] returns of `text`.
pub(crate) fn open(text: &str, iso: Option<LeadingTime>) -> Option<(LogRecord<'_>, &str)> {
    match text.as_bytes().first()? {
        b'[' => bracketed(text),
        b'0'..=b'9' => stamped(text, iso).or_else(|| composed(text)),
        _ => composed(text),
    }
}

/// `STAMP stdout F rest` (CRI), `STAMP word rest` and `STAMP rest` (`docker logs -t`, Docker Desktop).
fn stamped(text: &str, iso: Option<LeadingTime>) -> Option<(LogRecord<'_>, &str)> {
    let stamp = iso?;
    let rest = text[stamp.len..].strip_prefix(' ')?;
    let mut record = LogRecord { time_ns: stamp.ns, malformed: stamp.vague, ..LogRecord::default() };
    if let Some((stream, rest)) = runtime(rest) {
        record.fields.push((Cow::Borrowed("stream"), Cow::Borrowed(stream)));
        return Some((record, rest));
    }
    if let Some((word, after)) = rest.split_once(' ')
        && is_name(word.trim_end_matches(':'))
        && is_log_line(after)
    {
        record.app = Some(Cow::Borrowed(word.trim_end_matches(':')));
        return Some((record, after));
    }
    Some((record, rest))
}

/// `stdout F rest` of a container runtime's log (CRI); the tag may have more parts, after colons.
fn runtime(text: &str) -> Option<(&str, &str)> {
    let rest = text.strip_prefix("stdout").or_else(|| text.strip_prefix("stderr"))?.strip_prefix(' ')?;
    let stream = &text[.."stdout".len()];
    let (tags, rest) = rest.split_once(' ')?;
    let tag = tags.split(':').next()?;
    matches!(tag, "F" | "P").then_some((stream, rest))
}

/// What follows a length before a line, as syslog travels over TCP (RFC 6587, 3.4.1): `83 <34>1 …`.
pub(crate) fn counted(text: &str) -> Option<&str> {
    let digits = text.bytes().take(7).take_while(u8::is_ascii_digit).count();
    text[digits..].strip_prefix(' ').filter(|rest| (1..7).contains(&digits) && rest.starts_with('<'))
}

/// `[STAMP][dockerd][I] rest` of Docker Desktop, `[pod/NAME/CONTAINER] rest` of `kubectl logs --prefix`.
fn bracketed(text: &str) -> Option<(LogRecord<'_>, &str)> {
    let (inside, mut rest) = text[1..].split_once(']')?;
    let mut record = LogRecord::default();
    if let Some(pod) = inside.strip_prefix("pod/") {
        let container = pod.rsplit_once('/').map(|(_, container)| container).filter(|name| is_name(name))?;
        record.app = Some(Cow::Borrowed(container));
        return Some((record, rest.strip_prefix(' ')?));
    }
    let stamp = time::iso(inside.as_bytes()).filter(|stamp| stamp.len == inside.len())?;
    (record.time_ns, record.malformed) = (stamp.ns, stamp.vague);
    while let Some((word, after)) = rest.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        let word = word.trim_ascii();
        if !is_name(word) {
            return None;
        }
        if record.app.is_none() {
            record.app = Some(Cow::Borrowed(word));
        }
        rest = after;
    }
    Some((record, rest.strip_prefix(' ')?))
}

/// `web-1  | rest` of `docker compose` and `docker service logs`, also in colours.
fn composed(text: &str) -> Option<(LogRecord<'_>, &str)> {
    let near = &text.as_bytes()[..text.len().min(NAME_BYTES)];
    let end = near.iter().position(|byte| *byte <= b' ' || *byte == b'|')?;
    let (name, rest) = text.split_at(end);
    let rest = noise::skip_blank(rest).strip_prefix('|')?;
    let fits = is_name(name) && (rest.is_empty() || rest.starts_with([' ', '\u{1b}', '#']));
    fits.then(|| (LogRecord { app: Some(Cow::Borrowed(name)), ..LogRecord::default() }, rest))
}

/// Whether it can be the name of a container, a service's task or a program.
fn is_name(word: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b'@' | b'/');
    !word.is_empty() && word.len() <= NAME_BYTES && word.bytes().all(allowed)
}
