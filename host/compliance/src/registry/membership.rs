//! How one object stands to the groups: what makes it a member, what keeps it out.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use crate::{
    certainty::Certainty,
    config::Group,
    expression::{Expression, ExpressionOutcome, Meter},
    groups::{CompiledGroup, CompiledGroups, GroupId},
    record::Object,
};

/// How an object stands to a group.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct MembershipState {
    /// A pattern of the group names it.
    pub(super) listed: bool,
    /// The group's expression holds.
    pub(super) met: Certainty,
    /// A pattern excludes it.
    pub(super) excluded: bool,
    /// The excluding expression holds.
    pub(super) excluded_by_facts: Certainty,
    /// It is a member of a group within the group.
    pub(super) through: Certainty,
}

/// How an object stands to all groups; those that have nothing to do with it take no room.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Memberships(Vec<(GroupId, MembershipState)>);

/// What came of looking at an object again.
#[derive(Debug, Default)]
pub(super) struct MembershipChange {
    /// CompiledGroups that it joined.
    pub(super) joined: Vec<GroupId>,
    /// CompiledGroups that it left.
    pub(super) left: Vec<GroupId>,
    /// How many expressions were evaluated.
    pub(super) evaluated: usize,
    /// Whether it is certain of more or of fewer groups than before.
    pub(super) firmed: bool,
    /// Expressions that cannot be decided: the group, whether it is `exclude-when`, and why.
    pub(super) undecided: Vec<(GroupId, bool, String)>,
}

impl MembershipState {
    /// Whether the object is a member. What keeps it out wins over everything that lets it in.
    pub(super) fn membership(self) -> Certainty {
        let listed = if self.listed { Certainty::Yes } else { Certainty::No };
        let within = listed.max(self.met).max(self.through);
        match self.excluded_by_facts {
            Certainty::Yes => Certainty::No,
            _ if self.excluded => Certainty::No,
            Certainty::Maybe => within.min(Certainty::Maybe),
            Certainty::No => within,
        }
    }

    /// Whether it counts as a member: it is one, or that cannot be decided.
    pub(super) fn is_member(self) -> bool {
        self.membership() != Certainty::No
    }
}

impl Memberships {
    pub(super) fn get(&self, group: GroupId) -> MembershipState {
        match self.0.binary_search_by_key(&group, |&(id, _)| id) {
            Ok(at) => self.0[at].1,
            Err(_) => MembershipState::default(),
        }
    }

    pub(super) fn set(&mut self, group: GroupId, state: MembershipState) {
        match (self.0.binary_search_by_key(&group, |&(id, _)| id), state == MembershipState::default()) {
            (Ok(at), true) => drop(self.0.remove(at)),
            (Ok(at), false) => self.0[at].1 = state,
            (Err(_), true) => {}
            (Err(at), false) => self.0.insert(at, (group, state)),
        }
    }

