//! What it shall do.

use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Settings {
    /// The wrong thing.
    #[serde(rename = "do", default)]
    pub(crate) act: Act,
    /// Literals of its interest; none: every log record.
    #[serde(default)]
    pub(crate) contains: Vec<String>,
}

#[derive(Clone, Copy, Default, Deserialize, PartialEq)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Act {
    #[default]
    Ok,
    // In `evaluate`.
    Loop,
    Trap,
    Panic,
    Recurse,
    GrowMemory,
    // In what it answers.
    FloodAlerts,
    HugeSummary,
    HugeAttributes,
    SameAttributeTwice,
    BadEventIndex,
    BadSymptom,
    BadChange,
    SummaryOutsideText,
    SummaryOverflows,
    SummaryOverlaps,
    SummaryInsideCharacter,
    NameInsideCharacter,
    ValueOutsideText,
    ValueOverflows,
    ValueBeforeName,
    ManyAttributes,
    NoAttributes,
    /// 1 MiB of text that no span names.
    TextLeftOver,
    ReadsUndeclared,
    // In how it calls the host.
    StateFlood,
    HugeValue,
    StateOutsideBatch,
    ReminderWithoutInterest,
    LogFlood,
    // Each event within every limit of one call.
    /// Computes for a good while.
    Slow,
    /// As many and as large alerts as one event may have.
    Alerts,
    /// Holds 200 values of 64 KiB on each object.
    Hoard,
    /// A thousand counters on each event.
    Counters,
    /// Sets a reminder for the next millisecond, raises when it comes, and sets the next.
    Reminders,
    // In `describe`.
    LoopInDescribe,
    PanicInDescribe,
    RefuseSettings,
    EmptyLiteral,
    HugeLiteral,
    ManyLiterals,
    DuplicateSymptoms,
    BadSymptomId,
    NoSymptoms,
    NoKinds,
    BadName,
    HugeTitle,
    HugeRecommendation,
    HugeVersion,
    EscapesInVersion,
    HugeSettingsError,
    EscapesInSettingsError,
    /// Takes 24 MiB of memory and keeps them.
    KeepsMemory,
    NestedLiterals,
    ManyConditions,
    ManyContains,
    ManyValues,
    /// As many conditions as a rule may have, each in an interest of its own.
    MostConditions,
    /// An empty literal, and two symptoms of one id.
    BadDescription,
}
