//! Which facts an expression reads, so that it is evaluated anew only when one of them changes.

use std::collections::BTreeSet;

/// Names of which some are read, or all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names {
    /// All of them, whatever `names` says.
    pub all: bool,
    /// These.
    pub names: BTreeSet<String>,
}

/// What an expression reads.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reads {
    /// The object's kind.
    pub kind: bool,
    /// The parent's id.
    pub parent: bool,
    /// Properties; `tags` is the property `tags`.
    pub properties: Names,
    /// Metrics.
    pub metrics: Names,
    /// Thresholds.
    pub thresholds: Names,
}

impl Names {
    /// Whether `name` is read.
    pub fn reads(&self, name: &str) -> bool {
        self.all || self.names.contains(name)
    }
}

impl Reads {
    /// Everything there is.
    pub fn everything() -> Self {
        let all = || Names { all: true, names: BTreeSet::new() };
        Self { kind: true, parent: true, properties: all(), metrics: all(), thresholds: all() }
    }
}
