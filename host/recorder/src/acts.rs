//! What callers ask for: acts are applied last in a turn and are in its first attempt to commit. If that fails, the
//! book goes back to what it was before them, and every caller learns that nothing was done.

use std::sync::Arc;

use lifesigns_api::ApiError;
use lifesigns_compliance::{AuditedChange, BookInput};
use lifesigns_record::{Commit, OutboxUpdate, TokenChange};

use crate::{
    config::RecorderConfig,
    crash,
    recorder::Recorder,
    request::{Act, Caller, Refusal},
    tokens,
    turn::{Acts, Replies, Turn},
};

impl Recorder {
    /// Applies acts whose callers still wait. One that is refused is answered at once and changes nothing.
    pub(crate) fn apply_acts(&mut self, requested: Vec<(Act, Caller)>, turn: &mut Turn) {
        let mut wanted = requested.into_iter().filter(|(_, caller)| caller.claim()).peekable();
        if wanted.peek().is_none() {
            return;
        }
        let (savepoint, outbox) = (self.book.clone(), turn.commit.outbox.len());
        let mut acts = Acts { savepoint, outbox, audit: Vec::new(), config: None, replies: Replies::default() };
        for (act, caller) in wanted {
            match self.apply_act(act, &mut turn.commit, &mut acts) {
                Ok(count) => acts.replies.0.push((caller, count)),
                Err(refusal) => caller.reply(Err(refusal)),
            }
        }
        if !acts.replies.0.is_empty() {
            turn.acts = Some(acts);
        }
    }

    fn apply_act(&mut self, act: Act, commit: &mut Commit, acts: &mut Acts) -> Result<usize, Refusal> {
        match act {
            Act::Command(command) => self.book.apply(BookInput::Command(command)).map_err(ApiError::from)?,
            Act::Inventory(objects) => self.book.apply(BookInput::Inventory(objects)).map_err(ApiError::from)?,
            Act::Configure(config) => self.configure(*config, acts)?,
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
                self.shared.tokens.may_revoke(&name, commit)?;
                acts.audit.push(tokens::revoked(&name, &who, commit.now_ns));
                commit.tokens.push(TokenChange::Revoked(name));
            }
        }
        Ok(0)
    }

    fn configure(&mut self, config: RecorderConfig, acts: &mut Acts) -> Result<(), Refusal> {
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

    /// Takes the acts out of a turn whose commit failed: nothing of them is left, and their callers learn why.
    pub(crate) fn withdraw_acts(&mut self, turn: &mut Turn, why: &str) {
        let Some(acts) = turn.acts.take() else { return };
        self.book = acts.savepoint;
        self.receivers.withdraw();
        turn.commit.outbox.truncate(acts.outbox);
        turn.commit.tokens.clear();
        self.take_changes(turn);
        for (caller, _) in acts.replies.0 {
            caller.reply(Err(ApiError::Unavailable(why.to_owned()).into()));
        }
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
