//! Checks of what guests say, without a guest: for tests that try any input.

use lifesigns_model::{Description, InstanceError, Limits, RuleAlertBatch};

use crate::{
    answer::{AnswerBounds, accept},
    bindings::lifesigns::rule::types as wit,
    describe,
};

/// Checks a description, as that of a guest.
///
/// # Errors
/// Why it is not acceptable.
pub fn check_description(description: &Description) -> Result<(), String> {
    describe::check(description)
}

/// Checks an answer, as that of a guest to a number of events. An alert is event, symptom, change, offset and length of
/// its summary, and number of attributes; an attribute is offset and length of its name and of its value.
///
/// # Errors
/// Why it is not acceptable.
pub fn accept_answer(
    text: String,
    alerts: &[[u32; 6]],
    attributes: &[[u32; 4]],
    (events, symptoms, limits): (usize, usize, &Limits),
) -> Result<RuleAlertBatch, InstanceError> {
    let returned = wit::Answer {
        text,
        alerts: alerts.iter().map(alert).collect(),
        attributes: attributes.iter().map(attribute).collect(),
    };
    let mut answer = RuleAlertBatch::default();
    accept(returned, &AnswerBounds { events, symptoms, limits }, &mut answer)?;
    Ok(answer)
}

fn attribute(&[name, name_length, value, value_length]: &[u32; 4]) -> wit::Attribute {
    wit::Attribute { name: span(name, name_length), value: span(value, value_length) }
}

fn alert(&[event, symptom, change, offset, length, attributes]: &[u32; 6]) -> wit::Alert {
    wit::Alert { event, symptom, change, summary: span(offset, length), attributes }
}

const fn span(offset: u32, length: u32) -> wit::Span {
    wit::Span { offset, length }
}
