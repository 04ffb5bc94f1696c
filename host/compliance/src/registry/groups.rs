//! The groups of an object, and how it became a member of each.

use std::{cmp::Reverse, collections::BTreeSet, sync::Arc};

use super::{ObjectRegistry, membership::ExpressionKey};
use crate::{certainty::Certainty, config::Group, groups::GroupId, why::Membership};

impl ObjectRegistry {
    /// Returns the groups that an object is in, in the order of the files.
    pub fn groups_of(&self, object: &str) -> impl Iterator<Item = &Group> {
        self.ids_of(object).filter_map(|id| self.compiled.config().groups.get(id as usize))
    }

    /// Returns whether the object is in the group.
    pub fn is_member(&self, object: &str, group: &str) -> bool {
        self.members(group).is_some_and(|members| members.contains(object))
    }

    /// Returns the members of a group, by id; `None` if there is no such group.
    pub fn members(&self, group: &str) -> Option<&BTreeSet<Arc<str>>> {
        self.members.get(self.compiled.groups.position(group)?)
    }

    /// Returns how an object became a member of each of its groups, in the order of the files. Of several
    /// ways, a pattern goes before the expression, and both before groups within the group.
    pub fn memberships(&self, object: &str) -> Vec<Membership> {
        let groups = &self.compiled.config().groups;
        let member = |id: GroupId| {
            let group = groups.get(id as usize)?;
            let how = self.how(object, id, group)?;
            Some(Membership { group: group.name.clone(), place: group.place.clone(), how })
        };
        self.ids_of(object).filter_map(member).collect()
    }

    /// Returns the positions of the groups that an object is in.
    pub(crate) fn ids_of(&self, object: &str) -> impl Iterator<Item = GroupId> {
        self.objects.get(object).into_iter().flat_map(|entry| entry.memberships.members())
    }

    /// Returns how the object is a member of the group; `None` if it is not.
    fn how(&self, object: &str, id: GroupId, group: &Group) -> Option<String> {
        let entry = self.objects.get(object)?;
        let state = entry.memberships.get(id);
        let how = if state.listed {
            let pattern = group.objects.iter().find(|pattern| pattern.matches(object))?;
            format!("listed as {:?}", pattern.as_str())
        } else if state.matched == Certainty::Yes {
            group.when.clone()?
        } else if state.via_subgroup >= state.matched {
            let subgroups = &self.compiled.groups.get(id)?.subgroups;
            // The first of those of which its membership is the most certain.
            let sub = subgroups.iter().min_by_key(|&&sub| Reverse(entry.memberships.get(sub).membership()))?;
            format!("member of {:?}", self.compiled.config().groups.get(*sub as usize)?.name)
        } else {
            return Some(format!("undecided: {}", self.reason(entry, id, ExpressionKey::When)?));
        };
        if state.excluded_by_facts == Certainty::Maybe {
            return Some(format!("undecided: {how}, but {}", self.reason(entry, id, ExpressionKey::ExcludeWhen)?));
        }
        Some(if state.membership() == Certainty::Maybe { format!("undecided: {how}") } else { how })
    }
}
