//! Requests to the recorder, the only thread that changes the book and writes the store.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use crossbeam_channel::{RecvTimeoutError, Sender, bounded};
use lifesigns_api::ApiError;
use lifesigns_compliance::{AuditedChange, Command};
use lifesigns_model::ObjectFacts;
use lifesigns_notifications::DeliveryReport;
use lifesigns_record::{AgentChange, StoredToken};

use crate::{
    config::{ConfigureError, RecorderConfig},
    enrolment::Enrolment,
};

/// Work for the recorder's next turn.
pub(crate) enum RecorderRequest {
    /// An act, and who waits for its reply, which is sent after that turn's commit.
    Act(Act, Caller),
    /// Records the result of a delivery.
    Settled(DeliveryReport),
    /// Commits everything that was submitted, then ends the recorder.
    Stop,
}

impl RecorderRequest {
    /// Returns whether a caller waits for the reply, so that the turn should not wait for more.
    pub(crate) const fn has_caller(&self) -> bool {
        matches!(self, Self::Act(..) | Self::Stop)
    }
}

/// What a caller can ask for: it is committed as a whole or not done at all.
pub(crate) enum Act {
    /// Applies an operator's command to the book.
    Command(Command),
    /// Replaces the configuration.
    Configure(Box<RecorderConfig>),
    /// Replaces the whole inventory.
    Inventory(Vec<ObjectFacts>),
    /// Sends dead letters again: those with these numbers, or all of a receiver.
    Resend(Vec<u64>, Option<String>),
    /// Drops dead letters: those with these numbers, or all of a receiver; the last text names the requester.
    Drop(Vec<u64>, Option<String>, String),
    /// Writes an entry of the audit log about what is not in the book.
    Audit(Box<AuditedChange>),
    /// Changes nothing: it is answered once everything that was submitted before is committed.
    Barrier,
    /// Adds a token of the API.
    AddToken(Box<StoredToken>),
    /// Revokes the token of this name; the last text names the requester.
    RevokeToken(String, String),
    /// Gives an agent credentials of its own.
    Enrol(Box<Enrolment>),
    /// Revokes the credentials of the agent of this name; the last text names the requester.
    RevokeAgent(String, String),
    /// Notes what is known of agents.
    NoteAgents(Vec<AgentChange>),
}

/// Why an act was not done.
#[derive(Debug)]
pub(crate) enum ActError {
    /// It cannot be done, or not now.
    Request(ApiError),
    /// The configuration cannot be put in force.
    Config(ConfigureError),
}

impl From<ApiError> for ActError {
    fn from(error: ApiError) -> Self {
        Self::Request(error)
    }
}

impl From<ConfigureError> for ActError {
    fn from(error: ConfigureError) -> Self {
        Self::Config(error)
    }
}

impl From<ActError> for ApiError {
    fn from(refusal: ActError) -> Self {
        match refusal {
            ActError::Request(error) => error,
            ActError::Config(error) => Self::Invalid(error.to_string()),
        }
    }
}

impl From<ActError> for ConfigureError {
    fn from(refusal: ActError) -> Self {
        match refusal {
            ActError::Request(error) => Self::Store(error.to_string()),
            ActError::Config(error) => error,
        }
    }
}

/// The number of notices that an act changed, or why it was not done.
pub(crate) type Reply = Result<usize, ActError>;

/// Who waits for the reply to an act.
pub(crate) struct Caller {
    to: Sender<Reply>,
    /// Set by the recorder when it begins with the act, or by the caller when it waits no longer; the first counts.
    claimed: Arc<AtomicBool>,
}

impl Caller {
    /// Returns whether the caller still waits. From then on it waits for the reply however long that takes.
    #[must_use]
    pub(crate) fn claim(&self) -> bool {
        !self.claimed.swap(true, Ordering::AcqRel)
    }

    /// Returns whether the caller still waits, without beginning with the act.
    pub(crate) fn waits(&self) -> bool {
        !self.claimed.load(Ordering::Acquire)
    }

    /// Sends the reply, unless the caller waits no longer.
    pub(crate) fn reply(self, reply: Reply) {
        let _ = self.to.send(reply);
    }
}

/// How long a caller waits for the recorder to begin with its act.
const DEADLINE: Duration = Duration::from_secs(30);

/// Sends requests to the recorder and waits for their replies.
#[derive(Clone)]
pub(crate) struct RequestSender(pub(crate) Sender<RecorderRequest>);

impl RequestSender {
    /// Sends an act and waits until it is committed.
    ///
    /// # Errors
    /// Why it was not done: nothing of it is on the disk, and it will not be done later.
    pub(crate) fn ask(&self, act: Act) -> Reply {
        self.ask_within(act, DEADLINE)
    }

    pub(crate) fn ask_within(&self, act: Act, deadline: Duration) -> Reply {
        let (to, answer) = bounded(1);
        let claimed = Arc::<AtomicBool>::default();
        let caller = Caller { to, claimed: Arc::clone(&claimed) };
        self.0.send(RecorderRequest::Act(act, caller)).map_err(|_| stopping())?;
        match answer.recv_timeout(deadline) {
            Ok(reply) => reply,
            Err(RecvTimeoutError::Disconnected) => Err(stopping().into()),
            Err(RecvTimeoutError::Timeout) if claimed.swap(true, Ordering::AcqRel) => {
                // The recorder has begun with it: only its commit can say what became of it.
                answer.recv().unwrap_or_else(|_| Err(stopping().into()))
            }
            Err(RecvTimeoutError::Timeout) => {
                let text = format!("the host did not get to it within {} s; nothing was changed", deadline.as_secs());
                Err(ApiError::Unavailable(text).into())
            }
        }
    }
}

fn stopping() -> ApiError {
    ApiError::Unavailable("the host is stopping".to_owned())
}
