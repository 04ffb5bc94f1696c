//! Rules as `status` shows them.

use lifesigns_model::{RuleLane, ShadowDiff};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A rule that runs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct RuleStatus {
    /// Its name.
    pub name: String,
    /// Whether it is the live version or its shadow.
    pub lane: RuleLane,
    /// Its module's name and version.
    pub module: String,
    /// `sha256:…` of the module.
    pub digest: String,
    /// Events on which it failed.
    pub failed: u64,
    /// Events that it was not shown because it was paused, or because there was no room for its
    /// answers.
    pub missed: u64,
    /// How often it was paused because it had used more than its budget.
    pub over_budget: u64,
    /// Whether an operator has paused it: it is shown nothing until it is released.
    pub paused: bool,
    /// Until when it is paused because it failed or was over its budget, on the host's clock; `None` if it is not.
    pub paused_until_ns: Option<u64>,
    /// Events that it was shown.
    pub events: u64,
    /// CPU over the last seconds, in microseconds per second.
    pub cpu_us_per_s: u64,
    /// CPU that it has used since the host started, in nanoseconds.
    pub cpu_ns: u64,
    /// Raises and clears in total.
    pub signs: u64,
    /// Raises and clears over the last seconds, in thousandths per second.
    pub signs_per_1000_s: u64,
    /// State that is stored for it, in bytes.
    pub state_bytes: u64,
    /// Lines of its log that were left out because it wrote too many.
    pub log_lines_left_out: u64,
    /// Raises and failures of which it is not kept what the rule was given: too many at once, or too large.
    pub calls_left_out: u64,
    /// Its last error; empty if there was none.
    pub last_error: String,
}

/// A rule and its shadow, compared.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct RuleDiff {
    /// The live version.
    pub live: RuleStatus,
    /// The shadow.
    pub shadow: RuleStatus,
    /// What both, and what only one of them said, and what that cost.
    pub diff: ShadowDiff,
}

/// A rule that does not run, or only in its old version.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct RefusedRule {
    /// Its name.
    pub name: String,
    /// Whether it is the live version or its shadow.
    pub lane: RuleLane,
    /// Why, and what to do about it.
    pub why: String,
    /// `sha256:…` of its module; empty where that could not be read.
    pub digest: String,
}

/// A rule that lies in the rules folder and is not to run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct DisabledRule {
    /// Its name.
    pub name: String,
    /// Whether it is the live version or its shadow.
    pub lane: RuleLane,
}

/// A rule whose module is being compiled; an old version of it may run meanwhile.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct CompilingRule {
    /// Its name.
    pub name: String,
    /// Whether it is the live version or its shadow.
    pub lane: RuleLane,
    /// `sha256:…` of its module.
    pub digest: String,
    /// Since when, on the host's clock.
    pub since_ns: u64,
    /// An old version runs meanwhile.
    pub old_version_runs: bool,
}
