//! What goes into the book and what comes out: inputs in stream order, and changes for the store
//! and for receivers.

use std::{collections::BTreeMap, sync::Arc};

use lifesigns_model::{self as model, ObjectFacts};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    config::Grouping,
    record::{Alert, BadgePoint, Object, SymptomState},
    silence::{Matcher, Silence},
};

/// An input of the book, in the order of the stream. Event time and the host's clock are kept apart: waits,
/// holds and cancels go by the event time of their object and source, and are not due before the host's clock
/// has come so far either; silences and hours go by the host's clock. No event counts as later than the host's
/// clock.
#[derive(Clone, Debug)]
pub enum BookInput {
    /// A rule raised or cleared a symptom.
    Symptom(Box<model::RuleAlert>),
    /// Facts of one object.
    Facts(ObjectFacts),
    /// The whole inventory: objects that it no longer names become discovered ones.
    Inventory(Vec<ObjectFacts>),
    /// An event of an object came that no rule wanted.
    Seen {
        /// Its id.
        object: String,
        /// Event time.
        time_ns: u64,
    },
    /// Another input, from a source: facts and objects go by the event time of this source. A symptom names its
    /// source itself.
    Of {
        /// The source's name.
        source: String,
        /// The input.
        input: Box<BookInput>,
    },
    /// Event time has come this far, everywhere: everything older is among the inputs before. For streams that
    /// are sorted by time, such as a replay's.
    Time(u64),
    /// Everything that came before a time of the host's clock is among the inputs before: event clocks without
    /// events go on with the host's clock until then.
    Quiet {
        /// The time of the host's clock.
        until_ns: u64,
        /// Sources in which lines may wait, and the time until which they were read to their end.
        behind: Vec<(String, u64)>,
    },
    /// A source was read to its end after it was behind for long: the event clocks of its objects advance to the
    /// event time of its last line, whether or not a rule wanted that line.
    CaughtUp {
        /// The source's name.
        source: String,
        /// The event time of its last line.
        time_ns: u64,
    },
    /// The host's clock. A clock that goes back by more than a second was wrong, and is followed back.
    Clock(u64),
    /// Which rules exist, whether or not they run. The symptoms of a rule that is no longer among them end after
    /// [`crate::limits::RULE_GRACE_MS`].
    Rules(Vec<KnownRule>),
    /// A notice was not sent, because [`crate::BookView::withholds`] was true when it was due.
    Withheld(WithheldNotice),
    /// A command of a person.
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
    /// Returns what the book has to know of a notice that was withheld.
    pub fn of(notice: &Notice) -> Self {
        Self {
            receiver: notice.receiver.clone(),
            alert: notice.alert.id.clone(),
            object: notice.alert.object.to_string(),
            definition: notice.alert.definition.to_string(),
            revision: notice.alert.revision,
        }
    }
}

/// Something that a person asks for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Command {
    /// The person.
    pub who: String,
    /// The time of the command, on the host's clock.
    pub time_ns: u64,
    /// The action.
    pub act: CommandAction,
}

/// What a person can ask for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CommandAction {
    /// Acknowledge alerts: all of them or, if one cannot be, none.
    Acknowledge {
        /// The alerts' ids, or prefixes that name one alert each.
        alerts: Vec<String>,
        /// The alerts' owner from now on; `None` leaves it.
        owner: Option<String>,
    },
    /// Take back the acknowledgement of alerts: of all of them or of none. Owners stay.
    Unacknowledge {
        /// The alerts' ids or prefixes.
        alerts: Vec<String>,
    },
    /// Add a note to an alert.
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
        /// The reason.
        why: String,
    },
    /// Add a silence.
    Silence {
        /// An alert is silenced if all of these match.
        matchers: Vec<Matcher>,
        /// When it begins, on the host's clock; `None` for at once.
        #[serde(default)]
        from_ns: Option<u64>,
        /// When it ends, on the host's clock.
        until_ns: u64,
        /// The reason.
        why: String,
    },
    /// Change a silence that has not ended. Fields that are `None` stay as they are.
    Edit {
        /// The silence's id or prefix; it keeps its id.
        silence: String,
        /// The matchers.
        #[serde(default)]
        matchers: Option<Vec<Matcher>>,
        /// When it begins, on the host's clock.
        #[serde(default)]
        from_ns: Option<u64>,
        /// When it ends, on the host's clock.
        #[serde(default)]
        until_ns: Option<u64>,
        /// The reason.
        #[serde(default)]
        why: Option<String>,
    },
    /// End a symptom that its rule does not clear.
    ClearSymptom {
        /// The object.
        object: String,
        /// `RULE/SYMPTOM`.
        symptom: String,
        /// The reason.
        why: String,
    },
    /// Forget an object that no inventory names, with all about it.
    Forget {
        /// The object.
        object: String,
        /// The reason.
        why: String,
    },
    /// End a silence now.
    Expire {
        /// The silence's id or prefix.
        silence: String,
    },
}

