//! Values of expressions, and results without a value: absent or undecided.

use std::{borrow::Cow, collections::BTreeMap, rc::Rc};

use crate::{record::Fact, text_map::TextMap};

/// A value while an expression is evaluated.
#[derive(Clone, Debug)]
pub(super) enum Value<'a> {
    Null,
    Bool(bool),
    Int(i64),
    Uint(u64),
    Double(f64),
    Text(Cow<'a, str>),
    /// A property: text that is read as a number or a boolean where it is compared with one.
    Property {
        name: &'a str,
        text: &'a str,
    },
    List(Rc<Vec<Value<'a>>>),
    Map(Map<'a>),
}

/// A map: the object's facts, or a literal of the expression.
#[derive(Clone, Debug)]
pub(super) enum Map<'a> {
    Properties(&'a TextMap<Fact<Option<String>>>),
    Metrics(&'a TextMap<Fact<f64>>),
    Thresholds(&'a BTreeMap<String, f64>),
    Written(Rc<Vec<(Value<'a>, Value<'a>)>>),
}

impl<'a> Map<'a> {
    /// Returns the value of a key that is text.
    pub(super) fn get(&self, key: &str) -> Option<Value<'a>> {
        match self {
            Self::Properties(facts) => {
                let (name, fact) = facts.get_key_value(key)?;
                Some(Value::Property { name, text: fact.value.as_deref()? })
            }
            Self::Metrics(facts) => Some(Value::Double(facts.get(key)?.value)),
            Self::Thresholds(numbers) => Some(Value::Double(*numbers.get(key)?)),
            Self::Written(entries) => {
                entries.iter().find(|(one, _)| one.as_text() == Some(key)).map(|(_, value)| value.clone())
            }
        }
    }

    /// Returns how many entries are scanned for its keys.
    pub(super) fn entries(&self) -> usize {
        match self {
            Self::Properties(facts) => facts.len(),
            Self::Metrics(facts) => facts.len(),
            Self::Thresholds(numbers) => numbers.len(),
            Self::Written(entries) => entries.len(),
        }
    }

    /// Returns all keys, in order.
    pub(super) fn keys(&self) -> Vec<Value<'a>> {
        let text = |key: &'a String| Value::Text(Cow::Borrowed(key.as_str()));
        match self {
            Self::Properties(facts) => {
                facts.iter().filter(|(_, fact)| fact.value.is_some()).map(|(key, _)| text(key)).collect()
            }
            Self::Metrics(facts) => facts.keys().map(text).collect(),
            Self::Thresholds(numbers) => numbers.keys().map(text).collect(),
            Self::Written(entries) => entries.iter().map(|(key, _)| key.clone()).collect(),
        }
    }
}

impl<'a> Value<'a> {
    /// Returns the text, if the value is one.
    pub(super) fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Property { text, .. } => Some(text),
            _ => None,
        }
    }

    /// Returns the bytes of the text; 0 if the value is not a text.
    pub(super) fn text_bytes(&self) -> usize {
        self.as_text().unwrap_or_default().len()
    }

    /// Describes the value for messages: facts are named and quoted, shortened if they are long.
    pub(super) fn described(&self) -> String {
        match self {
            Self::Null => "null".to_owned(),
            Self::Bool(value) => value.to_string(),
            Self::Int(value) => value.to_string(),
            Self::Uint(value) => value.to_string(),
            Self::Double(value) => value.to_string(),
            Self::Text(text) => format!("the text {}", quoted(text)),
            Self::Property { name, text } => format!("the property {} = {}", quoted(name), quoted(text)),
            Self::List(_) => "a list".to_owned(),
            Self::Map(_) => "a map".to_owned(),
        }
    }

    pub(super) fn text(text: impl Into<Cow<'a, str>>) -> Self {
        Self::Text(text.into())
    }

    pub(super) fn list(values: Vec<Self>) -> Self {
        Self::List(Rc::new(values))
    }
}

/// Quotes `text`, shortened if it is long.
fn quoted(text: &str) -> String {
    const LETTERS: usize = 40;
    match text.char_indices().nth(LETTERS) {
        Some((end, _)) => format!("{:?}…", &text[..end]),
        None => format!("{text:?}"),
    }
}

/// The outcomes of a condition that are possible: true, false, or absent because the object lacks a fact. A
/// condition with one possible outcome is decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct PossibleOutcomes(u8);

impl PossibleOutcomes {
    pub(super) const NONE: Self = Self(0);
    pub(super) const TRUE: Self = Self(1);
    pub(super) const FALSE: Self = Self(2);
    pub(super) const ABSENT: Self = Self(4);
    pub(super) const ALL: Self = Self(7);

