//! Expressions of groups that cannot be decided on some objects.

use std::collections::BTreeMap;

use super::{ObjectEntry, ObjectRegistry};
use crate::{
    certainty::Certainty,
    config::Group,
    expression::{ExpressionOutcome, Meter},
    groups::GroupId,
    undecided::{self, UndecidedExpression},
};

impl ObjectRegistry {
    /// All of them, each with how many objects it is and one as an example.
    pub fn undecided(&self) -> Vec<UndecidedExpression> {
        let mut all = Vec::new();
        let mut known: BTreeMap<(GroupId, bool), usize> = BTreeMap::new();
        for one in self.objects.values() {
            for (group, excludes) in one.memberships.undecided() {
                match known.get(&(group, excludes)) {
                    Some(&at) => {
                        let entry: &mut UndecidedExpression = &mut all[at];
                        entry.objects += 1;
                    }
                    None => {
                        let Some(entry) = self.entry(one, group, excludes) else { continue };
                        known.insert((group, excludes), all.len());
                        all.push(entry);
                    }
                }
            }
        }
        all
    }

    /// Those of one object.
    pub fn undecided_of(&self, object: &str) -> Vec<UndecidedExpression> {
        let Some(one) = self.objects.get(object) else { return Vec::new() };
        one.memberships.undecided().filter_map(|(group, excludes)| self.entry(one, group, excludes)).collect()
    }

    /// Those of one group.
    pub fn undecided_in(&self, group: &str) -> Vec<UndecidedExpression> {
        let Some(position) = self.compiled.groups.position(group) else { return Vec::new() };
        let mut all = Vec::new();
        for one in self.objects.values() {
            for (id, excludes) in one.memberships.undecided().filter(|&(id, _)| id as usize == position) {
                if let Some(entry) = self.entry(one, id, excludes) {
                    undecided::add(&mut all, entry);
                }
            }
        }
        all
    }

    /// The groups of which it cannot be decided whether an object is in them, in the order of the files.
    pub fn uncertain_groups(&self, object: &str) -> impl Iterator<Item = &Group> {
        let one = self.objects.get(object);
        let ids = one.into_iter().flat_map(|one| one.memberships.uncertain());
        ids.filter_map(|id| self.compiled.config().groups.get(id as usize))
    }

    /// Whether an object is in a group, by the group's number.
    pub(crate) fn membership(&self, object: &str, group: GroupId) -> Certainty {
        self.objects.get(object).map_or(Certainty::No, |one| one.memberships.get(group).membership())
    }

    /// What became undecided since the last call and was not so on any object before: each expression
    /// once.
    pub(crate) fn take_warnings(&mut self) -> Vec<UndecidedExpression> {
        std::mem::take(&mut self.warnings)
    }

    /// Why a group's expression cannot be decided on an object.
    pub(super) fn reason(&self, one: &ObjectEntry, group: GroupId, excludes: bool) -> Option<String> {
        let compiled = self.compiled.groups.get(group)?;
        let expression = if excludes { &compiled.exclude_when } else { &compiled.when }.as_ref()?;
        match expression.evaluate(&one.object, &BTreeMap::new(), &mut Meter::default()) {
            ExpressionOutcome::Undecided(reason) => Some(reason),
            // All expressions together were too much; this one alone is not.
            _ => Some("all expressions about this object together take too many steps".to_owned()),
        }
    }

    fn entry(&self, one: &ObjectEntry, group: GroupId, excludes: bool) -> Option<UndecidedExpression> {
        let reason = self.reason(one, group, excludes)?;
        self.described(&one.object.id, group, excludes, reason)
    }

    /// An entry about one object.
    pub(super) fn described(
        &self,
        object: &str,
        group: GroupId,
        excludes: bool,
        reason: String,
    ) -> Option<UndecidedExpression> {
        let written = self.compiled.config().groups.get(group as usize)?;
        let (key, text) = if excludes { ("exclude-when", &written.exclude_when) } else { ("when", &written.when) };
        Some(UndecidedExpression {
            of: format!("group `{}`, `{key}`", written.name),
            place: written.place.clone(),
            expression: text.clone().unwrap_or_default(),
            objects: 1,
            example: object.to_owned(),
            reason,
        })
    }
}
