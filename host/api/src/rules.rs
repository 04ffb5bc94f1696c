//! Rules of a running host as operators see and change them.

use lifesigns_model::{Criticality, Impact, RuleLane};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A change of one rule. The rules folder is what holds it: it stays over a restart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RuleChange {
    /// Puts a module into the rules folder, as the live version or as the shadow.
    Load(Box<RuleUpload>),
    /// Takes the rule out of the rules folder. Its versions and its state stay.
    Unload,
    /// Runs it, after it was disabled.
    Enable,
    /// Keeps it in the rules folder and does not run it.
    Disable,
    /// Shows it nothing until it is released; what it misses is counted.
    Quarantine,
    /// Ends a pause, whether an operator, a failure or a budget caused it.
    Release,
    /// Puts the shadow in the place of the live version, with the shadow's state.
    Promote,
    /// Puts an earlier version in the place of the live one: the one before it, or the one of this number.
    Rollback(Option<u64>),
}

impl RuleChange {
    /// Returns the word for it, as commands and paths have it.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Load(_) => "load",
            Self::Unload => "unload",
            Self::Enable => "enable",
            Self::Disable => "disable",
            Self::Quarantine => "quarantine",
            Self::Release => "release",
            Self::Promote => "promote",
            Self::Rollback(_) => "rollback",
        }
    }
}

/// A module on its way into the rules folder.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RuleUpload {
    /// The module.
    pub module: Vec<u8>,
    /// The manifest's text; without one the present manifest stays, or an empty one is made.
    pub manifest: Option<String>,
    /// Whether it is to run beside the live version, as its shadow.
    pub shadow: bool,
}

/// A version of a rule that was live.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct RuleVersion {
    /// Its number; later ones are higher.
    pub number: u64,
    /// Whether it is live.
    pub live: bool,
    /// Whether the state that it had is set aside, so that a rollback finds it.
    pub has_state: bool,
    /// When it became live, on the host's clock.
    pub time_ns: u64,
    /// Who made it live.
    pub who: String,
    /// How: loaded, promoted, rolled back to.
    pub action: String,
    /// The module's name and version.
    pub module: String,
    /// `sha256:…` of the module.
    pub digest: String,
}

/// A symptom that a rule which runs can raise.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RuleSymptom {
    /// `RULE/SYMPTOM`.
    pub name: String,
    /// One line for a person.
    pub title: String,
    /// How bad it is.
    pub criticality: Criticality,
    /// What suffers.
    pub impact: Impact,
    /// What a person should do; may be empty.
    pub recommendation: String,
    /// Controls such as `CIS-Docker-1.6:5.4`.
    pub controls: Vec<String>,
    /// It clears by itself after this long without a raise, in milliseconds; 0 for never.
    pub hold_ms: u64,
}

/// Where a tap is read, and of which version.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct TapQuery {
    /// Read events with numbers from this one on.
    pub from: u64,
    /// The live version or the shadow.
    pub lane: RuleLane,
}
