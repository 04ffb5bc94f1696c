//! How one object stands to the groups: what makes it a member, what keeps it out.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    config::Group,
    groups::{CompiledGroup, GroupId, Groups},
    record::Object,
};

/// How an object stands to a group.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Standing {
    /// A pattern of the group names it.
    pub(super) listed: bool,
    /// The group's expression holds.
    pub(super) met: bool,
    /// A pattern excludes it.
    pub(super) excluded: bool,
    /// The excluding expression holds.
    pub(super) excluded_by_facts: bool,
    /// It is a member of a group within the group.
    pub(super) through: bool,
}

/// How an object stands to all groups; those that have nothing to do with it take no room.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Standings(Vec<(GroupId, Standing)>);

/// What came of looking at an object again.
#[derive(Debug, Default)]
pub(super) struct Resolved {
    /// Groups that it joined.
    pub(super) joined: Vec<GroupId>,
    /// Groups that it left.
    pub(super) left: Vec<GroupId>,
    /// How many expressions were evaluated.
    pub(super) evaluated: usize,
    /// What could not be told: the group, and why.
    pub(super) notes: Vec<(GroupId, String)>,
}

impl Standing {
    /// What keeps an object out wins over everything that lets it in.
    pub(super) fn is_member(self) -> bool {
        (self.listed || self.met || self.through) && !self.excluded && !self.excluded_by_facts
    }
}

impl Standings {
    pub(super) fn get(&self, group: GroupId) -> Standing {
        match self.0.binary_search_by_key(&group, |&(id, _)| id) {
            Ok(at) => self.0[at].1,
            Err(_) => Standing::default(),
        }
    }

    pub(super) fn set(&mut self, group: GroupId, standing: Standing) {
        match (self.0.binary_search_by_key(&group, |&(id, _)| id), standing == Standing::default()) {
            (Ok(at), true) => drop(self.0.remove(at)),
            (Ok(at), false) => self.0[at].1 = standing,
            (Err(_), true) => {}
            (Err(at), false) => self.0.insert(at, (group, standing)),
        }
    }

    /// The groups that it is in, in the order of the files.
    pub(super) fn members(&self) -> impl Iterator<Item = GroupId> + '_ {
        self.0.iter().filter(|(_, standing)| standing.is_member()).map(|&(id, _)| id)
    }

    /// What `groups` said of the object by itself, under the numbers that `kept` gives them; what
    /// comes by way of other groups is left open.
    pub(super) fn carried(&self, kept: &BTreeMap<GroupId, GroupId>) -> Self {
        let own = |standing: &Standing| Standing { through: false, ..*standing };
        let mut carried = Self(self.0.iter().filter_map(|(id, one)| Some((*kept.get(id)?, own(one)))).collect());
        carried.0.retain(|&(_, standing)| standing != Standing::default());
        carried.0.sort_unstable_by_key(|&(id, _)| id);
        carried
    }

    /// Compares `object` with the patterns of `ids`; what comes of it is not followed yet.
    pub(super) fn list(&mut self, object: &Object, groups: &[Group], ids: &BTreeSet<GroupId>) {
        for &id in ids {
            let Some(group) = groups.get(id as usize) else { continue };
            let listed = group.objects.iter().any(|pattern| pattern.matches(&object.id));
            let excluded = group.exclude.iter().any(|pattern| pattern.matches(&object.id));
            self.set(id, Standing { listed, excluded, ..self.get(id) });
        }
    }

    /// Evaluates the expressions of `ids`, and follows what changed through groups of groups.
    /// `fresh`: nothing of what the standings say has been followed yet.
    pub(super) fn resolve(
        &mut self,
        object: &Object,
        groups: &Groups,
        ids: &BTreeSet<GroupId>,
        fresh: bool,
    ) -> Resolved {
        let mut resolved = Resolved::default();
        let mut open: BTreeMap<(u32, GroupId), bool> = BTreeMap::new();
        let rank = |id: GroupId| groups.get(id).map_or(0, |group| group.rank);
        if fresh {
            open.extend(self.0.iter().map(|&(id, _)| ((rank(id), id), false)));
        }
        for &id in ids {
            let Some(group) = groups.get(id) else { continue };
            let before = self.get(id);
            let after = evaluated(before, object, id, group, &mut resolved);
            if before != after {
                open.entry((rank(id), id)).or_insert_with(|| before.is_member());
                self.set(id, after);
            }
        }
        // From the innermost group outwards, so that each is looked at once.
        while let Some(((_, id), was)) = open.pop_first() {
            let Some(group) = groups.get(id) else { continue };
            let mut standing = self.get(id);
            standing.through = group.subgroups.iter().any(|&sub| self.get(sub).is_member());
            self.set(id, standing);
            if standing.is_member() == was {
                continue;
            }
            if was {
                resolved.left.push(id)
            } else {
                resolved.joined.push(id)
            }
            for &above in &group.supers {
                let before = !fresh && self.get(above).is_member();
                open.entry((rank(above), above)).or_insert(before);
            }
        }
        resolved
    }
}

/// `before` with the group's expressions evaluated anew.
fn evaluated(
    before: Standing,
    object: &Object,
    id: GroupId,
    group: &CompiledGroup,
    resolved: &mut Resolved,
) -> Standing {
    let none = BTreeMap::new();
    let mut holds = |expression: &Option<std::sync::Arc<crate::Expression>>| {
        let Some(expression) = expression else { return false };
        let outcome = expression.evaluate(object, &none);
        resolved.evaluated += 1;
        resolved.notes.extend(outcome.note.map(|note| (id, note)));
        outcome.holds
    };
    Standing { met: holds(&group.when), excluded_by_facts: holds(&group.exclude_when), ..before }
}
