//! All objects with their facts, their relatives and their groups, as they are now.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use lifesigns_model::ObjectFacts;

use crate::{compiled::Compiled, config::Group, record::Object, why::Membership};

/// Objects on which alerts must be looked at again: sorted, each once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Touched {
    /// Their ids.
    pub objects: Vec<String>,
}

/// All objects.
#[derive(Debug)]
pub struct Directory {
    compiled: Arc<Compiled>,
    objects: BTreeMap<Arc<str>, Object>,
}

impl Directory {
    /// A directory without objects.
    pub fn new(compiled: Arc<Compiled>) -> Self {
        Self { compiled, objects: BTreeMap::new() }
    }

    /// What it goes by.
    pub fn compiled(&self) -> &Arc<Compiled> {
        &self.compiled
    }

    /// The operators decided anew: touched are those whose groups changed. What else the new
    /// configuration changes (policies, definitions) is the caller's to look at.
    pub fn configure(&mut self, compiled: Arc<Compiled>) -> Touched {
        self.compiled = compiled;
        Touched::default()
    }

    /// Facts of one object came in.
    pub fn facts(&mut self, facts: &ObjectFacts) -> Touched {
        let _ = facts;
        Touched::default()
    }

    /// The whole inventory.
    pub fn inventory(&mut self, objects: Vec<ObjectFacts>) -> Touched {
        let _ = objects;
        Touched::default()
    }

    /// An object was heard of.
    pub fn seen(&mut self, object: &str, time_ns: u64) -> Touched {
        let _ = (object, time_ns);
        Touched::default()
    }

    /// What a store kept; replaces everything and is not dirty.
    pub fn restore(&mut self, objects: Vec<Object>) {
        self.objects = objects.into_iter().map(|object| (object.id.as_str().into(), object)).collect();
    }

    /// Forgets an object.
    pub fn forget(&mut self, object: &str) -> Touched {
        self.objects.remove(object);
        Touched::default()
    }

    /// An object.
    pub fn object(&self, object: &str) -> Option<&Object> {
        self.objects.get(object)
    }

    /// All objects, by id.
    pub fn objects(&self) -> impl Iterator<Item = &Object> {
        self.objects.values()
    }

    /// Those that name `object` as their parent, by id.
    pub fn children(&self, object: &str) -> impl Iterator<Item = &str> {
        let _ = object;
        std::iter::empty()
    }

    /// The groups that an object is in, in the order of the files.
    pub fn groups_of(&self, object: &str) -> impl Iterator<Item = &Group> {
        let _ = object;
        std::iter::empty()
    }

    /// Whether the object is in the group.
    pub fn is_member(&self, object: &str, group: &str) -> bool {
        self.members(group).is_some_and(|members| members.contains(object))
    }

    /// The members of a group, by id; `None` if there is no such group.
    pub fn members(&self, group: &str) -> Option<&BTreeSet<Arc<str>>> {
        let _ = group;
        None
    }

    /// How an object came into each of its groups, in the order of the files.
    pub fn memberships(&self, object: &str) -> Vec<Membership> {
        let _ = object;
        Vec::new()
    }

    /// Objects that changed since the last call, by id, for the store.
    pub fn take_dirty(&mut self) -> Vec<Object> {
        Vec::new()
    }
}
