//! What people do: acknowledge, write, cancel, silence.

use std::{collections::BTreeMap, sync::Arc};

use serde_json::{Value, json};

use super::{Book, life::derived_id, limits, page::Id};
use crate::{
    change::{Act, Command, Refused},
    record::{Cause, Matcher, NOTES, Note, Signature, Silence, Status},
};

impl Book {
    /// Does what a person asks for, or says why not, in which case nothing changes.
    pub(super) fn command(&mut self, command: Command) -> Result<(), Refused> {
        let by = Signature { who: checked("the name", command.who)?, time_ns: command.time_ns };
        match command.act {
            Act::Acknowledge { alert, owner } => self.acknowledge(&alert, owner, by),
            Act::Note { alert, text } => self.write(&alert, checked("the note", text)?, by),
            Act::Cancel { alert, why } => self.cancel_by_hand(&alert, why, by),
            Act::Silence { matchers, until_ns, why } => self.add_silence(matchers, until_ns, why, by),
            Act::Expire { silence } => {
                let ids = self.silences.keys().map(String::as_str);
                let id = one_of("silence", &silence, ids)?.to_owned();
                self.expire(&id, by.time_ns, &by.who);
                Ok(())
            }
        }
    }

    /// Where the alert of this id, or prefix of one, is.
    pub(super) fn find(&self, id: &str) -> Result<(Id, Id), Refused> {
        let mut found = BTreeMap::new();
        for (object, page) in &self.pages {
            for (name, alert) in page.alerts.iter().filter(|(_, alert)| alert.id.starts_with(id)) {
                found.insert(alert.id.as_str(), (object, name));
            }
        }
        let id = one_of("alert", id, found.keys().copied())?;
        let (object, name) = found.get(id).ok_or_else(|| unknown("alert", id))?;
        Ok((Arc::clone(object), Arc::clone(name)))
    }

    fn acknowledge(&mut self, id: &str, owner: Option<String>, by: Signature) -> Result<(), Refused> {
        let owner = owner.map(|owner| checked("the owner", owner)).transpose()?;
        let (object, name) = self.find(id)?;
        let Some(alert) = self.pages.get_mut(&object).and_then(|page| page.alert_mut(&name)) else {
            return Err(unknown("alert", id));
        };
        if alert.status == Status::Cancelled {
            return Err(Refused::Useless(format!("alert {} is cancelled: there is nothing to acknowledge", alert.id)));
        }
        let state = |alert: &crate::Alert| json!({ "acknowledged": alert.acknowledged.as_ref().map(|by| &by.who), "owner": alert.owner });
        let before = state(alert);
        alert.acknowledged = Some(by.clone());
        if owner.is_some() {
            alert.owner = owner;
        }
        alert.revision += 1;
        let (id, after) = (alert.id.clone(), state(alert));
        self.mark(&object, &name);
        self.note(by.time_ns, &by.who, "alert acknowledged", &id, before, after);
        Ok(())
    }

    fn write(&mut self, id: &str, text: String, by: Signature) -> Result<(), Refused> {
        let (object, name) = self.find(id)?;
        let Some(alert) = self.pages.get_mut(&object).and_then(|page| page.alert_mut(&name)) else {
            return Err(unknown("alert", id));
        };
        while alert.notes.len() >= NOTES {
            alert.notes.remove(0);
        }
        alert.notes.push(Note { by: by.clone(), text: text.clone() });
        alert.revision += 1;
        let id = alert.id.clone();
        self.mark(&object, &name);
        self.note(by.time_ns, &by.who, "alert noted", &id, Value::Null, json!({ "note": text }));
        Ok(())
    }

    /// Cancels an alert. It stays cancelled until a new raise: event time does not count backwards,
    /// so it ends at the event time that there is.
    fn cancel_by_hand(&mut self, id: &str, why: String, by: Signature) -> Result<(), Refused> {
        let why = checked("the reason", why)?;
        let (object, name) = self.find(id)?;
        let alert = self.pages.get(&object).and_then(|page| page.alerts.get(&name));
        let Some(alert) = alert else { return Err(unknown("alert", id)) };
        if alert.status == Status::Cancelled {
            return Err(Refused::Useless(format!("alert {} is cancelled already", alert.id)));
        }
        let id = alert.id.clone();
        self.stop_waiting(&object, &name);
        self.write(&id, why, by.clone())?;
        self.cancel(&object, &name, Cause::Hand, self.event_ns, &by.who);
        Ok(())
    }

    fn add_silence(
        &mut self,
        matchers: Vec<Matcher>,
        until_ns: u64,
        why: String,
        by: Signature,
    ) -> Result<(), Refused> {
        let why = checked("the reason", why)?;
        let useless = |text: &str| Err(Refused::Useless(text.to_owned()));
        if matchers.is_empty() {
            return useless("a silence needs at least one matcher: without one it would silence everything");
        }
        if matchers.len() > limits::MATCHERS
            || matchers.iter().any(|one| is_long(&one.name) || is_long(one.pattern.as_str()))
        {
            return useless("the matchers are too many or too long");
        }
        if until_ns <= by.time_ns.max(self.clock_ns) {
            return useless("the silence would be over before it begins: its end is in the past");
        }
        let said = serde_json::to_string(&matchers).unwrap_or_default();
        let id = derived_id(&["silence", &said, &by.time_ns.to_string(), &until_ns.to_string(), &by.who, &why]);
        if self.silences.contains_key(&id) {
            return Ok(());
        }
        if self.silences.len() >= limits::SILENCES {
            return useless("there are too many silences: expire some first");
        }
        self.turn_clock(by.time_ns);
        self.silence(Silence { id, matchers, from_ns: by.time_ns, until_ns, who: by.who, why });
        Ok(())
    }
}

/// The one of `ids` that `id` is, or is a prefix of.
fn one_of<'a>(what: &str, id: &str, ids: impl Iterator<Item = &'a str>) -> Result<&'a str, Refused> {
    let mut found: Vec<&str> = ids.filter(|one| !id.is_empty() && one.starts_with(id)).collect();
    match found[..] {
        [] => Err(unknown(what, id)),
        [one] => Ok(one),
        _ => match found.iter().find(|one| **one == id) {
            Some(one) => Ok(one),
            None => {
                found.truncate(limits::CANDIDATES);
                let candidates = found.into_iter().map(str::to_owned).collect();
                Err(Refused::Ambiguous { id: id.to_owned(), candidates })
            }
        },
    }
}

pub(super) fn unknown(what: &str, id: &str) -> Refused {
    Refused::Unknown { what: what.to_owned(), id: id[..id.floor_char_boundary(64)].to_owned() }
}

fn is_long(text: &str) -> bool {
    text.len() > limits::TEXT_BYTES
}

fn checked(what: &str, text: String) -> Result<String, Refused> {
    match is_long(&text) {
        true => Err(Refused::Useless(format!("{what} is longer than {} bytes", limits::TEXT_BYTES))),
        false => Ok(text),
    }
}
