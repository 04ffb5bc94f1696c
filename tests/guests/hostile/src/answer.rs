//! The flat answer, and what can be wrong with one.

use lifesigns_rule::bindings::lifesigns::rule::types::{Alert, Answer, Attribute, Span};

use crate::settings::Act;

pub(crate) fn empty() -> Answer {
    Answer { text: String::new(), alerts: Vec::new(), attributes: Vec::new() }
}

fn append(text: &mut String, value: &str) -> Span {
    let span = Span { offset: text.len() as u32, length: value.len() as u32 };
    text.push_str(value);
    span
}

/// Raises the symptom.
pub(crate) fn seen(answer: &mut Answer, event: u32, summary: &str) {
    with_attributes(answer, event, summary, &[]);
}

/// Raises the symptom with attributes.
pub(crate) fn with_attributes(answer: &mut Answer, event: u32, summary: &str, pairs: &[(&str, &str)]) {
    let summary = append(&mut answer.text, summary);
    answer.alerts.push(Alert { event, symptom: 0, change: 0, summary, attributes: pairs.len() as u32 });
    for (name, value) in pairs {
        let attribute = Attribute { name: append(&mut answer.text, name), value: append(&mut answer.text, value) };
        answer.attributes.push(attribute);
    }
}

/// Two alerts with an attribute each, of which something is wrong with the second.
pub(crate) fn bend(act: Act, answer: &mut Answer, event: u32) {
    with_attributes(answer, event, "attributes", &[("näme", "välue")]);
    with_attributes(answer, event, "attributes", &[("näme", "välue")]);
    let bytes = answer.text.len() as u32;
    let (Some(alert), Some(attribute)) = (answer.alerts.last_mut(), answer.attributes.last_mut()) else { return };
    let (summary, name, value) = (&mut alert.summary, &mut attribute.name, &mut attribute.value);
    match act {
        Act::BadSymptom => alert.symptom = 7,
        Act::BadChange => alert.change = 2,
        Act::SummaryOutsideText => *summary = Span { offset: bytes, length: 1 },
        Act::SummaryOverflows => *summary = Span { offset: u32::MAX, length: u32::MAX },
        Act::SummaryOverlaps => summary.offset -= 1,
        Act::SummaryInsideCharacter => *summary = Span { offset: summary.offset, length: summary.length + 2 },
        Act::NameInsideCharacter => name.length -= 3,
        Act::ValueOutsideText => value.length += 1,
        Act::ValueOverflows => value.length = u32::MAX,
        Act::ValueBeforeName => std::mem::swap(name, value),
        Act::ManyAttributes => alert.attributes = u32::MAX,
        Act::NoAttributes => alert.attributes = 0,
        _ => answer.text.extend(std::iter::repeat_n('x', 1 << 20)),
    }
}
