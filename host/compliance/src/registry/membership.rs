//! The memberships of one object: what makes it a member of each group, and what excludes it.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use crate::{
    certainty::Certainty,
    config::Group,
    expression::{Expression, ExpressionOutcome, StepBudget},
    groups::{CompiledGroup, CompiledGroups, GroupId},
    record::Object,
};

/// What makes an object a member of a group, and what excludes it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct MembershipState {
    /// A pattern of the group matches it.
    pub(super) listed: bool,
    /// The group's expression holds.
    pub(super) matched: Certainty,
    /// A pattern excludes it.
    pub(super) excluded: bool,
    /// The excluding expression holds.
    pub(super) excluded_by_facts: Certainty,
    /// It is a member of a group within the group.
    pub(super) via_subgroup: Certainty,
}

/// Which of a group's expressions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum ExpressionKey {
    /// `when`.
    When,
    /// `exclude-when`.
    ExcludeWhen,
}

/// The memberships of an object in all groups. Groups that do not concern it take no room.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Memberships(Vec<(GroupId, MembershipState)>);

/// What evaluating an object's groups changed.
#[derive(Debug, Default)]
pub(super) struct MembershipChange {
    /// Groups that it joined.
    pub(super) joined: Vec<GroupId>,
    /// Groups that it left.
    pub(super) left: Vec<GroupId>,
    /// How many expressions were evaluated.
    pub(super) evaluations: usize,
    /// Whether a membership became certain or uncertain.
    pub(super) certainty_changed: bool,
    /// Expressions that cannot be decided: the group, which of its expressions, and why.
    pub(super) undecided: Vec<(GroupId, ExpressionKey, String)>,
}

impl MembershipState {
    /// Returns whether the object is a member. An exclusion wins over everything that makes it a member.
    pub(super) fn membership(self) -> Certainty {
        let listed = if self.listed { Certainty::Yes } else { Certainty::No };
        let within = listed.max(self.matched).max(self.via_subgroup);
        match self.excluded_by_facts {
            Certainty::Yes => Certainty::No,
            _ if self.excluded => Certainty::No,
            Certainty::Maybe => within.min(Certainty::Maybe),
            Certainty::No => within,
        }
    }

    /// Returns whether the object counts as a member: it is one, or that cannot be decided.
    pub(super) fn is_member(self) -> bool {
        self.membership() != Certainty::No
    }
}

impl Memberships {
    /// Returns the membership in a group; the default if the group does not concern the object.
    pub(super) fn get(&self, group: GroupId) -> MembershipState {
        match self.position(group) {
            Ok(at) => self.0[at].1,
            Err(_) => MembershipState::default(),
        }
    }

    /// Sets the membership in a group.
    pub(super) fn set(&mut self, group: GroupId, state: MembershipState) {
        let position = self.position(group);
        if state == MembershipState::default() {
            if let Ok(at) = position {
                self.0.remove(at);
            }
            return;
        }
        match position {
            Ok(at) => self.0[at].1 = state,
            Err(at) => self.0.insert(at, (group, state)),
        }
    }

    fn position(&self, group: GroupId) -> Result<usize, usize> {
        self.0.binary_search_by_key(&group, |&(id, _)| id)
    }

