//! The facts that an expression refers to, so that it is evaluated again only when one of them changes.

use std::collections::BTreeSet;

/// A set of names, or all names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NameSet {
    /// All names, whatever `names` contains.
    pub all: bool,
    /// The names that are in the set.
    pub names: BTreeSet<String>,
}

/// What an expression refers to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct References {
    /// The object's id, which never changes.
    pub id: bool,
    /// The object's kind.
    pub kind: bool,
    /// The parent's id.
    pub parent: bool,
    /// `tags`, which is the property `tags` split at commas; `properties` names it too.
    pub tags: bool,
    /// Properties.
    pub properties: NameSet,
    /// Metrics.
    pub metrics: NameSet,
    /// Thresholds.
    pub thresholds: NameSet,
}

impl NameSet {
    /// Returns whether `name` is in the set.
    pub fn contains(&self, name: &str) -> bool {
        self.all || self.names.contains(name)
    }

    /// Returns whether the set has no names.
    pub fn is_empty(&self) -> bool {
        !self.all && self.names.is_empty()
    }

    fn join(&mut self, other: &Self) {
        self.all |= other.all;
        self.names.extend(other.names.iter().cloned());
    }
}

impl References {
    /// Adds what `other` refers to.
    pub fn join(&mut self, other: &Self) {
        self.id |= other.id;
        self.kind |= other.kind;
        self.parent |= other.parent;
        self.tags |= other.tags;
        self.properties.join(&other.properties);
        self.metrics.join(&other.metrics);
        self.thresholds.join(&other.thresholds);
    }
}
