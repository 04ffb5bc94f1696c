//! All objects with their facts, their relatives and their groups, as they are now.

mod affected;
mod age;
mod apply;
mod configure;
mod entry;
mod groups;
mod inventory;
mod inventory_diff;
mod membership;
mod shared_facts;
mod undecided;

use std::{collections::BTreeSet, sync::Arc};

use lifesigns_model::{DropKind, Drops, ObjectFacts};

use crate::{
    compiled::CompiledConfig,
    groups::{FactChanges, GroupId},
    limits::{ANCESTORS, DISCOVERED_OBJECTS, NAME_BYTES, OBJECTS},
    record::Object,
    shared_map::{SharedMap, SharedSet},
    shared_table::SharedTable,
    shared_text::SharedText,
    undecided::UndecidedExpression,
};
pub use affected::AffectedObjects;
use entry::{ObjectEntry, existing};
pub use inventory_diff::InventoryDiff;
use membership::{MembershipChange, Memberships};
use shared_facts::SharedFacts;

/// All objects as they are now. Facts that are late, older than what is known of the same fact, change
/// nothing.
#[derive(Debug)]
pub struct ObjectRegistry {
    compiled: Arc<CompiledConfig>,
    objects: SharedTable<Arc<ObjectEntry>>,
    children: SharedMap<SharedSet>,
    /// Members of each group, by the group's position.
    members: Arc<Vec<SharedSet>>,
    dirty: BTreeSet<Arc<str>>,
    discovered: usize,
    dropped: Drops,
    /// Expressions that were undecided on some object: whose they are, and their text.
    warned: BTreeSet<(String, String)>,
    /// Those of them that were not taken yet.
    warnings: Vec<UndecidedExpression>,
    evaluations: u64,
    parts: SharedFacts,
}

impl ObjectRegistry {
    /// Creates a registry without objects.
    pub fn new(compiled: Arc<CompiledConfig>) -> Self {
        let members = compiled.config().groups.iter().map(|_| SharedSet::default()).collect();
        Self { members: Arc::new(members), ..Self::empty(compiled) }
    }

    fn empty(compiled: Arc<CompiledConfig>) -> Self {
        Self {
            compiled,
            objects: SharedTable::default(),
            children: SharedMap::default(),
            members: Arc::default(),
            dirty: BTreeSet::new(),
            discovered: 0,
            dropped: Drops::default(),
            warned: BTreeSet::new(),
            warnings: Vec::new(),
            evaluations: 0,
            parts: SharedFacts::default(),
        }
    }

    /// Returns the registry as it is now, to be read: it shares all objects with this one. What is noted for the
    /// store and for the log stays here.
    pub(crate) fn share(&self) -> Self {
        Self {
            objects: self.objects.share(),
            children: self.children.clone(),
            members: Arc::clone(&self.members),
            discovered: self.discovered,
            ..Self::empty(Arc::clone(&self.compiled))
        }
    }

    /// Returns the configuration in force.
    pub fn compiled(&self) -> &Arc<CompiledConfig> {
        &self.compiled
    }

    /// Applies facts of one object. An object that was not known is discovered.
    ///
    /// Affected is the object if it is new, if its kind, parent or groups changed, or if a fact changed
    /// that some definition refers to; with a new parent also the new parent if it is known, and the old one: an
    /// object that only its children name may have alerts because of them. Relatives whose conditions refer to an affected object are for the caller to find.
    pub fn apply_facts(&mut self, facts: &ObjectFacts) -> AffectedObjects {
        let mut affected = BTreeSet::new();
        let Some((id, new)) = self.find_or_insert(&facts.object, true) else { return AffectedObjects::default() };
        let entry = existing(&mut self.objects, &id);
        let parent = entry.object.parent.clone();
        let mut changed = FactChanges { new, ..FactChanges::default() };
        apply::event(&mut entry.object, facts, &mut changed, &mut self.dropped);
        if changed.kind || changed.parent {
            self.parts.share(&mut entry.object);
        }
        // A known fact that is stated again is not worth a write of its own.
        if !changed.is_empty() || entry.is_stale() {
            self.dirty.insert(id.clone());
        }
        self.propagate(&id, &changed, parent, &mut affected);
        AffectedObjects::of(affected)
    }

    /// Notes that an object was seen at `time_ns`. An object that was not known is discovered.
    pub fn touch(&mut self, object: &str, time_ns: u64) -> AffectedObjects {
        if let Some(entry) = self.objects.get_mut(object).map(Arc::make_mut) {
            apply::touch(&mut entry.object, time_ns);
            if entry.is_stale() {
                self.dirty.insert(object.into());
            }
            return AffectedObjects::default();
        }
        self.apply_facts(&ObjectFacts { object: object.to_owned(), time_ns, ..ObjectFacts::default() })
    }

