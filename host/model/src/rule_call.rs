//! What a rule was given when it raised a symptom or failed, kept so that it can be run again from that alone.

use crate::{RuleLane, TapEvent};

/// One event that a rule was given, with all that its answer depends on. Bounded by
/// [`crate::limits::CALL_BYTES`]; what does not fit is left out, and the reason is kept.
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default))]
pub struct RuleCall {
    /// The rule's name.
    pub rule: String,
    /// The version that it was.
    pub lane: RuleLane,
    /// The object.
    pub object: String,
    /// The symptom that it raised; empty if it failed.
    pub symptom: String,
    /// The source of the line that shows it.
    pub source: String,
    /// That line's number in its source.
    pub line: u64,
    /// `sha256:…` of the module.
    pub module: String,
    /// Its settings, a JSON object. Many calls share them: they are not serialized with the rest.
    #[cfg_attr(feature = "serde", serde(skip_serializing))]
    pub settings: String,
    /// The version of `state`, as the rule counts it.
    pub state_version: u32,
    /// The events about the object in the order in which they were given; the last is the one. Events before it are
    /// here if they may have changed the state since it was as in `state`.
    pub events: Vec<TapEvent>,
    /// The state of the object before them.
    pub state: Vec<StateValue>,
    /// Why it cannot be run again: what of it was too large to be kept. Empty if it is whole.
    pub left_out: String,
}

/// An entry of a rule's state on one object.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize, schemars::JsonSchema))]
pub struct StateValue {
    /// The key.
    pub key: String,
    /// The entry as the engine writes it, in hexadecimal digits.
    pub entry: String,
}

/// An interest of a rule, held against an event.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize, schemars::JsonSchema))]
pub struct InterestMatch {
    /// Its number in the rule's description, from 1.
    pub number: usize,
    /// Whether it lets the event in; `None` if that cannot be said.
    pub matched: Option<bool>,
    /// Its parts: the kinds of event, the literals, the conditions.
    pub checks: Vec<InterestCheck>,
}

/// A part of an interest, held against an event.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize, schemars::JsonSchema))]
pub struct InterestCheck {
    /// What it asks for: `the message contains "docker run"`.
    pub what: String,
    /// Whether that is so; `None` if the value is not known.
    pub passed: Option<bool>,
    /// What is there: the literal that was found, or the value.
    pub found: Option<String>,
}

impl RuleCall {
    /// Returns about how many bytes it takes.
    pub fn bytes(&self) -> usize {
        let state = self.state.iter().map(|one| one.key.len() + one.entry.len()).sum::<usize>();
        let events = self.events.iter().map(event_bytes).sum::<usize>();
        let texts = [&self.object, &self.source, &self.settings, &self.left_out];
        size_of::<Self>() + state + events + texts.iter().map(|text| text.len()).sum::<usize>()
    }
}

/// Returns about how many bytes an event takes.
fn event_bytes(event: &TapEvent) -> usize {
    let pairs = event.fields.iter().chain(&event.properties).map(|(name, value)| name.len() + value.len());
    let metrics = event.metrics.iter().map(|(name, _)| name.len() + size_of::<f64>());
    let answers = event.answers.iter().map(|answer| {
        let pairs = answer.attributes.iter().map(|(name, value)| name.len() + value.len());
        answer.symptom.len() + answer.summary.len() + pairs.sum::<usize>()
    });
    let texts = [event.message.as_deref(), event.app.as_deref(), Some(event.error.as_str())];
    size_of::<TapEvent>()
        + pairs.chain(metrics).chain(answers).sum::<usize>()
        + texts.iter().flatten().map(|text| text.len()).sum::<usize>()
}
