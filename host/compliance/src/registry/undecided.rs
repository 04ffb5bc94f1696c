//! Expressions of groups that cannot be decided on some objects.

use std::collections::BTreeMap;

use super::{ObjectRegistry, entry::ObjectEntry, membership::ExpressionKey};
use crate::{
    certainty::Certainty,
    config::Group,
    expression::{ExpressionOutcome, StepBudget},
    groups::GroupId,
    undecided::{self, UndecidedExpression},
};

impl ObjectRegistry {
    /// Returns all of them, each with the number of objects and one object as an example.
    pub fn undecided(&self) -> Vec<UndecidedExpression> {
        let mut all = Vec::new();
        let mut known: BTreeMap<(GroupId, ExpressionKey), usize> = BTreeMap::new();
        for one in self.objects.values() {
            for (group, key) in one.memberships.undecided() {
                match known.get(&(group, key)) {
                    Some(&at) => {
                        let entry: &mut UndecidedExpression = &mut all[at];
                        entry.objects += 1;
                    }
                    None => {
                        known.insert((group, key), all.len());
                        all.push(self.entry(one, group, key));
                    }
                }
            }
        }
        all
    }

    /// Returns those of one object.
    pub fn undecided_of(&self, object: &str) -> Vec<UndecidedExpression> {
        let Some(one) = self.objects.get(object) else { return Vec::new() };
        one.memberships.undecided().map(|(group, key)| self.entry(one, group, key)).collect()
    }

    /// Returns those of one group.
    pub fn undecided_in(&self, group: &str) -> Vec<UndecidedExpression> {
        let Some(position) = self.compiled.groups.position(group) else { return Vec::new() };
        let mut all = Vec::new();
        for one in self.objects.values() {
            for (id, key) in one.memberships.undecided().filter(|&(id, _)| id as usize == position) {
                undecided::add(&mut all, self.entry(one, id, key));
            }
        }
        all
    }

    /// Returns the groups of which it cannot be decided whether an object is in them, in the order of the
    /// files.
    pub fn uncertain_groups(&self, object: &str) -> impl Iterator<Item = &Group> {
        let one = self.objects.get(object);
        let ids = one.into_iter().flat_map(|one| one.memberships.uncertain());
        ids.map(|id| self.compiled.group_at(id))
    }

    /// Returns whether an object is in a group.
    pub(crate) fn membership(&self, object: &str, group: GroupId) -> Certainty {
        let Some(entry) = self.objects.get(object) else { return Certainty::No };
        entry.memberships.get(group).membership()
    }

    /// Takes the expressions that became undecided since the last call and had not been on any object
    /// before, each once.
    pub(crate) fn take_warnings(&mut self) -> Vec<UndecidedExpression> {
        std::mem::take(&mut self.warnings)
    }

    /// Returns why a group's expression cannot be decided on an object.
    pub(super) fn reason(&self, one: &ObjectEntry, group: GroupId, key: ExpressionKey) -> String {
        let compiled = self.compiled.groups.group(group);
        let expression = match key {
            ExpressionKey::When => &compiled.when,
            ExpressionKey::ExcludeWhen => &compiled.exclude_when,
        };
        let Some(expression) = expression else { unreachable!("an expression that is undecided exists") };
        match expression.evaluate(&one.object, &BTreeMap::new(), &mut StepBudget::default()) {
            ExpressionOutcome::Undecided(reason) => reason,
            // All expressions together exceeded the limit; this one alone does not.
            _ => "all expressions about this object together take too many steps".to_owned(),
        }
    }

    fn entry(&self, one: &ObjectEntry, group: GroupId, key: ExpressionKey) -> UndecidedExpression {
        let reason = self.reason(one, group, key);
        self.described(&one.object.id, group, key, reason)
    }

    /// Describes an undecided expression with one object as its example.
    pub(super) fn described(
        &self,
        object: &str,
        group: GroupId,
        key: ExpressionKey,
        reason: String,
    ) -> UndecidedExpression {
        let written = self.compiled.group_at(group);
        let (key, text) = match key {
            ExpressionKey::When => ("when", &written.when),
            ExpressionKey::ExcludeWhen => ("exclude-when", &written.exclude_when),
        };
        UndecidedExpression {
            of: format!("group `{}`, `{key}`", written.name),
            place: written.place.clone(),
            expression: text.clone().unwrap_or_default(),
            objects: 1,
            example: object.to_owned(),
            reason,
        }
    }
}
