//! One turn of the recorder as a value: what to commit, the replies and acknowledgements that follow
//! the commit, and what comes after it.

use lifesigns_model::PendingAcks;
use lifesigns_record::Commit;

use crate::acts::Acts;

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
