//! The groups of an object, the members of a group, and how each became one.

use std::{cmp::Reverse, collections::BTreeMap};

use super::{
    entry::ObjectEntry,
    group_index::GroupIndex,
    membership::ExpressionKey,
    objects::ObjectTable,
    undecided::{reason, undecided_on},
};
use crate::{
    certainty::Certainty,
    compiled::CompiledConfig,
    config::Group,
    groups::GroupId,
    shared_map::SharedSet,
    undecided::{self, UndecidedExpression},
    why::Membership,
};

/// Which objects are in which groups, and why.
#[derive(Clone, Copy, Debug)]
pub struct GroupView<'a> {
    pub(super) compiled: &'a CompiledConfig,
    pub(super) objects: &'a ObjectTable,
    pub(super) index: &'a GroupIndex,
}

impl<'a> GroupView<'a> {
    /// Returns the groups that an object is in, in the order of the files.
    pub fn of(self, object: &str) -> impl Iterator<Item = &'a Group> {
        self.ids_of(object).map(move |id| self.compiled.group_at(id))
    }

    /// Returns the groups of which it cannot be decided whether an object is in them, in the order of the
    /// files.
    pub fn uncertain(self, object: &str) -> impl Iterator<Item = &'a Group> {
        let one = self.objects.entry(object);
        let ids = one.into_iter().flat_map(|one| one.memberships.uncertain());
        ids.map(move |id| self.compiled.group_at(id))
    }

    /// Returns whether an object is in a group.
    pub(crate) fn membership(self, object: &str, group: GroupId) -> Certainty {
        let Some(entry) = self.objects.entry(object) else { return Certainty::No };
        entry.memberships.get(group).membership()
    }

    /// Returns whether the object is in the group.
    pub fn is_member(self, object: &str, group: &str) -> bool {
        self.members_at(group).is_some_and(|members| members.contains_key(object))
    }

    /// Returns the members of a group, by id; `None` if there is no such group.
    pub fn members(self, group: &str) -> Option<impl Iterator<Item = &'a str>> {
        self.members_at(group).map(|members| members.keys().map(|id| &**id))
    }

    /// Returns the number of a group's members; 0 if there is no such group.
    pub fn member_count(self, group: &str) -> usize {
        self.members_at(group).map_or(0, SharedSet::len)
    }

    fn members_at(self, group: &str) -> Option<&'a SharedSet> {
        self.index.members(self.compiled.groups.position(group)?)
    }

    /// Returns how an object became a member of each of its groups, in the order of the files. Of several
    /// ways, a pattern goes before the expression, and both before groups within the group.
    pub fn memberships(self, object: &str) -> Vec<Membership> {
        let mut memberships = Vec::new();
        let Some(entry) = self.objects.entry(object) else { return memberships };
        for id in entry.memberships.members() {
            let group = self.compiled.group_at(id);
            let how = self.how(entry, id);
            memberships.push(Membership { group: group.name.clone(), place: group.place.clone(), how });
        }
        memberships
    }

    /// Returns the positions of the groups that an object is in.
    fn ids_of(self, object: &str) -> impl Iterator<Item = GroupId> {
        self.objects.entry(object).into_iter().flat_map(|entry| entry.memberships.members())
    }

    /// Returns all expressions that cannot be decided on some objects, each with the number of objects and one object as an example.
    pub fn undecided(self) -> Vec<UndecidedExpression> {
        let mut all = Vec::new();
        let mut known: BTreeMap<(GroupId, ExpressionKey), usize> = BTreeMap::new();
        for one in self.objects.entries() {
            for (group, key) in one.memberships.undecided() {
                match known.get(&(group, key)) {
                    Some(&at) => {
                        let entry: &mut UndecidedExpression = &mut all[at];
                        entry.objects += 1;
                    }
                    None => {
                        known.insert((group, key), all.len());
                        all.push(undecided_on(self.compiled, one, group, key));
                    }
                }
            }
        }
        all
    }

    /// Returns the expressions that cannot be decided on one object.
    pub fn undecided_of(self, object: &str) -> Vec<UndecidedExpression> {
        let Some(one) = self.objects.entry(object) else { return Vec::new() };
        one.memberships.undecided().map(|(group, key)| undecided_on(self.compiled, one, group, key)).collect()
    }

    /// Returns the expressions of one group that cannot be decided on some objects.
    pub fn undecided_in(self, group: &str) -> Vec<UndecidedExpression> {
        let Some(position) = self.compiled.groups.position(group) else { return Vec::new() };
        let mut all = Vec::new();
        for one in self.objects.entries() {
            for (id, key) in one.memberships.undecided().filter(|&(id, _)| id as usize == position) {
                undecided::add(&mut all, undecided_on(self.compiled, one, id, key));
            }
        }
        all
    }

    /// Returns how an object is a member of one of its groups.
    fn how(self, entry: &ObjectEntry, id: GroupId) -> String {
        let state = entry.memberships.get(id);
        if !state.listed && state.matched == Certainty::Maybe && state.via_subgroup < state.matched {
            return format!("undecided: {}", reason(self.compiled, entry, id, ExpressionKey::When));
        }
        let how = self.how_included(entry, id);
        if state.excluded_by_facts == Certainty::Maybe {
            return format!("undecided: {how}, but {}", reason(self.compiled, entry, id, ExpressionKey::ExcludeWhen));
        }
        if state.membership() == Certainty::Maybe { format!("undecided: {how}") } else { how }
    }

    /// Returns what makes an object a member of one of its groups, other than an expression that is
    /// undecided; exclusions aside.
    fn how_included(self, entry: &ObjectEntry, id: GroupId) -> String {
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
