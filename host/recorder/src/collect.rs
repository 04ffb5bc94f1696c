//! Collects a turn: applies what the stream brought and the results of deliveries to the book, and takes what changed.

use lifesigns_compliance::{BookInput, NoticeKind};
use lifesigns_notifications::{DeliveryOutcome, DeliveryReport};
use lifesigns_record::{Commit, OutboxUpdate};

use crate::{
    receivers::Receivers,
    recorder::Recorder,
    request::{Act, Caller, RecorderRequest},
    status,
    turn::{Coverage, Turn},
    warnings,
};

impl Recorder {
    /// Collects one turn.
    pub(crate) fn collect(&mut self, stop: bool) -> Turn {
        let mut turn = Turn { commit: Commit { now_ns: self.now_ns(), ..Commit::default() }, stop, ..Turn::default() };
        // The clock first: what follows is measured by it.
        self.advance_wall_clock(turn.commit.now_ns);
        self.note_rules();
        self.apply_requests(&mut turn);
        // A complete checkpoint covers everything that sources have submitted until here.
        let until_ns = self.now_ns();
        let progress = self.shared.progress.take();
        self.take_checkpoint(&mut turn);
        match turn.coverage {
            Coverage::Partial => self.shared.progress.put_back(progress),
            Coverage::Complete => self.advance_event_time(until_ns, progress, &turn.commit),
        }
        self.take_orphans(&mut turn.commit);
        self.warn(turn.commit.now_ns);
        self.take_changes(&mut turn);
        let Commit { rule_changes, changes, .. } = &mut turn.commit;
        changes.audit.extend(rule_changes.iter().filter_map(|mark| self.shared.rule_audit.take(mark)));
        turn
    }

    /// Applies the results of deliveries, also those that a failing store deferred. What callers ask for comes
    /// after the turn.
    fn apply_requests(&mut self, turn: &mut Turn) {
        turn.commit.outbox.append(&mut self.deferred);
        turn.commit.pauses.append(&mut self.deferred_pauses);
        // Requests that come meanwhile belong to this turn too: a receiver that ends reports its last deliveries.
        while let Some(request) = self.inbox.pop_front().or_else(|| self.requests.try_recv().ok()) {
            match request {
                RecorderRequest::Act(act, caller) => turn.requested.push((act, caller)),
                RecorderRequest::Settled(report) => {
                    turn.commit.pauses.extend(Receivers::pause(&report));
                    turn.commit.outbox.push(self.settled(report));
                }
                RecorderRequest::Stop => turn.stop = true,
            }
        }
    }

    /// Has those who wait for everything that was submitted wait for the next turn: this one was committed in part. Who
    /// waits no longer is dropped, so that turns do not hurry for them.
    pub(crate) fn put_off(&mut self, requested: &mut Vec<(Act, Caller)>) {
        let waits = |(act, _): &mut (Act, Caller)| matches!(act, Act::Barrier);
        let waiting = requested.extract_if(.., waits).filter(|(_, caller)| caller.waits());
        self.inbox.extend(waiting.map(|(act, caller)| RecorderRequest::Act(act, caller)));
    }

    /// Returns what the next commit writes of a delivery. The book learns what was withheld.
    pub(crate) fn settled(&mut self, report: DeliveryReport) -> OutboxUpdate {
        if let DeliveryOutcome::Withheld(withheld) = &report.outcome {
            let _ = self.book.apply(BookInput::Withheld(withheld.clone()));
        }
        Receivers::outbox_update(report)
    }

    /// Turns notices for receivers that do not exist into dead letters, which an operator may send again.
    fn take_orphans(&mut self, commit: &mut Commit) {
        // What is being written may be about them.
        if self.in_flight.is_some() || !std::mem::take(&mut self.orphans) {
            return;
        }
        match self.receivers.orphans() {
            Ok(rows) => {
                // There may be more of them.
                self.orphans = !rows.is_empty();
                commit.outbox.extend(rows);
            }
            Err(why) => tracing::warn!("cannot read notices for receivers that no longer exist: {why}"),
        }
    }

    /// Logs expressions that cannot be evaluated, and what was dropped at limits.
    fn warn(&mut self, now_ns: u64) {
        warnings::undecided(&self.book.take_warnings());
        if self.warnings.is_due(now_ns) {
            self.warnings.drops(&status::dropped(&self.shared), now_ns);
        }
    }

    /// Takes what changed in the book into the turn's commit.
    pub(crate) fn take_changes(&mut self, turn: &mut Turn) {
        let commit = &mut turn.commit;
        commit.changes = self.book.take();
        if let Some(acts) = &mut turn.acts {
            commit.changes.audit.append(&mut acts.audit);
        }
        // A receiver that no longer exists needs no notice that an alert is over.
        commit
            .changes
            .notices
            .retain(|notice| notice.happened != NoticeKind::Resolved || self.receivers.knows(&notice.receiver));
        self.orphans |= commit.changes.notices.iter().any(|notice| !self.receivers.knows(&notice.receiver));
        commit.event_ns = if commit.is_empty() { None } else { Some(self.book.event_ns()) };
    }
}
