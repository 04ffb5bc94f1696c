//! One turn of the recorder as a value: what to commit, the replies and acknowledgements that follow
//! the commit, and what comes after it.

use crossbeam_channel::Sender;
use lifesigns_api::ApiError;
use lifesigns_model::PendingAcks;
use lifesigns_record::Commit;

use crate::config::ConfigureError;

/// The reply to a request, sent when its turn is committed.
pub(crate) enum PendingReply {
    /// The request is done.
    Done(Sender<Result<(), ApiError>>),
    /// The configuration is in force.
    Configured(Sender<Result<(), ConfigureError>>),
    /// The number of notices that the request changed.
    Count(Sender<Result<usize, ApiError>>, usize),
}

impl PendingReply {
    /// Sends the reply; `result` is the error if the commit failed.
    pub(crate) fn send(self, result: Result<(), ApiError>) {
        // The caller may have stopped waiting.
        let _ = match self {
            Self::Done(to) => to.send(result).is_ok(),
            Self::Configured(to) => to.send(result.map_err(|error| ConfigureError::Store(error.to_string()))).is_ok(),
            Self::Count(to, count) => to.send(result.map(|()| count)).is_ok(),
        };
    }
}

/// How much of what was submitted a checkpoint covers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Coverage {
    /// Everything that was submitted before it.
    #[default]
    Complete,
    /// A part: there was no room for more, and another checkpoint has to follow.
    Partial,
}

/// See the module.
#[derive(Default)]
pub(crate) struct Turn {
    /// What to commit; empty if nothing happened.
    pub(crate) commit: Commit,
    /// Replies to send after the commit.
    pub(crate) replies: Vec<PendingReply>,
    /// Acknowledgements to release after the commit.
    pub(crate) acks: PendingAcks,
    /// Whether another turn has to follow at once.
    pub(crate) coverage: Coverage,
    /// The recorder was asked to stop.
    pub(crate) stop: bool,
}

impl Turn {
    /// Returns whether the recorder may end after this turn: it was asked to, and nothing is left.
    pub(crate) fn is_last(&self) -> bool {
        self.stop && self.coverage == Coverage::Complete
    }

    /// Answers all callers that the commit failed, and why.
    pub(crate) fn refuse(&mut self, why: &str) {
        for reply in self.replies.drain(..) {
            reply.send(Err(ApiError::Unavailable(why.to_owned())));
        }
    }
}
