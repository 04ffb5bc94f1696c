//! Checks of a description: everything that later code relies on.

use std::collections::HashSet;

use lifesigns_model::{Description, EventKind, Interest, Subject, ValueTest, limits};
use lifesigns_text::{quoted, visible};

use crate::cost;

/// A module's name, or a symptom's.
const NAME_BYTES: usize = 128;

/// Why a description is not acceptable; for the rule's author.
pub(crate) fn check(description: &Description) -> Result<(), String> {
    name("the module's name", &description.name)?;
    at_most("symptoms", description.symptoms.len(), limits::SYMPTOMS)?;
    at_most("interests", description.interests.len(), limits::INTERESTS)?;
    if description.interests.is_empty() {
        return Err("it has no interest, so it would never see an event".into());
    }
    let mut ids = HashSet::new();
    for symptom in &description.symptoms {
        name("a symptom's id", &symptom.id)?;
        if !ids.insert(&symptom.id) {
            return Err(format!("two symptoms are called `{}`", symptom.id));
        }
    }
    for interest in &description.interests {
        check_interest(interest)?;
    }
    let literals = description.interests.iter().map(|interest| interest.contains.len()).sum();
    at_most("literals", literals, limits::LITERALS)?;
    cost::check(description)?;
    let wants = &description.wants;
    for (what, names) in [("field", &wants.fields), ("property", &wants.properties), ("metric", &wants.metrics)] {
        at_most(what, names.len(), limits::WANTS)?;
        let mut seen = HashSet::new();
        if let Some(twice) = names.iter().find(|name| !seen.insert(*name)) {
            return Err(format!("it wants the {what} `{}` twice", visible(twice)));
        }
    }
    if description.wants_kind(EventKind::Fact) && wants.properties.is_empty() && wants.metrics.is_empty() {
        return Err("it has an interest in facts but wants no property and no metric".into());
    }
    let (version, from) = (description.state_version, description.migrates_from);
    if from > version {
        return Err(format!("it migrates state from version {from} on, and its own is {version}"));
    }
    texts(description)
}

/// Every text is bounded, and all of them together.
fn texts(description: &Description) -> Result<(), String> {
    let mut all_bytes = 0;
    let mut text = |what: &str, text: &str, most: usize| {
        all_bytes += text.len();
        if text.len() > most {
            return Err(format!("{what} has {} bytes; at most {most} are allowed", text.len()));
        }
        if all_bytes > limits::DESCRIPTION_BYTES {
            return Err(format!("its texts have more than {} bytes together", limits::DESCRIPTION_BYTES));
        }
        Ok(())
    };
    text("the module's version", &description.version, limits::VERSION_BYTES)?;
    for symptom in &description.symptoms {
        text("a symptom's id", &symptom.id, NAME_BYTES)?;
        text("a symptom's title", &symptom.title, limits::TITLE_BYTES)?;
        text("a symptom's recommendation", &symptom.recommendation, limits::RECOMMENDATION_BYTES)?;
        at_most("controls of one symptom", symptom.controls.len(), limits::CONTROLS)?;
        for control in &symptom.controls {
            text("a symptom's control", control, limits::CONTROL_BYTES)?;
        }
    }
    let wants = &description.wants;
    for name in [&wants.fields, &wants.properties, &wants.metrics].into_iter().flatten() {
        text("a name that it wants", name, limits::WANT_BYTES)?;
    }
    for interest in &description.interests {
        for literal in &interest.contains {
            text("a literal", literal, limits::LITERAL_BYTES)?;
        }
        for condition in &interest.conditions {
            let (Subject::Field(name) | Subject::Property(name)) = &condition.subject;
            text("a condition's subject", name, limits::WANT_BYTES)?;
            let (ValueTest::OneOf(list)
            | ValueTest::NoneOf(list)
            | ValueTest::StartsWith(list)
            | ValueTest::Contains(list)) = &condition.test
            else {
                continue;
            };
            for value in list {
                text("a condition's value", value, limits::LITERAL_BYTES)?;
            }
        }
    }
    if description.version.chars().any(char::is_control) {
        return Err("the module's version contains control characters".into());
    }
    Ok(())
}

