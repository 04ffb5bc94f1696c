//! Policies in the order in which they win: the higher priority first, then the order of the files;
//! within one policy, entries that name an alert before those with a pattern, then the first line.

use std::cmp::Reverse;

use crate::{
    config::{Policy, PolicyEntry, PolicySetting},
    groups::{CompiledGroups, GroupId},
    query::{PolicyEntryLine, PolicyRow},
};

/// A policy with its rank among all policies, which is its position in the list.
#[derive(Debug)]
pub(crate) struct RankedPolicy {
    /// Its position in `ComplianceConfig::policies`.
    pub(crate) position: usize,
    /// The groups it holds in; `None` for all objects.
    pub(crate) groups: Option<Vec<GroupId>>,
    /// Positions of its entries in the order in which they win.
    pub(crate) entries: Vec<usize>,
}

impl RankedPolicy {
    fn new(position: usize, policy: &Policy, groups: &CompiledGroups) -> Self {
        let ids = policy.groups.iter().filter_map(|name| groups.id(name)).collect();
        let mut entries: Vec<usize> = (0..policy.entries.len()).collect();
        entries.sort_by_key(|&at| !policy.entries[at].pattern.is_literal());
        Self { position, groups: if policy.groups.is_empty() { None } else { Some(ids) }, entries }
    }

    /// The policy as it is listed; `policy` is the one that this was made of.
    pub(crate) fn line(&self, policy: &Policy, clock_ns: u64) -> PolicyRow {
        PolicyRow {
            name: policy.name.clone(),
            place: policy.place.clone(),
            groups: policy.groups.clone(),
            priority: policy.priority,
            hours: policy.hours.iter().map(ToString::to_string).collect(),
            zone: policy.zone.name().to_owned(),
            in_force: policy.in_force(clock_ns),
            entries: self.entries.iter().map(|&at| line(&policy.entries[at])).collect(),
        }
    }
}

fn line(entry: &PolicyEntry) -> PolicyEntryLine {
    PolicyEntryLine {
        pattern: entry.pattern.as_str().to_owned(),
        setting: entry.setting.kind().to_string(),
        value: entry.setting.value(),
        place: entry.place.clone(),
    }
}

/// Returns `policies` in the order in which they win.
pub(crate) fn ranked(policies: &[Policy], groups: &CompiledGroups) -> Vec<RankedPolicy> {
    let ranked = policies.iter().enumerate();
    let mut ranked: Vec<_> = ranked.map(|(position, policy)| RankedPolicy::new(position, policy, groups)).collect();
    ranked.sort_by_key(|one| Reverse(policies[one.position].priority));
    ranked
}

/// Returns whether some policy disables what may be a symptom.
pub(crate) fn disables_symptoms(policies: &[Policy]) -> bool {
    let mut entries = policies.iter().flat_map(|policy| &policy.entries);
    entries.any(|entry| entry.setting == PolicySetting::Enable(false) && may_be_symptom(entry))
}

fn may_be_symptom(entry: &PolicyEntry) -> bool {
    !entry.pattern.is_literal() || entry.pattern.as_str().contains('/')
}
