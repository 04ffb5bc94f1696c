//! The bridge `docker0` in messages of the kernel, of network services and of dockerd, and messages
//! that name it without there being one.

use lifesigns_rule::text;

use crate::{Activity, Trace, Verb};

const BRIDGE: &str = "docker0";
/// What follows a dot after an interface's name: avahi's protocols, and numbers of VLANs.
const PROTOCOLS: [&str; 2] = ["IPv4", "IPv6"];
/// There is none, say these.
const ABSENT: [&str; 10] = [
    "cannot find device",
    "can't find",
    "could not find",
    "not found",
    "no such device",
    "no such network interface",
    "does not exist",
    "doesn't exist",
    "unknown interface",
    "unknown device",
];
/// A command of a user (sudo, cron, audit, shells) and a list that names what is left out:
/// neither says that there is one.
const NAMED_ONLY: [&str; 13] = [
    "command=",
    " cmd (",
    "cmd=",
    "cmdline",
    "proctitle=",
    " a0=",
    "history:",
    "ignor",
    "exclud",
    "skip",
    "blacklist",
    "blocklist",
    "denylist",
];

/// The bridge, if the message tells that it is there.
pub(crate) fn bridge<'a>(message: &str) -> Option<Activity<'a>> {
    let places = || text::positions(message, BRIDGE).filter(|at| alone(message, *at));
    places().next()?;
    let lower = message.to_ascii_lowercase();
    if ABSENT.iter().any(|word| text::contains(&lower, word)) {
        return None;
    }
    let speaks = places().any(|at| is_subject(message, at));
    let named_only = !speaks && NAMED_ONLY.iter().any(|word| text::contains(&lower, word));
    (!named_only).then(|| Activity::new(Verb::Present, Trace::Bridge))
}

/// Whether `docker0` at `at` is a name of its own: `docker01` is a host, `docker0.example.com` too.
fn alone(message: &str, at: usize) -> bool {
    let bytes = message.as_bytes();
    let part_of_name = |at: Option<usize>| {
        at.and_then(|at| bytes.get(at))
            .is_some_and(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(byte) || *byte >= 0x80)
    };
    let end = at + BRIDGE.len();
    let after_dot = at >= 2 && bytes[at - 1] == b'.' && part_of_name(Some(at - 2));
    if part_of_name(at.checked_sub(1)) || part_of_name(Some(end)) || after_dot {
        return false;
    }
    let Some(suffix) = message.get(end..).unwrap_or_default().strip_prefix('.') else { return true };
    let len = suffix.bytes().position(|byte| !(byte.is_ascii_alphanumeric() || b"-_.".contains(&byte)));
    let suffix = suffix.get(..len.unwrap_or(suffix.len())).unwrap_or_default().trim_end_matches('.');
    suffix.is_empty() || PROTOCOLS.contains(&suffix) || suffix.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether the message is about the interface at `at`: `docker0: port 1(…) entered …`, also behind
/// the kernel's clock, `device (docker0): …`, `IN=docker0 OUT=eth0 …`.
fn is_subject(message: &str, at: usize) -> bool {
    let (before, after) = message.split_at_checked(at).unwrap_or((message, ""));
    let after = after.strip_prefix(BRIDGE).unwrap_or(after);
    let first = before.is_empty() || before.ends_with("] ");
    (first && after.starts_with(':'))
        || (before.ends_with("device (") && after.starts_with(')'))
        || ["IN=", "OUT=", "PHYSIN=", "PHYSOUT="].iter().any(|side| before.ends_with(side))
}
