//! The description of a rule: symptoms, interests and wants. The host-side
//! mirror of `wit/types.wit`, where each word is explained to rule authors.

use std::fmt;

/// How bad it is, mildest first; VMware's own words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize, schemars::JsonSchema),
    serde(rename_all = "lowercase")
)]
pub enum Criticality {
    /// Worth knowing.
    Information,
    /// Worth a look.
    Warning,
    /// Worth acting on soon.
    Immediate,
    /// Worth acting on now.
    Critical,
}

impl Criticality {
    /// All of them, the least first.
    pub const ALL: [Self; 4] = [Self::Information, Self::Warning, Self::Immediate, Self::Critical];

    /// Returns the word for it, in lower case.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Information => "information",
            Self::Warning => "warning",
            Self::Immediate => "immediate",
            Self::Critical => "critical",
        }
    }

    /// Returns the one that has this word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.as_str() == word)
    }
}

impl fmt::Display for Criticality {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// What suffers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize, schemars::JsonSchema),
    serde(rename_all = "lowercase")
)]
pub enum Impact {
    /// The object works worse now.
    Health,
    /// Something bad has become likelier.
    Risk,
    /// Resources are wasted.
    Efficiency,
}

impl Impact {
    /// Returns the word for it, in lower case.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Health => "health",
            Self::Risk => "risk",
            Self::Efficiency => "efficiency",
        }
    }
}

/// A named condition that a rule can raise or clear on an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SymptomDefinition {
    /// Unique within the rule, kebab-case.
    pub id: String,
    /// One line for a person.
    pub title: String,
    /// How bad it is.
    pub criticality: Criticality,
    /// What suffers.
    pub impact: Impact,
    /// What a person should do; may be empty.
    pub recommendation: String,
    /// Controls such as `CIS-Docker-1.6:5.4`.
    pub controls: Vec<String>,
    /// Clears by itself after this long without a raise; 0 for never.
    pub hold_ms: u64,
}

/// The kind of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum EventKind {
    /// A log record.
    Log = 0,
    /// A wanted fact changed.
    Fact = 1,
    /// A reminder is due.
    Reminder = 2,
}

/// A set of [`EventKind`]s.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct EventKinds(u8);

impl EventKinds {
    /// Returns the set of these kinds.
    pub fn of(kinds: &[EventKind]) -> Self {
        Self(kinds.iter().fold(0, |set, kind| set | 1 << *kind as u8))
    }

    /// Returns whether `kind` is in the set.
    pub const fn has(self, kind: EventKind) -> bool {
        self.0 & 1 << kind as u8 != 0
    }

    /// Returns whether the set is empty.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }
}

/// The value that a condition tests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// A field of the log record.
    Field(String),
    /// A property of the object, as of the event's time.
    Property(String),
}

/// The test of a condition; exact and case-sensitive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ValueTest {
    /// There is a value.
    Present,
    /// There is no value.
    Absent,
    /// The value is one of these.
    OneOf(Vec<String>),
    /// The value is none of these; no value passes.
    NoneOf(Vec<String>),
    /// The value begins with one of these.
    StartsWith(Vec<String>),
    /// The value contains one of these.
    Contains(Vec<String>),
}

impl ValueTest {
    /// Returns whether `value` passes.
    pub fn passes(&self, value: Option<&str>) -> bool {
        match self {
            Self::Present => value.is_some(),
            Self::Absent => value.is_none(),
            Self::OneOf(list) => value.is_some_and(|value| list.iter().any(|one| one == value)),
            Self::NoneOf(list) => value.is_none_or(|value| list.iter().all(|one| one != value)),
            Self::StartsWith(list) => value.is_some_and(|value| list.iter().any(|one| value.starts_with(one.as_str()))),
            Self::Contains(list) => value.is_some_and(|value| list.iter().any(|one| value.contains(one.as_str()))),
        }
    }
}

/// One condition on a field or property.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InterestCondition {
    /// The value that is tested.
    pub subject: Subject,
    /// The test.
    pub test: ValueTest,
}

/// Events that a rule is shown: kind ∧ any literal ∧ all conditions.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Interest {
    /// The kinds of event.
    pub kinds: EventKinds,
    /// Any of these in the message; empty for any message.
    pub contains: Vec<String>,
    /// Compare literals without regard to ASCII case.
    pub ignore_case: bool,
    /// All of these hold.
    pub conditions: Vec<InterestCondition>,
}

/// Fields, properties and metrics that a rule can read.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Wants {
    /// Fields of log records.
    pub fields: Vec<String>,
    /// Properties of objects.
    pub properties: Vec<String>,
    /// Metrics of objects.
    pub metrics: Vec<String>,
}

/// A rule's answer to `describe`.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Description {
    /// The module's name.
    pub name: String,
    /// The module's version.
    pub version: String,
    /// The symptoms that it can raise.
    pub symptoms: Vec<SymptomDefinition>,
    /// The events that it is shown.
    pub interests: Vec<Interest>,
    /// The values that it can read.
    pub wants: Wants,
    /// The version of what it keeps in state; 0 if it does not say.
    pub state_version: u32,
    /// The oldest version of state that it brings to its own; its own if it brings none.
    pub migrates_from: u32,
}

impl Description {
    /// Returns whether any interest names `kind`.
    pub fn wants_kind(&self, kind: EventKind) -> bool {
        self.interests.iter().any(|interest| interest.kinds.has(kind))
    }

    /// Returns whether it brings state of another version to its own.
    pub const fn migrates(&self, version: u32) -> bool {
        self.migrates_from <= version && version < self.state_version
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_value_passes_only_absent_and_none_of() {
        let list = vec!["a".to_owned()];
        assert!(ValueTest::Absent.passes(None));
        assert!(ValueTest::NoneOf(list.clone()).passes(None));
        for test in [
            ValueTest::Present,
            ValueTest::OneOf(list.clone()),
            ValueTest::StartsWith(list.clone()),
            ValueTest::Contains(list.clone()),
        ] {
            assert!(!test.passes(None), "{test:?}");
            assert!(test.passes(Some("a")), "{test:?}");
        }
        assert!(!ValueTest::NoneOf(list).passes(Some("a")));
    }

    #[test]
    fn kinds_are_a_set() {
        let kinds = EventKinds::of(&[EventKind::Log, EventKind::Reminder]);
        assert!(kinds.has(EventKind::Log) && !kinds.has(EventKind::Fact) && kinds.has(EventKind::Reminder));
        assert!(EventKinds::default().is_empty());
    }
}