    /// Replaces everything by what a store kept, which is not dirty.
    pub fn restore(&mut self, objects: Vec<Object>) {
        let (warned, warnings) = (std::mem::take(&mut self.warned), std::mem::take(&mut self.warnings));
        let dropped = std::mem::take(&mut self.dropped);
        *self = Self { dropped, warned, warnings, ..Self::new(self.compiled.clone()) };
        let mut affected = BTreeSet::new();
        for mut object in objects {
            self.parts.share(&mut object);
            let id: Arc<str> = object.id.share();
            self.discovered += usize::from(object.discovered);
            let written_ns = object.last_ns;
            let entry = ObjectEntry { object, memberships: Memberships::default(), written_ns };
            self.objects.insert(id.clone(), Arc::new(entry));
            let changed = FactChanges { new: true, parent: true, ..FactChanges::default() };
            self.propagate(&id, &changed, None, &mut affected);
        }
    }

    /// Follows the host's clock, which was ahead, back to `time_ns`: no fact is later than that.
    pub fn set_clock_back(&mut self, time_ns: u64) {
        self.objects.for_each_mut(|id, entry| {
            if apply::latest_ns(&entry.object) > time_ns {
                let entry = Arc::make_mut(entry);
                apply::set_clock_back(&mut entry.object, time_ns);
                entry.written_ns = entry.written_ns.min(time_ns);
                self.dirty.insert(id.clone());
            }
        });
    }

    /// Forgets an object. Affected are the object and its relatives.
    pub fn forget(&mut self, object: &str) -> AffectedObjects {
        let Some((id, entry)) = self.objects.remove_entry(object) else { return AffectedObjects::default() };
        self.discovered -= usize::from(entry.object.discovered);
        self.dirty.remove(&id);
        let members = Arc::make_mut(&mut self.members);
        for group in entry.memberships.members() {
            members[group as usize].remove(&id);
        }
        let children = self.children.get(&id).into_iter().flat_map(SharedSet::keys);
        let mut affected: BTreeSet<Arc<str>> = children.cloned().collect();
        self.move_child(&id, entry.object.parent.as_deref(), None, &mut affected);
        affected.insert(id);
        AffectedObjects::of(affected)
    }

    /// Returns an object by id.
    pub fn object(&self, object: &str) -> Option<&Object> {
        self.objects.get(object).map(|entry| &entry.object)
    }

    /// Returns all objects, by id.
    pub fn objects(&self) -> impl Iterator<Item = &Object> {
        self.objects.values().map(|entry| &entry.object)
    }

    /// Returns the number of objects.
    pub const fn len(&self) -> usize {
        self.objects.len()
    }

    /// Returns whether there are no objects.
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the number of objects that no inventory lists.
    pub const fn discovered(&self) -> usize {
        self.discovered
    }

    /// Returns the shared id of an object.
    pub(crate) fn id(&self, object: &str) -> Option<&Arc<str>> {
        self.objects.get_key_value(object).map(|(id, _)| id)
    }

    /// Returns the ids of all objects, in order.
    pub(crate) fn ids(&self) -> impl Iterator<Item = &Arc<str>> {
        self.objects.keys()
    }

    /// Returns the objects whose ids come after `id`, or all objects, by id.
    pub(crate) fn objects_after(&self, id: Option<&str>) -> impl Iterator<Item = &Object> {
        self.objects.iter_after(id).map(|(_, entry)| &entry.object)
    }

    /// Returns the ids of the objects that name `object` as their parent. It need not be known itself.
    pub fn children(&self, object: &str) -> impl Iterator<Item = &str> {
        self.children.get(object).into_iter().flat_map(SharedSet::keys).map(|id| &**id)
    }

    /// Returns the ancestors of an object, its parent first, at most [`ANCESTORS`]; of a cycle of parents each
    /// once.
    pub fn ancestors(&self, object: &str) -> Vec<&str> {
        let mut ancestors: Vec<&str> = Vec::new();
        let mut at = self.object(object);
        while let Some(parent) = at.and_then(|object| object.parent.as_deref()) {
            if parent == object || ancestors.len() >= ANCESTORS || ancestors.contains(&parent) {
                break;
            }
            ancestors.push(parent);
            at = self.object(parent);
        }
        ancestors
    }

    /// Returns whether the object is in a cycle of parents, or may be because it has too many ancestors. The
    /// alert of a parent in such a cycle inhibits none.
    pub fn is_own_ancestor(&self, object: &str) -> bool {
        let ancestors = self.ancestors(object);
        let last = ancestors.last().copied().unwrap_or(object);
        ancestors.len() >= ANCESTORS || self.object(last).and_then(|last| last.parent.as_deref()) == Some(object)
    }

    /// Takes the objects that changed since the last call, by id, for the store.
    pub fn take_dirty(&mut self) -> Vec<Object> {
        let dirty = std::mem::take(&mut self.dirty);
        let mut objects = Vec::with_capacity(dirty.len());
        for id in dirty {
            if let Some(entry) = self.objects.get_mut(&id).map(Arc::make_mut) {
                entry.written_ns = entry.object.last_ns;
                objects.push(entry.object.clone());
            }
        }
        objects
    }

    /// Returns what was dropped so far.
    pub fn dropped(&self) -> &Drops {
        &self.dropped
    }

