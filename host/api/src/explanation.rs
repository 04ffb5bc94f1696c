//! Explanations: why a rule raised a symptom or failed, shown by running it again; and which rules would see a line.

use lifesigns_model::{InterestMatch, RuleLane, TapAnswer, TapEvent};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Why an alert is there: what its rules were given, and whether they answer the same again.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct AlertExplanation {
    /// The alert's id.
    pub alert: String,
    /// Its definition.
    pub definition: String,
    /// The object.
    pub object: String,
    /// When it opened, event time.
    pub opened_ns: u64,
    /// The last raise that was kept of each of its symptoms.
    pub calls: Vec<ExplainedCall>,
    /// What is not kept, a line a symptom.
    pub not_kept: Vec<String>,
}

/// The result of running a rule again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum CallVerdict {
    /// It answered the same, or failed in the same way.
    Reproduced,
    /// It did not.
    Differs,
    /// It was not run again.
    #[default]
    NotRun,
}

/// What a rule was given once, and what it answers to the same now.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct ExplainedCall {
    /// The rule.
    pub rule: String,
    /// The version that it was.
    pub lane: RuleLane,
    /// The symptom that it raised; empty if it failed.
    pub symptom: String,
    /// The object.
    pub object: String,
    /// The source of the line that shows it.
    pub source: String,
    /// That line's number.
    pub line: u64,
    /// The module's name and version; empty if it was not run.
    pub module: String,
    /// `sha256:…` of the module.
    pub digest: String,
    /// `sha256:…` of the settings.
    pub settings_digest: String,
    /// The settings, as JSON.
    pub settings: String,
    /// The keys of the state that the object had before.
    pub state: Vec<String>,
    /// What it was given, the event in question last, and what it answered then.
    pub given: Vec<TapEvent>,
    /// The rule's interests, held against that event.
    pub interests: Vec<InterestMatch>,
    /// Whether it does the same again.
    pub verdict: CallVerdict,
    /// What differs, or why it was not run.
    pub reasons: Vec<String>,
    /// What it answers now.
    pub answers: Vec<TapAnswer>,
    /// Why it gives no answer now; empty if it does.
    pub error: String,
    /// What the version that runs now does with the same, if that is another one.
    pub live: String,
}

/// A line as it was decoded, to be held against all rules.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct LineQuestion {
    /// The object that it is about; its properties as they are now count.
    pub object: String,
    /// The program that wrote it.
    pub app: Option<String>,
    /// The message.
    pub message: String,
    /// Names and values of its fields.
    pub fields: Vec<(String, String)>,
    /// Properties of the object that count in place of those that it has.
    pub properties: Vec<(String, String)>,
}

/// Whether a rule would be given a line, and why.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct RuleSight {
    /// The rule.
    pub rule: String,
    /// The live version or its shadow.
    pub lane: RuleLane,
    /// Whether it would be given the line now.
    pub sees: bool,
    /// Why it would not, whatever its interests are: disabled, refused, paused; empty if it runs.
    pub state: String,
    /// Its interests, held against the line; none of a rule that does not run.
    pub interests: Vec<InterestMatch>,
}

/// Which rules would be given a line.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct LineExplanation {
    /// The object, by its own name.
    pub object: String,
    /// Whether the object is known.
    pub known: bool,
    /// The properties that were held against conditions.
    pub properties: Vec<(String, String)>,
    /// All rules, by name, the live version before its shadow.
    pub rules: Vec<RuleSight>,
}
