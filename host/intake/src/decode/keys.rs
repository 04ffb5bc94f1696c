//! The names under which JSON logs carry message, time, object and app, best first.

use std::borrow::Cow;

/// What a top-level member can be; the number is its rank among others of its kind, best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Message(u8),
    Time(u8),
    Object(u8),
    App(u8),
    Facts,
    Fields,
    Field,
}

impl Part {
    /// Checks, in debug builds, that a key ends as the search for times in raw lines expects it to.
    fn check_ending(self, key: &str) {
        match self {
            Self::Time(_) => debug_assert!(ends_as_time(key.as_bytes()), "ends_as_time lacks {key}"),
            Self::Message(_) => debug_assert!(ends_as_message(key.as_bytes()), "MESSAGE_ENDINGS lacks {key}"),
            _ => {}
        }
    }
}

/// Every key of a message, whose text may be another line, ends with one of these.
const MESSAGE_ENDINGS: [&str; 6] = ["message", "msg", "log", "MESSAGE", "line", "original"];

/// Whether `text` may end with the key of a time, in JSON or in logfmt. `false` is certain.
pub(crate) const fn ends_as_time(text: &[u8]) -> bool {
    matches!(
        text,
        [.., b't', b'i', b'm', b'e']
            | [.., b't', b'i', b'm', b'e', b'N', b'a', b'n', b'o']
            | [.., b's', b't', b'a', b'm', b'p']
            | [.., b'S', b'T', b'A', b'M', b'P']
            | [.., b't', b's']
            | [.., b'd', b'a', b't', b'e']
            | [.., b't']
    )
}

/// Whether `text` may end with the key of a message. `false` is certain.
pub(crate) fn ends_as_message(text: &[u8]) -> bool {
    MESSAGE_ENDINGS.iter().any(|ending| text.ends_with(ending.as_bytes()))
}

/// What the top-level member `key` is.
pub(crate) fn part(key: &str) -> Part {
    let part = top_part(key);
    part.check_ending(key);
    part
}

fn top_part(key: &str) -> Part {
    match key {
        "message" => Part::Message(0),
        "msg" => Part::Message(1),
        "log" => Part::Message(2),
        "MESSAGE" => Part::Message(3),
        "short_message" => Part::Message(4),
        // Loki; elsewhere often the number of a line.
        "line" => Part::Message(6),
        // Wazuh.
        "full_log" => Part::Message(7),
        // Docker's events have `time` in seconds and `timeNano`.
        "timeNano" => Part::Time(0),
        "time" => Part::Time(1),
        "timestamp" => Part::Time(2),
        "@timestamp" => Part::Time(3),
        "ts" => Part::Time(4),
        "__REALTIME_TIMESTAMP" => Part::Time(5),
        // Fluent Bit.
        "date" => Part::Time(6),
        "object" => Part::Object(OWN),
        "host" => Part::Object(1),
        "hostname" => Part::Object(2),
        "_HOSTNAME" => Part::Object(3),
        "app" => Part::App(0),
        "application" => Part::App(1),
        "service" => Part::App(2),
        "program" => Part::App(3),
        "SYSLOG_IDENTIFIER" => Part::App(4),
        "_COMM" => Part::App(5),
        "kind" | "parent" | "properties" | "metrics" => Part::Facts,
        "fields" => Part::Fields,
        _ => Part::Field,
    }
}

/// The rank of the key of our own shape, without which a line says no facts.
pub(crate) const OWN: u8 = 0;

/// What the text at `path`, in an inner object, is.
pub(crate) fn inner_part(path: &str) -> Part {
    let part = path_part(path);
    part.check_ending(path);
    part
}

fn path_part(path: &str) -> Part {
    match path {
        // Elastic's schema.
        "host.name" => Part::Object(4),
        "event.original" => Part::Message(8),
        // Wazuh: what the agent's decoder read in a syslog header, and whose agent it is.
        "predecoder.hostname" => Part::Object(5),
        "agent.name" => Part::Object(6),
        // Rust's `tracing` writes the message into `fields`.
        "message" => Part::Message(5),
        // Splunk.
        "event.line" => Part::Message(9),
        _ => Part::Field,
    }
}

/// Whether a text under `key` is one that a person would read: of a `line` it may be a number.
pub(crate) fn is_message(key: &str, text: &str) -> bool {
    key != "line" || text.contains(' ')
}

/// Whether an object under this path may be an event of Docker's Engine.
pub(crate) fn may_be_event(path: &str) -> bool {
    let last = path.rsplit('.').next().unwrap_or(path);
    path.len() <= 64
        && matches!(
            last,
            "docker" | "docker_event" | "event" | "data" | "body" | "payload" | "record" | "message" | "msg" | "log"
        )
}

/// The best value so far for one part of the record.
pub(crate) struct Ranked<'a, T> {
    pub(crate) rank: u8,
    pub(crate) key: Cow<'a, str>,
    pub(crate) text: Cow<'a, str>,
    pub(crate) value: T,
}

/// Keeps the better of two values and returns the other, which becomes a field.
pub(crate) fn best<'a, T>(
    slot: &mut Option<Ranked<'a, T>>,
    rank: u8,
    key: Cow<'a, str>,
    text: Cow<'a, str>,
    value: T,
) -> Option<(Cow<'a, str>, Cow<'a, str>)> {
    if slot.as_ref().is_some_and(|best| best.rank <= rank) {
        return Some((key, text));
    }
    slot.replace(Ranked { rank, key, text, value }).map(|lost| (lost.key, lost.text))
}
