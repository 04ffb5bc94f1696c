//! A configuration that was checked and compiled.

use std::{collections::HashMap, sync::Arc};

use crate::{
    check,
    condition::{self, CompiledCondition},
    config::{AlertDefinition, ComplianceConfig, ConfigError, Group, Policy},
    expression::References,
    groups::{CompiledGroups, GroupId},
    hours::ScheduleChanges,
    policy::{self, RankedPolicy},
    query::PolicyRow,
};

/// A configuration that was checked and compiled. Immutable, shared, swapped whole.
#[derive(Debug)]
pub struct CompiledConfig {
    config: Arc<ComplianceConfig>,
    conditions: Vec<CompiledCondition>,
    definitions: HashMap<String, usize>,
    pub(crate) groups: CompiledGroups,
    /// Policies in the order in which they win.
    pub(crate) policies: Vec<RankedPolicy>,
    /// When the set of policies in force changes.
    pub(crate) changes: ScheduleChanges,
    references: References,
    /// Whether some policy disables what may be a symptom.
    pub(crate) disables: bool,
}

impl CompiledConfig {
    /// Checks and compiles `config`.
    ///
    /// # Errors
    ///
    /// All mistakes in it, by location.
    pub fn new(config: Arc<ComplianceConfig>) -> Result<Self, Vec<ConfigError>> {
        let mut errors = check::check(&config);
        let groups = CompiledGroups::new(&config.groups, &mut errors);
        let mut references = References::default();
        let conditions =
            config.definitions.iter().map(|one| condition::compile(one, &mut references, &mut errors)).collect();
        if !errors.is_empty() {
            errors.sort_by(|a, b| a.place.position().cmp(&b.place.position()));
            return Err(errors);
        }
        let definitions = config.definitions.iter().enumerate().map(|(at, one)| (one.name.clone(), at)).collect();
        let policies = policy::ranked(&config.policies, &groups);
        let changes = ScheduleChanges::of(&config.policies);
        let disables = policy::disables_symptoms(&config.policies);
        Ok(Self { config, conditions, definitions, groups, policies, changes, references, disables })
    }

    /// Returns the configuration that this was compiled from.
    pub fn config(&self) -> &Arc<ComplianceConfig> {
        &self.config
    }

    /// Returns the definition of this name.
    pub fn definition(&self, name: &str) -> Option<&AlertDefinition> {
        self.config.definitions.get(self.position(name)?)
    }

    /// Returns the position of the definition of this name in `config().definitions`.
    pub fn position(&self, definition: &str) -> Option<usize> {
        self.definitions.get(definition).copied()
    }

    /// Returns the condition of the definition at this position in `config().definitions`.
    pub fn condition(&self, definition: usize) -> Option<&CompiledCondition> {
        self.conditions.get(definition)
    }

    /// Returns the group of this name.
    pub fn group(&self, name: &str) -> Option<&Group> {
        self.config.groups.get(self.groups.position(name)?)
    }

    /// Returns a group by its id, which must be one of this configuration.
    pub(crate) fn group_at(&self, id: GroupId) -> &Group {
        &self.config.groups[id as usize]
    }

    /// Returns the policy of this name.
    pub fn policy(&self, name: &str) -> Option<&Policy> {
        self.config.policies.iter().find(|policy| policy.name == name)
    }

    /// Returns the policies that name `group`, in the order in which they win. Those that hold for all objects are
    /// not among them.
    pub fn policies_in(&self, group: &str) -> Vec<&Policy> {
        let policies = self.policies.iter().map(|ranked| &self.config.policies[ranked.position]);
        policies.filter(|policy| policy.groups.iter().any(|name| name == group)).collect()
    }

    /// Returns all policies, those that win first; `clock_ns` is the host's clock, which says whether a policy
    /// is in force.
    pub fn policy_lines(&self, clock_ns: u64) -> Vec<PolicyRow> {
        self.policies.iter().map(|ranked| ranked.line(&self.config.policies[ranked.position], clock_ns)).collect()
    }

    /// Returns when, after `clock_ns` of the host's clock, the set of policies in force changes next; `None` for
    /// never.
    pub fn next_hours_change(&self, clock_ns: u64) -> Option<u64> {
        self.changes.next(&self.config.policies, clock_ns)
    }

    /// Returns what the conditions of all definitions refer to. A fact that is not among it changes alerts
    /// only through groups.
    pub fn references(&self) -> &References {
        &self.references
    }
}

#[cfg(test)]
mod tests;
