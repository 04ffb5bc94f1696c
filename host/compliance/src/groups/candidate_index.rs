//! Which groups an object may stand to at all, found by what it is and has rather than by asking all
//! of them.

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

/// Groups by what opens them to an object.
#[derive(Debug, Default)]
pub(crate) struct CandidateIndex {
    /// Anything may stand to these: a pattern with `*`, or an expression of which nothing is known.
    always: Vec<GroupId>,
    /// By an id that is listed or excluded.
    ids: HashMap<String, Vec<GroupId>>,
    /// By a property and its value.
    values: HashMap<String, HashMap<String, Vec<GroupId>>>,
    /// By a property that is there.
    properties: HashMap<String, Vec<GroupId>>,
    /// By a metric that is there.
    metrics: HashMap<String, Vec<GroupId>>,
}

impl CandidateIndex {
    pub(crate) fn add<'a>(
        &mut self,
        id: GroupId,
        group: &Group,
        expressions: impl IntoIterator<Item = &'a Arc<Expression>>,
    ) {
        let mut always = false;
        for pattern in group.objects.iter().chain(&group.exclude) {
            match pattern.is_literal() {
                true => self.ids.entry(pattern.as_str().to_owned()).or_default().push(id),
                false => always = true,
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

    pub(crate) fn candidates(&self, object: &Object) -> BTreeSet<GroupId> {
        let mut open: BTreeSet<GroupId> = self.always.iter().copied().collect();
        open.extend(self.ids.get(&object.id).into_iter().flatten());
        for (name, fact) in &object.properties {
            let Some(value) = &fact.value else { continue };
            open.extend(self.properties.get(name).into_iter().flatten());
            open.extend(self.values.get(name).and_then(|values| values.get(value)).into_iter().flatten());
        }
        open.extend(object.metrics.keys().filter_map(|name| self.metrics.get(name)).flatten());
        open
    }
}