/// Why a command or a question is refused. A refused command changes nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
pub enum RequestError {
    /// There is no such thing.
    #[error("there is no {what} {id:?}")]
    Unknown {
        /// `alert` or `silence`.
        what: String,
        /// The id that was asked for.
        id: String,
    },
    /// There is no such thing, and all such things are known: a typing error.
    #[error("there is no {what} {id:?}{hint}")]
    Unmatched {
        /// `object`, `group`, `alert` and the like; of a pattern, with `that matches`.
        what: String,
        /// The id that was asked for.
        id: String,
        /// `; did you mean …?`, or empty.
        hint: String,
    },
    /// The prefix names several things.
    #[error("{id:?} names several: {}", candidates.join(", "))]
    Ambiguous {
        /// The id that was asked for.
        id: String,
        /// Some of the ids that it names.
        candidates: Vec<String>,
    },
    /// The request does not fit to how things are now: an alert is not acknowledged. The text says why.
    #[error("{0}")]
    Conflict(String),
    /// The request makes no sense however things are. The text says why.
    #[error("{0}")]
    Invalid(String),
}

/// What changed since the last [`crate::Book::take`]: what a store commits in one transaction.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BookChanges {
    /// Objects as they are now.
    pub objects: Vec<Object>,
    /// Objects that are forgotten. `objects` and the rest have one of them only if it is known again since. What
    /// evaluates the stream must forget them too, before it says anything more of them.
    pub forgotten: Vec<String>,
    /// Symptoms as they are now.
    pub symptoms: Vec<Arc<SymptomState>>,
    /// Symptoms that are forgotten: object and name.
    pub symptoms_gone: Vec<(String, String)>,
    /// Definitions that hold, or have ceased to, and wait for their time: as they are now.
    pub pending: Vec<PendingTransition>,
    /// Definitions that no longer wait: object and definition.
    pub pending_gone: Vec<(String, String)>,
    /// Alerts as they are now.
    pub alerts: Vec<Arc<Alert>>,
    /// Silences as they are now.
    pub silences: Vec<Silence>,
    /// Badges that changed.
    pub badges: Vec<BadgePoint>,
    /// Notices for receivers.
    pub notices: Vec<Notice>,
    /// New entries of the audit log.
    pub audit: Vec<AuditedChange>,
    /// Which rules exist, if that changed: for [`BookSnapshot::rules`].
    pub rules: Option<Vec<KnownRule>>,
    /// Rules that are gone and whose symptoms have ended.
    pub rules_gone: Vec<RemovedRule>,
    /// The configuration that everything is decided by now, if it is another one than before: a
    /// digest, for [`BookSnapshot::decided_by`].
    pub decided_by: Option<String>,
}

/// The state that a store kept and that [`crate::Book::restore`] goes on from.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BookSnapshot {
    /// All objects.
    pub objects: Vec<Object>,
    /// All symptoms.
    pub symptoms: Vec<Arc<SymptomState>>,
    /// Definitions that wait.
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
    /// The host's clock as of the last input.
    pub clock_ns: u64,
    /// The last [`BookChanges::decided_by`]; empty if there was none.
    pub decided_by: String,
    /// The last [`BookChanges::rules`].
    pub rules: Option<Vec<KnownRule>>,
}

/// A definition that waits for its time on an object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PendingTransition {
    /// The object.
    pub object: String,
    /// The definition.
    pub definition: String,
    /// It waits to open (`true`) or to be cancelled.
    pub opening: bool,
    /// Since when it has held, or has ceased to (event time).
    pub since_ns: u64,
    /// When it opens or is cancelled (event time).
    pub due_ns: u64,
    /// The source by whose event time it is; empty for the host's clock.
    pub clock_source: String,
    /// The object by whose event time it is; empty for the host's clock.
    pub clock_object: String,
    /// The host's clock when it began to wait; 0 where there was none.
    #[serde(default)]
    pub heard_ns: u64,
}

/// What a notice says about its alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum NoticeKind {
    /// It opened, or is no longer silenced or allowed.
    Opened,
    /// It is worse or better than the receiver was last notified.
    Changed,
    /// It is still open, and the receiver is reminded.
    Repeated,
    /// It is over for the receiver: cancelled, allowed now, or no longer routed to it.
    Resolved,
}

/// A notification of one receiver about one alert.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Notice {
    /// Derived from alert, revision and receiver: a receiver that has seen the key has seen the notice.
    pub key: String,
    /// The receiver's name.
    pub receiver: String,
    /// Notices with the same bundle go into one message.
    pub bundle: BTreeMap<String, String>,
    /// How notices are grouped into messages.
    pub grouping: Grouping,
    /// What it says about the alert.
    pub happened: NoticeKind,
    /// When it was made, on the host's clock where there is one, else event time.
    pub time_ns: u64,
    /// The alert as it was then.
    pub alert: Alert,
}

/// An entry of the audit log: who changed what, and how it was before and after.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AuditedChange {
    /// The time of the change.
    pub time_ns: u64,
    /// A person, `rule NAME`, `inventory`, `configuration`, `time`.
    pub who: String,
    /// Such as `alert opened`, `alert acknowledged`, `silence added`, `configuration changed`.
    pub what: String,
    /// The alert's, silence's or object's id.
    pub subject: String,
    /// The state before, JSON; `null` if there was none.
    pub before: serde_json::Value,
    /// The state after, JSON.
    pub after: serde_json::Value,
}
