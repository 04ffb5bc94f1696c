//! A rule set: all rules that are live at one time, and the index of their interests.
//! Built off the path, shared, never changed, swapped whole.

use std::sync::Arc;

use lifesigns_model::{RuleKey, ShadowDiff};

use crate::{
    LoadedRule,
    index::Index,
    prefilter::{PrefilterError, PrefilterStats},
    report::{RuleFailures, ShardReport},
    shadow_pair::{ShadowPair, pairs},
};

/// An immutable set of rules, sorted by name and lane.
pub struct RuleSet {
    rules: Vec<Arc<LoadedRule>>,
    pub(crate) index: Index,
    /// Rules that have a shadow.
    pub(crate) pairs: Vec<ShadowPair>,
}

impl RuleSet {
    /// Builds the index. `sample` is a piece of recent traffic, which helps to choose what to search
    /// for; it may be empty. Of rules with equal keys the last one stays.
    ///
    /// # Errors
    /// When the literals together exceed what an index can hold.
    pub fn new(mut rules: Vec<Arc<LoadedRule>>, sample: &[u8]) -> Result<Self, PrefilterError> {
        rules.reverse();
        rules.sort_by(|one, other| one.key.cmp(&other.key));
        rules.dedup_by(|next, kept| next.key == kept.key);
        let index = Index::new(&rules, sample)?;
        let pairs = pairs(&rules);
        Ok(Self { rules, index, pairs })
    }

    /// Returns the rules, by name and lane.
    pub fn rules(&self) -> &[Arc<LoadedRule>] {
        &self.rules
    }

    /// Returns how the literals are searched for.
    pub fn stats(&self) -> PrefilterStats {
        self.index.prefilter.stats()
    }

    /// Returns the rules that make the host decode every line, because they have an interest
    /// in log events without a literal.
    pub fn unfiltered(&self) -> Vec<&RuleKey> {
        let mut keys: Vec<&RuleKey> = self
            .index
            .without_literals
            .iter()
            .map(|interest| &self.rules[self.index.interests[*interest as usize].rule as usize].key)
            .collect();
        keys.dedup();
        keys
    }

    /// Returns the rule of that key.
    pub fn rule(&self, key: &RuleKey) -> Option<&Arc<LoadedRule>> {
        let at = self.rules.binary_search_by(|rule| rule.key.cmp(key)).ok()?;
        Some(&self.rules[at])
    }

    /// Returns how the shadow of a rule compares with its live version; `None` unless both run. `report` is
    /// what shards have counted.
    pub fn shadow_diff(&self, name: &str, report: &ShardReport) -> Option<ShadowDiff> {
        let pair = self.pairs.iter().find(|pair| self.rules[pair.live as usize].name() == name)?;
        Some(self.rules[pair.shadow as usize].comparison().diff(self.failures(pair, report)))
    }

    /// Returns whether a rule has another version of state than in the rule set before.
    pub(crate) fn changes_state_versions(&self, before: &Self) -> bool {
        let before = |key| before.rule(key).map_or(0, |rule| rule.description.state_version);
        self.rules.iter().any(|rule| rule.description.state_version != before(&rule.key))
    }

    /// Begins to compare shadows with their live versions, where that has not begun. `report` is what shards
    /// have counted before.
    pub(crate) fn begin_comparisons(&self, now_ns: u64, report: &ShardReport) {
        for pair in &self.pairs {
            let failures = self.failures(pair, report);
            self.rules[pair.shadow as usize].comparison().begin(&pair.live_version, now_ns, failures);
        }
    }

    fn failures(&self, pair: &ShadowPair, report: &ShardReport) -> [RuleFailures; 2] {
        [pair.live, pair.shadow].map(|rule| {
            let failures = report.failures.get(&self.rules[rule as usize].key);
            failures.cloned().unwrap_or_default()
        })
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
