//! The flat batch of events that a rule gets, and the flat batch of alerts that it returns.
//! Layout: see `record batch` in `wit/types.wit`.

use crate::{EventKind, Span, Wants};

/// The spans of every event before its fields and properties: object, app, message.
pub const FIXED_SPANS: usize = 3;

/// Events for one rule, as columns over one text.
#[derive(Debug, Default)]
pub struct EventBatch {
    /// What the spans point into.
    pub text: String,
    /// Event time, nanoseconds since the Unix epoch.
    pub times_ns: Vec<u64>,
    /// [`EventKind`] as a number.
    pub kinds: Vec<u8>,
    /// Offset and length, row by row.
    pub spans: Vec<u32>,
    /// Metrics, row by row; NaN where there is none.
    pub numbers: Vec<f64>,
}

impl EventBatch {
    /// Returns the number of events.
    pub const fn len(&self) -> usize {
        self.times_ns.len()
    }

    /// Returns whether it has no event.
    pub const fn is_empty(&self) -> bool {
        self.times_ns.is_empty()
    }

    /// Empties it and keeps its memory.
    pub fn clear(&mut self) {
        self.text.clear();
        self.times_ns.clear();
        self.kinds.clear();
        self.spans.clear();
        self.numbers.clear();
    }

    /// Begins an event; its spans and numbers must follow.
    pub fn begin(&mut self, time_ns: u64, kind: EventKind) {
        self.times_ns.push(time_ns);
        self.kinds.push(kind as u8);
    }

    /// Adds the next span of the current event, with text that is appended.
    pub fn text(&mut self, value: Option<&str>) -> Span {
        let span = value.map_or(Span::NONE, |value| Span::push(&mut self.text, value));
        self.span(span);
        span
    }

    /// Adds the next span of the current event, which points at text that is already there.
    pub fn span(&mut self, span: Span) {
        self.spans.extend([span.offset, span.len]);
    }

    /// Adds the next number of the current event.
    pub fn number(&mut self, value: Option<f64>) {
        self.numbers.push(value.unwrap_or(f64::NAN));
    }

    /// Returns the number of spans of an event under `wants`.
    pub const fn width(wants: &Wants) -> usize {
        FIXED_SPANS + wants.fields.len() + wants.properties.len()
    }

    /// Copies event `index` of `from`, whose rule wants `wants`, to the end of this batch.
    pub fn copy_event(&mut self, from: &Self, index: usize, wants: &Wants) {
        self.times_ns.push(from.times_ns[index]);
        self.kinds.push(from.kinds[index]);
        let width = Self::width(wants) * 2;
        for pair in from.spans[index * width..(index + 1) * width].chunks_exact(2) {
            let span = Span { offset: pair[0], len: pair[1] };
            self.text(span.get(&from.text));
        }
        let metrics = wants.metrics.len();
        self.numbers.extend_from_slice(&from.numbers[index * metrics..(index + 1) * metrics]);
    }
}

/// Whether an alert raises or clears its symptom.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize, schemars::JsonSchema),
    serde(rename_all = "lowercase")
)]
pub enum Change {
    /// The symptom is present.
    Raise,
    /// The symptom is gone.
    Clear,
}

impl Change {
    /// Returns the word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Raise => "raise",
            Self::Clear => "clear",
        }
    }
}

/// One alert of a [`RuleAlertBatch`].
#[derive(Clone, Copy, Debug)]
pub struct RuleAlertRow {
    /// The event, as an index into the batch.
    pub event: u32,
    /// The symptom, as an index into the description.
    pub symptom: u32,
    /// Raise or clear.
    pub change: Change,
    /// One line for a person.
    pub summary: Span,
    /// First of its attributes in [`RuleAlertBatch::attributes`].
    pub attributes_start: u32,
    /// One past its last attribute.
    pub attributes_end: u32,
}

/// A rule's answer to a batch: its alerts, as rows over one text.
#[derive(Debug, Default)]
pub struct RuleAlertBatch {
    /// What the spans point into.
    pub text: String,
    /// The alerts, in the rule's order.
    pub rows: Vec<RuleAlertRow>,
    /// Names and values of all alerts' attributes.
    pub attributes: Vec<(Span, Span)>,
}

impl RuleAlertBatch {
    /// Empties it and keeps its memory.
    pub fn clear(&mut self) {
        self.text.clear();
        self.rows.clear();
        self.attributes.clear();
    }

    /// Adds an alert.
    pub fn push<'a>(
        &mut self,
        event: u32,
        symptom: u32,
        change: Change,
        summary: &str,
        attributes: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) {
        let summary = Span::push(&mut self.text, summary);
        let attributes_start = self.attributes.len() as u32;
        for (name, value) in attributes {
            let pair = (Span::push(&mut self.text, name), Span::push(&mut self.text, value));
            self.attributes.push(pair);
        }
        let attributes_end = self.attributes.len() as u32;
        self.rows.push(RuleAlertRow { event, symptom, change, summary, attributes_start, attributes_end });
    }
}
