//! Compiled conditions: however long its list, a condition costs one pass over the value.

use std::collections::HashSet;

use aho_corasick::AhoCorasick;
use lifesigns_model::ValueTest;

use crate::cost_units::CONDITION_UNITS;

/// Up to this many values are compared one by one.
const FEW: usize = 8;

/// A compiled test.
pub(crate) enum CompiledTest {
    /// As it is.
    Plain(ValueTest),
    /// The value is one of these, or none of them.
    Among(HashSet<String>, bool),
    /// The value begins with one of these, which are sorted and of which none begins with another.
    StartsWith(Vec<String>),
    /// The value contains one of these.
    Contains(AhoCorasick),
}

impl CompiledTest {
    pub(crate) fn new(test: &ValueTest) -> Self {
        match test {
            ValueTest::OneOf(list) if list.len() > FEW => Self::Among(list.iter().cloned().collect(), true),
            ValueTest::NoneOf(list) if list.len() > FEW => Self::Among(list.iter().cloned().collect(), false),
            ValueTest::StartsWith(list) if list.len() > FEW => {
                let mut list = list.clone();
                list.sort_unstable();
                list.dedup_by(|next, kept| next.starts_with(kept.as_str()));
                Self::StartsWith(list)
            }
            ValueTest::Contains(list) if list.len() > FEW => match AhoCorasick::new(list) {
                Ok(automaton) => Self::Contains(automaton),
                Err(_) => Self::Plain(test.clone()),
            },
            _ => Self::Plain(test.clone()),
        }
    }

    /// Returns the cost of testing `value`, in [units](crate::cost_units).
    pub(crate) fn units(&self, value: Option<&str>) -> u64 {
        let bytes = value.map_or(0, str::len) as u64;
        let looked_through = match self {
            Self::Plain(ValueTest::Contains(list)) => bytes * list.len() as u64,
            Self::Contains(_) => bytes,
            _ => 0,
        };
        CONDITION_UNITS + looked_through
    }

    /// Returns whether `value` passes.
    pub(crate) fn passes(&self, value: Option<&str>) -> bool {
        match self {
            Self::Plain(test) => test.passes(value),
            Self::Among(list, wanted) => value.is_some_and(|value| list.contains(value)) == *wanted,
            Self::StartsWith(list) => value.is_some_and(|value| {
                let after = list.partition_point(|one| one.as_str() <= value);
                after.checked_sub(1).is_some_and(|at| value.starts_with(list[at].as_str()))
            }),
            Self::Contains(automaton) => value.is_some_and(|value| automaton.is_match(value)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn made_ready_it_judges_as_before() {
        let mut random = 13_u64;
        let mut next = |below: u64| {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (random >> 33) % below
        };
        let mut word = |most: u64| -> String { (0..next(most)).map(|_| char::from(b'a' + next(2) as u8)).collect() };
        let (mut passed, mut failed) = (0, 0);
        for _ in 0..300 {
            let list: Vec<String> = (0..20).map(|_| word(9)).collect();
            // An empty text begins everything and is in everything.
            let full: Vec<String> = list.iter().filter(|text| !text.is_empty()).cloned().collect();
            for test in [
                ValueTest::OneOf(list.clone()),
                ValueTest::NoneOf(list.clone()),
                ValueTest::StartsWith(list.clone()),
                ValueTest::StartsWith(full.clone()),
                ValueTest::Contains(list),
                ValueTest::Contains(full),
            ] {
                let check = CompiledTest::new(&test);
                assert!(!matches!(check, CompiledTest::Plain(_)));
                assert_eq!(check.passes(None), test.passes(None), "{test:?}");
                for _ in 0..20 {
                    let value = word(12);
                    let expected = test.passes(Some(&value));
                    assert_eq!(check.passes(Some(&value)), expected, "{test:?} of {value:?}");
                    *if expected { &mut passed } else { &mut failed } += 1;
                }
            }
        }
        assert!(passed > 1000 && failed > 1000, "{passed} passed, {failed} failed");
    }
}
