//! The state of one object as it was before the batch under evaluation, for a call that is kept.

use lifesigns_model::StateValue;

use super::{memory::RuleMemory, object::ObjectState, undo::Undo};

impl RuleMemory {
    /// Returns whether the batch under evaluation has changed anything of an object.
    pub(crate) fn is_changed(&self, object: u32) -> bool {
        self.undo.iter().any(|undo| undo.object() == object)
    }

    /// Returns the state of an object before the batch under evaluation, by key.
    ///
    /// # Errors
    /// Returns its size, in bytes, if it takes more than `most`.
    pub(crate) fn before(&self, object: u32, most: usize) -> Result<Vec<StateValue>, usize> {
        let mut state = ObjectState::default();
        if let Some(now) = self.objects.get(&object) {
            if now.bytes() > most {
                return Err(now.bytes());
            }
            now.entries().for_each(|(key, entry)| drop(state.insert(key, entry.clone())));
        }
        for undo in self.undo.iter().rev().filter(|undo| undo.object() == object) {
            Undo::clone(undo).apply(&mut state);
        }
        if state.bytes() > most {
            return Err(state.bytes());
        }
        let value = |(key, entry): (&str, &super::entry::Entry)| StateValue {
            key: key.to_owned(),
            entry: hex::encode(entry.to_bytes()),
        };
        let mut values: Vec<StateValue> = state.entries().map(value).collect();
        values.sort_unstable_by(|one, other| one.key.cmp(&other.key));
        Ok(values)
    }

    /// Puts entries that [`Self::before`] returned under an object. Returns whether all could be read.
    pub(crate) fn put(&mut self, object: u32, values: &[StateValue]) -> bool {
        values.iter().all(|value| hex::decode(&value.entry).is_ok_and(|entry| self.restore(object, &value.key, &entry)))
    }
}
