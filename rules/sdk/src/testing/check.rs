//! What the host refuses of a description and of an answer, with its words. The limits are those of the contract.

use std::collections::BTreeSet;

use crate::{Alert, Description, Interest, Kinds};

const NAME_BYTES: usize = 128;
const SYMPTOMS: usize = 256;
const INTERESTS: usize = 1024;
const LITERALS: usize = 10_000;
const LITERAL_BYTES: usize = 1024;
const WANTS: usize = 256;
const TITLE_BYTES: usize = 1024;
const RECOMMENDATION_BYTES: usize = 8192;
const ALERTS_PER_EVENT: usize = 16;
const ALERT_BYTES: usize = 16 << 10;

/// Returns why the host would not load a rule that describes itself so.
pub(super) fn description(description: &Description) -> Result<(), String> {
    name("the module's name", &description.name)?;
    at_most("symptoms", description.symptoms.len(), SYMPTOMS)?;
    at_most("interests", description.interests.len(), INTERESTS)?;
    if description.interests.is_empty() {
        return Err("it has no interest, so it would never see an event".to_owned());
    }
    let mut ids = BTreeSet::new();
    for symptom in &description.symptoms {
        name("a symptom's id", &symptom.id)?;
        if !ids.insert(&symptom.id) {
            return Err(format!("two symptoms are called `{}`", symptom.id));
        }
        bytes("a symptom's title", &symptom.title, TITLE_BYTES)?;
        bytes("a symptom's recommendation", &symptom.recommendation, RECOMMENDATION_BYTES)?;
    }
    description.interests.iter().try_for_each(interest)?;
    at_most("literals", description.interests.iter().map(|interest| interest.contains.len()).sum(), LITERALS)?;
    let wants = &description.wants;
    for (what, names) in [("field", &wants.fields), ("property", &wants.properties), ("metric", &wants.metrics)] {
        at_most(what, names.len(), WANTS)?;
        let mut seen = BTreeSet::new();
        if let Some(twice) = names.iter().find(|name| !seen.insert(*name)) {
            return Err(format!("it wants the {what} `{twice}` twice"));
        }
    }
    let sees_facts = description.interests.iter().any(|interest| interest.kinds & Kinds::FACT == Kinds::FACT);
    if sees_facts && wants.properties.is_empty() && wants.metrics.is_empty() {
        return Err("it has an interest in facts but wants no property and no metric".to_owned());
    }
    let (version, from) = (description.state_version, description.migrates_from);
    if from > version {
        return Err(format!("it migrates state from version {from} on, and its own is {version}"));
    }
    Ok(())
}

fn interest(interest: &Interest) -> Result<(), String> {
    if interest.kinds == Kinds::empty() {
        return Err("an interest names no kind of event".to_owned());
    }
    for literal in &interest.contains {
        if literal.is_empty() || literal.len() > LITERAL_BYTES {
            return Err(format!("a literal has {} bytes; 1 to {LITERAL_BYTES} are allowed", literal.len()));
        }
        if literal.contains('\u{FFFD}') {
            return Err("a literal contains U+FFFD, which stands for bytes that are not UTF-8".to_owned());
        }
    }
    Ok(())
}

fn name(what: &str, name: &str) -> Result<(), String> {
    let fine = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'.' | b'_');
    if name.is_empty() || name.len() > NAME_BYTES || !name.bytes().all(fine) {
        return Err(format!("{what} is \"{name}\"; allowed are 1 to {NAME_BYTES} of a-z, 0-9, `-`, `.` and `_`"));
    }
    Ok(())
}

fn at_most(what: &str, count: usize, limit: usize) -> Result<(), String> {
    if count > limit {
        return Err(format!("it has {count} of {what}; the limit is {limit}"));
    }
    Ok(())
}

fn bytes(what: &str, text: &str, most: usize) -> Result<(), String> {
    if text.len() > most {
        return Err(format!("{what} has {} bytes; at most {most} are allowed", text.len()));
    }
    Ok(())
}

/// Returns why the host would discard this answer to one event, under the default limits.
pub(super) fn answer(alerts: &[Alert]) -> Result<(), String> {
    if alerts.len() > ALERTS_PER_EVENT {
        return Err(format!("{} alerts for one event; the limit is {ALERTS_PER_EVENT}", alerts.len()));
    }
    for alert in alerts {
        let attributes = alert.attributes.iter().map(|(name, value)| name.len() + value.len());
        let bytes = alert.summary.len() + attributes.sum::<usize>();
        if bytes > ALERT_BYTES {
            return Err(format!("an alert of {bytes} bytes; the limit is {ALERT_BYTES}"));
        }
        let mut names = BTreeSet::new();
        if let Some((name, _)) = alert.attributes.iter().find(|(name, _)| !names.insert(name)) {
            return Err(format!("an alert with two attributes `{name}`"));
        }
    }
    Ok(())
}
