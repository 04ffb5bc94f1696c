//! Silences, and how their matchers match alerts.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{pattern::Pattern, record::Alert};

/// The names that matchers and groupings know; any other name is a detail of the alert.
pub(crate) const NAMES: [&str; 8] = ["alert", "object", "group", "criticality", "impact", "symptom", "control", "id"];
/// The prefix of a detail's name, which may then be one of [`NAMES`].
pub(crate) const DETAIL: &str = "detail.";

/// Keeps matching alerts from being notified until it ends. They stay visible and count.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Silence {
    /// 16 hexadecimal digits, derived from the other fields.
    pub id: String,
    /// An alert is silenced if all of these match it; never empty.
    pub matchers: Vec<Matcher>,
    /// When it begins, on the host's clock.
    pub from_ns: u64,
    /// When it ends, on the host's clock.
    pub until_ns: u64,
    /// The person who added it.
    pub who: String,
    /// The reason that the person gave.
    pub why: String,
}

/// A condition on an alert: `alert`, `object`, `group`, `criticality`, or an attribute's name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Matcher {
    /// The name of what is matched.
    pub name: String,
    /// The pattern of its value.
    pub pattern: Pattern,
    /// The value must not match.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub negated: bool,
}

impl Silence {
    /// Returns whether the silence is in force at `wall_ns`.
    pub(crate) fn is_in_force(&self, wall_ns: u64) -> bool {
        self.from_ns <= wall_ns && wall_ns < self.until_ns
    }

    /// Returns whether all its matchers match.
    pub(crate) fn matches(&self, alert: &Alert) -> bool {
        !self.matchers.is_empty() && self.matchers.iter().all(|matcher| matcher.matches(alert))
    }
}

impl Matcher {
    /// Returns whether the matcher matches. An alert without the name has an empty value.
    pub(crate) fn matches(&self, alert: &Alert) -> bool {
        let mut values = values(&self.name, alert).peekable();
        let found = match values.peek() {
            None => self.pattern.matches(""),
            // A silence needs a member for certain: a group that the object may be in counts only
            // where the object must not be in it.
            Some(_) if self.name == "group" && !self.negated => {
                let certain = |group: &&str| !alert.uncertain_groups.iter().any(|one| one == group);
                values.filter(certain).any(|value| self.pattern.matches(value))
            }
            Some(_) => values.any(|value| self.pattern.matches(value)),
        };
        found != self.negated
    }
}

/// Returns the values that an alert has under a name that a matcher or a grouping knows.
pub(crate) fn values<'a>(name: &'a str, alert: &'a Alert) -> Box<dyn Iterator<Item = &'a str> + 'a> {
    match name {
        "alert" => Box::new(std::iter::once(alert.definition.as_str())),
        "object" => Box::new(std::iter::once(alert.object.as_str())),
        "criticality" => Box::new(std::iter::once(alert.criticality.as_str())),
        "impact" => Box::new(std::iter::once(alert.impact.as_str())),
        "group" => Box::new(alert.groups.iter().map(String::as_str)),
        "symptom" => Box::new(alert.symptoms.iter().map(String::as_str)),
        "control" => Box::new(alert.controls.iter().map(String::as_str)),
        "id" => Box::new(std::iter::once(alert.id.as_str())),
        name => {
            let detail = name.strip_prefix(DETAIL).unwrap_or(name);
            let named = alert.attributes.iter().filter(move |(one, _)| one == detail);
            Box::new(named.map(|(_, value)| value.as_str()))
        }
    }
}
