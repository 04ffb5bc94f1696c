//! What evaluations read: the configuration, the objects with their facts, and their symptoms.

use super::{object_states::ObjectStates, policy_decision::PolicyDecision};
use crate::{compiled::CompiledConfig, query::Resolution, registry::ObjectRegistry, resolver::PolicyResolver};

/// What evaluations read. The alerts are not among it: what is so now does not depend on what was so before.
#[derive(Clone, Copy)]
pub(super) struct Context<'a> {
    pub(super) compiled: &'a CompiledConfig,
    pub(super) registry: &'a ObjectRegistry,
    pub(super) objects: &'a ObjectStates,
    /// The host's clock, for policies with hours.
    pub(super) wall_ns: u64,
}

impl<'a> Context<'a> {
    pub(super) fn new(
        compiled: &'a CompiledConfig,
        registry: &'a ObjectRegistry,
        objects: &'a ObjectStates,
        wall_ns: u64,
    ) -> Self {
        Self { compiled, registry, objects, wall_ns }
    }

    /// Returns the parent's id of an object, if it has one.
    pub(super) fn parent(self, object: &str) -> Option<&'a str> {
        self.registry.object(object)?.parent.as_deref()
    }

    /// Returns the object, its parent and its children: all whose symptoms its alerts can name.
    pub(super) fn family(self, object: &'a str) -> impl Iterator<Item = &'a str> {
        std::iter::once(object).chain(self.parent(object)).chain(self.registry.children(object))
    }

    /// Returns what policy says about `name` on `object`, with the why.
    pub(super) fn resolution(self, object: &str, name: &str) -> Resolution {
        PolicyResolver::new(self.registry, self.wall_ns).resolve(object, name)
    }

    /// Returns what policy says about `name` on `object`, and does not remember it.
    pub(super) fn decide(self, object: &str, name: &str) -> PolicyDecision {
        let definition = self.compiled.definition(name);
        let thresholds = definition.map(|definition| definition.thresholds.clone()).unwrap_or_default();
        PolicyDecision::of(self.resolution(object, name), thresholds)
    }

    /// Returns whether no policy disables a symptom on an object. A disabled one counts as inactive.
    pub(super) fn is_symptom_enabled(self, object: &str, symptom: &str) -> bool {
        PolicyResolver::new(self.registry, self.wall_ns).enables_symptom(object, symptom)
    }
}
