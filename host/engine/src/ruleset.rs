//! A rule set: all rules that are live at one time, and the index of their interests.
//! Built off the path, shared, never changed, swapped whole.

use std::sync::Arc;

use crate::{
    LoadedRule,
    index::Index,
    prefilter::{PrefilterError, PrefilterStats},
};

/// An immutable set of rules, sorted by name.
pub struct RuleSet {
    rules: Vec<Arc<LoadedRule>>,
    pub(crate) index: Index,
}

impl RuleSet {
    /// Builds the index. `sample` is a piece of recent traffic, which helps to choose what to search
    /// for; it may be empty. Of rules with equal names the last one stays.
    ///
    /// # Errors
    /// When the literals together exceed what an index can hold.
    pub fn new(mut rules: Vec<Arc<LoadedRule>>, sample: &[u8]) -> Result<Self, PrefilterError> {
        rules.reverse();
        rules.sort_by(|one, other| one.name.cmp(&other.name));
        rules.dedup_by(|next, kept| next.name == kept.name);
        let index = Index::new(&rules, sample)?;
        Ok(Self { rules, index })
    }

    /// Returns the rules, by name.
    pub fn rules(&self) -> &[Arc<LoadedRule>] {
        &self.rules
    }

    /// Returns how the literals are searched for.
    pub fn stats(&self) -> PrefilterStats {
        self.index.prefilter.stats()
    }

    /// Returns the names of the rules that make the host decode every line, because they have an interest
    /// in log events without a literal.
    pub fn unfiltered(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self
            .index
            .without_literals
            .iter()
            .map(|interest| self.rules[self.index.interests[*interest as usize].rule as usize].name.as_str())
            .collect();
        names.dedup();
        names
    }
}

impl Default for RuleSet {
    fn default() -> Self {
        match Self::new(Vec::new(), &[]) {
            Ok(empty) => empty,
            Err(error) => unreachable!("an empty rule set without_literals builds: {error}"),
        }
    }
}