    /// Returns the groups that the object is in, in the order of the files.
    pub(super) fn members(&self) -> impl Iterator<Item = GroupId> + '_ {
        self.0.iter().filter(|(_, state)| state.is_member()).map(|&(id, _)| id)
    }

    /// Returns the groups of which it cannot be decided whether the object is in them.
    pub(super) fn uncertain(&self) -> impl Iterator<Item = GroupId> + '_ {
        self.0.iter().filter(|(_, state)| state.membership() == Certainty::Maybe).map(|&(id, _)| id)
    }

    /// Returns the expressions that cannot be decided.
    pub(super) fn undecided(&self) -> impl Iterator<Item = (GroupId, ExpressionKey)> + '_ {
        self.0.iter().flat_map(|&(id, state)| {
            let expressions =
                [(ExpressionKey::When, state.matched), (ExpressionKey::ExcludeWhen, state.excluded_by_facts)];
            let undecided = expressions.into_iter().filter(|&(_, holds)| holds == Certainty::Maybe);
            undecided.map(move |(key, _)| (id, key))
        })
    }

    /// Returns the memberships under the new positions of `kept`, by the groups' own patterns and
    /// expressions; memberships through other groups are left to be resolved.
    pub(super) fn carried(&self, kept: &BTreeMap<GroupId, GroupId>) -> Self {
        let mut carried = Self::default();
        for (id, state) in &self.0 {
            if let Some(&now) = kept.get(id) {
                carried.set(now, MembershipState { via_subgroup: Certainty::No, ..*state });
            }
        }
        carried
    }

    /// Compares `object` with the patterns of `ids`, without propagating to other groups.
    pub(super) fn match_patterns(&mut self, object: &Object, groups: &[Group], ids: &BTreeSet<GroupId>) {
        for &id in ids {
            let group = &groups[id as usize];
            let listed = group.objects.iter().any(|pattern| pattern.matches(&object.id));
            let excluded = group.exclude.iter().any(|pattern| pattern.matches(&object.id));
            self.set(id, MembershipState { listed, excluded, ..self.get(id) });
        }
    }

    /// Evaluates the expressions of `ids`, and propagates what changed through groups of groups.
    /// `is_fresh`: no membership has been propagated yet.
    pub(super) fn resolve(
        &mut self,
        object: &Object,
        groups: &CompiledGroups,
        ids: &BTreeSet<GroupId>,
        is_fresh: bool,
    ) -> MembershipChange {
        let mut resolved = MembershipChange::default();
        // Groups to resolve, by rank, with the membership before.
        let mut open: BTreeMap<(u32, GroupId), Certainty> = BTreeMap::new();
        let rank = |id: GroupId| groups.group(id).rank;
        let mut meter = StepBudget::default();
        if is_fresh {
            open.extend(self.0.iter().map(|&(id, _)| ((rank(id), id), Certainty::No)));
        }
        for &id in ids {
            let group = groups.group(id);
            let before = self.get(id);
            let after = evaluated(before, object, id, group, &mut resolved, &mut meter);
            if before != after {
                open.entry((rank(id), id)).or_insert_with(|| before.membership());
                self.set(id, after);
            }
        }
        // From the innermost group outwards, so that each is resolved once.
        while let Some(((_, id), was)) = open.pop_first() {
            let group = groups.group(id);
            let mut state = self.get(id);
            let via_subgroup = group.subgroups.iter().map(|&sub| self.get(sub).membership());
            state.via_subgroup = via_subgroup.max().unwrap_or_default();
            self.set(id, state);
            match (was, state.membership()) {
                (was, is) if was == is => continue,
                (_, Certainty::No) => resolved.left.push(id),
                (Certainty::No, _) => resolved.joined.push(id),
                _ => resolved.certainty_changed = true,
            }
            for &above in &group.supers {
                let before = if is_fresh { Certainty::No } else { self.get(above).membership() };
                open.entry((rank(above), above)).or_insert(before);
            }
        }
        resolved
    }
}

/// Returns `before` with the group's expressions evaluated again.
fn evaluated(
    before: MembershipState,
    object: &Object,
    id: GroupId,
    group: &CompiledGroup,
    resolved: &mut MembershipChange,
    meter: &mut StepBudget,
) -> MembershipState {
    let matched = decided(&group.when, (id, ExpressionKey::When), object, resolved, meter);
    let excluded_by_facts = decided(&group.exclude_when, (id, ExpressionKey::ExcludeWhen), object, resolved, meter);
    MembershipState { matched, excluded_by_facts, ..before }
}

/// Returns whether an expression of a group holds.
fn decided(
    expression: &Option<Arc<Expression>>,
    (group, key): (GroupId, ExpressionKey),
    object: &Object,
    resolved: &mut MembershipChange,
    meter: &mut StepBudget,
) -> Certainty {
    let Some(expression) = expression else { return Certainty::No };
    resolved.evaluations += 1;
    match expression.evaluate(object, &BTreeMap::new(), meter) {
        ExpressionOutcome::Holds => Certainty::Yes,
        ExpressionOutcome::Fails => Certainty::No,
        ExpressionOutcome::Undecided(why) => {
            resolved.undecided.push((group, key, why));
            Certainty::Maybe
        }
    }
}