    /// Returns how many expressions of groups were evaluated so far.
    pub fn evaluations(&self) -> u64 {
        self.evaluations
    }

    /// Returns the object's id, and whether it was inserted. `None`, and counted, if there is no room for it
    /// or its id is empty or too long.
    fn find_or_insert(&mut self, object: &str, discovered: bool) -> Option<(Arc<str>, bool)> {
        if let Some((id, _)) = self.objects.get_key_value(object) {
            return Some((id.clone(), false));
        }
        let full = self.objects.len() >= OBJECTS || (discovered && self.discovered >= DISCOVERED_OBJECTS);
        if object.is_empty() || object.len() > NAME_BYTES {
            self.dropped.note(DropKind::ObjectNames, object);
            return None;
        }
        if full {
            self.dropped.note(DropKind::Objects, object);
            return None;
        }
        let id: Arc<str> = object.into();
        let object = Object { id: SharedText::from(&id), discovered, ..self.parts.empty() };
        self.discovered += usize::from(discovered);
        let entry = ObjectEntry { object, memberships: Memberships::default(), written_ns: 0 };
        self.objects.insert(id.clone(), Arc::new(entry));
        Some((id, true))
    }

    /// Updates relatives and groups after a change of an object whose parent was `parent_before`, and adds
    /// the objects that are affected.
    fn propagate(
        &mut self,
        id: &Arc<str>,
        changed: &FactChanges,
        parent_before: Option<SharedText>,
        affected: &mut BTreeSet<Arc<str>>,
    ) {
        if changed.is_empty() {
            return;
        }
        if changed.parent {
            let now = self.object(id).and_then(|object| object.parent.clone());
            self.move_child(id, parent_before.as_deref(), now.as_deref(), affected);
        }
        let moved = if changed.new {
            self.evaluate_groups(id, |_| true)
        } else {
            let concerned = self.compiled.groups.concerned(changed);
            !concerned.is_empty() && self.reevaluate_groups(id, &concerned)
        };
        let references = self.compiled.references();
        let is_referenced = changed.properties.iter().any(|name| references.properties.contains(name))
            || changed.metrics.iter().any(|name| references.metrics.contains(name));
        if changed.new || changed.kind || changed.parent || moved || is_referenced {
            affected.insert(id.clone());
        }
    }

    /// Evaluates the expressions of `groups` again, which refer to what changed about an object. Returns
    /// whether its groups changed.
    fn reevaluate_groups(&mut self, id: &Arc<str>, groups: &BTreeSet<GroupId>) -> bool {
        let entry = existing(&mut self.objects, id);
        let resolved = entry.memberships.resolve(&entry.object, &self.compiled.groups, groups, false);
        self.record_memberships(id, resolved)
    }

    /// Evaluates the groups that `is_chosen` chooses, of which nothing is recorded yet for the object, and
    /// propagates what is recorded of the others. Returns whether the object's groups changed.
    fn evaluate_groups(&mut self, id: &Arc<str>, is_chosen: impl Fn(GroupId) -> bool) -> bool {
        let entry = existing(&mut self.objects, id);
        let mut candidates = self.compiled.groups.candidates(&entry.object);
        candidates.retain(|&group| is_chosen(group));
        entry.memberships.match_patterns(&entry.object, &self.compiled.config().groups, &candidates);
        let resolved = entry.memberships.resolve(&entry.object, &self.compiled.groups, &candidates, true);
        self.record_memberships(id, resolved)
    }

    /// Updates the members of the groups that an object joined or left. Returns whether there are any, or
    /// whether it is more or less certain of one.
    fn record_memberships(&mut self, id: &Arc<str>, resolved: MembershipChange) -> bool {
        self.evaluations += resolved.evaluations as u64;
        let is_moved = !resolved.joined.is_empty() || !resolved.left.is_empty();
        if is_moved {
            let members = Arc::make_mut(&mut self.members);
            for &group in &resolved.joined {
                members[group as usize].insert(id.clone(), ());
            }
            for &group in &resolved.left {
                members[group as usize].remove(id);
            }
        }
        for (group, key, why) in resolved.undecided {
            let entry = self.described(id, group, key, why);
            if self.warned.insert((entry.of.clone(), entry.expression.clone())) {
                self.warnings.push(entry);
            }
        }
        resolved.certainty_changed || is_moved
    }

    fn move_child(&mut self, id: &Arc<str>, from: Option<&str>, to: Option<&str>, affected: &mut BTreeSet<Arc<str>>) {
        let known = |parent: &str| self.objects.get_key_value(parent).map(|(parent, _)| parent.clone());
        affected.extend(to.and_then(known));
        affected.extend(from.map(|from| known(from).unwrap_or_else(|| from.into())));
        if let Some(from) = from
            && let Some(children) = self.children.get_mut(from)
        {
            children.remove(id);
            if children.is_empty() {
                self.children.remove(from);
            }
        }
        if let Some(to) = to {
            self.children.entry_or_default(&to.into()).insert(id.clone(), ());
        }
    }
}

#[cfg(test)]
mod tests;
