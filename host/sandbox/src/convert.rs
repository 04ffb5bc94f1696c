//! Conversions from the contract's types, as a guest returned them, to the model's.

use std::collections::HashSet;

use lifesigns_model::{
    Criticality, Description, EventBatch, EventKind, EventKinds, Impact, InstanceError, Interest, InterestCondition,
    RuleAlertBatch,
};
use lifesigns_model::{Limits, Span, Subject, SymptomDefinition, ValueTest, Wants};
use lifesigns_text::quoted;

use crate::bindings::lifesigns::rule::types as wit;

/// Returns the batch, borrowed, as the contract's type.
pub(crate) fn batch(batch: &EventBatch) -> wit::Batch<'_> {
    wit::Batch {
        text: &batch.text,
        times_ns: &batch.times_ns,
        kinds: &batch.kinds,
        spans: &batch.spans,
        numbers: &batch.numbers,
    }
}

/// Checks a guest's alerts against the batch, the description and the limits.
pub(crate) fn check(
    answer: &RuleAlertBatch,
    events: usize,
    symptoms: usize,
    limits: &Limits,
) -> Result<(), InstanceError> {
    let most = limits.alerts_per_event.saturating_mul(events);
    let alerts = answer.rows.len();
    if alerts > most {
        let limit = limits.alerts_per_event;
        return Err(InstanceError::Answer(format!(
            "{alerts} alerts for {events} events; the limit is {limit} an event"
        )));
    }
    for alert in &answer.rows {
        if alert.event as usize >= events {
            return Err(InstanceError::Answer(format!("it names event {} of a batch of {events}", alert.event)));
        }
        if alert.symptom as usize >= symptoms {
            return Err(InstanceError::Answer(format!("it names symptom {}; {symptoms} are declared", alert.symptom)));
        }
        let attributes = &answer.attributes[alert.attributes_start as usize..alert.attributes_end as usize];
        let bytes = attributes
            .iter()
            .fold(alert.summary.len as usize, |bytes, (name, value)| bytes + name.len as usize + value.len as usize);
        if bytes > limits.alert_bytes {
            return Err(InstanceError::Answer(format!(
                "an alert of {bytes} bytes; the limit is {}",
                limits.alert_bytes
            )));
        }
        if let Some(name) = repeated(&answer.text, attributes) {
            return Err(InstanceError::Answer(format!("an alert with two attributes `{}`", quoted(name, 128))));
        }
    }
    Ok(())
}

/// Returns a name that comes twice. A few names are compared with each other, many through a set: a
/// hostile answer can have thousands of them.
fn repeated<'a>(text: &'a str, attributes: &[(Span, Span)]) -> Option<&'a str> {
    const FEW: usize = 8;
    let name = |(name, _): &(Span, Span)| name.str(text);
    if attributes.len() > FEW {
        let mut seen = HashSet::with_capacity(attributes.len());
        return attributes.iter().map(name).find(|name| !seen.insert(*name));
    }
    let before = |index: usize, other: &str| attributes[..index].iter().any(|earlier| name(earlier) == other);
    attributes.iter().map(name).enumerate().find(|(index, name)| before(*index, name)).map(|(_, name)| name)
}

/// Returns the description as the model's type. It is not checked yet.
pub(crate) fn description(description: wit::Description) -> Description {
    Description {
        name: description.name,
        version: description.version,
        symptoms: description.symptoms.into_iter().map(symptom).collect(),
        interests: description.interests.into_iter().map(interest).collect(),
        wants: Wants {
            fields: description.wants.fields,
            properties: description.wants.properties,
            metrics: description.wants.metrics,
        },
    }
}

fn symptom(symptom: wit::Symptom) -> SymptomDefinition {
    SymptomDefinition {
        id: symptom.id,
        title: symptom.title,
        criticality: match symptom.criticality {
            wit::Criticality::Information => Criticality::Information,
            wit::Criticality::Warning => Criticality::Warning,
            wit::Criticality::Immediate => Criticality::Immediate,
            wit::Criticality::Critical => Criticality::Critical,
        },
        impact: match symptom.impact {
            wit::Impact::Health => Impact::Health,
            wit::Impact::Risk => Impact::Risk,
            wit::Impact::Efficiency => Impact::Efficiency,
        },
        recommendation: symptom.recommendation,
        controls: symptom.controls,
        hold_ms: symptom.hold_ms,
    }
}

fn interest(interest: wit::Interest) -> Interest {
    let mut kinds = Vec::new();
    for (flag, kind) in [
        (wit::Kinds::LOG, EventKind::Log),
        (wit::Kinds::FACT, EventKind::Fact),
        (wit::Kinds::REMINDER, EventKind::Reminder),
    ] {
        if interest.kinds.contains(flag) {
            kinds.push(kind);
        }
    }
    Interest {
        kinds: EventKinds::of(&kinds),
        contains: interest.contains,
        ignore_case: interest.ignore_case,
        conditions: interest.conditions.into_iter().map(condition).collect(),
    }
}

fn condition(condition: wit::Condition) -> InterestCondition {
    InterestCondition {
        subject: match condition.subject {
            wit::Subject::Field(name) => Subject::Field(name),
            wit::Subject::Property(name) => Subject::Property(name),
        },
        test: match condition.test {
            wit::Test::Present => ValueTest::Present,
            wit::Test::Absent => ValueTest::Absent,
            wit::Test::OneOf(list) => ValueTest::OneOf(list),
            wit::Test::NoneOf(list) => ValueTest::NoneOf(list),
            wit::Test::StartsWith(list) => ValueTest::StartsWith(list),
            wit::Test::Contains(list) => ValueTest::Contains(list),
        },
    }
}

#[cfg(test)]
mod tests {
    use lifesigns_model::{Change, RuleAlertBatch};

    use super::repeated;

    fn found(names: impl IntoIterator<Item = u32>) -> Option<u32> {
        let names: Vec<String> = names.into_iter().map(|name| name.to_string()).collect();
        let mut answer = RuleAlertBatch::default();
        answer.push(0, 0, Change::Raise, "", names.iter().map(|name| (name.as_str(), "")));
        repeated(&answer.text, &answer.attributes).map(|name| name.parse().expect("a number"))
    }

    #[test]
    fn the_first_name_that_comes_twice_is_found() {
        assert_eq!(found([]), None);
        assert_eq!(found([7]), None);
        assert_eq!(found([1, 2, 3, 3, 1]), Some(3));
        assert_eq!(found((0..100).chain([50, 40])), Some(50));
    }

    /// Comparing each with each would take minutes.
    #[test]
    fn many_names_are_no_way_to_hold_the_host_up() {
        assert_eq!(found(0..400_000), None);
        assert_eq!(found((0..400_000).chain([399_999])), Some(399_999));
    }
}
