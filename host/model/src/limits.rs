//! Every bound of the host, unit last in its name.

/// Events in one batch at most.
pub const BATCH_EVENTS: usize = 256;
/// Text in one batch at most; a batch is handed over when it gets there.
pub const BATCH_BYTES: usize = 1 << 20;
/// A partly filled batch is handed over after this long.
pub const LINGER_US: u64 = 500;
/// Bytes of one chunk.
pub const CHUNK_BYTES: usize = 1 << 20;
/// Longest line; longer ones are truncated, and counted.
pub const LINE_BYTES: usize = 64 << 10;
/// Fields that a decoder keeps of one line; more are counted.
pub const FIELDS: usize = 256;
/// Bytes in flight between the sources and the shards.
pub const INFLIGHT_BYTES: usize = 64 << 20;
/// Observations that wait for the next checkpoint; with more, one is due.
pub const OBSERVATION_BYTES: usize = 16 << 20;
/// What a replay reads ahead of all its sources together, so that lines that stand out of order come in
/// order; see `ReplayOptions::default_disorder_bytes`.
pub const REPLAY_AHEAD_BYTES: usize = 64 << 20;
/// One chunk of each source of a replay together.
pub const REPLAY_CHUNKS_BYTES: usize = 4 << 20;
/// Wanted lines of all sources of a replay that wait to be evaluated.
pub const REPLAY_HELD_BYTES: usize = 24 << 20;
/// Chunks of a replay that threads have scanned before they are asked for.
pub const REPLAY_SCANNED_BYTES: usize = 4 << 20;
/// Windows of decoders of compressed sources that a replay keeps open at the same time.
pub const REPLAY_DECODERS_BYTES: usize = 16 << 20;
/// A module's file.
pub const MODULE_BYTES: u64 = 16 << 20;
/// An inventory or configuration file.
pub const TEXT_FILE_BYTES: u64 = 64 << 20;
/// A rule's manifest.
pub const MANIFEST_BYTES: u64 = 1 << 20;
/// Versions of a rule that its history keeps, with their modules.
pub const RULE_VERSIONS: usize = 10;
/// The file of a rule's history: a manifest for each version, and what else is known of it.
pub const HISTORY_BYTES: u64 = (RULE_VERSIONS as u64 + 1) * 2 * MANIFEST_BYTES;
/// Memory for events that rules were given, kept to be searched.
pub const KEPT_EVENTS_BYTES: usize = 64 << 20;
/// The part of a line that is kept to be searched.
pub const KEPT_EVENT_BYTES: usize = 8 * 1024;
/// Texts and state of one event that a rule was given, kept so that it can be run again.
pub const CALL_BYTES: usize = 32 * 1024;
/// State of one object that is kept with such an event.
pub const CALL_STATE_BYTES: usize = 8 * 1024;
/// Such events that are kept a second, of one rule in one shard.
pub const CALLS_PER_S: u32 = 32;
/// Such events on which a rule failed, of one rule; the latest are kept.
pub const FAILED_CALLS: usize = 8;
/// Events that a tap keeps until they are read.
pub const TAP_EVENTS: usize = 256;
/// A text in an event of a tap.
pub const TAP_TEXT_BYTES: usize = 512;

/// Longest literal of an interest.
pub const LITERAL_BYTES: usize = 1024;
/// Literals of one rule.
pub const LITERALS: usize = 10_000;
/// Literals of one rule of which each ends with the one before, within different interests: a place in
/// a line where the longest ends is a hit of all of them.
pub const LITERAL_NESTING: usize = 8;
/// Conditions of all interests of one rule.
pub const CONDITIONS: usize = 1024;
/// Of them those that look for texts anywhere in a value, which costs more the longer it is.
pub const CONTAINS_CONDITIONS: usize = 64;
/// Interests of one rule with conditions on properties.
pub const PROPERTY_INTERESTS: usize = 64;
/// Interests of one rule in facts or reminders that name literals.
pub const MESSAGE_INTERESTS: usize = 64;
/// Values that all conditions of one rule name.
pub const CONDITION_VALUES: usize = 10_000;
/// Interests of one rule.
pub const INTERESTS: usize = 1024;
/// Symptoms of one rule.
pub const SYMPTOMS: usize = 256;
/// Fields, properties and metrics that one rule may want, each.
pub const WANTS: usize = 256;
/// Longest name of a field, property or metric that a rule wants or has a condition on.
pub const WANT_BYTES: usize = 256;
/// A module's version.
pub const VERSION_BYTES: usize = 128;
/// A symptom's title.
pub const TITLE_BYTES: usize = 1024;
/// A symptom's recommendation.
pub const RECOMMENDATION_BYTES: usize = 8 << 10;
/// Controls of one symptom.
pub const CONTROLS: usize = 64;
/// One control of a symptom, such as `CIS-Docker-1.6:5.4`.
pub const CONTROL_BYTES: usize = 256;
/// All texts of one description: names, titles, recommendations, controls, literals, conditions.
pub const DESCRIPTION_BYTES: usize = 2 << 20;
/// Bytes of a module's error text that are shown; longer ones are truncated, and their length is shown.
pub const ERROR_BYTES: usize = 2 << 10;

/// Linear memory, tables and machine code of all rules of a host together, if nothing else is set.
pub const RULES_MEMORY_BYTES: usize = 384 << 20;

