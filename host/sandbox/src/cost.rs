//! The work of the host for a rule on each line: literals and conditions have bounds, because the host
//! evaluates them outside of any deadline.

use lifesigns_model::{Description, EventKind, Subject, ValueTest, limits};

/// Returns why a rule would cost too much; for its author.
pub(crate) fn check(description: &Description) -> Result<(), String> {
    let (mut conditions, mut contains, mut values, mut on_properties, mut on_messages) = (0, 0, 0, 0, 0);
    for interest in &description.interests {
        let is_message = interest.kinds.has(EventKind::Fact) || interest.kinds.has(EventKind::Reminder);
        on_messages += usize::from(is_message && !interest.contains.is_empty());
        let is_property = |subject: &Subject| matches!(subject, Subject::Property(_));
        on_properties += usize::from(interest.conditions.iter().any(|condition| is_property(&condition.subject)));
        conditions += interest.conditions.len();
        for condition in &interest.conditions {
            let list = match &condition.test {
                ValueTest::Present | ValueTest::Absent => continue,
                ValueTest::OneOf(list)
                | ValueTest::NoneOf(list)
                | ValueTest::StartsWith(list)
                | ValueTest::Contains(list) => list,
            };
            contains += usize::from(matches!(condition.test, ValueTest::Contains(_)));
            values += list.len();
        }
    }
    for (what, count, limit) in [
        ("conditions", conditions, limits::CONDITIONS),
        ("conditions that look for a text within a value", contains, limits::CONTAINS_CONDITIONS),
        ("values in its conditions", values, limits::CONDITION_VALUES),
        ("interests with conditions on properties", on_properties, limits::PROPERTY_INTERESTS),
        ("interests in facts or reminders with literals", on_messages, limits::MESSAGE_INTERESTS),
    ] {
        if count > limit {
            return Err(format!("it has {count} {what}; the limit is {limit}"));
        }
    }
    nesting(description)
}

/// Literals of different interests that end with each other: each place where the longest ends is a hit
/// of all of them. Within one interest only the shortest counts.
fn nesting(description: &Description) -> Result<(), String> {
    let mut endings: Vec<String> = Vec::new();
    for interest in &description.interests {
        let mut mine: Vec<String> = interest.contains.iter().map(|text| reversed(text)).collect();
        mine.sort_unstable();
        mine.dedup_by(|next, kept| next.starts_with(kept.as_str()));
        endings.extend(mine);
    }
    endings.sort_unstable();
    endings.dedup();
    let mut chain: Vec<&str> = Vec::new();
    for ending in &endings {
        while chain.last().is_some_and(|last| !ending.starts_with(last)) {
            chain.pop();
        }
        chain.push(ending);
        if chain.len() > limits::LITERAL_NESTING {
            let shortest: String = chain[0].chars().rev().take(60).collect();
            return Err(format!(
                "more than {} of its literals end with {shortest:?} and with each other; keep the shortest",
                limits::LITERAL_NESTING
            ));
        }
    }
    Ok(())
}

/// Case does not matter here: literals that ignore it may end with each other where others do not.
fn reversed(text: &str) -> String {
    text.chars().rev().map(|char| char.to_ascii_lowercase()).collect()
}

#[cfg(test)]
mod tests {
    use lifesigns_model::{EventKinds, Interest, InterestCondition};

    use super::*;

    fn with(interests: Vec<Interest>) -> Result<(), String> {
        check(&Description { interests, ..Description::default() })
    }

    fn literals(list: impl IntoIterator<Item = String>) -> Interest {
        Interest { contains: list.into_iter().collect(), ..Interest::default() }
    }

    fn of_facts(literal: &str) -> Interest {
        Interest { kinds: EventKinds::of(&[EventKind::Fact]), ..literals([literal.to_owned()]) }
    }

    fn conditions(many: usize, subject: impl Fn(String) -> Subject, test: &ValueTest) -> Interest {
        let condition = |number| InterestCondition { subject: subject(format!("name-{number}")), test: test.clone() };
        Interest { conditions: (0..many).map(condition).collect(), ..Interest::default() }
    }

    #[test]
    fn literals_that_end_with_each_other_are_bounded_over_interests() {
        let nested = |range: std::ops::Range<usize>| range.map(|len| "a".repeat(len));
        assert_eq!(with(vec![literals(nested(7..1007))]), Ok(()), "within one interest the shortest is enough");
        assert_eq!(with(nested(7..15).map(|text| literals([text])).collect()), Ok(()));
        let why = with(nested(7..16).map(|text| literals([text])).collect()).expect_err("nine");
        assert!(why.contains("more than 8 of its literals end with \"aaaaaaa\""), "{why}");
        let mixed = (7..16).map(|len| if len % 2 == 0 { "a".repeat(len) } else { "A".repeat(len) });
        with(mixed.map(|text| literals([text])).collect()).expect_err("case does not matter");
        let apart = (0..1000).map(|number| literals([format!("user {number} logged in")])).collect();
        assert_eq!(with(apart), Ok(()));
    }

    #[test]
    fn conditions_are_bounded() {
        let value = |len: usize| vec!["x".repeat(len)];
        let field = |test: &ValueTest, many| conditions(many, Subject::Field, test);
        for (interests, expected) in [
            (vec![field(&ValueTest::Present, 1024)], None),
            (
                vec![field(&ValueTest::Present, 1000), field(&ValueTest::Absent, 25)],
                Some("1025 conditions; the limit is 1024"),
            ),
            (vec![field(&ValueTest::Contains(value(1)), 64)], None),
            (
                vec![field(&ValueTest::Contains(value(1)), 65)],
                Some("65 conditions that look for a text within a value"),
            ),
            (vec![field(&ValueTest::OneOf(vec![String::new(); 10_001]), 1)], Some("10001 values in its conditions")),
            (
                vec![conditions(1, Subject::Property, &ValueTest::Present); 65],
                Some("65 interests with conditions on prop"),
            ),
            (vec![of_facts("x"); 64], None),
            (vec![of_facts("x"); 65], Some("65 interests in facts or reminders with literals; the limit is 64")),
        ] {
            let outcome = with(interests);
            match expected {
                None => assert_eq!(outcome, Ok(())),
                Some(expected) => {
                    let why = outcome.expect_err(expected);
                    assert!(why.contains(expected), "{why}");
                }
            }
        }
    }
}
