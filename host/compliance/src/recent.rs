//! Values that were used lately, so that equal ones share their memory.

use std::hash::{BuildHasher, Hash};

use foldhash::fast::RandomState;

/// The most values that are remembered.
const VALUES: usize = 1024;

/// Remembers some of the values that it was given last. What is not found is not shared, which costs memory and
/// nothing else.
#[derive(Debug)]
pub(crate) struct RecentValues<T> {
    slots: Vec<Option<T>>,
    hashes: RandomState,
}

impl<T> Default for RecentValues<T> {
    fn default() -> Self {
        Self { slots: Vec::new(), hashes: RandomState::default() }
    }
}

impl<T: Clone + Eq + Hash> RecentValues<T> {
    /// Replaces `value` by an equal one that is remembered, or else remembers it.
    pub(crate) fn share(&mut self, value: &mut T) {
        if self.slots.is_empty() {
            self.slots.resize(VALUES, None);
        }
        let slot = &mut self.slots[self.hashes.hash_one(&*value) as usize % VALUES];
        match slot {
            Some(known) if known == value => value.clone_from(known),
            _ => *slot = Some(value.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn equal_values_are_one() {
        let mut recent = RecentValues::default();
        let (mut one, mut other, mut third): (Arc<str>, Arc<str>, Arc<str>) = ("a".into(), "a".into(), "b".into());
        [&mut one, &mut other, &mut third].into_iter().for_each(|value| recent.share(value));
        assert!(Arc::ptr_eq(&one, &other));
        assert_eq!((&*one, &*third), ("a", "b"));
        for number in 0..100_000 {
            recent.share(&mut number.to_string().into());
        }
        assert_eq!(recent.slots.len(), VALUES);
    }
}
