//! Applies a new configuration: only groups whose definition changed are evaluated again.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use super::{AffectedObjects, ObjectRegistry, membership::Memberships};
use crate::{compiled::CompiledConfig, config::Group, groups::GroupId};

impl ObjectRegistry {
    /// Applies a new configuration. Affected are the objects whose groups changed; other changes of the
    /// configuration (policies, definitions) are for the caller to evaluate.
    pub fn configure(&mut self, compiled: Arc<CompiledConfig>) -> AffectedObjects {
        let before = std::mem::replace(&mut self.compiled, compiled);
        let groups_before = &before.config().groups;
        let groups = self.compiled.config().groups.clone();
        let kept = unchanged_groups(&before, &groups);
        let unchanged: BTreeSet<GroupId> = kept.values().copied().collect();
        self.index.reset(&self.compiled);
        let mut affected = BTreeSet::new();
        let known: Vec<Arc<str>> = self.objects.ids().cloned().collect();
        for id in known {
            let entry = self.objects.known_mut(&id);
            let names_before = names(&entry.memberships, groups_before);
            entry.memberships = entry.memberships.carried(&kept);
            self.index.evaluate(entry, &self.compiled, |group| !unchanged.contains(&group));
            if names(&entry.memberships, &groups) != names_before {
                affected.insert(id);
            }
        }
        AffectedObjects::of(affected)
    }
}

/// Returns the names of the groups that an object is in.
fn names(memberships: &Memberships, groups: &[Group]) -> BTreeSet<String> {
    memberships.members().map(|id| groups[id as usize].name.clone()).collect()
}

/// Returns the groups whose own patterns and expressions are as before: the position before, with the new one.
fn unchanged_groups(before: &CompiledConfig, groups: &[Group]) -> BTreeMap<GroupId, GroupId> {
    let mut unchanged = BTreeMap::new();
    for (id, group) in (0..).zip(groups) {
        let Some(id_before) = before.groups.id(&group.name) else { continue };
        if has_same_members(before.group_at(id_before), group) {
            unchanged.insert(id_before, id);
        }
    }
    unchanged
}

/// Returns whether two groups have the same patterns and expressions; groups within them may differ.
fn has_same_members(a: &Group, b: &Group) -> bool {
    a.objects == b.objects && a.when == b.when && a.exclude == b.exclude && a.exclude_when == b.exclude_when
}
