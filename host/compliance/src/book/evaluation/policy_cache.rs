//! Remembers what policy decides about alerts on objects.

use std::sync::Arc;

use crate::{
    book::{
        evaluation::{context::Context, policy_decision::PolicyDecision},
        ids::{Id, IdMap},
    },
    registry::ObjectRegistry,
};

/// Decisions that were made already, until groups, configuration or hours change.
#[derive(Debug)]
pub(crate) struct PolicyCache {
    objects: IdMap<ObjectDecisions>,
    /// The decision that most objects share.
    common: Arc<PolicyDecision>,
}

#[derive(Debug, Default)]
struct ObjectDecisions {
    /// By name, in order.
    decisions: Vec<(Id, Arc<PolicyDecision>)>,
    /// Groups of which it cannot be decided whether the object is in them.
    uncertain: Vec<Id>,
}

/// Whether the groups that decisions were made for are the same still.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Membership {
    Same,
    Moved,
}

impl ObjectDecisions {
    fn get(&self, name: &Id) -> Option<&Arc<PolicyDecision>> {
        let at = self.decisions.binary_search_by(|(known, _)| known.cmp(name)).ok()?;
        Some(&self.decisions[at].1)
    }

    fn insert(&mut self, name: Id, decision: Arc<PolicyDecision>) {
        if self.decisions.is_empty() {
            // Most objects have one alert, and there are very many objects.
            self.decisions.reserve_exact(1);
        }
        let at = self.decisions.partition_point(|(known, _)| *known < name);
        self.decisions.insert(at, (name, decision));
    }
}

impl PolicyCache {
    pub(crate) fn new() -> Self {
        let common = Arc::new(PolicyDecision { enabled: true, ..PolicyDecision::default() });
        Self { objects: IdMap::default(), common }
    }

    /// Begins to remember the decisions on an object.
    pub(crate) fn add(&mut self, object: &Id, registry: &ObjectRegistry) {
        let uncertain = uncertain_groups(registry, object);
        self.objects.insert(Arc::clone(object), ObjectDecisions { uncertain, ..ObjectDecisions::default() });
    }

    /// Returns the decision about `name` on `object`, which is made if it is not remembered.
    pub(crate) fn decision(&mut self, context: Context<'_>, object: &Id, name: &Id) -> Arc<PolicyDecision> {
        let remembered = self.objects.get_mut(object);
        if let Some(decision) = remembered.as_ref().and_then(|remembered| remembered.get(name)) {
            return Arc::clone(decision);
        }
        let decision = context.decide(object, name);
        let decision = if decision == *self.common { Arc::clone(&self.common) } else { Arc::new(decision) };
        if let Some(remembered) = remembered {
            remembered.insert(Arc::clone(name), Arc::clone(&decision));
        }
        decision
    }

    /// Notes of which groups it cannot be decided now whether the object is in them.
    pub(crate) fn update_uncertain_groups(&mut self, object: &Id, registry: &ObjectRegistry) -> Membership {
        let Some(remembered) = self.objects.get_mut(object) else { return Membership::Same };
        let uncertain = uncertain_groups(registry, object);
        if uncertain == remembered.uncertain {
            return Membership::Same;
        }
        remembered.uncertain = uncertain;
        Membership::Moved
    }

    /// Drops the decisions on an object.
    pub(crate) fn clear_object(&mut self, object: &Id) {
        if let Some(remembered) = self.objects.get_mut(object) {
            remembered.decisions.clear();
        }
    }

    /// Drops all decisions.
    pub(crate) fn clear(&mut self) {
        self.objects.values_mut().for_each(|remembered| remembered.decisions.clear());
    }

    /// Removes an object.
    pub(crate) fn remove(&mut self, object: &Id) {
        self.objects.remove(object);
    }
}

fn uncertain_groups(registry: &ObjectRegistry, object: &str) -> Vec<Id> {
    registry.groups().uncertain(object).map(|group| group.name.as_str().into()).collect()
}
