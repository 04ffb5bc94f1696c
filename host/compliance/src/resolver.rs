//! What the policies of an object's groups say about an alert, and which of them wins.
//!
//! Each setting is decided by itself: of the policies that are in force and hold for the object, the
//! one with the higher priority wins, then the one that stands first in the files; within one policy,
//! an entry that names the alert wins over one with a pattern, then the first line. The others are
//! returned as overridden, in the order in which they would have won.

use std::collections::BTreeMap;

use crate::{
    certainty::Certainty,
    compiled::CompiledConfig,
    config::{Policy, PolicyEntry, PolicySetting, SettingKind},
    groups::GroupId,
    policy::RankedPolicy,
    query::Resolution,
    registry::ObjectRegistry,
    why::{Decision, PolicyStatement, Why},
};

/// Decides by policy what becomes of alerts on objects, at a time of the host's clock.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PolicyResolver<'a> {
    compiled: &'a CompiledConfig,
    registry: &'a ObjectRegistry,
    clock_ns: u64,
}

/// An entry of a policy that says something about an alert on an object.
#[derive(Clone, Copy, Debug)]
struct Statement<'a> {
    policy: &'a Policy,
    via: Via<'a>,
    entry: &'a PolicyEntry,
}

/// How a policy holds for an object.
#[derive(Clone, Copy, Debug)]
struct Via<'a> {
    /// The policy's rank; 0 is the strongest.
    rank: usize,
    /// The group that it names and that the object is in; `None` if it holds for all objects.
    group: Option<&'a str>,
    /// Whether the object is in the group for certain.
    certain: bool,
}

impl Statement<'_> {
    /// The setting that it decides. Of a group that the object is not in for certain, a criticality is
    /// only a lower bound.
    fn kind(&self) -> SettingKind {
        match self.entry.setting {
            PolicySetting::Criticality(_) if !self.via.certain => SettingKind::AtLeast,
            _ => self.entry.setting.kind(),
        }
    }

    fn verdict(&self) -> PolicyStatement {
        PolicyStatement {
            policy: self.policy.name.clone(),
            group: self.via.group.map(str::to_owned),
            pattern: self.entry.pattern.as_str().to_owned(),
            value: self.entry.setting.value(),
            place: self.entry.place.clone(),
        }
    }
}

impl<'a> PolicyResolver<'a> {
    /// A resolver by the configuration and the groups of `registry`, at `clock_ns` of the host's clock.
    pub(crate) fn new(registry: &'a ObjectRegistry, clock_ns: u64) -> Self {
        Self { compiled: registry.compiled(), registry, clock_ns }
    }

    /// Returns what is decided about `alert` (a definition's name or `RULE/SYMPTOM`) on `object`, by the
    /// name of the alert alone.
    ///
    /// An alert of a definition counts as allowed if this allows its name, or if each of its active
    /// symptoms is allowed by its own name and no policy that is as strong or stronger forbids the
    /// alert's name.
    pub(crate) fn resolve(&self, object: &str, alert: &str) -> Resolution {
        let mut resolution = Resolution {
            object: object.to_owned(),
            alert: alert.to_owned(),
            enabled: true,
            why: Why { groups: self.registry.groups().memberships(object), steps: Vec::new() },
            ..Resolution::default()
        };
        let mut by_kind: BTreeMap<SettingKind, Vec<Statement<'a>>> = BTreeMap::new();
        for statement in self.statements(object, alert) {
            match statement.entry.setting {
                PolicySetting::Allow(_) if resolution.allow_rank.is_none() => {
                    resolution.allow_rank = Some(statement.via.rank);
                }
                PolicySetting::Criticality(criticality) if !statement.via.certain => {
                    resolution.at_least = resolution.at_least.max(Some(criticality));
                }
                _ => {}
            }
            by_kind.entry(statement.kind()).or_default().push(statement);
        }
        for (kind, statements) in by_kind {
            let [winner, overridden @ ..] = statements.as_slice() else { continue };
            if kind != SettingKind::AtLeast {
                resolution.decide(&winner.entry.setting);
            }
            resolution.why.steps.push(Decision {
                setting: kind.to_string(),
                value: winner.entry.setting.value(),
                by: winner.verdict(),
                overrode: overridden.iter().map(Statement::verdict).collect(),
            });
        }
        resolution
    }

    /// Returns whether policy lets `symptom` (`RULE/SYMPTOM`) count on `object`. A symptom that is disabled
    /// there opens no alert of its own, and no definition sees it.
    pub(crate) fn enables_symptom(&self, object: &str, symptom: &str) -> bool {
        if !self.compiled.disables {
            return true;
        }
        for statement in self.statements(object, symptom) {
            if let PolicySetting::Enable(enable) = statement.entry.setting {
                return enable;
            }
        }
        true
    }

    /// What is said about the alert on the object, the winner of each setting first.
    fn statements<'s>(&'s self, object: &'s str, alert: &'s str) -> impl Iterator<Item = Statement<'a>> + 's {
        let ranked = self.compiled.policies.iter().enumerate();
        ranked.flat_map(move |(rank, ranked)| self.statements_of(rank, ranked, object, alert))
    }

    /// What one policy says about the alert on the object.
    fn statements_of(
        &self,
        rank: usize,
        ranked: &'a RankedPolicy,
        object: &str,
        alert: &str,
    ) -> impl Iterator<Item = Statement<'a>> {
        let policy = &self.compiled.config().policies[ranked.position];
        let via = if policy.in_force(self.clock_ns) { self.via(rank, ranked, object) } else { None };
        via.into_iter().flat_map(move |via| {
            let entries = ranked.entries.iter().map(|&at| &policy.entries[at]);
            let applies = move |entry: &&PolicyEntry| {
                (via.certain || entry.setting.counts_if_uncertain()) && entry.pattern.matches(alert)
            };
            entries.filter(applies).map(move |entry| Statement { policy, via, entry })
        })
    }

    /// How the policy holds for the object; `None` if it does not.
    fn via(&self, rank: usize, ranked: &RankedPolicy, object: &str) -> Option<Via<'a>> {
        let Some(groups) = &ranked.groups else { return Some(Via { rank, group: None, certain: true }) };
        let mut possible = None;
        for &group in groups {
            match self.registry.groups().membership(object, group) {
                Certainty::Yes => return Some(self.via_group(rank, group, true)),
                Certainty::Maybe => possible = possible.or(Some(group)),
                Certainty::No => {}
            }
        }
        Some(self.via_group(rank, possible?, false))
    }

    fn via_group(&self, rank: usize, group: GroupId, certain: bool) -> Via<'a> {
        Via { rank, group: Some(self.compiled.config().groups[group as usize].name.as_str()), certain }
    }
}

#[cfg(test)]
mod tests;
