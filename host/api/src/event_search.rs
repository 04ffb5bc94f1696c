//! A search among the log events that rules were given lately.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Which events. What is absent matches all.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct EventQuery {
    /// A piece of the line; capital and small letters of ASCII are the same.
    pub text: Option<String>,
    /// The object's id; may have `*`.
    pub object: Option<String>,
    /// The source's name; may have `*`.
    pub source: Option<String>,
    /// Fields that the line has to have.
    pub fields: Vec<FieldPattern>,
    /// At or after this event time, nanoseconds since 1970.
    pub since_ns: Option<u64>,
    /// Before this event time.
    pub until_ns: Option<u64>,
    /// At most this many, the latest; 0 for 100, at most 1000.
    #[schemars(range(max = 1000))]
    pub limit: usize,
}

/// A field of a line and what it has to be.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FieldPattern {
    /// Its name; `app` is the program that wrote the line.
    pub name: String,
    /// Its value; may have `*`.
    pub pattern: String,
}

/// Events that were found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EventPage {
    /// The events, the latest first.
    pub events: Vec<FoundEvent>,
    /// Whether there are more than the limit.
    pub more: bool,
    /// Among how many was searched, and how far back they go.
    pub kept: KeptEventsStatus,
}

/// One event.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FoundEvent {
    /// Event time, nanoseconds since 1970.
    pub time_ns: u64,
    /// The object that it is about.
    pub object: String,
    /// The source's name.
    pub source: String,
    /// The line's number in the source, from 1.
    pub line: u64,
    /// The program that wrote it, if the line names one.
    pub app: Option<String>,
    /// The message within the line.
    pub message: Option<String>,
    /// The line's fields.
    pub fields: BTreeMap<String, String>,
    /// The line as it came; of a long one the beginning.
    pub text: String,
}

/// How many events are kept to be searched.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct KeptEventsStatus {
    /// Events.
    pub events: u64,
    /// Memory that they take, in bytes.
    pub bytes: u64,
    /// What it may be, in bytes; 0 if none are kept.
    pub limit_bytes: u64,
    /// From when on all events are there that a rule was given, on the host's clock.
    pub since_ns: u64,
    /// Events that were forgotten because later ones needed their room.
    pub forgotten: u64,
}
