//! A new configuration: only groups that were written anew are asked anew.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use super::{AffectedObjects, ObjectRegistry, membership::Memberships};
use crate::{compiled::CompiledConfig, config::Group, groups::GroupId};

impl ObjectRegistry {
    /// The operators decided anew: touched are those whose groups changed. What else the new
    /// configuration changes (policies, definitions) is the caller's to look at.
    pub fn configure(&mut self, compiled: Arc<CompiledConfig>) -> AffectedObjects {
        let before = std::mem::replace(&mut self.compiled, compiled);
        let (was, now) = (&before.config().groups, self.compiled.config().groups.clone());
        let kept = kept(&before, was, &now);
        let stays: BTreeSet<GroupId> = kept.values().copied().collect();
        self.members = now.iter().map(|_| BTreeSet::new()).collect();
        let mut touched = BTreeSet::new();
        let known: Vec<Arc<str>> = self.objects.keys().cloned().collect();
        for id in known {
            let Some(one) = self.objects.get_mut(&id) else { continue };
            let names = |memberships: &Memberships, groups: &[Group]| {
                memberships
                    .members()
                    .filter_map(|id| Some(groups.get(id as usize)?.name.clone()))
                    .collect::<BTreeSet<_>>()
            };
            let names_before = names(&one.memberships, was);
            one.memberships = one.memberships.carried(&kept);
            self.ask_anew(&id, |group| !stays.contains(&group));
            if self.objects.get(&id).is_some_and(|one| names(&one.memberships, &now) != names_before) {
                touched.insert(id);
            }
        }
        AffectedObjects::of(touched)
    }
}

fn ids(groups: &[Group]) -> impl Iterator<Item = GroupId> {
    (0..).zip(groups).map(|(id, _)| id)
}

/// Groups that ask of an object by itself what they asked before: old number, new number.
fn kept(before: &CompiledConfig, was: &[Group], now: &[Group]) -> BTreeMap<GroupId, GroupId> {
    let same = |a: &Group, b: &Group| {
        a.objects == b.objects && a.when == b.when && a.exclude == b.exclude && a.exclude_when == b.exclude_when
    };
    let old = |group: &Group| {
        let at = before.groups.position(&group.name)?;
        Some((GroupId::try_from(at).ok()?, was.get(at)?))
    };
    let pairs = ids(now).zip(now).filter_map(|(id, group)| {
        let (old, old_group) = old(group)?;
        same(old_group, group).then_some((old, id))
    });
    pairs.collect()
}