/// Longest key, name or distinct value that is kept as it is; longer ones are hashed.
pub const KEY_BYTES: usize = 256;
/// Keys of one rule on one object.
pub const KEYS: usize = 1024;
/// Longest value in state.
pub const VALUE_BYTES: usize = 64 << 10;
/// Additions that a counter remembers.
pub const COUNTS: usize = 65_536;
/// Values that a distinct count remembers.
pub const DISTINCTS: usize = 4096;
/// Reminders of one rule on one object. Of more than these the one that is due last goes (of equal
/// times the one whose name comes last), and is counted.
pub const REMINDERS: usize = 1024;
/// Reminders that a rule may set or take back for one event; one more is a call that the contract
/// forbids. Batches have no bound of their own, so that it does not matter how events are cut into
/// batches.
pub const REMINDERS_PER_EVENT: usize = 1024;
/// Reminders of one object that fire between two events; more are deferred.
pub const REMINDERS_PER_GAP: usize = 1024;
/// Objects of one shard, those of the inventory not counted. When there are more, the sixteenth of
/// them with the oldest last event is evicted, with facts, state and reminders, and counted.
pub const OBJECTS: usize = 131_072;
/// Properties of one object, and as many metrics. For one more, the property that was removed
/// longest ago goes; where there is none, the new one is left out, and counted.
pub const OBJECT_FACTS: usize = 512;
/// Lines that a rule may write to its log in one call.
pub const LOG_LINES: usize = 64;
/// Longest line that a rule may write to its log.
pub const LOG_BYTES: usize = 4 << 10;

/// CPU that a rule's `migrate` may use in one shard, in milliseconds: the stream waits meanwhile. State that is left then
/// is discarded, and counted.
pub const MIGRATION_MS: u64 = 10_000;
/// The part of it that calls may use that fail, in the rule's deadlines.
pub const MIGRATION_FAILED_DEADLINES: u64 = 10;

/// An event that a rule is shown pays for this much CPU; only what goes beyond counts against the
/// rule's [`Limits::cpu_ms_per_s`], so that a quick rule is never held up, however many events come.
pub const FREE_CPU_US: u64 = 100;
/// Alerts that an event pays for; more count against [`Limits::alerts_per_s`].
pub const FREE_ALERTS: u64 = 1;
/// Bytes of alerts (summaries and attributes, and 32 for each attribute) that an event pays for; more
/// count against [`Limits::alert_bytes_per_s`].
pub const FREE_ALERT_BYTES: u64 = 2 << 10;
/// Bytes of a changed entry of state that cost nothing when it is committed; more count against
/// [`Limits::state_bytes_per_s`].
pub const FREE_STATE_BYTES: u64 = 4 << 10;
/// What all rules of one shard may use together of its thread, in milliseconds of CPU a second, beyond
/// what their events pay for.
pub const RULES_CPU_MS_PER_S: u64 = 500;
/// State of all rules, in bytes.
pub const RULES_STATE_BYTES: usize = 256 << 20;
/// Observations (raises, clears and facts) that wait for a checkpoint, in all shards together: with
/// more, no rule is shown events until a checkpoint has taken some, and events that rules miss are
/// counted. The same holds for a single rule with half of it.
pub const OBSERVATIONS_MAX_BYTES: usize = 256 << 20;

/// Raises and clears of a rule and its shadow that wait in one shard for the other version to say the
/// same. If more would wait, those of that moment are not compared, and counted.
pub const SHADOW_PENDING: usize = 64 << 10;
/// Examples that are kept of what only one of the two versions said, for each of them.
pub const SHADOW_EXAMPLES: usize = 10;
/// A text of such an example, in bytes; longer ones are cut.
pub const SHADOW_EXAMPLE_BYTES: usize = 512;

/// What one rule may use; the `[limits]` of its manifest. What is "per second" has a burst (0.4 seconds
/// of CPU, one of alerts, four of bytes), holds in each shard, and is paid for
/// after use: a rule that has used more is paused until it is paid, a second at least.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// One call of `evaluate` or `describe`, in milliseconds of wall time.
    pub deadline_ms: u64,
    /// Linear memory of one instance, in bytes.
    pub memory_bytes: usize,
    /// Alerts that one event may raise or clear.
    pub alerts_per_event: usize,
    /// Summary and attributes of one alert, in bytes.
    pub alert_bytes: usize,
    /// CPU beyond [`FREE_CPU_US`] an event, in milliseconds a second. Not in a replay.
    pub cpu_ms_per_s: u64,
    /// Alerts beyond [`FREE_ALERTS`] an event, a second.
    pub alerts_per_s: u64,
    /// Bytes of alerts beyond [`FREE_ALERT_BYTES`] an event, a second.
    pub alert_bytes_per_s: u64,
    /// State over all objects, in bytes.
    pub state_bytes: usize,
    /// State on one object, in bytes.
    pub object_state_bytes: usize,
    /// Changed state that is committed beyond [`FREE_STATE_BYTES`] an entry, in bytes a second. Not in
    /// a replay.
    pub state_bytes_per_s: u64,
    /// Lines in the host's log, a second; more are left out, and counted.
    pub log_lines_per_s: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            deadline_ms: 100,
            memory_bytes: 32 << 20,
            alerts_per_event: 16,
            alert_bytes: 16 << 10,
            cpu_ms_per_s: 250,
            alerts_per_s: 1000,
            alert_bytes_per_s: 1 << 20,
            state_bytes: 64 << 20,
            object_state_bytes: 8 << 20,
            state_bytes_per_s: 4 << 20,
            log_lines_per_s: 100,
        }
    }
}
