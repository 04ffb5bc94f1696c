//! What callers ask for: acts are carried out after a turn, in a commit of their own that is tried once. If it fails,
//! the book is read again from the record, and every caller learns that nothing was done.

use std::sync::Arc;

use lifesigns_api::ApiError;
use lifesigns_compliance::{AuditedChange, Book, BookInput};
use lifesigns_record::{Commit, OutboxUpdate, RecordError, TokenChange};

use crate::{
    config::RecorderConfig,
    crash, enrolment,
    recorder::{Recorder, RecorderFailure},
    request::{Act, ActError, Caller},
    tokens,
    turn::{Acts, Replies, Turn},
};

impl Recorder {
    /// Carries out acts whose callers still wait. One that is refused is answered at once and changes nothing.
    ///
    /// # Errors
    /// The recorder cannot go on: nothing of the acts is on the disk.
    pub(crate) fn carry_out(&mut self, requested: Vec<(Act, Caller)>) -> Result<(), RecorderFailure> {
        let mut turn = Turn { commit: Commit { now_ns: self.now_ns(), ..Commit::default() }, ..Turn::default() };
        let mut acts = Acts::default();
        for (act, caller) in requested {
            if !caller.claim() {
                continue;
            }
            match self.apply_act(act, &mut turn.commit, &mut acts) {
                Ok(count) => acts.replies.0.push((caller, count)),
                Err(refusal) => caller.reply(Err(refusal)),
            }
        }
        if acts.replies.0.is_empty() {
            return Ok(());
        }
        turn.acts = Some(acts);
        self.take_changes(&mut turn);
        if turn.commit.is_empty() {
            self.shared.publish(self.book.view());
        } else {
            crash::point(crash::BEFORE_COMMIT);
            if let Err(error) = self.committer.record().commit(&turn.commit) {
                return self.undo(turn, error);
            }
            self.committed(self.book.view());
        }
        self.complete(turn);
        Ok(())
    }

    /// Undoes acts whose commit failed, and refuses them.
    fn undo(&mut self, turn: Turn, error: RecordError) -> Result<(), RecorderFailure> {
        self.shared.health.failed(&error);
        let why = self.shared.health.get().text.clone();
        self.receivers.withdraw();
        if !matches!(error, RecordError::Superseded(_)) {
            self.reload_book().map_err(RecorderFailure::Unreadable)?;
        }
        if let Some(acts) = turn.acts {
            acts.replies.refuse(&why);
        }
        match error {
            RecordError::Superseded(_) => Err(RecorderFailure::Superseded(error)),
            _ => Ok(()),
        }
    }

    /// Goes on from what was committed last, as after a restart.
    fn reload_book(&mut self) -> Result<(), RecordError> {
        let recorded = self.committer.record().load()?;
        let Ok(mut book) = Book::new(Arc::clone(&self.config.compliance)) else {
            unreachable!("the configuration in force has no errors")
        };
        book.restore(recorded.restored);
        book.resume(self.now_ns(), |source| self.shared.progress.says(source));
        book.review();
        book.add_dropped(self.book.view().dropped());
        self.book = book;
        // It has to learn again which rules exist.
        self.rules_seen = 0;
        Ok(())
    }

    fn apply_act(&mut self, act: Act, commit: &mut Commit, acts: &mut Acts) -> Result<usize, ActError> {
        match act {
            Act::Command(command) => self.book.apply(BookInput::Command(command)).map_err(ApiError::from)?,
            Act::Inventory(objects) => self.book.apply(BookInput::Inventory(objects)).map_err(ApiError::from)?,
            Act::Configure(config) => self.configure(*config, acts)?,
            Act::Barrier => {}
            Act::Audit(entry) => acts.audit.push(*entry),
            Act::Resend(ids, receiver) => {
                let rows = self.receivers.revive(&ids, receiver.as_deref())?;
                let count = rows.len();
                commit.outbox.extend(rows);
                self.orphans = true;
                return Ok(count);
            }
            Act::Drop(ids, receiver, who) => {
                let rows = self.receivers.drop_dead(&ids, receiver.as_deref())?;
                let count = rows.len();
                acts.audit.push(dropped(commit.now_ns, &who, receiver.as_deref(), &rows));
                commit.outbox.extend(rows);
                return Ok(count);
            }
            Act::AddToken(token) => {
                self.shared.tokens.may_add(&token, commit)?;
                acts.audit.push(tokens::added(&token));
                commit.tokens.push(TokenChange::Added(*token));
            }
            Act::RevokeToken(name, who) => {
                let change = self.shared.tokens.revoke(&name, commit)?;
                acts.audit.push(tokens::revoked(&name, &who, commit.now_ns));
                commit.tokens.push(change);
            }
            Act::Enrol(enrolment) => {
                let changes = enrolment::changes(&enrolment, &self.shared.tokens.with(commit), commit.now_ns)?;
                if !changes.is_empty() {
                    acts.audit.push(enrolment::enrolled(&enrolment, commit.now_ns));
                }
                commit.tokens.extend(changes);
            }
            Act::RevokeAgent(name, who) => {
                let changes = enrolment::revocations(&name, &self.shared.tokens.with(commit), commit.now_ns)?;
                acts.audit.push(enrolment::revoked(&name, &who, commit.now_ns));
                commit.tokens.extend(changes);
            }
            Act::NoteAgents(changes) => commit.agents.extend(changes),
        }
        Ok(0)
    }

    fn configure(&mut self, config: RecorderConfig, acts: &mut Acts) -> Result<(), ActError> {
        // Whatever can fail does so before anything has changed.
        let specs = self.receivers.prepare(&config)?;
        self.book.configure(Arc::clone(&config.compliance)).map_err(crate::config::ConfigureError::Config)?;
        if let Some(specs) = specs {
            self.receivers.propose(specs, &config);
            self.orphans = true;
        }
        crash::point(crash::RELOADED);
        acts.config = Some(config);
        Ok(())
    }

    /// Puts what committed acts change beside the book in force, and returns their callers.
    pub(crate) fn adopt(&mut self, acts: Acts) -> Replies {
        if let Some(config) = acts.config {
            self.config = config;
            self.shared.health.get().config_ns = self.now_ns();
            self.receivers.replace();
        }
        acts.replies
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

#[cfg(test)]
mod tests;