    fn each(self) -> impl Iterator<Item = Self> {
        [Self::TRUE, Self::FALSE, Self::ABSENT].into_iter().filter(move |one| self.0 & one.0 != 0)
    }

    pub(super) fn join(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Returns whether it may be true.
    pub(super) fn may_hold(self) -> bool {
        self.may_be(Self::TRUE)
    }

    /// Returns whether this outcome is among them.
    pub(super) fn may_be(self, outcome: Self) -> bool {
        self.0 & outcome.0 != 0
    }

    /// Returns the outcomes of `==` or, without `same`, `!=` of two conditions.
    pub(super) fn same(self, other: Self, same: bool) -> Self {
        self.pairs(other, |one, two| match (one, two) {
            (Self::ABSENT, _) | (_, Self::ABSENT) => Self::ABSENT,
            _ if (one == two) == same => Self::TRUE,
            _ => Self::FALSE,
        })
    }

    /// Returns the results of `by` for each pair of outcomes.
    fn pairs(self, other: Self, by: impl Fn(Self, Self) -> Self) -> Self {
        let all = self.each().flat_map(|one| other.each().map(move |two| (one, two)));
        Self(all.fold(0, |sum, (one, two)| sum | by(one, two).0))
    }

    /// `self && other`: false if either is, else absent if either is.
    pub(super) fn and(self, other: Self) -> Self {
        self.pairs(other, |one, two| match (one, two) {
            (Self::FALSE, _) | (_, Self::FALSE) => Self::FALSE,
            (Self::ABSENT, _) | (_, Self::ABSENT) => Self::ABSENT,
            _ => Self::TRUE,
        })
    }

    /// `self || other`: true if either is, else absent if either is.
    pub(super) fn or(self, other: Self) -> Self {
        self.not().and(other.not()).not()
    }

    /// `!self`; what is absent stays so.
    pub(super) fn not(self) -> Self {
        let moved = |from: Self, to: Self| if self.0 & from.0 != 0 { to.0 } else { 0 };
        Self(moved(Self::TRUE, Self::FALSE) | moved(Self::FALSE, Self::TRUE) | (self.0 & Self::ABSENT.0))
    }
}

/// The result of a part of an expression.
#[derive(Clone, Debug)]
pub(super) enum Evaluated<'a> {
    /// A value.
    Known(Value<'a>),
    /// No value: it refers to a fact that the object lacks.
    Absent,
    /// It cannot be decided, because a part of it failed. Of a condition some outcomes may be ruled out.
    Unknown(PossibleOutcomes, Rc<str>),
}

impl<'a> Evaluated<'a> {
    pub(super) fn failed(reason: impl Into<Rc<str>>) -> Self {
        Self::Unknown(PossibleOutcomes::ALL, reason.into())
    }

    /// Returns the possible outcomes of a condition, and the reason if there are several. A value that is not
    /// a condition can have any.
    pub(super) fn outcomes(self) -> (PossibleOutcomes, Option<Rc<str>>) {
        match self {
            Self::Known(Value::Bool(true)) => (PossibleOutcomes::TRUE, None),
            Self::Known(Value::Bool(false)) => (PossibleOutcomes::FALSE, None),
            Self::Known(other) => {
                (PossibleOutcomes::ALL, Some(format!("{} is neither true nor false", other.described()).into()))
            }
            Self::Absent => (PossibleOutcomes::ABSENT, None),
            Self::Unknown(possible, reason) => (possible, Some(reason)),
        }
    }

    /// Creates the result of a condition with these outcomes.
    pub(super) fn of(possible: PossibleOutcomes, reason: Option<Rc<str>>) -> Self {
        match possible {
            PossibleOutcomes::TRUE => Self::Known(Value::Bool(true)),
            PossibleOutcomes::FALSE => Self::Known(Value::Bool(false)),
            PossibleOutcomes::ABSENT => Self::Absent,
            several => Self::Unknown(several, reason.unwrap_or_else(|| "it cannot be decided".into())),
        }
    }
}

impl<'a> From<Option<Value<'a>>> for Evaluated<'a> {
    fn from(value: Option<Value<'a>>) -> Self {
        match value {
            Some(value) => Self::Known(value),
            None => Self::Absent,
        }
    }
}

impl<'a> From<Result<Value<'a>, String>> for Evaluated<'a> {
    fn from(result: Result<Value<'a>, String>) -> Self {
        match result {
            Ok(value) => Self::Known(value),
            Err(reason) => Self::failed(reason),
        }
    }
}