    /// The groups that it is in, in the order of the files.
    pub(super) fn members(&self) -> impl Iterator<Item = GroupId> + '_ {
        self.0.iter().filter(|(_, state)| state.is_member()).map(|&(id, _)| id)
    }

    /// Those of them of which it cannot be decided whether it is in them.
    pub(super) fn uncertain(&self) -> impl Iterator<Item = GroupId> + '_ {
        self.0.iter().filter(|(_, state)| state.membership() == Certainty::Maybe).map(|&(id, _)| id)
    }

    /// Expressions that cannot be decided: the group, and whether it is `exclude-when`.
    pub(super) fn undecided(&self) -> impl Iterator<Item = (GroupId, bool)> + '_ {
        self.0.iter().flat_map(|&(id, state)| {
            let when = (state.met == Certainty::Maybe).then_some((id, false));
            let exclude = (state.excluded_by_facts == Certainty::Maybe).then_some((id, true));
            when.into_iter().chain(exclude)
        })
    }

    /// What `groups` said of the object by itself, under the numbers that `kept` gives them; what
    /// comes by way of other groups is left open.
    pub(super) fn carried(&self, kept: &BTreeMap<GroupId, GroupId>) -> Self {
        let own = |state: &MembershipState| MembershipState { through: Certainty::No, ..*state };
        let mut carried = Self(self.0.iter().filter_map(|(id, one)| Some((*kept.get(id)?, own(one)))).collect());
        carried.0.retain(|&(_, state)| state != MembershipState::default());
        carried.0.sort_unstable_by_key(|&(id, _)| id);
        carried
    }

    /// Compares `object` with the patterns of `ids`; what comes of it is not followed yet.
    pub(super) fn list(&mut self, object: &Object, groups: &[Group], ids: &BTreeSet<GroupId>) {
        for &id in ids {
            let Some(group) = groups.get(id as usize) else { continue };
            let listed = group.objects.iter().any(|pattern| pattern.matches(&object.id));
            let excluded = group.exclude.iter().any(|pattern| pattern.matches(&object.id));
            self.set(id, MembershipState { listed, excluded, ..self.get(id) });
        }
    }

    /// Evaluates the expressions of `ids`, and follows what changed through groups of groups.
    /// `fresh`: nothing of what the memberships say has been followed yet.
    pub(super) fn resolve(
        &mut self,
        object: &Object,
        groups: &CompiledGroups,
        ids: &BTreeSet<GroupId>,
        fresh: bool,
    ) -> MembershipChange {
        let mut resolved = MembershipChange::default();
        let mut open: BTreeMap<(u32, GroupId), Certainty> = BTreeMap::new();
        let rank = |id: GroupId| groups.get(id).map_or(0, |group| group.rank);
        let mut meter = Meter::default();
        if fresh {
            open.extend(self.0.iter().map(|&(id, _)| ((rank(id), id), Certainty::No)));
        }
        for &id in ids {
            let Some(group) = groups.get(id) else { continue };
            let before = self.get(id);
            let after = evaluated(before, object, id, group, &mut resolved, &mut meter);
            if before != after {
                open.entry((rank(id), id)).or_insert_with(|| before.membership());
                self.set(id, after);
            }
        }
        // From the innermost group outwards, so that each is looked at once.
        while let Some(((_, id), was)) = open.pop_first() {
            let Some(group) = groups.get(id) else { continue };
            let mut state = self.get(id);
            let through = group.subgroups.iter().map(|&sub| self.get(sub).membership());
            state.through = through.max().unwrap_or_default();
            self.set(id, state);
            match (was, state.membership()) {
                (was, is) if was == is => continue,
                (_, Certainty::No) => resolved.left.push(id),
                (Certainty::No, _) => resolved.joined.push(id),
                _ => resolved.firmed = true,
            }
            for &above in &group.supers {
                let before = if fresh { Certainty::No } else { self.get(above).membership() };
                open.entry((rank(above), above)).or_insert(before);
            }
        }
        resolved
    }
}

/// `before` with the group's expressions evaluated again.
fn evaluated(
    before: MembershipState,
    object: &Object,
    id: GroupId,
    group: &CompiledGroup,
    resolved: &mut MembershipChange,
    meter: &mut Meter,
) -> MembershipState {
    let none = BTreeMap::new();
    let mut ask = |expression: &Option<Arc<Expression>>, excludes: bool| {
        let Some(expression) = expression else { return Certainty::No };
        resolved.evaluated += 1;
        match expression.evaluate(object, &none, meter) {
            ExpressionOutcome::Holds => Certainty::Yes,
            ExpressionOutcome::Fails => Certainty::No,
            ExpressionOutcome::Undecided(why) => {
                resolved.undecided.push((id, excludes, why));
                Certainty::Maybe
            }
        }
    };
    let met = ask(&group.when, false);
    let excluded_by_facts = ask(&group.exclude_when, true);
    MembershipState { met, excluded_by_facts, ..before }
}
