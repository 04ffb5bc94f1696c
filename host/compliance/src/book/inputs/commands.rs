//! Takes what people do: acknowledge, annotate, cancel, silence.

use serde_json::{Value, json};

use crate::{
    book::{
        ids::Key,
        inputs::{
            facts,
            reevaluator::Reevaluator,
            rules, silence_changes,
            silence_commands::{self, SilenceEdit},
        },
        lookup::{checked_text, conflict, unknown},
        state::BookState,
    },
    change::{Command, CommandAction, RequestError},
    record::{ALERT_NOTES, Alert, EndCause, Note, Signature},
    silence::Silence,
};

/// Executes commands. One that is refused changes nothing.
struct Commands<'a> {
    state: &'a mut BookState,
    by: Signature,
}

/// Executes a command of a person. The error says why it cannot be.
pub(crate) fn execute(state: &mut BookState, command: Command) -> Result<(), RequestError> {
    let by = Signature { who: checked_text("the name", command.who)?, time_ns: command.time_ns };
    Commands { state, by }.execute(command.act)
}

impl Commands<'_> {
    fn execute(&mut self, act: CommandAction) -> Result<(), RequestError> {
        match act {
            CommandAction::Acknowledge { alerts, owner } => self.acknowledge(&alerts, owner),
            CommandAction::Unacknowledge { alerts } => self.unacknowledge(&alerts),
            CommandAction::Note { alert, text } => {
                let text = checked_text("the note", text)?;
                let key = self.state.alerts.find(&alert)?;
                self.note(&key, text);
                Ok(())
            }
            CommandAction::Cancel { alerts, why } => self.cancel(&alerts, why),
            CommandAction::Silence { matchers, from_ns, until_ns, why } => {
                let from_ns = from_ns.unwrap_or(self.by.time_ns);
                let who = self.by.who.clone();
                let silence = Silence { id: String::new(), matchers, from_ns, until_ns, who, why };
                silence_commands::add(self.state, silence, self.by.time_ns)
            }
            CommandAction::Edit { silence, matchers, from_ns, until_ns, why } => {
                let edit = SilenceEdit { matchers, from_ns, until_ns, why };
                silence_commands::edit(self.state, &silence, edit, &self.by)
            }
            CommandAction::Expire { silence } => {
                let id = self.state.silences.find(&silence)?.id.clone();
                silence_changes::expire(self.state, &id, self.by.time_ns, &self.by.who);
                Ok(())
            }
            CommandAction::ClearSymptom { object, symptom, why } => {
                let why = checked_text("the reason", why)?;
                rules::clear_by_hand(self.state, &object, &symptom, &why, self.by.time_ns, &self.by.who)
            }
            CommandAction::Forget { object, why } => {
                let why = checked_text("the reason", why)?;
                self.forget(&object, &why)
            }
        }
    }

    fn acknowledge(&mut self, ids: &[String], owner: Option<String>) -> Result<(), RequestError> {
        let owner = owner.map(|owner| checked_text("the owner", owner)).transpose()?;
        let by = self.by.clone();
        for key in self.state.alerts.find_open(ids, "acknowledge")? {
            self.sign(&key, "alert acknowledged", |alert| {
                alert.acknowledged = Some(by.clone());
                if owner.is_some() {
                    alert.owner.clone_from(&owner);
                }
            });
        }
        Ok(())
    }

    /// Takes acknowledgements back. What a route repeats is repeated again.
    fn unacknowledge(&mut self, ids: &[String]) -> Result<(), RequestError> {
        let keys = self.state.alerts.find_open(ids, "take back")?;
        for (object, name) in &keys {
            let alert = self.state.alerts.existing(object, name);
            if alert.acknowledged.is_none() {
                return conflict(format!("alert {} is not acknowledged", alert.id));
            }
        }
        for key in keys {
            self.sign(&key, "alert unacknowledged", |alert| alert.acknowledged = None);
            self.state.notifier().plan_repeat(&key.0, &key.1);
        }
        Ok(())
    }

    /// BookChanges whose an alert is, and audits that.
    fn sign(&mut self, (object, name): &Key, what: &str, change: impl FnOnce(&mut Alert)) {
        let (id, before, after) = self.state.alerts.change(object, name, |alert| {
            let before = audited_ownership(alert);
            change(alert);
            alert.revision += 1;
            (alert.id.clone(), before, audited_ownership(alert))
        });
        self.state.journal.audit(self.by.time_ns, &self.by.who, what, &id, before, after);
    }

    /// Adds a note to an alert. Of too many the oldest is dropped.
    fn note(&mut self, (object, name): &Key, text: String) {
        let after = json!({ "note": text });
        let note = Note { by: self.by.clone(), text };
        let id = self.state.alerts.change(object, name, |alert| {
            while alert.notes.len() >= ALERT_NOTES {
                alert.notes.remove(0);
            }
            alert.notes.push(note);
            alert.revision += 1;
            alert.id.clone()
        });
        self.state.journal.audit(self.by.time_ns, &self.by.who, "alert noted", &id, Value::Null, after);
    }

    /// Cancels alerts. They stay cancelled until a new raise.
    fn cancel(&mut self, ids: &[String], why: String) -> Result<(), RequestError> {
        let why = checked_text("the reason", why)?;
        for key in self.state.alerts.find_open(ids, "cancel")? {
            let (object, name) = &key;
            Reevaluator::new(self.state).stop_waiting(object, name);
            self.note(&key, why.clone());
            let now_ns = self.state.clock.now_ns();
            self.state.cancel(object, name, EndCause::Hand, now_ns, &self.by.who);
            // Only the case is closed: the definition may still hold.
            self.state.alerts.change(object, name, |alert| alert.ceased = false);
        }
        Ok(())
    }

    /// Forgets an object with all about it; its open alerts are cancelled. An object that an inventory names is
    /// not forgotten: it would be there again.
    fn forget(&mut self, object: &str, why: &str) -> Result<(), RequestError> {
        let Some(known) = self.state.registry.object(object) else { return Err(unknown("object", object)) };
        if !known.discovered {
            return conflict(format!(
                "object {object} is in the inventory: take it out of there, then it can be forgotten"
            ));
        }
        self.state.clock.use_wall_clock();
        let now_ns = self.state.clock.now_ns();
        facts::forget(self.state, object, json!({ "why": why }), now_ns, &self.by.who);
        Ok(())
    }
}

fn audited_ownership(alert: &Alert) -> Value {
    json!({ "acknowledged": alert.acknowledged.as_ref().map(|by| &by.who), "owner": alert.owner })
}
