//! A configuration that was checked and compiled.

use std::{collections::HashMap, sync::Arc};

use crate::{
    check,
    condition::{self, CompiledCondition},
    config::{AlertDefinition, ComplianceConfig, ConfigError, Group, Policy},
    expression::References,
    groups::CompiledGroups,
    hours::ScheduleChanges,
    policy::{self, RankedPolicy},
    query::PolicyLine,
};

/// A configuration that was checked and compiled. Immutable, shared, swapped whole.
#[derive(Debug)]
pub struct CompiledConfig {
    config: Arc<ComplianceConfig>,
    conditions: Vec<CompiledCondition>,
    definitions: HashMap<String, usize>,
    pub(crate) groups: CompiledGroups,
    /// In the order in which they win.
    pub(crate) policies: Vec<RankedPolicy>,
    /// When the set of policies in force changes.
    pub(crate) changes: ScheduleChanges,
    reads: References,
    /// Some policy disables what may be a symptom.
    pub(crate) disables: bool,
}

impl CompiledConfig {
    /// Checks and compiles `config`. The error is everything that is wrong with it, by place.
    pub fn new(config: Arc<ComplianceConfig>) -> Result<Self, Vec<ConfigError>> {
        let mut errors = check::check(&config);
        let groups = CompiledGroups::new(&config.groups, &mut errors);
        let mut reads = References::default();
        let conditions =
            config.definitions.iter().map(|one| condition::compile(one, &mut reads, &mut errors)).collect();
        if !errors.is_empty() {
            errors.sort_by(|a, b| {
                let key = |error: &ConfigError| (error.place.file.clone(), error.place.line, error.place.column);
                key(a).cmp(&key(b))
            });
            return Err(errors);
        }
        let definitions = config.definitions.iter().enumerate().map(|(at, one)| (one.name.clone(), at)).collect();
        let policies = policy::ranked(&config.policies, &groups);
        let changes = ScheduleChanges::of(&config.policies);
        let disables = policy::disables_symptoms(&config.policies);
        Ok(Self { config, conditions, definitions, groups, policies, changes, reads, disables })
    }

    /// What it was made of.
    pub fn config(&self) -> &Arc<ComplianceConfig> {
        &self.config
    }

    /// The definition of this name.
    pub fn definition(&self, name: &str) -> Option<&AlertDefinition> {
        self.config.definitions.get(self.position(name)?)
    }

    /// The position of the definition of this name in `config().definitions`.
    pub fn position(&self, definition: &str) -> Option<usize> {
        self.definitions.get(definition).copied()
    }

    /// The condition of the definition at this position in `config().definitions`.
    pub fn condition(&self, definition: usize) -> Option<&CompiledCondition> {
        self.conditions.get(definition)
    }

    /// The group of this name.
    pub fn group(&self, name: &str) -> Option<&Group> {
        self.config.groups.get(self.groups.position(name)?)
    }

    /// The policy of this name.
    pub fn policy(&self, name: &str) -> Option<&Policy> {
        self.config.policies.iter().find(|policy| policy.name == name)
    }

    /// Policies that name `group`, in the order in which they win. Those that hold for all objects are
    /// not among them.
    pub fn policies_in(&self, group: &str) -> Vec<&Policy> {
        let policies = self.policies.iter().map(|ranked| &self.config.policies[ranked.position]);
        policies.filter(|policy| policy.groups.iter().any(|name| name == group)).collect()
    }

    /// All policies, those that win first; `clock_ns` is the host's clock, which says whether a policy
    /// is in force.
    pub fn policy_lines(&self, clock_ns: u64) -> Vec<PolicyLine> {
        self.policies.iter().map(|ranked| ranked.line(&self.config.policies[ranked.position], clock_ns)).collect()
    }

    /// When, after `clock_ns`, the set of policies in force changes next; `None` for never.
    pub fn next_hours_change(&self, clock_ns: u64) -> Option<u64> {
        self.changes.next(&self.config.policies, clock_ns)
    }

    /// What the conditions of all definitions read. A fact that is not among it changes alerts only
    /// by way of groups.
    pub fn reads(&self) -> &References {
        &self.reads
    }
}

#[cfg(test)]
mod tests;
