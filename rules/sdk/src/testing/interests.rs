//! Which events the host would deliver: the interests of a description, evaluated as it evaluates them.

use crate::{Condition, Description, Interest, Kinds, Subject, Test};

/// What of an event decides whether it is delivered.
pub(super) struct Candidate<'a> {
    pub(super) kind: u8,
    pub(super) message: &'a str,
    pub(super) field: &'a dyn Fn(&str) -> Option<String>,
    pub(super) property: &'a dyn Fn(&str) -> Option<String>,
}

/// Returns whether the event satisfies at least one interest.
pub(super) fn is_delivered(description: &Description, event: &Candidate<'_>) -> bool {
    description.interests.iter().any(|interest| satisfies(interest, event))
}

fn satisfies(interest: &Interest, event: &Candidate<'_>) -> bool {
    let kind = Kinds::from_bits_retain(1 << event.kind);
    if interest.kinds & kind != kind {
        return false;
    }
    let occurs = |literal: &String| {
        if interest.ignore_case {
            event.message.to_ascii_lowercase().contains(&literal.to_ascii_lowercase())
        } else {
            event.message.contains(literal.as_str())
        }
    };
    let has_literal = interest.contains.is_empty() || interest.contains.iter().any(occurs);
    has_literal && interest.conditions.iter().all(|condition| holds(condition, event))
}

fn holds(condition: &Condition, event: &Candidate<'_>) -> bool {
    let value = match &condition.subject {
        Subject::Field(name) => (event.field)(name),
        Subject::Property(name) => (event.property)(name),
    };
    let any = |list: &[String], test: fn(&str, &str) -> bool| {
        value.as_deref().is_some_and(|value| list.iter().any(|one| test(value, one)))
    };
    match &condition.test {
        Test::Present => value.is_some(),
        Test::Absent => value.is_none(),
        Test::OneOf(list) => any(list, |value, one| value == one),
        Test::NoneOf(list) => !any(list, |value, one| value == one),
        Test::StartsWith(list) => any(list, |value, one| value.starts_with(one)),
        Test::Contains(list) => any(list, |value, one| value.contains(one)),
    }
}
