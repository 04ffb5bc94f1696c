//! From the SDK's description to the model's.

use lifesigns_model::{
    Criticality, Description, EventKind, EventKinds, Impact, Interest, InterestCondition, Subject, SymptomDefinition,
    ValueTest, Wants,
};
use lifesigns_rule as sdk;

pub(crate) fn description(description: &sdk::Description) -> Description {
    Description {
        name: description.name.clone(),
        version: description.version.clone(),
        symptoms: description.symptoms.iter().map(symptom).collect(),
        interests: description.interests.iter().map(interest).collect(),
        wants: Wants {
            fields: description.wants.fields.clone(),
            properties: description.wants.properties.clone(),
            metrics: description.wants.metrics.clone(),
        },
        state_version: description.state_version,
        migrates_from: description.migrates_from,
    }
}

fn symptom(symptom: &sdk::Symptom) -> SymptomDefinition {
    SymptomDefinition {
        id: symptom.id.clone(),
        title: symptom.title.clone(),
        criticality: match symptom.criticality {
            sdk::Criticality::Information => Criticality::Information,
            sdk::Criticality::Warning => Criticality::Warning,
            sdk::Criticality::Immediate => Criticality::Immediate,
            sdk::Criticality::Critical => Criticality::Critical,
        },
        impact: match symptom.impact {
            sdk::Impact::Health => Impact::Health,
            sdk::Impact::Risk => Impact::Risk,
            sdk::Impact::Efficiency => Impact::Efficiency,
        },
        recommendation: symptom.recommendation.clone(),
        controls: symptom.controls.clone(),
        hold_ms: symptom.hold_ms,
    }
}

fn interest(interest: &sdk::Interest) -> Interest {
    let flags = [
        (sdk::Kinds::LOG, EventKind::Log),
        (sdk::Kinds::FACT, EventKind::Fact),
        (sdk::Kinds::REMINDER, EventKind::Reminder),
    ];
    let kinds: Vec<EventKind> =
        flags.into_iter().filter(|(flag, _)| interest.kinds & *flag == *flag).map(|(_, kind)| kind).collect();
    Interest {
        kinds: EventKinds::of(&kinds),
        contains: interest.contains.clone(),
        ignore_case: interest.ignore_case,
        conditions: interest.conditions.iter().map(condition).collect(),
    }
}

fn condition(condition: &sdk::Condition) -> InterestCondition {
    InterestCondition {
        subject: match &condition.subject {
            sdk::Subject::Field(name) => Subject::Field(name.clone()),
            sdk::Subject::Property(name) => Subject::Property(name.clone()),
        },
        test: match &condition.test {
            sdk::Test::Present => ValueTest::Present,
            sdk::Test::Absent => ValueTest::Absent,
            sdk::Test::OneOf(list) => ValueTest::OneOf(list.clone()),
            sdk::Test::NoneOf(list) => ValueTest::NoneOf(list.clone()),
            sdk::Test::StartsWith(list) => ValueTest::StartsWith(list.clone()),
            sdk::Test::Contains(list) => ValueTest::Contains(list.clone()),
        },
    }
}
