//! What people do: acknowledge, write, cancel, silence.

use std::{
    collections::{BTreeMap, HashSet},
    sync::Arc,
};

use serde_json::{Value, json};

use super::{Book, limits, page::Id, silences::Edit};
use crate::{
    change::{Command, CommandAction, RequestError},
    record::{ALERT_NOTES, Alert, AlertStatus, EndCause, Note, Signature, Silence},
};

impl Book {
    /// Does what a person asks for, or says why not, in which case nothing changes.
    pub(super) fn command(&mut self, command: Command) -> Result<(), RequestError> {
        let by = Signature { who: checked("the name", command.who)?, time_ns: command.time_ns };
        match command.act {
            CommandAction::Acknowledge { alerts, owner } => self.acknowledge(&alerts, owner, &by),
            CommandAction::Unacknowledge { alerts } => self.unacknowledge(&alerts, &by),
            CommandAction::Note { alert, text } => self.write(&alert, checked("the note", text)?, by),
            CommandAction::Cancel { alerts, why } => self.cancel_by_hand(&alerts, why, &by),
            CommandAction::Silence { matchers, from_ns, until_ns, why } => {
                let from_ns = from_ns.unwrap_or(by.time_ns);
                self.add_silence(
                    Silence { id: String::new(), matchers, from_ns, until_ns, who: by.who, why },
                    by.time_ns,
                )
            }
            CommandAction::ClearSymptom { object, symptom, why } => {
                let why = checked("the reason", why)?;
                self.clear_by_hand(&object, &symptom, &why, by.time_ns, &by.who)
            }
            CommandAction::Forget { object, why } => {
                let why = checked("the reason", why)?;
                self.forget(&object, &why, by.time_ns, &by.who)
            }
            CommandAction::Edit { silence, matchers, from_ns, until_ns, why } => {
                let edit = Edit { matchers, from_ns, until_ns, why };
                self.edit_silence(&silence, edit, &by)
            }
            CommandAction::Expire { silence } => {
                let id = self.find_silence(&silence)?;
                self.expire(&id, by.time_ns, &by.who);
                Ok(())
            }
        }
    }

