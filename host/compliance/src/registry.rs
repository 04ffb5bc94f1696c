//! All objects with their facts, their relatives and their groups, as they are now.

mod affected;
mod apply;
mod children;
mod configure;
mod entry;
mod group_index;
mod group_view;
mod inventory;
mod inventory_diff;
mod membership;
mod objects;
mod shared_facts;
mod undecided;

use std::{collections::BTreeSet, sync::Arc};

use lifesigns_model::ObjectFacts;

use crate::{compiled::CompiledConfig, record::Object, undecided::UndecidedExpression};

pub use affected::AffectedObjects;
use children::Children;
use entry::ObjectChange;
use group_index::GroupIndex;
pub use group_view::GroupView;
pub use inventory_diff::InventoryDiff;
pub use objects::ObjectTable;

/// All objects as they are now. Facts that are late, older than what is known of the same fact, change
/// nothing.
///
/// Objects, children and members of groups are kept each by a type of its own; a change of an object is
/// propagated here from the first to the others.
#[derive(Debug)]
pub struct ObjectRegistry {
    compiled: Arc<CompiledConfig>,
    objects: ObjectTable,
    children: Children,
    index: GroupIndex,
}

impl ObjectRegistry {
    /// Creates a registry without objects.
    pub fn new(compiled: Arc<CompiledConfig>) -> Self {
        let index = GroupIndex::new(&compiled);
        Self { compiled, objects: ObjectTable::default(), children: Children::default(), index }
    }

    /// Returns the registry as it is now, to be read: it shares all objects with this one. What is noted for the
    /// store and for the log stays here.
    pub(crate) fn share(&self) -> Self {
        Self {
            compiled: Arc::clone(&self.compiled),
            objects: self.objects.share(),
            children: self.children.clone(),
            index: self.index.share(),
        }
    }

    /// Returns the configuration in force.
    pub fn compiled(&self) -> &Arc<CompiledConfig> {
        &self.compiled
    }

    /// Returns all objects.
    pub const fn objects(&self) -> &ObjectTable {
        &self.objects
    }

    /// Returns an object by id.
    pub fn object(&self, object: &str) -> Option<&Object> {
        self.objects.get(object)
    }

    /// Returns the ids of the objects that name `object` as their parent. It need not be known itself.
    pub fn children(&self, object: &str) -> impl Iterator<Item = &str> {
        self.children.of(object).map(|id| &**id)
    }

