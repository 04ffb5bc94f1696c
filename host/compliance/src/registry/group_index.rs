//! The members of each group, as the objects' memberships say.

use std::{collections::BTreeSet, sync::Arc};

use super::{
    entry::ObjectEntry,
    membership::{MembershipChange, Memberships},
    undecided::UndecidedWarnings,
};
use crate::{compiled::CompiledConfig, groups::GroupId, shared_map::SharedSet, undecided::UndecidedExpression};

/// The members of each group. An object is in the set of a group exactly when its memberships say that it is a
/// member: this type changes both.
#[derive(Debug, Default)]
pub(super) struct GroupIndex {
    /// By the position of the group.
    members: Arc<Vec<SharedSet>>,
    evaluations: u64,
    warnings: UndecidedWarnings,
}

impl GroupIndex {
    /// Returns the index of a configuration's groups, without members.
    pub(super) fn new(compiled: &CompiledConfig) -> Self {
        Self { members: no_members(compiled), ..Self::default() }
    }

    /// Returns the members as they are now, to be read. What is noted for the log stays here.
    pub(super) fn share(&self) -> Self {
        Self { members: Arc::clone(&self.members), ..Self::default() }
    }

    /// Removes all members: the groups are those of `compiled` now.
    pub(super) fn reset(&mut self, compiled: &CompiledConfig) {
        self.members = no_members(compiled);
    }

    /// Removes all members, and counts evaluations from 0. Warnings are not repeated.
    pub(super) fn restart(&mut self, compiled: &CompiledConfig) {
        let warnings = std::mem::take(&mut self.warnings);
        *self = Self { warnings, ..Self::new(compiled) };
    }

    /// Returns the members of the group at a position.
    pub(super) fn members(&self, position: usize) -> Option<&SharedSet> {
        self.members.get(position)
    }

    /// Returns how many expressions of groups were evaluated so far.
    pub(super) const fn evaluations(&self) -> u64 {
        self.evaluations
    }

    /// Takes the expressions that became undecided since the last call and had not been on any object
    /// before, each once.
    pub(super) fn take_warnings(&mut self) -> Vec<UndecidedExpression> {
        self.warnings.take()
    }

    /// Evaluates the groups that `is_chosen` chooses, of which nothing is recorded yet for the object, and
    /// propagates what is recorded of the others. Returns whether the object's groups changed.
    pub(super) fn evaluate(
        &mut self,
        entry: &mut ObjectEntry,
        compiled: &CompiledConfig,
        is_chosen: impl Fn(GroupId) -> bool,
    ) -> bool {
        let mut candidates = compiled.groups.candidates(&entry.object);
        candidates.retain(|&group| is_chosen(group));
        entry.memberships.match_patterns(&entry.object, &compiled.config().groups, &candidates);
        let resolved = entry.memberships.resolve(&entry.object, &compiled.groups, &candidates, true);
        self.record(&entry.object.id.share(), resolved, compiled)
    }

    /// Evaluates the expressions of `groups` again, which refer to what changed about an object. Returns
    /// whether its groups changed.
    pub(super) fn reevaluate(
        &mut self,
        entry: &mut ObjectEntry,
        compiled: &CompiledConfig,
        groups: &BTreeSet<GroupId>,
    ) -> bool {
        let resolved = entry.memberships.resolve(&entry.object, &compiled.groups, groups, false);
        self.record(&entry.object.id.share(), resolved, compiled)
    }

    /// Removes an object from its groups.
    pub(super) fn remove(&mut self, id: &str, memberships: &Memberships) {
        let members = Arc::make_mut(&mut self.members);
        for group in memberships.members() {
            members[group as usize].remove(id);
        }
    }

    /// Updates the members of the groups that an object joined or left. Returns whether there are any, or
    /// whether it is more or less certain of one.
    fn record(&mut self, id: &Arc<str>, resolved: MembershipChange, compiled: &CompiledConfig) -> bool {
        self.evaluations += resolved.evaluations as u64;
        let is_moved = !resolved.joined.is_empty() || !resolved.left.is_empty();
        if is_moved {
            let members = Arc::make_mut(&mut self.members);
            for &group in &resolved.joined {
                members[group as usize].insert(id.clone(), ());
            }
            for &group in &resolved.left {
                members[group as usize].remove(id);
            }
        }
        for (group, key, why) in resolved.undecided {
            self.warnings.note(compiled, id, group, key, why);
        }
        resolved.certainty_changed || is_moved
    }
}

fn no_members(compiled: &CompiledConfig) -> Arc<Vec<SharedSet>> {
    Arc::new(compiled.config().groups.iter().map(|_| SharedSet::default()).collect())
}
