//! Where a rule puts its answers.

use crate::{Alert, Change, Symptom};

/// The answers to one event.
pub struct Alerts<'a> {
    symptoms: &'a [Symptom],
    event: u32,
    out: &'a mut Vec<Alert>,
}

impl<'a> Alerts<'a> {
    pub(crate) fn new(symptoms: &'a [Symptom], event: u32, out: &'a mut Vec<Alert>) -> Self {
        Self { symptoms, event, out }
    }

    /// Says that the symptom is there.
    ///
    /// # Panics
    /// When the description declares no symptom of this id: that is a mistake in the rule.
    pub fn raise(&mut self, symptom: &str, summary: impl Into<String>) -> Raised<'_> {
        self.push(symptom, Change::Raise, summary.into())
    }

    /// Says that the symptom is gone.
    ///
    /// # Panics
    /// When the description declares no symptom of this id: that is a mistake in the rule.
    pub fn clear(&mut self, symptom: &str, summary: impl Into<String>) -> Raised<'_> {
        self.push(symptom, Change::Clear, summary.into())
    }

    fn push(&mut self, symptom: &str, change: Change, summary: String) -> Raised<'_> {
        let Some(symptom) = self.symptoms.iter().position(|known| known.id == symptom) else {
            panic!("the description declares no symptom `{symptom}`");
        };
        let at = self.out.len();
        self.out.push(Alert { event: self.event, symptom: symptom as u32, change, summary, attributes: Vec::new() });
        Raised(&mut self.out[at])
    }
}

/// An alert that was just made, to hang attributes on.
pub struct Raised<'a>(&'a mut Alert);

impl Raised<'_> {
    /// Adds a detail.
    pub fn attribute(self, name: &str, value: impl Into<String>) -> Self {
        if self.0.attributes.capacity() == 0 {
            // Growing from nothing makes room for four, by a longer way.
            self.0.attributes = Vec::with_capacity(2);
        }
        self.0.attributes.push((name.to_owned(), value.into()));
        self
    }

    /// Adds a detail if there is one.
    pub fn maybe(self, name: &str, value: Option<impl Into<String>>) -> Self {
        match value {
            Some(value) => self.attribute(name, value),
            None => self,
        }
    }
}
