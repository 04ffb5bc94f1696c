//! How a shadow compares with the live version of its rule.

use crate::{Change, RuleLane};

/// The comparison of a rule and its shadow over the time in which both ran. A raise or clear of one is
/// the same as one of the other if object, symptom, event time and the line that shows it are the same.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize, schemars::JsonSchema), serde(default))]
pub struct ShadowDiff {
    /// Since when both run, on the host's clock; 0 in a replay.
    pub since_ns: u64,
    /// What both said.
    pub both: ChangeCount,
    /// Of these, how many had another criticality, summary or attributes.
    pub reworded: u64,
    /// What only the live version said.
    pub only_live: ChangeCount,
    /// What only the shadow said.
    pub only_shadow: ChangeCount,
    /// Raises and clears that were not compared, because too many waited for the other version.
    pub not_compared: u64,
    /// The work of the live version.
    pub live: LaneWork,
    /// The work of the shadow.
    pub shadow: LaneWork,
    /// Examples of what only one of them said, those of the latest event times.
    pub examples: Vec<DiffExample>,
}

/// A number of raises and clears.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize, schemars::JsonSchema), serde(default))]
pub struct ChangeCount {
    /// Raises.
    pub raises: u64,
    /// Clears.
    pub clears: u64,
}

impl ChangeCount {
    /// Counts one.
    pub fn add(&mut self, change: Change) {
        match change {
            Change::Raise => self.raises += 1,
            Change::Clear => self.clears += 1,
        }
    }

    /// Returns raises and clears together.
    pub const fn total(self) -> u64 {
        self.raises + self.clears
    }
}

impl std::ops::AddAssign for ChangeCount {
    fn add_assign(&mut self, other: Self) {
        self.raises += other.raises;
        self.clears += other.clears;
    }
}

/// The work of one version while both ran.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize, schemars::JsonSchema), serde(default))]
pub struct LaneWork {
    /// Events that it was shown.
    pub events: u64,
    /// CPU for them, in nanoseconds; 0 in a replay.
    pub cpu_ns: u64,
    /// Events on which it failed.
    pub failed: u64,
    /// Events that it was not shown because it was paused, or because there was no room for its answers.
    pub missed: u64,
    /// How often it was paused because it had used more than its budget.
    pub over_budget: u64,
}

impl std::ops::AddAssign for LaneWork {
    fn add_assign(&mut self, other: Self) {
        self.events += other.events;
        self.cpu_ns += other.cpu_ns;
        self.failed += other.failed;
        self.missed += other.missed;
        self.over_budget += other.over_budget;
    }
}

/// Something that only one of the two versions said. Long texts are cut.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize, schemars::JsonSchema))]
pub struct DiffExample {
    /// The version that said it.
    pub lane: RuleLane,
    /// Event time, nanoseconds since the Unix epoch.
    pub time_ns: u64,
    /// The object.
    pub object: String,
    /// The symptom's id.
    pub symptom: String,
    /// Raise or clear.
    pub change: Change,
    /// One line for a person.
    pub summary: String,
    /// The source's name.
    pub source: String,
    /// The line's number in the source.
    pub line: u64,
    /// The raw line.
    pub text: String,
}
