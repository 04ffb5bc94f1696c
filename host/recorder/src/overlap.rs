//! Turns that overlap: while much comes, a turn's commit is written by another thread, and the next turn is collected
//! meanwhile. Turns are committed, published and acknowledged in their order all the same.

use std::{sync::Arc, time::Instant};

use crate::{
    crash,
    recorder::{CommitOutcome, Recorder, RecorderFailure},
    turn::{Coverage, InFlight, Turn},
};

impl Recorder {
    /// Returns whether the next turn may be collected while this one is written: more waits already, and the next turn
    /// needs nothing of what follows the commit.
    pub(crate) fn may_overlap(&self, turn: &Turn) -> bool {
        let more = turn.coverage == Coverage::Partial || !self.shared.engine.checkpoint_ready().is_empty();
        more && !turn.is_last()
            && turn.requested.is_empty()
            && !turn.commit.is_empty()
            // The engine has to forget them before its next checkpoint.
            && turn.commit.changes.forgotten.is_empty()
            // They end once they are committed, and the next turn, with the next change of the rule, comes after that.
            && turn.commit.rule_changes.is_empty()
            && !self.receivers.is_replacing()
            && self.replacing.is_none()
            && self.shared.health.is_ok()
    }

    /// Begins to write a turn, when the one before is settled.
    pub(crate) fn begin_commit(&mut self, mut turn: Turn, began: Instant) {
        crash::point(crash::BEFORE_COMMIT);
        turn.view = Some(self.book.view());
        let commit = Arc::new(std::mem::take(&mut turn.commit));
        self.committer.begin(Arc::clone(&commit));
        self.in_flight = Some(InFlight { turn, commit, began });
    }

    /// Waits until the turn that is being written, if there is one, is on the disk, and completes it. `next` was
    /// collected meanwhile: if the commit fails, what callers ask for is refused, as if it had come before.
    pub(crate) fn settle(&mut self, next: &mut Turn) -> Result<CommitOutcome, RecorderFailure> {
        let Some(in_flight) = self.in_flight.take() else { return Ok(CommitOutcome::Committed) };
        let InFlight { mut turn, commit, began } = in_flight;
        if !next.commit.is_empty() {
            crash::point(crash::COLLECTED_AHEAD);
        }
        let written = self.committer.finish();
        let Some(commit) = Arc::into_inner(commit) else { unreachable!("the thread has finished with it") };
        turn.commit = commit;
        turn.stop = next.stop;
        if written.is_err() {
            turn.requested = std::mem::take(&mut next.requested);
        }
        let outcome = self.insist(&mut turn, written)?;
        next.stop = turn.stop;
        if outcome == CommitOutcome::Committed {
            self.complete(turn);
            self.shared.pulse.begin(began);
            self.end_turn(began);
        }
        Ok(outcome)
    }
}

#[cfg(test)]
mod tests;
