//! Which groups an object is in, and how it came into them.

use std::{cmp::Reverse, collections::BTreeSet, sync::Arc};

use super::ObjectRegistry;
use crate::{certainty::Certainty, config::Group, groups::GroupId, why::Membership};

impl ObjectRegistry {
    /// The groups that an object is in, in the order of the files.
    pub fn groups_of(&self, object: &str) -> impl Iterator<Item = &Group> {
        self.ids_of(object).filter_map(|id| self.compiled.config().groups.get(id as usize))
    }

    /// Whether the object is in the group.
    pub fn is_member(&self, object: &str, group: &str) -> bool {
        self.members(group).is_some_and(|members| members.contains(object))
    }

    /// The members of a group, by id; `None` if there is no such group.
    pub fn members(&self, group: &str) -> Option<&BTreeSet<Arc<str>>> {
        self.members.get(self.compiled.groups.position(group)?)
    }

    /// How an object came into each of its groups, in the order of the files. Where there are several
    /// ways, the list goes before the expression, and both before groups within the group.
    pub fn memberships(&self, object: &str) -> Vec<Membership> {
        let groups = &self.compiled.config().groups;
        let member = |id: GroupId| {
            let group = groups.get(id as usize)?;
            let how = self.how(object, id, group)?;
            Some(Membership { group: group.name.clone(), place: group.place.clone(), how })
        };
        self.ids_of(object).filter_map(member).collect()
    }

    /// Their numbers.
    pub(crate) fn ids_of(&self, object: &str) -> impl Iterator<Item = GroupId> {
        self.objects.get(object).into_iter().flat_map(|one| one.memberships.members())
    }

    fn how(&self, object: &str, id: GroupId, group: &Group) -> Option<String> {
        let one = self.objects.get(object)?;
        let state = one.memberships.get(id);
        let how = if state.listed {
            let pattern = group.objects.iter().find(|pattern| pattern.matches(object))?;
            format!("listed as {:?}", pattern.as_str())
        } else if state.met == Certainty::Yes {
            group.when.clone()?
        } else if state.through >= state.met {
            let subgroups = &self.compiled.groups.get(id)?.subgroups;
            // The first of those that it is in most certainly.
            let sub = subgroups.iter().min_by_key(|&&sub| Reverse(one.memberships.get(sub).membership()))?;
            format!("member of {:?}", self.compiled.config().groups.get(*sub as usize)?.name)
        } else {
            return Some(format!("undecided: {}", self.reason(one, id, false)?));
        };
        if state.excluded_by_facts == Certainty::Maybe {
            return Some(format!("undecided: {how}, but {}", self.reason(one, id, true)?));
        }
        Some(if state.membership() == Certainty::Maybe { format!("undecided: {how}") } else { how })
    }
}
