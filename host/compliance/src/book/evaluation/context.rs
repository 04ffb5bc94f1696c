//! What evaluations read: the configuration, the objects with their facts, and their symptoms.

use crate::{
    book::{evaluation::policy_decision::PolicyDecision, objects::states::ObjectStates},
    compiled::CompiledConfig,
    query::Resolution,
    registry::ObjectRegistry,
    resolver::PolicyResolver,
};

/// What evaluations read. The alerts are not among it: what is so now does not depend on what was so before.
#[derive(Clone, Copy)]
pub(crate) struct Context<'a> {
    pub(crate) compiled: &'a CompiledConfig,
    pub(crate) registry: &'a ObjectRegistry,
    pub(crate) objects: &'a ObjectStates,
    /// The host's clock, for policies with hours.
    pub(crate) wall_ns: u64,
}

impl<'a> Context<'a> {
    pub(crate) fn new(
        compiled: &'a CompiledConfig,
        registry: &'a ObjectRegistry,
        objects: &'a ObjectStates,
        wall_ns: u64,
    ) -> Self {
        Self { compiled, registry, objects, wall_ns }
    }

    /// Returns the parent's id of an object, if it has one.
    pub(crate) fn parent(self, object: &str) -> Option<&'a str> {
        self.registry.object(object)?.parent.as_deref()
    }

    /// Returns the object, its parent and its children: all whose symptoms its alerts can name.
    pub(crate) fn family(self, object: &'a str) -> impl Iterator<Item = &'a str> {
        std::iter::once(object).chain(self.parent(object)).chain(self.registry.children(object))
    }

    /// Returns what policy says about `name` on `object`, with the why.
    pub(crate) fn resolution(self, object: &str, name: &str) -> Resolution {
        PolicyResolver::new(self.registry, self.wall_ns).resolve(object, name)
    }

    /// Returns what policy says about `name` on `object`, and does not remember it.
    pub(crate) fn decide(self, object: &str, name: &str) -> PolicyDecision {
        let definition = self.compiled.definition(name);
        let thresholds = definition.map(|definition| definition.thresholds.clone()).unwrap_or_default();
        PolicyDecision::of(self.resolution(object, name), thresholds)
    }

    /// Returns whether no policy disables a symptom on an object. A disabled one counts as inactive.
    pub(crate) fn is_symptom_enabled(self, object: &str, symptom: &str) -> bool {
        PolicyResolver::new(self.registry, self.wall_ns).enables_symptom(object, symptom)
    }
}
