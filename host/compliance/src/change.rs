//! What goes into the book and what comes out: inputs in stream order, and changes for the store
//! and for those who are to be told.

use std::{collections::BTreeMap, sync::Arc};

use lifesigns_model::{self as model, ObjectFacts};
use serde::{Deserialize, Serialize};

use crate::{
    config::Grouping,
    record::{Alert, BadgePoint, Object, SymptomState},
    silence::{Matcher, Silence},
};

/// What the book is told, in this order of the stream. Event time and the host's clock are told
/// apart: waits, holds and cancels go by the event time of their object and source, and are not due
/// before the host's clock says so either; silences and hours go by the host's clock. No event counts
/// as later than the host's clock.
#[derive(Clone, Debug)]
pub enum BookInput {
    /// A rule raised or cleared a symptom.
    Symptom(Box<model::RuleAlert>),
    /// Facts that came in.
    Facts(ObjectFacts),
    /// What the inventory says, whole: objects it no longer names become discovered ones.
    Inventory(Vec<ObjectFacts>),
    /// An object was heard of.
    Seen {
        /// Its id.
        object: String,
        /// Event time.
        time_ns: u64,
    },
    /// The same, heard in a source of this name: facts and objects go by event time as this source
    /// tells it. A symptom names its source itself.
    Of {
        /// The source's name.
        source: String,
        /// What was heard in it.
        input: Box<BookInput>,
    },
    /// Event time has come this far, everywhere: all that is older was told. For streams that are
    /// sorted by time, such as a replay's.
    Time(u64),
    /// Everything that came before a time of the host's clock was told: what nothing is heard of any
    /// more goes on with that clock.
    Quiet {
        /// That time.
        until_ns: u64,
        /// Sources in which lines may wait, and until when they were read to their end.
        behind: Vec<(String, u64)>,
    },
    /// A source was read to its end after it was behind for long: what was heard in it comes as far
    /// in event time as its last line, whoever wanted that.
    CaughtUp {
        /// The source's name.
        source: String,
        /// The event time of its last line.
        time_ns: u64,
    },
    /// The host's clock. If it goes back by more than a second it was wrong, and is followed.
    Clock(u64),
    /// Which rules exist: those that run, and those that are there but do not. What a rule that is no more
    /// among them said ends after [`crate::limits::RULE_GRACE_MS`].
    Rules(Vec<KnownRule>),
    /// A notice was not sent, because [`crate::Book::withholds`] said so when it was due.
    Withheld(WithheldNotice),
    /// A person did something.
    Command(Command),
}

/// A rule that exists.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownRule {
    /// Its name.
    pub name: String,
    /// Its symptoms, without the rule's name; `None` if they are not known, because it does not run.
    pub symptoms: Option<Vec<String>>,
}

/// A rule that is gone, and what ended with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemovedRule {
    /// Its name.
    pub rule: String,
    /// Symptoms that were active.
    pub symptoms: usize,
    /// Open alerts that were cancelled.
    pub alerts: usize,
}

/// A notice that was withheld.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WithheldNotice {
    /// The receiver that did not get it.
    pub receiver: String,
    /// The alert's id.
    pub alert: String,
    /// Its object.
    pub object: String,
    /// Its definition.
    pub definition: String,
    /// The alert's revision in the notice.
    pub revision: u64,
}

impl WithheldNotice {
    /// This notice was withheld.
    pub fn of(notice: &Notice) -> Self {
        Self {
            receiver: notice.receiver.clone(),
            alert: notice.alert.id.clone(),
            object: notice.alert.object.clone(),
            definition: notice.alert.definition.clone(),
            revision: notice.alert.revision,
        }
    }
}

/// What a person can do.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Command {
    /// Who.
    pub who: String,
    /// When, on the host's clock.
    pub time_ns: u64,
    /// What.
    pub act: CommandAction,
}

/// See [`Command`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CommandAction {
    /// Acknowledge alerts, all of them or, if one cannot be, none; `owner` takes them.
    Acknowledge {
        /// The alerts' ids, or prefixes that name one alert each.
        alerts: Vec<String>,
        /// Whose it is from now on.
        owner: Option<String>,
    },
    /// Take the acknowledgement of alerts back, of all of them or of none; owners stay.
    Unacknowledge {
        /// The alerts' ids or prefixes.
        alerts: Vec<String>,
    },
    /// Write a note.
    Note {
        /// The alert's id or prefix.
        alert: String,
        /// The note.
        text: String,
    },
    /// Cancel alerts by hand, all of them or none.
    Cancel {
        /// The alerts' ids or prefixes.
        alerts: Vec<String>,
        /// Why.
        why: String,
    },
    /// Add a silence.
    Silence {
        /// All of these.
        matchers: Vec<Matcher>,
        /// From when, on the host's clock; `None` for at once.
        #[serde(default)]
        from_ns: Option<u64>,
        /// Until when.
        until_ns: u64,
        /// Why.
        why: String,
    },
    /// Change a silence that has not ended. What is `None` stays as it is.
    Edit {
        /// The silence's id or prefix; it keeps its id.
        silence: String,
        /// All of these.
        #[serde(default)]
        matchers: Option<Vec<Matcher>>,
        /// From when, on the host's clock.
        #[serde(default)]
        from_ns: Option<u64>,
        /// Until when.
        #[serde(default)]
        until_ns: Option<u64>,
        /// Why.
        #[serde(default)]
        why: Option<String>,
    },
    /// Say that a symptom is over, for a rule that will not.
    ClearSymptom {
        /// The object.
        object: String,
        /// `RULE/SYMPTOM`.
        symptom: String,
        /// Why.
        why: String,
    },
    /// Forget an object that no inventory names, with all about it.
    Forget {
        /// The object.
        object: String,
        /// Why.
        why: String,
    },
    /// End a silence now.
    Expire {
        /// The silence's id or prefix.
        silence: String,
    },
}

