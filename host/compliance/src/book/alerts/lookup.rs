//! Finding alerts by id.

use std::collections::{BTreeMap, HashSet};

use crate::{
    book::{
        alerts::table::Alerts,
        ids::{Key, key},
        limits,
        lookup::{conflict, invalid, one_of, unknown},
    },
    change::RequestError,
    record::AlertStatus,
};

impl Alerts {
    /// Returns the key of the alert of this id, or of this prefix of one.
    pub(crate) fn find(&self, id: &str) -> Result<Key, RequestError> {
        let mut found = BTreeMap::new();
        for (object, name, alert) in self.all() {
            if alert.id.starts_with(id) {
                found.insert(alert.id.as_str(), key(object, name));
            }
        }
        let id = one_of("alert", id, found.keys().copied())?;
        found.get(id).cloned().ok_or_else(|| unknown("alert", id))
    }

    /// Returns the keys of the alerts of these ids, or prefixes of one: each once, and all of them open. `what`:
    /// what is to be done with them.
    pub(crate) fn find_open(&self, ids: &[String], what: &str) -> Result<Vec<Key>, RequestError> {
        if ids.is_empty() {
            return invalid(format!("no alert is named: there is nothing to {what}"));
        }
        if ids.len() > limits::BULK {
            let (count, most) = (ids.len(), limits::BULK);
            return invalid(format!("{count} alerts at once are too many: at most {most}"));
        }
        let exact = self.find_exact(ids);
        let mut found: Vec<Key> = Vec::new();
        let mut seen = HashSet::new();
        for id in ids {
            let key = match exact.get(id.as_str()) {
                Some(key) => key.clone(),
                None => self.find(id)?,
            };
            let alert = self.existing(&key.0, &key.1);
            if alert.status == AlertStatus::Cancelled {
                let already = if what == "cancel" { " already" } else { "" };
                return conflict(format!("alert {} is cancelled{already}: there is nothing to {what}", alert.id));
            }
            if seen.insert(key.clone()) {
                found.push(key);
            }
        }
        Ok(found)
    }

    fn find_exact<'a>(&self, ids: &'a [String]) -> BTreeMap<&'a str, Key> {
        let wanted: HashSet<&str> = ids.iter().map(String::as_str).collect();
        let mut found = BTreeMap::new();
        for (object, name, alert) in self.all() {
            if let Some(id) = wanted.get(alert.id.as_str()) {
                found.insert(*id, key(object, name));
            }
        }
        found
    }
}
