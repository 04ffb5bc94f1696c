//! One turn of the recorder as a value: what to commit, the replies and acknowledgements that follow
//! the commit, and what comes after it.

use lifesigns_compliance::{AuditedChange, Book};
use lifesigns_model::PendingAcks;
use lifesigns_record::Commit;

use crate::{config::RecorderConfig, request::Caller};

/// The acts of a turn, until its commit.
pub(crate) struct Acts {
    /// The book before them.
    pub(crate) savepoint: Book,
    /// How many changes of the outbox were in the commit before them.
    pub(crate) outbox: usize,
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
    /// The requests of callers in the commit; `None` if there are none, or none any more.
    pub(crate) acts: Option<Acts>,
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
}