    /// Where the alert of this id, or prefix of one, is.
    pub(super) fn find(&self, id: &str) -> Result<(Id, Id), RequestError> {
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

    /// Where the alerts of these ids, or prefixes of one, are: each once, and all of them open.
    fn find_open(&self, ids: &[String], what: &str) -> Result<Vec<(Id, Id)>, RequestError> {
        if ids.is_empty() {
            return Err(RequestError::Useless(format!("no alert is named: there is nothing to {what}")));
        }
        if ids.len() > limits::BULK {
            return Err(RequestError::Useless(format!(
                "{} alerts at once are too many: at most {}",
                ids.len(),
                limits::BULK
            )));
        }
        let exact: HashSet<&str> = ids.iter().map(String::as_str).collect();
        let mut known: BTreeMap<&str, (Id, Id)> = BTreeMap::new();
        for (object, page) in &self.pages {
            let meant = page.alerts.iter().filter(|(_, alert)| exact.contains(alert.id.as_str()));
            known.extend(meant.map(|(name, alert)| (alert.id.as_str(), (Arc::clone(object), Arc::clone(name)))));
        }
        let mut found: Vec<(Id, Id)> = Vec::new();
        for id in ids {
            let place = known.get(id.as_str()).cloned().map_or_else(|| self.find(id), Ok)?;
            let alert = self.pages.get(&place.0).and_then(|page| page.alerts.get(&place.1));
            if let Some(alert) = alert.filter(|alert| alert.status == AlertStatus::Cancelled) {
                let already = if what == "cancel" { " already" } else { "" };
                let why = format!("alert {} is cancelled{already}: there is nothing to {what}", alert.id);
                return Err(RequestError::Useless(why));
            }
            found.push(place);
        }
        let mut seen = HashSet::new();
        found.retain(|place| seen.insert(place.clone()));
        Ok(found)
    }

    fn acknowledge(&mut self, ids: &[String], owner: Option<String>, by: &Signature) -> Result<(), RequestError> {
        let owner = owner.map(|owner| checked("the owner", owner)).transpose()?;
        for (object, name) in self.find_open(ids, "acknowledge")? {
            self.sign(&object, &name, "alert acknowledged", by, |alert| {
                alert.acknowledged = Some(by.clone());
                if owner.is_some() {
                    alert.owner.clone_from(&owner);
                }
            });
        }
        Ok(())
    }

    /// Takes acknowledgements back. What a route repeats is repeated again.
    fn unacknowledge(&mut self, ids: &[String], by: &Signature) -> Result<(), RequestError> {
        let places = self.find_open(ids, "take back")?;
        for (object, name) in &places {
            let alert = self.pages.get(object).and_then(|page| page.alerts.get(name));
            if let Some(alert) = alert.filter(|alert| alert.acknowledged.is_none()) {
                return Err(RequestError::Useless(format!("alert {} is not acknowledged", alert.id)));
            }
        }
        for (object, name) in places {
            self.sign(&object, &name, "alert unacknowledged", by, |alert| alert.acknowledged = None);
            self.plan_repeat(&object, &name);
        }
        Ok(())
    }

    /// Changes who knows of an alert, and writes down who did so.
    fn sign(&mut self, object: &Id, name: &Id, what: &str, by: &Signature, change: impl FnOnce(&mut Alert)) {
        let Some(alert) = self.pages.get_mut(object).and_then(|page| page.alert_mut(name)) else { return };
        let state = |alert: &Alert| json!({ "acknowledged": alert.acknowledged.as_ref().map(|by| &by.who), "owner": alert.owner });
        let before = state(alert);
        change(alert);
        alert.revision += 1;
        let (id, after) = (alert.id.clone(), state(alert));
        self.mark(object, name);
        self.note(by.time_ns, &by.who, what, &id, before, after);
    }

    fn write(&mut self, id: &str, text: String, by: Signature) -> Result<(), RequestError> {
        let (object, name) = self.find(id)?;
        self.write_at(&object, &name, text, &by);
        Ok(())
    }

    fn write_at(&mut self, object: &Id, name: &Id, text: String, by: &Signature) {
        let Some(alert) = self.pages.get_mut(object).and_then(|page| page.alert_mut(name)) else { return };
        while alert.notes.len() >= ALERT_NOTES {
            alert.notes.remove(0);
        }
        alert.notes.push(Note { by: by.clone(), text: text.clone() });
        alert.revision += 1;
        let id = alert.id.clone();
        self.mark(object, name);
        self.note(by.time_ns, &by.who, "alert noted", &id, Value::Null, json!({ "note": text }));
    }

    /// Cancels alerts. They stay cancelled until a new raise.
    fn cancel_by_hand(&mut self, ids: &[String], why: String, by: &Signature) -> Result<(), RequestError> {
        let why = checked("the reason", why)?;
        for (object, name) in self.find_open(ids, "cancel")? {
            self.stop_waiting(&object, &name);
            self.write_at(&object, &name, why.clone(), by);
            self.cancel(&object, &name, EndCause::Hand, self.stamp(), &by.who);
            // Only the case is closed: what it says may still be so.
            if let Some(alert) = self.pages.get_mut(&object).and_then(|page| page.alert_mut(&name)) {
                alert.ceased = false;
            }
        }
        Ok(())
    }
}

/// The one of `ids` that `id` is, or is a prefix of.
pub(super) fn one_of<'a>(what: &str, id: &str, ids: impl Iterator<Item = &'a str>) -> Result<&'a str, RequestError> {
    let mut found: Vec<&str> = ids.filter(|one| !id.is_empty() && one.starts_with(id)).collect();
    match found[..] {
        [] => Err(unknown(what, id)),
        [one] => Ok(one),
        _ => match found.iter().find(|one| **one == id) {
            Some(one) => Ok(one),
            None => {
                found.truncate(limits::CANDIDATES);
                let candidates = found.into_iter().map(str::to_owned).collect();
                Err(RequestError::Ambiguous { id: id.to_owned(), candidates })
            }
        },
    }
}

pub(super) fn unknown(what: &str, id: &str) -> RequestError {
    RequestError::Unknown { what: what.to_owned(), id: id[..id.floor_char_boundary(64)].to_owned() }
}

pub(super) fn is_long(text: &str) -> bool {
    text.len() > limits::TEXT_BYTES
}

pub(super) fn checked(what: &str, text: String) -> Result<String, RequestError> {
    match is_long(&text) {
        true => Err(RequestError::Useless(format!("{what} is longer than {} bytes", limits::TEXT_BYTES))),
        false => Ok(text),
    }
}
