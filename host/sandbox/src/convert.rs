//! From the contract's types, as a guest returned them, to the model's.

use std::collections::HashSet;

use lifesigns_model::{Answer, Batch, CellError, Change, Condition, Criticality, Description, Impact, Interest, Kind};
use lifesigns_model::{Kinds, Limits, Subject, Symptom, Test, Wants};

use crate::bindings::lifesigns::rule::types as wit;

/// The batch, borrowed, in the contract's type.
pub(crate) fn batch(batch: &Batch) -> wit::Batch<'_> {
    wit::Batch {
        text: &batch.text,
        times_ns: &batch.times_ns,
        kinds: &batch.kinds,
        spans: &batch.spans,
        numbers: &batch.numbers,
    }
}

/// Checks a guest's alerts against the batch, the description and the limits, and lays them flat.
pub(crate) fn answer(
    alerts: &[wit::Alert],
    events: usize,
    symptoms: usize,
    limits: &Limits,
    answer: &mut Answer,
) -> Result<(), CellError> {
    let most = limits.alerts_per_event.saturating_mul(events);
    if alerts.len() > most {
        let limit = limits.alerts_per_event;
        let text = format!("{} alerts for {events} events; the limit is {limit} an event", alerts.len());
        return Err(CellError::Answer(text));
    }
    for alert in alerts {
        if alert.event as usize >= events {
            return Err(CellError::Answer(format!("it names event {} of a batch of {events}", alert.event)));
        }
        if alert.symptom as usize >= symptoms {
            return Err(CellError::Answer(format!("it names symptom {}; {symptoms} are declared", alert.symptom)));
        }
        let attributes = alert.attributes.iter();
        let bytes =
            alert.summary.len() + attributes.clone().map(|(name, value)| name.len() + value.len()).sum::<usize>();
        if bytes > limits.alert_bytes {
            return Err(CellError::Answer(format!("an alert of {bytes} bytes; the limit is {}", limits.alert_bytes)));
        }
        if let Some(name) = repeated(&alert.attributes) {
            return Err(CellError::Answer(format!("an alert with two attributes `{name}`")));
        }
        let change = match alert.change {
            wit::Change::Raise => Change::Raise,
            wit::Change::Clear => Change::Clear,
        };
        let attributes = attributes.map(|(name, value)| (name.as_str(), value.as_str()));
        answer.push(alert.event, alert.symptom, change, &alert.summary, attributes);
    }
    Ok(())
}

/// A name that comes twice. A set, because a hostile answer can hold thousands of names.
fn repeated(attributes: &[(String, String)]) -> Option<&str> {
    if attributes.len() < 2 {
        return None;
    }
    let mut seen = HashSet::with_capacity(attributes.len());
    attributes.iter().map(|(name, _)| name.as_str()).find(|name| !seen.insert(*name))
}

/// The description in the model's types. It is not checked yet.
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

fn symptom(symptom: wit::Symptom) -> Symptom {
    Symptom {
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
    for (flag, kind) in
        [(wit::Kinds::LOG, Kind::Log), (wit::Kinds::FACT, Kind::Fact), (wit::Kinds::REMINDER, Kind::Reminder)]
    {
        if interest.kinds.contains(flag) {
            kinds.push(kind);
        }
    }
    Interest {
        kinds: Kinds::of(&kinds),
        contains: interest.contains,
        ignore_case: interest.ignore_case,
        conditions: interest.conditions.into_iter().map(condition).collect(),
    }
}

fn condition(condition: wit::Condition) -> Condition {
    Condition {
        subject: match condition.subject {
            wit::Subject::Field(name) => Subject::Field(name),
            wit::Subject::Property(name) => Subject::Property(name),
        },
        test: match condition.test {
            wit::Test::Present => Test::Present,
            wit::Test::Absent => Test::Absent,
            wit::Test::OneOf(list) => Test::OneOf(list),
            wit::Test::NoneOf(list) => Test::NoneOf(list),
            wit::Test::StartsWith(list) => Test::StartsWith(list),
            wit::Test::Contains(list) => Test::Contains(list),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::repeated;

    fn named(names: impl Iterator<Item = u32>) -> Vec<(String, String)> {
        names.map(|name| (name.to_string(), String::new())).collect()
    }

    #[test]
    fn the_first_name_that_comes_twice_is_found() {
        assert_eq!(repeated(&named([].into_iter())), None);
        assert_eq!(repeated(&named([7].into_iter())), None);
        assert_eq!(repeated(&named([1, 2, 3, 3, 1].into_iter())), Some("3"));
    }

    /// Comparing each with each would take minutes.
    #[test]
    fn many_names_are_no_way_to_hold_the_host_up() {
        assert_eq!(repeated(&named(0..400_000)), None);
        assert_eq!(repeated(&named((0..400_000).chain([399_999]))), Some("399999"));
    }
}