fn check_interest(interest: &Interest) -> Result<(), String> {
    if interest.kinds.is_empty() {
        return Err("an interest names no kind of event".into());
    }
    for literal in &interest.contains {
        if literal.is_empty() || literal.len() > limits::LITERAL_BYTES {
            return Err(format!("a literal has {} bytes; 1 to {} are allowed", literal.len(), limits::LITERAL_BYTES));
        }
        if literal.contains('\u{FFFD}') {
            return Err("a literal contains U+FFFD, which stands for bytes that are not UTF-8".into());
        }
    }
    Ok(())
}

fn name(what: &str, name: &str) -> Result<(), String> {
    let fine = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'.' | b'_');
    if name.is_empty() || name.len() > NAME_BYTES || !name.bytes().all(fine) {
        return Err(format!(
            "{what} is \"{}\"; allowed are 1 to {NAME_BYTES} of a-z, 0-9, `-`, `.` and `_`",
            quoted(name, NAME_BYTES)
        ));
    }
    Ok(())
}

fn at_most(what: &str, count: usize, limit: usize) -> Result<(), String> {
    if count > limit {
        return Err(format!("it has {count} of {what}; the limit is {limit}"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use lifesigns_model::{Criticality, EventKinds, Impact, InterestCondition, SymptomDefinition};

    use super::*;

    fn description() -> Description {
        Description {
            name: "x".into(),
            version: "1.0.0".into(),
            symptoms: vec![symptom("a")],
            interests: vec![Interest { kinds: EventKinds::of(&[EventKind::Log]), ..Interest::default() }],
            ..Description::default()
        }
    }

    fn symptom(id: &str) -> SymptomDefinition {
        SymptomDefinition {
            id: id.into(),
            title: String::new(),
            criticality: Criticality::Warning,
            impact: Impact::Risk,
            recommendation: String::new(),
            controls: vec![],
            hold_ms: 0,
        }
    }

    fn refused(change: impl FnOnce(&mut Description), with: &str) {
        let mut description = description();
        change(&mut description);
        let why = check(&description).expect_err(with);
        assert!(why.contains(with), "{why}");
    }

    #[test]
    fn each_rule_of_the_contract_is_checked() {
        assert_eq!(check(&description()), Ok(()));
        refused(|it| it.symptoms.push(symptom("a")), "two symptoms are called `a`");
        refused(|it| it.symptoms.push(symptom("A b")), "a symptom's id");
        refused(|it| it.name.clear(), "the module's name");
        refused(|it| it.interests.clear(), "no interest");
        refused(|it| it.interests[0].kinds = EventKinds::default(), "no kind");
        refused(|it| it.migrates_from = 1, "from version 1 on, and its own is 0");
        refused(|it| it.interests[0].contains.push(String::new()), "0 bytes");
        refused(|it| it.interests[0].contains.push("x".repeat(1025)), "1025 bytes");
        refused(|it| it.version = "1".repeat(70_000), "the module's version has 70000 bytes; at most 128");
        refused(|it| it.version = "1\x1b[2J".into(), "control characters");
        refused(|it| it.symptoms[0].title = "x".repeat(6 << 20), "a symptom's title has 6291456 bytes; at most 1024");
        refused(|it| it.symptoms[0].recommendation = "x".repeat(8193), "a symptom's recommendation has 8193 bytes");
        refused(|it| it.symptoms[0].controls = vec![String::new(); 65], "65 of controls");
        refused(|it| it.symptoms[0].controls = vec!["x".repeat(257)], "a symptom's control has 257 bytes");
        refused(|it| it.wants.metrics = vec!["x".repeat(257)], "a name that it wants has 257 bytes");
        refused(|it| it.name = "X".repeat(1 << 20), "… (1048576 bytes)");
        refused(|it| it.interests[0].contains.push("a\u{FFFD}".into()), "U+FFFD");
        refused(|it| it.wants.fields = vec!["f".into(), "f".into()], "`f` twice");
        refused(|it| it.interests[0].kinds = EventKinds::of(&[EventKind::Fact]), "no property and no metric");
        let condition = |value: usize| InterestCondition {
            subject: Subject::Field("f".into()),
            test: ValueTest::OneOf(vec!["x".repeat(value); 3000]),
        };
        refused(|it| it.interests[0].conditions.push(condition(1025)), "a condition's value has 1025 bytes");
        refused(|it| it.interests[0].conditions.push(condition(1024)), "more than 2097152 bytes together");
    }
}