/// Why a command was not carried out.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
pub enum RequestError {
    /// No such thing.
    #[error("there is no {what} {id:?}")]
    Unknown {
        /// `alert` or `silence`.
        what: String,
        /// What was asked for.
        id: String,
    },
    /// No such thing, where all that are there are known: a typing error.
    #[error("there is no {what} {id:?}{hint}")]
    Unmatched {
        /// `object`, `group`, `alert` and the like; of a pattern, with `that matches`.
        what: String,
        /// What was asked for.
        id: String,
        /// `; did you mean …?`, or empty.
        hint: String,
    },
    /// The prefix names several.
    #[error("{id:?} names several: {}", candidates.join(", "))]
    Ambiguous {
        /// What was asked for.
        id: String,
        /// Some of those it names.
        candidates: Vec<String>,
    },
    /// It makes no sense now.
    #[error("{0}")]
    Useless(String),
}

/// What changed since the last [`crate::Book::take`]: what a store commits in one transaction.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BookChanges {
    /// Objects as they are now.
    pub objects: Vec<Object>,
    /// Objects that are forgotten.
    pub forgotten: Vec<String>,
    /// Symptoms as they are now.
    pub symptoms: Vec<Arc<SymptomState>>,
    /// Symptoms that are forgotten: object and name.
    pub symptoms_gone: Vec<(String, String)>,
    /// Definitions that hold, or have ceased to, and wait for their time: as they are now.
    pub pending: Vec<PendingTransition>,
    /// Those that no longer wait: object and definition.
    pub pending_gone: Vec<(String, String)>,
    /// Alerts as they are now.
    pub alerts: Vec<Arc<Alert>>,
    /// Silences as they are now.
    pub silences: Vec<Silence>,
    /// Badges that changed.
    pub badges: Vec<BadgePoint>,
    /// What receivers are to be told.
    pub notices: Vec<Notice>,
    /// Who changed what.
    pub audit: Vec<AuditRecord>,
    /// Which rules exist, if that changed: for [`BookSnapshot::rules`].
    pub rules: Option<Vec<KnownRule>>,
    /// Rules that are gone and whose symptoms have ended.
    pub rules_gone: Vec<RemovedRule>,
    /// The configuration that everything is decided by now, if it is another one than before: a
    /// digest, for [`BookSnapshot::decided_by`].
    pub decided_by: Option<String>,
}

/// What a store kept: what [`crate::Book::restore`] goes on from.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BookSnapshot {
    /// All objects.
    pub objects: Vec<Object>,
    /// All symptoms.
    pub symptoms: Vec<Arc<SymptomState>>,
    /// What waited.
    pub pending: Vec<PendingTransition>,
    /// All open alerts, and of cancelled ones at least the latest of each object and definition, in the
    /// order in which they were made: their times need not be in it.
    pub alerts: Vec<Arc<Alert>>,
    /// Silences that have not ended.
    pub silences: Vec<Silence>,
    /// The last badge of each object and group, or more of them, oldest first.
    pub badges: Vec<BadgePoint>,
    /// How far event time had come.
    pub event_ns: u64,
    /// The host's clock, as the book was told it last.
    pub clock_ns: u64,
    /// The last [`BookChanges::decided_by`]; empty if there was none.
    pub decided_by: String,
    /// The last [`BookChanges::rules`].
    pub rules: Option<Vec<KnownRule>>,
}

/// A definition that waits for its time on an object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PendingTransition {
    /// The object.
    pub object: String,
    /// The definition.
    pub definition: String,
    /// It waits to open (`true`) or to be cancelled.
    pub opening: bool,
    /// Since when it has held, or has ceased to (event time).
    pub since_ns: u64,
    /// When its time is up.
    pub due_ns: u64,
    /// The source by whose event time it is; empty for the host's clock.
    pub clock_source: String,
    /// The object by whose event time it is; empty for the host's clock.
    pub clock_object: String,
    /// The host's clock when it began to wait; 0 where there was none.
    #[serde(default)]
    pub heard_ns: u64,
}

/// What has become of an alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NoticeKind {
    /// It opened, or is no longer silenced or allowed.
    Opened,
    /// It is worse or better than the receiver was last notified.
    Changed,
    /// It is still open; time to say so again.
    Repeated,
    /// It is over for the receiver: cancelled, allowed now, or no longer routed to it.
    Resolved,
}

/// One thing to tell one receiver about one alert.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Notice {
    /// Derived from alert, revision and receiver; a receiver that has seen it has seen it.
    pub key: String,
    /// The receiver's name.
    pub receiver: String,
    /// Notices with the same bundle go into one message.
    pub bundle: BTreeMap<String, String>,
    /// How they are put together.
    pub grouping: Grouping,
    /// What has become of it.
    pub happened: NoticeKind,
    /// When, on the host's clock where there is one, else event time.
    pub time_ns: u64,
    /// The alert as it was then.
    pub alert: Alert,
}

/// Who changed what, and how it was before and after.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AuditRecord {
    /// When.
    pub time_ns: u64,
    /// A person, `rule NAME`, `inventory`, `configuration`, `time`.
    pub who: String,
    /// Such as `alert opened`, `alert acknowledged`, `silence added`, `configuration changed`.
    pub what: String,
    /// The alert's, silence's or object's id.
    pub subject: String,
    /// As it was, JSON; `null` if it was not.
    pub before: serde_json::Value,
    /// As it is, JSON.
    pub after: serde_json::Value,
}
