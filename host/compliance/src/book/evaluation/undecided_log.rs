//! Definitions of which it cannot be decided whether they hold. Each expression is warned of once.

use std::{collections::BTreeSet, sync::Arc};

use crate::{
    book::ids::Id,
    compiled::CompiledConfig,
    shared_map::SharedMap,
    undecided::{FailedExpression, UndecidedExpression},
};

/// Expressions of definitions that fail on objects.
#[derive(Debug, Default)]
pub(crate) struct UndecidedLog {
    /// By object and definition.
    failed: SharedMap<SharedMap<FailedExpression>>,
    /// The owners and texts of expressions that were warned of.
    warned: BTreeSet<(String, String)>,
    warnings: Vec<UndecidedExpression>,
}

impl UndecidedLog {
    /// Returns what is undecided now, to be read. Warnings stay here.
    pub(crate) fn share(&self) -> Self {
        Self { failed: self.failed.clone(), ..Self::default() }
    }

    /// Notes whether the definition `name` is undecided on `object` now.
    pub(crate) fn record(
        &mut self,
        compiled: &CompiledConfig,
        object: &Id,
        name: &Id,
        failed: Option<&FailedExpression>,
    ) {
        let Some(failed) = failed else { return self.remove_definition(object, name) };
        self.restore(object, name, failed);
        let entry = described(compiled, object, name, failed);
        if self.warned.insert((entry.of.clone(), entry.expression.clone())) {
            self.warnings.push(entry);
        }
    }

    /// Notes what is undecided without a warning.
    pub(crate) fn restore(&mut self, object: &Id, name: &Id, failed: &FailedExpression) {
        self.failed.entry_or_default(object).insert(Arc::clone(name), failed.clone());
    }

    /// Returns what is undecided on an object.
    pub(crate) fn of(&self, compiled: &CompiledConfig, object: &str) -> Vec<UndecidedExpression> {
        let failed = self.failed.get(object).into_iter().flatten();
        failed.map(|(name, failed)| described(compiled, object, name, failed)).collect()
    }

    /// Returns all that is undecided, an entry for each object and definition.
    pub(crate) fn all<'a>(&'a self, compiled: &'a CompiledConfig) -> impl Iterator<Item = UndecidedExpression> + 'a {
        self.failed
            .iter()
            .flat_map(move |(object, all)| all.iter().map(|(name, failed)| described(compiled, object, name, failed)))
    }

    /// Takes the expressions that were undecided for the first time since the last call.
    pub(crate) fn take_warnings(&mut self) -> Vec<UndecidedExpression> {
        std::mem::take(&mut self.warnings)
    }

    /// Drops what is undecided; it is found again when everything is evaluated again.
    pub(crate) fn clear(&mut self) {
        self.failed = SharedMap::default();
    }

    /// Drops what is undecided on an object.
    pub(crate) fn remove(&mut self, object: &Id) {
        self.failed.remove(object);
    }

    fn remove_definition(&mut self, object: &Id, name: &Id) {
        // On most objects nothing is undecided.
        let Some(failed) = self.failed.get_mut(object) else { return };
        failed.remove(name);
        if failed.is_empty() {
            self.failed.remove(object);
        }
    }
}

fn described(compiled: &CompiledConfig, object: &str, name: &str, failed: &FailedExpression) -> UndecidedExpression {
    UndecidedExpression {
        of: format!("alert `{name}`"),
        place: compiled.definition(name).map(|definition| definition.place.clone()).unwrap_or_default(),
        expression: failed.expression.clone(),
        objects: 1,
        example: object.to_owned(),
        reason: failed.reason.clone(),
    }
}
