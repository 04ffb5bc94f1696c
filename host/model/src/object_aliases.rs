//! Other names of objects.

use std::collections::{HashMap, HashSet};

use crate::ObjectFacts;

/// Which object each of the other names of an inventory stands for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ObjectAliases(HashMap<String, String>);

impl ObjectAliases {
    /// Returns those of an inventory. An id of an object is never another's name; of two objects with one name the first
    /// has it.
    pub fn of(objects: &[ObjectFacts]) -> Self {
        if objects.iter().all(|object| object.aliases.is_empty()) {
            return Self::default();
        }
        let ids: HashSet<&str> = objects.iter().map(|object| object.object.as_str()).collect();
        let mut aliases = HashMap::new();
        for object in objects {
            for alias in object.aliases.iter().filter(|alias| !ids.contains(alias.as_str())) {
                aliases.entry(alias.clone()).or_insert_with(|| object.object.clone());
            }
        }
        Self(aliases)
    }

    /// Returns the object that `name` stands for; `None` if it is no other name.
    pub fn object_of(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// Returns all other names and their objects, in no order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(alias, object)| (alias.as_str(), object.as_str()))
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Replaces the object of facts, and its parent, if these are other names.
    pub fn resolve(&self, facts: &mut ObjectFacts) {
        for name in [Some(&mut facts.object), facts.parent.as_mut()].into_iter().flatten() {
            if let Some(object) = self.object_of(name) {
                object.clone_into(name);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(id: &str, aliases: &[&str]) -> ObjectFacts {
        let aliases = aliases.iter().map(|alias| (*alias).to_owned()).collect();
        ObjectFacts { object: id.to_owned(), aliases, ..ObjectFacts::default() }
    }

    #[test]
    fn an_id_is_never_another_name() {
        let aliases = ObjectAliases::of(&[object("a", &["10.0.0.1", "b"]), object("b", &["10.0.0.1", "10.0.0.2"])]);
        assert_eq!(aliases.object_of("10.0.0.1"), Some("a"));
        assert_eq!(aliases.object_of("10.0.0.2"), Some("b"));
        assert_eq!((aliases.object_of("b"), aliases.object_of("c")), (None, None));
        let mut facts = ObjectFacts { parent: Some("10.0.0.1".to_owned()), ..object("10.0.0.2", &[]) };
        aliases.resolve(&mut facts);
        assert_eq!((facts.object.as_str(), facts.parent.as_deref()), ("b", Some("a")));
        assert!(ObjectAliases::of(&[object("a", &[])]).is_empty());
    }
}
