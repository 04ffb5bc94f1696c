//! One event, as a view of the flat batch. Nothing is copied.

use crate::{State, Wants, columns::Columns, duration::Duration, host::Calls};

/// The kind of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A log record.
    Log,
    /// A wanted property or metric changed; the message names what changed.
    Fact,
    /// A reminder is due; the message is its name.
    Reminder,
}

/// One event about one object.
#[derive(Clone, Copy)]
pub struct Event<'a> {
    columns: Columns<'a>,
    wants: &'a Wants,
    host: &'a Calls,
    index: usize,
}

impl<'a> Event<'a> {
    pub(crate) fn new(columns: Columns<'a>, wants: &'a Wants, host: &'a Calls, index: usize) -> Self {
        Self { columns, wants, host, index }
    }

    /// Returns its kind.
    pub fn kind(&self) -> Kind {
        match self.columns.kinds[self.index] {
            0 => Kind::Log,
            1 => Kind::Fact,
            _ => Kind::Reminder,
        }
    }

    /// Returns the event time, nanoseconds since 1970-01-01T00:00:00Z.
    pub fn time_ns(&self) -> u64 {
        self.columns.times_ns[self.index]
    }

    /// Returns the object's id.
    pub fn object(&self) -> &'a str {
        self.span(0).unwrap_or_default()
    }

    /// Returns the program that wrote the record, if the record names it.
    pub fn app(&self) -> Option<&'a str> {
        self.span(1)
    }

    /// Returns the decoded message of a log record, the names of changed facts, or a reminder's name.
    pub fn message(&self) -> &'a str {
        self.span(2).unwrap_or_default()
    }

    /// Returns a wanted field of the log record.
    ///
    /// # Panics
    /// Panics if the description does not want this field: that is a bug in the rule.
    #[track_caller]
    pub fn field(&self, name: &str) -> Option<&'a str> {
        self.span(3 + position(&self.wants.fields, name, "field"))
    }

    /// Returns a wanted property of the object, as of the event's time.
    ///
    /// # Panics
    /// Panics if the description does not want this property: that is a bug in the rule.
    #[track_caller]
    pub fn property(&self, name: &str) -> Option<&'a str> {
        self.span(3 + self.wants.fields.len() + position(&self.wants.properties, name, "property"))
    }

    /// Returns a wanted metric of the object, as of the event's time.
    ///
    /// # Panics
    /// Panics if the description does not want this metric: that is a bug in the rule.
    #[track_caller]
    pub fn metric(&self, name: &str) -> Option<f64> {
        let column = position(&self.wants.metrics, name, "metric");
        let value = self.columns.numbers[self.index * self.wants.metrics.len() + column];
        (!value.is_nan()).then_some(value)
    }

    /// Asks for a reminder called `name` about this event's object so long after this event; otherwise as
    /// [`State::remind_at`].
    pub fn remind_in(&self, name: &str, after: Duration) {
        self.state().remind_at(name, self.time_ns().saturating_add(after.ns()));
    }

    /// Returns the rule's state of this event's object.
    pub fn state(&self) -> State<'a> {
        State::new(self.host, self.index as u32)
    }

    fn span(&self, column: usize) -> Option<&'a str> {
        let width = 3 + self.wants.fields.len() + self.wants.properties.len();
        let at = 2 * (self.index * width + column);
        let (offset, len) = (self.columns.spans[at], self.columns.spans[at + 1]);
        // A slice by index would bring the texts of its panics into every module.
        (offset != u32::MAX).then(|| slice(self.columns.text, offset as usize, offset as usize + len as usize))
    }
}

fn slice(text: &str, from: usize, to: usize) -> &str {
    text.get(from..to).unwrap_or_default()
}

#[track_caller]
fn position(names: &[String], name: &str, what: &str) -> usize {
    match names.iter().position(|known| known == name) {
        Some(position) => position,
        None => panic!("the description does not ask for the {what} `{name}`"),
    }
}
