//! Checks of a description: everything that later code relies on.

use std::collections::HashSet;

use lifesigns_model::{Description, Interest, Kind, limits};

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
    let wants = &description.wants;
    for (what, names) in [("field", &wants.fields), ("property", &wants.properties), ("metric", &wants.metrics)] {
        at_most(what, names.len(), limits::WANTS)?;
        let mut seen = HashSet::new();
        if let Some(twice) = names.iter().find(|name| !seen.insert(*name)) {
            return Err(format!("it wants the {what} `{twice}` twice"));
        }
    }
    if description.wants_kind(Kind::Fact) && wants.properties.is_empty() && wants.metrics.is_empty() {
        return Err("it has an interest in facts but wants no property and no metric".into());
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
    if name.is_empty() || name.len() > 128 || !name.bytes().all(fine) {
        return Err(format!("{what} is {name:?}; allowed are 1 to 128 of a-z, 0-9, `-`, `.` and `_`"));
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
    use lifesigns_model::{Criticality, Impact, Kinds, Symptom, Wants};

    use super::*;

    fn description() -> Description {
        Description {
            name: "x".into(),
            version: "1.0.0".into(),
            symptoms: vec![symptom("a")],
            interests: vec![Interest { kinds: Kinds::of(&[Kind::Log]), ..Interest::default() }],
            wants: Wants::default(),
        }
    }

    fn symptom(id: &str) -> Symptom {
        Symptom {
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
        refused(|it| it.interests[0].kinds = Kinds::default(), "no kind");
        refused(|it| it.interests[0].contains.push(String::new()), "0 bytes");
        refused(|it| it.interests[0].contains.push("x".repeat(1025)), "1025 bytes");
        refused(|it| it.interests[0].contains.push("a\u{FFFD}".into()), "U+FFFD");
        refused(|it| it.wants.fields = vec!["f".into(), "f".into()], "`f` twice");
        refused(|it| it.interests[0].kinds = Kinds::of(&[Kind::Fact]), "no property and no metric");
    }
}
