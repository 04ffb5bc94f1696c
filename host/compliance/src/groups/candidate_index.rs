//! Finds the groups that may concern an object by its id and its facts, so that not all groups must be
//! evaluated.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use crate::{
    config::Group,
    expression::{Expression, Precondition},
    record::Object,
};

/// A group's position in `ComplianceConfig::groups`.
pub(crate) type GroupId = u32;

/// Groups by the preconditions of their patterns and expressions.
#[derive(Debug, Default)]
pub(crate) struct CandidateIndex {
    /// Groups that may concern any object: they have a pattern with `*`, or an expression without a
    /// precondition.
    always: Vec<GroupId>,
    /// By an id that a pattern lists or excludes.
    ids: HashMap<String, Vec<GroupId>>,
    /// By a property and its value.
    values: HashMap<String, HashMap<String, Vec<GroupId>>>,
    /// By a property that the object has.
    properties: HashMap<String, Vec<GroupId>>,
    /// By a metric that the object has.
    metrics: HashMap<String, Vec<GroupId>>,
}

impl CandidateIndex {
    /// Adds a group with its expressions.
    pub(crate) fn add<'a>(
        &mut self,
        id: GroupId,
        group: &Group,
        expressions: impl IntoIterator<Item = &'a Arc<Expression>>,
    ) {
        let mut always = false;
        for pattern in group.objects.iter().chain(&group.exclude) {
            if pattern.is_literal() {
                self.ids.entry(pattern.as_str().to_owned()).or_default().push(id);
            } else {
                always = true;
            }
        }
        for expression in expressions {
            match expression.precondition() {
                None => always = true,
                Some(Precondition::Property(name)) => self.properties.entry(name.clone()).or_default().push(id),
                Some(Precondition::Metric(name)) => self.metrics.entry(name.clone()).or_default().push(id),
                Some(Precondition::Value(name, values)) => {
                    let by_value = self.values.entry(name.clone()).or_default();
                    values.iter().for_each(|value| by_value.entry(value.clone()).or_default().push(id));
                }
            }
        }
        if always {
            self.always.push(id);
        }
    }

    /// Returns the groups that may concern `object`.
    pub(crate) fn candidates(&self, object: &Object) -> BTreeSet<GroupId> {
        let mut candidates: BTreeSet<GroupId> = self.always.iter().copied().collect();
        candidates.extend(self.ids.get(object.id.as_str()).into_iter().flatten());
        for (name, fact) in object.properties.iter() {
            let Some(value) = &fact.value else { continue };
            candidates.extend(self.properties.get(name).into_iter().flatten());
            if let Some(by_value) = self.values.get(name) {
                candidates.extend(by_value.get(value).into_iter().flatten());
            }
        }
        candidates.extend(object.metrics.keys().filter_map(|name| self.metrics.get(name)).flatten());
        candidates
    }
}
