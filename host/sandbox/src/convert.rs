//! Conversions between the contract's types and the model's.

use lifesigns_model::{
    Criticality, Description, EventBatch, EventKind, EventKinds, Impact, Interest, InterestCondition, Subject,
    SymptomDefinition, ValueTest, Wants,
};

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
        state_version: description.state_version,
        migrates_from: description.migrates_from,
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
