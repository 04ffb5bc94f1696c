//! How a rule answers: alerts are appended to the flat answer of the contract as they are raised.

use crate::{
    Symptom,
    bindings::lifesigns::rule::types::{self as wit, Answer, Attribute, Span},
};

/// Room for the texts of the first alerts of an answer.
const TEXT_BYTES: usize = 1 << 10;

/// Whether an alert raises or clears its symptom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// The symptom is present.
    Raise,
    /// The symptom is gone.
    Clear,
}

/// An alert, as [`Bench`](crate::testing::Bench) returns it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alert {
    /// The time of its event, in nanoseconds since 1970-01-01T00:00:00Z.
    pub time_ns: u64,
    /// The object that it is about.
    pub object: String,
    /// The symptom's id.
    pub id: String,
    /// The symptom, as an index into the description's list.
    pub symptom: u32,
    /// Raise or clear.
    pub change: Change,
    /// One line for a person.
    pub summary: String,
    /// Names and values.
    pub attributes: Vec<(String, String)>,
}

/// The alerts of one event.
pub struct Alerts<'a> {
    symptoms: &'a [Symptom],
    event: u32,
    answer: &'a mut Answer,
}

impl<'a> Alerts<'a> {
    pub(crate) fn new(symptoms: &'a [Symptom], event: u32, answer: &'a mut Answer) -> Self {
        Self { symptoms, event, answer }
    }

    /// Raises a symptom on the event's object.
    ///
    /// # Panics
    /// Panics if the description declares no symptom of this id: that is a bug in the rule.
    #[track_caller]
    pub fn raise(&mut self, symptom: &str, summary: impl AsRef<str>) -> Raised<'_> {
        self.push(symptom, Change::Raise, summary.as_ref())
    }

    /// Clears a symptom of the event's object.
    ///
    /// # Panics
    /// Panics if the description declares no symptom of this id: that is a bug in the rule.
    #[track_caller]
    pub fn clear(&mut self, symptom: &str, summary: impl AsRef<str>) -> Raised<'_> {
        self.push(symptom, Change::Clear, summary.as_ref())
    }

    #[track_caller]
    fn push(&mut self, symptom: &str, change: Change, summary: &str) -> Raised<'_> {
        let Some(symptom) = self.symptoms.iter().position(|known| known.id == symptom) else {
            panic!("the description declares no symptom `{symptom}`");
        };
        if self.answer.text.capacity() == 0 {
            self.answer.text.reserve(TEXT_BYTES);
        }
        let summary = append(&mut self.answer.text, summary);
        let (event, symptom, change) = (self.event, symptom as u32, change as u32);
        self.answer.alerts.push(wit::Alert { event, symptom, change, summary, attributes: 0 });
        Raised(self.answer)
    }
}

/// The alert that was raised or cleared last, to add attributes to.
pub struct Raised<'a>(&'a mut Answer);

impl Raised<'_> {
    /// Adds an attribute.
    pub fn attribute(self, name: &str, value: impl AsRef<str>) -> Self {
        let name = append(&mut self.0.text, name);
        let value = append(&mut self.0.text, value.as_ref());
        self.0.attributes.push(Attribute { name, value });
        if let Some(alert) = self.0.alerts.last_mut() {
            alert.attributes += 1;
        }
        self
    }

    /// Adds an attribute if it has a value.
    pub fn maybe(self, name: &str, value: Option<impl AsRef<str>>) -> Self {
        match value {
            Some(value) => self.attribute(name, value),
            None => self,
        }
    }
}

/// Returns an answer without alerts.
pub(crate) fn empty() -> Answer {
    Answer { text: String::new(), alerts: Vec::new(), attributes: Vec::new() }
}

fn append(text: &mut String, value: &str) -> Span {
    let span = Span { offset: text.len() as u32, length: value.len() as u32 };
    text.push_str(value);
    span
}

/// Returns the alerts of an answer that [`Alerts`] made, for an event at that time about that object.
#[cfg(not(target_family = "wasm"))]
pub(crate) fn read(answer: &Answer, symptoms: &[Symptom], time_ns: u64, object: &str) -> Vec<Alert> {
    let text = |span: Span| answer.text[span.offset as usize..][..span.length as usize].to_owned();
    let mut attributes = answer.attributes.iter().map(|attribute| (text(attribute.name), text(attribute.value)));
    let mut alert = |row: &wit::Alert| Alert {
        time_ns,
        object: object.to_owned(),
        id: symptoms[row.symptom as usize].id.clone(),
        symptom: row.symptom,
        change: if row.change == Change::Raise as u32 { Change::Raise } else { Change::Clear },
        summary: text(row.summary),
        attributes: attributes.by_ref().take(row.attributes as usize).collect(),
    };
    answer.alerts.iter().map(&mut alert).collect()
}
