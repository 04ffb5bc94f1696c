//! Which facts an expression reads, so that it is evaluated anew only when one of them changes.

use std::collections::BTreeSet;

/// NameSet of which some are read, or all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NameSet {
    /// All of them, whatever `names` says.
    pub all: bool,
    /// These.
    pub names: BTreeSet<String>,
}

/// What an expression reads.
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
    /// Whether `name` is read.
    pub fn reads(&self, name: &str) -> bool {
        self.all || self.names.contains(name)
    }

    /// Whether nothing is.
    pub fn is_empty(&self) -> bool {
        !self.all && self.names.is_empty()
    }

    fn join(&mut self, other: &Self) {
        self.all |= other.all;
        self.names.extend(other.names.iter().cloned());
    }
}

impl References {
    /// References what `other` reads, too.
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
