//! Collects a turn: applies requests and what the stream brought to the book, and takes what changed.

use std::sync::Arc;

use lifesigns_compliance::{AuditedChange, BookInput, NoticeKind};
use lifesigns_notifications::{DeliveryOutcome, DeliveryReport};
use lifesigns_record::{Commit, OutboxUpdate};

use crate::{
    config::{ConfigureError, RecorderConfig},
    crash,
    receivers::Receivers,
    recorder::Recorder,
    request::RecorderRequest,
    status,
    turn::{Coverage, PendingReply, Turn},
    warnings,
};

impl Recorder {
    /// Collects one turn: applies requests and what the stream brought to the book.
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
        self.take_changes(&mut turn.commit);
        turn
    }

    /// Applies the requests that have come, and the results of deliveries that a failing store deferred.
    fn apply_requests(&mut self, turn: &mut Turn) {
        turn.commit.outbox.append(&mut self.deferred);
        turn.commit.pauses.append(&mut self.deferred_pauses);
        // Requests that come meanwhile belong to this turn too: a receiver that ends reports its last deliveries.
        while let Some(request) = self.inbox.pop_front().or_else(|| self.requests.try_recv().ok()) {
            self.apply_request(request, turn);
        }
    }

    fn apply_request(&mut self, request: RecorderRequest, turn: &mut Turn) {
        match request {
            RecorderRequest::Command(command, to) => match self.book.apply(BookInput::Command(command)) {
                Ok(()) => turn.replies.push(PendingReply::Done(to)),
                Err(error) => drop(to.send(Err(error.into()))),
            },
            RecorderRequest::Inventory(objects, to) => {
                let _ = self.book.apply(BookInput::Inventory(objects));
                turn.replies.push(PendingReply::Done(to));
            }
            RecorderRequest::Configure(config, to) => match self.configure(*config) {
                Ok(()) => turn.replies.push(PendingReply::Configured(to)),
                Err(error) => drop(to.send(Err(error))),
            },
            RecorderRequest::Settled(report) => {
                turn.commit.pauses.extend(Receivers::pause(&report));
                turn.commit.outbox.push(self.settled(report));
            }
            RecorderRequest::Resend(ids, receiver, to) => match self.receivers.revive(&ids, receiver.as_deref()) {
                Ok(rows) => {
                    turn.replies.push(PendingReply::Count(to, rows.len()));
                    turn.commit.outbox.extend(rows);
                    self.orphans = true;
                }
                Err(why) => drop(to.send(Err(why))),
            },
            RecorderRequest::Drop(ids, receiver, who, to) => {
                match self.receivers.drop_dead(&ids, receiver.as_deref()) {
                    Ok(rows) => {
                        self.audit.push(dropped(turn.commit.now_ns, &who, receiver.as_deref(), &rows));
                        turn.replies.push(PendingReply::Count(to, rows.len()));
                        turn.commit.outbox.extend(rows);
                    }
                    Err(why) => drop(to.send(Err(why))),
                }
            }
            RecorderRequest::Stop => turn.stop = true,
        }
    }

    /// Returns what the next commit writes of a delivery. The book learns what was withheld.
    pub(crate) fn settled(&mut self, report: DeliveryReport) -> OutboxUpdate {
        if let DeliveryOutcome::Withheld(withheld) = &report.outcome {
            let _ = self.book.apply(BookInput::Withheld(withheld.clone()));
        }
        Receivers::outbox_update(report)
    }

    fn configure(&mut self, config: RecorderConfig) -> Result<(), ConfigureError> {
        // Whatever can fail does so before anything has changed.
        let specs = self.receivers.prepare(&config)?;
        self.book.configure(Arc::clone(&config.compliance)).map_err(ConfigureError::Config)?;
        if let Some(specs) = specs {
            // The results of their last deliveries are requests of this turn; the new ones start after its commit.
            self.receivers.replace(specs, &config);
            self.orphans = true;
        }
        crash::point(crash::RELOADED);
        self.config = config;
        self.shared.health.get().config_ns = self.now_ns();
        Ok(())
    }

    /// Turns notices for receivers that do not exist into dead letters, which an operator may send again.
    fn take_orphans(&mut self, commit: &mut Commit) {
        if !std::mem::take(&mut self.orphans) {
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

    /// Takes what changed in the book into the commit.
    fn take_changes(&mut self, commit: &mut Commit) {
        commit.changes = self.book.take();
        commit.changes.audit.append(&mut self.audit);
        // A receiver that no longer exists needs no notice that an alert is over.
        commit
            .changes
            .notices
            .retain(|notice| notice.happened != NoticeKind::Resolved || self.receivers.knows(&notice.receiver));
        for gone in &commit.changes.rules_gone {
            let cancelled = if gone.alerts == 1 { "alert" } else { "alerts" };
            tracing::warn!("rule {}: removed ({} open {cancelled} cancelled)", gone.rule, gone.alerts);
        }
        self.orphans |= commit.changes.notices.iter().any(|notice| !self.receivers.knows(&notice.receiver));
        if !commit.is_empty() {
            commit.event_ns = Some(self.book.event_ns());
        }
    }
}

/// Returns the audit entry for dead letters that `who` dropped.
fn dropped(time_ns: u64, who: &str, receiver: Option<&str>, rows: &[OutboxUpdate]) -> AuditedChange {
    let ids: Vec<i64> = rows.iter().take(100).map(|row| row.id).collect();
    AuditedChange {
        time_ns,
        who: who.to_owned(),
        what: "dead letters dropped".to_owned(),
        subject: receiver.unwrap_or_default().to_owned(),
        before: serde_json::json!({ "notices": rows.len(), "numbers": ids }),
        after: serde_json::Value::Null,
    }
}
