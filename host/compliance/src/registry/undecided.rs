//! Expressions of groups that cannot be decided on some objects.

use std::collections::{BTreeMap, BTreeSet};

use super::{entry::ObjectEntry, membership::ExpressionKey};
use crate::{
    compiled::CompiledConfig,
    expression::{ExpressionOutcome, StepBudget},
    groups::GroupId,
    undecided::UndecidedExpression,
};

/// The expressions that are warned of, each once.
#[derive(Debug, Default)]
pub(super) struct UndecidedWarnings {
    /// Expressions that were undecided on some object: whose they are, and their text.
    warned: BTreeSet<(String, String)>,
    /// Those of them that were not taken yet.
    warnings: Vec<UndecidedExpression>,
}

impl UndecidedWarnings {
    /// Notes that a group's expression cannot be decided on an object.
    pub(super) fn note(
        &mut self,
        compiled: &CompiledConfig,
        object: &str,
        group: GroupId,
        key: ExpressionKey,
        why: String,
    ) {
        let entry = described(compiled, object, group, key, why);
        if self.warned.insert((entry.of.clone(), entry.expression.clone())) {
            self.warnings.push(entry);
        }
    }

    /// Takes those that were noted since the last call and had not been on any object before.
    pub(super) fn take(&mut self) -> Vec<UndecidedExpression> {
        std::mem::take(&mut self.warnings)
    }
}

/// Returns why a group's expression cannot be decided on an object.
pub(super) fn reason(compiled: &CompiledConfig, one: &ObjectEntry, group: GroupId, key: ExpressionKey) -> String {
    let compiled = compiled.groups.group(group);
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

/// Describes an undecided expression with the object on which it is undecided.
pub(super) fn undecided_on(
    compiled: &CompiledConfig,
    one: &ObjectEntry,
    group: GroupId,
    key: ExpressionKey,
) -> UndecidedExpression {
    described(compiled, &one.object.id, group, key, reason(compiled, one, group, key))
}

/// Describes an undecided expression with one object as its example.
fn described(
    compiled: &CompiledConfig,
    object: &str,
    group: GroupId,
    key: ExpressionKey,
    reason: String,
) -> UndecidedExpression {
    let written = compiled.group_at(group);
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
