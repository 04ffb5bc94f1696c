//! The identity of a rule: its name, and the lane that tells two versions of it apart that run side by
//! side.

use std::{borrow::Cow, fmt, sync::Arc};

/// The lane of a rule. Each lane has its own module, settings, instances, state, budgets and counters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize, schemars::JsonSchema),
    serde(rename_all = "lowercase")
)]
pub enum RuleLane {
    /// The version whose raises and clears count.
    #[default]
    Live,
    /// A version that is shown the same events, to be compared: its raises and clears go nowhere.
    Shadow,
    /// The version before the live one. It never runs: what it holds is set aside for a rollback.
    Previous,
}

impl RuleLane {
    /// Returns the word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Shadow => "shadow",
            Self::Previous => "previous",
        }
    }

    /// Returns a rule of this lane as people see it: its name, with ` (shadow)` behind it if it is one.
    pub fn label(self, name: &str) -> Cow<'_, str> {
        match self {
            Self::Live => Cow::Borrowed(name),
            Self::Shadow => Cow::Owned(format!("{name} (shadow)")),
            Self::Previous => Cow::Owned(format!("{name} (previous version)")),
        }
    }
}

/// The identity of a rule. Ordered by name, the live version before its shadow. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RuleKey {
    /// The rule's name.
    pub name: Arc<str>,
    /// The lane.
    pub lane: RuleLane,
}

impl RuleKey {
    /// Returns the identity of the live version of a rule.
    pub fn live(name: &str) -> Self {
        Self { name: name.into(), lane: RuleLane::Live }
    }

    /// Returns the identity of the shadow of a rule.
    pub fn shadow(name: &str) -> Self {
        Self { name: name.into(), lane: RuleLane::Shadow }
    }

    /// Returns the identity of the version before the live one, which never runs.
    pub fn previous(name: &str) -> Self {
        Self { name: name.into(), lane: RuleLane::Previous }
    }

    /// Returns whether it is a shadow.
    pub const fn is_shadow(&self) -> bool {
        matches!(self.lane, RuleLane::Shadow)
    }

    /// Returns whether it is of a version that never runs.
    pub const fn is_previous(&self) -> bool {
        matches!(self.lane, RuleLane::Previous)
    }

    /// Returns the rule as people see it; see [`RuleLane::label`].
    pub fn label(&self) -> Cow<'_, str> {
        self.lane.label(&self.name)
    }
}

impl fmt::Display for RuleKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.label())
    }
}

/// The live version of the rule of that name.
impl From<&str> for RuleKey {
    fn from(name: &str) -> Self {
        Self::live(name)
    }
}

/// The live version of the rule of that name.
impl From<&String> for RuleKey {
    fn from(name: &String) -> Self {
        Self::live(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shadow_follows_its_live_version_and_says_what_it_is() {
        let mut keys = [RuleKey::live("b"), RuleKey::shadow("a"), RuleKey::live("a"), RuleKey::live("a-b")];
        keys.sort();
        assert_eq!(keys.map(|key| key.to_string()), ["a", "a (shadow)", "a-b", "b"]);
        assert_eq!(RuleKey::from("a"), RuleKey::live("a"));
    }
}