    /// Returns which objects are in which groups.
    pub fn groups(&self) -> GroupView<'_> {
        GroupView { compiled: &self.compiled, objects: &self.objects, index: &self.index }
    }

    /// Applies facts of one object. An object that was not known is discovered.
    ///
    /// Affected is the object if it is new, if its kind, parent or groups changed, or if a fact changed
    /// that some definition refers to; with a new parent also the new parent if it is known, and the old one: an
    /// object that only its children name may have alerts because of them. Relatives whose conditions refer to an affected object are for the caller to find.
    pub fn apply_facts(&mut self, facts: &ObjectFacts) -> AffectedObjects {
        let change = self.objects.apply(facts);
        self.affected_by(change)
    }

    /// Notes that an object was seen at `time_ns`. An object that was not known is discovered.
    pub fn touch(&mut self, object: &str, time_ns: u64) -> AffectedObjects {
        if self.objects.touch(object, time_ns) {
            return AffectedObjects::default();
        }
        self.apply_facts(&ObjectFacts { object: object.to_owned(), time_ns, ..ObjectFacts::default() })
    }

    /// Expires a metric of an object, which was not reported again in time. The inventory's value, if there
    /// is one, applies again; otherwise the metric is no longer known.
    pub fn expire_metric(&mut self, object: &str, metric: &str) -> AffectedObjects {
        let change = self.objects.expire_metric(object, metric);
        self.affected_by(change)
    }

    /// Makes the changes of an inventory. `diff` is [`ObjectTable::inventory_diff`] of the registry as it is now.
    pub fn apply_inventory(&mut self, diff: &InventoryDiff) -> AffectedObjects {
        let mut affected = BTreeSet::new();
        for one in &diff.objects {
            if let Some(change) = self.objects.apply_diff(one, diff.now_ns) {
                self.propagate(&change, &mut affected);
            }
        }
        AffectedObjects::of(affected)
    }

    /// Replaces everything by what a store kept, which is not dirty.
    pub fn restore(&mut self, objects: Vec<Object>) {
        self.objects.clear();
        self.children = Children::default();
        self.index.restart(&self.compiled);
        let mut affected = BTreeSet::new();
        for object in objects {
            let change = self.objects.insert_stored(object);
            self.propagate(&change, &mut affected);
        }
    }

    /// Follows the host's clock, which was ahead, back to `time_ns`: no fact is later than that.
    pub fn set_clock_back(&mut self, time_ns: u64) {
        self.objects.set_clock_back(time_ns);
    }

    /// Forgets an object. Affected are the object and its relatives.
    pub fn forget(&mut self, object: &str) -> AffectedObjects {
        let Some((id, entry)) = self.objects.remove(object) else { return AffectedObjects::default() };
        self.index.remove(&id, &entry.memberships);
        let mut affected: BTreeSet<Arc<str>> = self.children.of(&id).cloned().collect();
        self.move_child(&id, entry.object.parent.as_deref(), None, &mut affected);
        affected.insert(id);
        AffectedObjects::of(affected)
    }

    /// Takes the objects that changed since the last call, by id, for the store.
    pub fn take_dirty(&mut self) -> Vec<Object> {
        self.objects.take_dirty()
    }

    /// Returns how many expressions of groups were evaluated so far.
    pub fn evaluations(&self) -> u64 {
        self.index.evaluations()
    }

    /// Takes the expressions that became undecided since the last call and had not been on any object
    /// before, each once.
    pub(crate) fn take_warnings(&mut self) -> Vec<UndecidedExpression> {
        self.index.take_warnings()
    }

    fn affected_by(&mut self, change: Option<ObjectChange>) -> AffectedObjects {
        let mut affected = BTreeSet::new();
        if let Some(change) = change {
            self.propagate(&change, &mut affected);
        }
        AffectedObjects::of(affected)
    }

    /// Updates relatives and groups after a change of an object, and adds the objects that are affected.
    fn propagate(&mut self, change: &ObjectChange, affected: &mut BTreeSet<Arc<str>>) {
        let ObjectChange { id, facts, parent_before } = change;
        if facts.is_empty() {
            return;
        }
        if facts.parent {
            let parent = self.object(id).and_then(|object| object.parent.clone());
            self.move_child(id, parent_before.as_deref(), parent.as_deref(), affected);
        }
        let moved = if facts.new {
            self.index.evaluate(self.objects.known_mut(id), &self.compiled, |_| true)
        } else {
            let concerned = self.compiled.groups.concerned(facts);
            !concerned.is_empty() && self.index.reevaluate(self.objects.known_mut(id), &self.compiled, &concerned)
        };
        let references = self.compiled.references();
        let is_referenced = facts.properties.iter().any(|name| references.properties.contains(name))
            || facts.metrics.iter().any(|name| references.metrics.contains(name));
        if facts.new || facts.kind || facts.parent || moved || is_referenced {
            affected.insert(id.clone());
        }
    }

    fn move_child(&mut self, id: &Arc<str>, from: Option<&str>, to: Option<&str>, affected: &mut BTreeSet<Arc<str>>) {
        affected.extend(to.and_then(|to| self.objects.id(to)).cloned());
        affected.extend(from.map(|from| self.objects.id(from).cloned().unwrap_or_else(|| from.into())));
        self.children.move_child(id, from, to);
    }
}

#[cfg(test)]
mod tests;
