//! One turn of the recorder as a value: what to commit, the replies and acknowledgements that follow
//! the commit, and what comes after it.

use std::{sync::Arc, time::Instant};

use lifesigns_api::ApiError;
use lifesigns_compliance::{AuditedChange, BookView};
use lifesigns_model::{PendingAcks, SourceOffset};
use lifesigns_record::Commit;

use crate::{
    config::RecorderConfig,
    request::{Act, ActError, Caller},
};

/// Acts that are applied, until their commit.
#[derive(Default)]
pub(crate) struct Acts {
    /// Audit entries that are not the book's.
    pub(crate) audit: Vec<AuditedChange>,
    /// The configuration that they put in force.
    pub(crate) config: Option<RecorderConfig>,
    pub(crate) replies: Replies,
}

/// Who waits for acts that are committed, and the number of notices that each act changed.
#[derive(Default)]
pub(crate) struct Replies(pub(crate) Vec<(Caller, usize)>);

impl Replies {
    /// Answers all callers.
    pub(crate) fn send(self) {
        for (caller, count) in self.0 {
            caller.reply(Ok(count));
        }
    }

    /// Answers all callers that nothing was done.
    pub(crate) fn refuse(self, why: &str) {
        for (caller, _) in self.0 {
            caller.reply(Err(unavailable(why)));
        }
    }
}

/// Returns the refusal of an act because the store takes no commits.
pub(crate) fn unavailable(why: &str) -> ActError {
    ApiError::Unavailable(why.to_owned()).into()
}

/// What the recorder has to do after a wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(crate) enum Gathered {
    /// There is work for a turn.
    Work,
    /// The turn before is on the disk, or could not be written.
    Written,
}

/// A turn whose commit is being written.
pub(crate) struct InFlight {
    /// Without its commit.
    pub(crate) turn: Turn,
    pub(crate) commit: Arc<Commit>,
    /// When the turn began.
    pub(crate) began: Instant,
}

impl InFlight {
    /// Returns how far sources were taken.
    pub(crate) fn offsets(&self) -> &[SourceOffset] {
        &self.commit.offsets
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
    /// What callers ask for, to be carried out after the commit.
    pub(crate) requested: Vec<(Act, Caller)>,
    /// The acts in the commit, which then has nothing else.
    pub(crate) acts: Option<Acts>,
    /// Acknowledgements to release after the commit.
    pub(crate) acks: PendingAcks,
    /// Whether another turn has to follow at once.
    pub(crate) coverage: Coverage,
    /// The recorder was asked to stop.
    pub(crate) stop: bool,
    /// The book with this turn and none after it, if another turn may be collected before this one is committed.
    pub(crate) view: Option<BookView>,
}

impl Turn {
    /// Returns whether the recorder may end after this turn: it was asked to, and nothing is left.
    pub(crate) fn is_last(&self) -> bool {
        self.stop && self.coverage == Coverage::Complete
    }

    /// Refuses what callers ask for, because the commit before it failed.
    pub(crate) fn refuse(&mut self, why: &str) {
        for (_, caller) in self.requested.drain(..) {
            caller.reply(Err(unavailable(why)));
        }
    }
}
