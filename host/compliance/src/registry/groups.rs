//! The groups of an object, and how it became a member of each.

use std::cmp::Reverse;

use super::{ObjectRegistry, entry::ObjectEntry, membership::ExpressionKey};
use crate::{certainty::Certainty, config::Group, groups::GroupId, shared_map::SharedSet, why::Membership};

impl ObjectRegistry {
    /// Returns the groups that an object is in, in the order of the files.
    pub fn groups_of(&self, object: &str) -> impl Iterator<Item = &Group> {
        self.ids_of(object).map(|id| self.compiled.group_at(id))
    }

    /// Returns whether the object is in the group.
    pub fn is_member(&self, object: &str, group: &str) -> bool {
        self.members_at(group).is_some_and(|members| members.contains_key(object))
    }

    /// Returns the members of a group, by id; `None` if there is no such group.
    pub fn members(&self, group: &str) -> Option<impl Iterator<Item = &str>> {
        self.members_at(group).map(|members| members.keys().map(|id| &**id))
    }

    /// Returns the number of a group's members; 0 if there is no such group.
    pub fn member_count(&self, group: &str) -> usize {
        self.members_at(group).map_or(0, SharedSet::len)
    }

    fn members_at(&self, group: &str) -> Option<&SharedSet> {
        self.members.get(self.compiled.groups.position(group)?)
    }

    /// Returns how an object became a member of each of its groups, in the order of the files. Of several
    /// ways, a pattern goes before the expression, and both before groups within the group.
    pub fn memberships(&self, object: &str) -> Vec<Membership> {
        let mut memberships = Vec::new();
        let Some(entry) = self.objects.get(object) else { return memberships };
        for id in entry.memberships.members() {
            let group = self.compiled.group_at(id);
            let how = self.how(entry, id);
            memberships.push(Membership { group: group.name.clone(), place: group.place.clone(), how });
        }
        memberships
    }

    /// Returns the positions of the groups that an object is in.
    pub(crate) fn ids_of(&self, object: &str) -> impl Iterator<Item = GroupId> {
        self.objects.get(object).into_iter().flat_map(|entry| entry.memberships.members())
    }

    /// Returns how an object is a member of one of its groups.
    fn how(&self, entry: &ObjectEntry, id: GroupId) -> String {
        let state = entry.memberships.get(id);
        if !state.listed && state.matched == Certainty::Maybe && state.via_subgroup < state.matched {
            return format!("undecided: {}", self.reason(entry, id, ExpressionKey::When));
        }
        let how = self.how_included(entry, id);
        if state.excluded_by_facts == Certainty::Maybe {
            return format!("undecided: {how}, but {}", self.reason(entry, id, ExpressionKey::ExcludeWhen));
        }
        if state.membership() == Certainty::Maybe { format!("undecided: {how}") } else { how }
    }

    /// Returns what makes an object a member of one of its groups, other than an expression that is
    /// undecided; exclusions aside.
    fn how_included(&self, entry: &ObjectEntry, id: GroupId) -> String {
        let group = self.compiled.group_at(id);
        let state = entry.memberships.get(id);
        if let Some(pattern) = group.objects.iter().find(|pattern| pattern.matches(&entry.object.id)) {
            return format!("listed as {:?}", pattern.as_str());
        }
        if state.matched == Certainty::Yes {
            return group.when.clone().unwrap_or_default();
        }
        // The first of the groups within of which its membership is the most certain.
        let subgroups = self.compiled.groups.group(id).subgroups.iter();
        let certain = subgroups.min_by_key(|&&sub| Reverse(entry.memberships.get(sub).membership()));
        let Some(&sub) = certain else { unreachable!("a membership through a group is one of its groups") };
        format!("member of {:?}", self.compiled.group_at(sub).name)
    }
}
