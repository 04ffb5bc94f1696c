//! What a rule is given and what it answers, as a person who watches it is shown.

use crate::Change;

/// An event that a rule was given, and what came of it. Long texts are shortened.
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize, schemars::JsonSchema))]
pub struct TapEvent {
    /// Its number since the tap was opened.
    pub number: u64,
    /// Event time, nanoseconds since the Unix epoch.
    pub time_ns: u64,
    /// `log`, `fact` or `reminder`.
    pub kind: String,
    /// The object.
    pub object: String,
    /// The program that logged, if it is known.
    pub app: Option<String>,
    /// The message.
    pub message: Option<String>,
    /// Fields that the rule wants and that are there.
    pub fields: Vec<(String, String)>,
    /// Properties that the rule wants and that are there.
    pub properties: Vec<(String, String)>,
    /// Metrics that the rule wants and that are there.
    pub metrics: Vec<(String, f64)>,
    /// What the rule raised and cleared.
    pub answers: Vec<TapAnswer>,
    /// Why it gave no answer to the batch that the event was in; empty if it did.
    pub error: String,
}

/// A raise or clear of one event.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize, schemars::JsonSchema))]
pub struct TapAnswer {
    /// The symptom's id.
    pub symptom: String,
    /// Raise or clear.
    pub change: Change,
    /// One line for a person.
    pub summary: String,
    /// Names and values.
    pub attributes: Vec<(String, String)>,
}

/// What a tap recorded since it was last read.
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize, schemars::JsonSchema))]
pub struct TapPage {
    /// The number to read from next.
    pub next: u64,
    /// Events that were recorded and are not here, because more came than are kept.
    pub left_out: u64,
    /// The events, in the order in which they were evaluated.
    pub events: Vec<TapEvent>,
}
