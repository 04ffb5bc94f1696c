//! Headers of routers, switches and firewalls (Cisco IOS, NX-OS, ASA): a sequence number, a time that
//! may be marked as unsure, and a mnemonic such as `%SYS-5-CONFIG_I:` in the place of a tag.

use memchr::memchr;

use super::{
    reference::Reference,
    tag::{Header, is_host, tag},
    time,
};

/// A mnemonic is this near, or there is none.
const NEAR_BYTES: usize = 128;

/// `148: router-1: *Mar  1 18:48:50.483 UTC: %SYS-5-CONFIG_I: message`, of which everything before the
/// mnemonic may be missing. A clock that was never set (`*`) tells no time.
pub(crate) fn read<'a>(text: &'a str, reference: Reference<'_>) -> Option<Header<'a>> {
    memchr(b'%', &text.as_bytes()[..text.len().min(NEAR_BYTES)])?;
    let mut rest = text.trim_start_matches([':', ' ']);
    if let Some((number, after)) = rest.split_once(':')
        && is_number(number)
        && after.starts_with(' ')
    {
        rest = after.trim_start_matches(' ');
    }
    let mut header = Header::default();
    if let Some((name, after)) = rest.split_once(": ")
        && is_host(name)
        && dated(after, reference).is_some()
    {
        (header.host, rest) = (Some(name), after);
    }
    if let Some((dated, after)) = dated(rest, reference) {
        (header.time_ns, header.vague) = (dated.time_ns, dated.vague);
        rest = after;
    }
    mnemonic(rest, header)
}

/// What follows a time: `: %SYS-5-CONFIG_I: message`, and before the colon perhaps a host.
pub(crate) fn after_time(text: &str) -> Option<Header<'_>> {
    let at = memchr(b'%', &text.as_bytes()[..text.len().min(NEAR_BYTES)])?;
    let before = text[..at].strip_suffix(": ").or_else(|| text[..at].strip_suffix(' '))?.trim_ascii();
    let host = if before.is_empty() { None } else { Some(before).filter(|host| is_host(host)) };
    if host.is_none() && !before.is_empty() {
        return None;
    }
    mnemonic(&text[at..], Header { host, ..Header::default() })
}

struct Dated {
    time_ns: Option<u64>,
    vague: bool,
}

/// Returns a time and `: `, with a mnemonic behind it.
fn dated<'a>(text: &'a str, reference: Reference<'_>) -> Option<(Dated, &'a str)> {
    let unset = text.starts_with('*');
    let text = text.strip_prefix(['*', '.']).unwrap_or(text);
    let stamp = reference.bsd(text.as_bytes()).or_else(|| time::iso(text.as_bytes()))?;
    let rest = text[stamp.len..].trim_start_matches(' ').strip_prefix(": ")?.trim_start_matches(' ');
    let time_ns = if unset { None } else { stamp.ns };
    rest.starts_with('%').then_some((Dated { time_ns, vague: stamp.vague }, rest))
}

/// `%FACILITY-SEVERITY-MNEMONIC: message`.
fn mnemonic<'a>(text: &'a str, header: Header<'a>) -> Option<Header<'a>> {
    let (app, pid, message) = tag(text).filter(|(_, pid, _)| pid.is_none())?;
    let name = app?.strip_prefix('%')?;
    let allowed = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_');
    let fits = name.split('-').count() >= 3 && name.bytes().all(allowed);
    fits.then_some(Header { app, pid, message, ..header })
}

fn is_number(text: &str) -> bool {
    (1..=10).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}
