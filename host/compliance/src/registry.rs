//! All objects with their facts, their relatives and their groups, as they are now.

mod age;
mod apply;
mod configure;
mod groups;
mod inventory;
mod membership;
mod outcome;
mod undecided;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use lifesigns_model::{DropKind, Drops, ObjectFacts};

use crate::{
    compiled::CompiledConfig,
    groups::{FactChanges, GroupId},
    limits::{ANCESTORS, DISCOVERED_OBJECTS, NAME_BYTES, OBJECTS, SEEN_MS},
    record::Object,
    undecided::UndecidedExpression,
};
use membership::{MembershipChange, Memberships};
pub use outcome::{AffectedObjects, InventoryDiff};

/// All objects as they are now. What is late, older than what is known of the same fact, changes
/// nothing here.
#[derive(Debug)]
pub struct ObjectRegistry {
    compiled: Arc<CompiledConfig>,
    objects: BTreeMap<Arc<str>, ObjectEntry>,
    children: BTreeMap<Arc<str>, BTreeSet<Arc<str>>>,
    /// By the group's number.
    members: Vec<BTreeSet<Arc<str>>>,
    dirty: BTreeSet<Arc<str>>,
    discovered: usize,
    dropped: Drops,
    /// Expressions that were undecided on some object, as they are written, and those to be warned of.
    warned: BTreeSet<(String, String)>,
    warnings: Vec<UndecidedExpression>,
    evaluated: u64,
}

#[derive(Debug)]
struct ObjectEntry {
    object: Object,
    memberships: Memberships,
    /// `last_ns` when it was last given to the store.
    written_ns: u64,
}

impl ObjectRegistry {
    /// A registry without objects.
    pub fn new(compiled: Arc<CompiledConfig>) -> Self {
        let members = compiled.config().groups.iter().map(|_| BTreeSet::new()).collect();
        Self {
            compiled,
            objects: BTreeMap::new(),
            children: BTreeMap::new(),
            members,
            dirty: BTreeSet::new(),
            discovered: 0,
            dropped: Drops::default(),
            warned: BTreeSet::new(),
            warnings: Vec::new(),
            evaluated: 0,
        }
    }

    /// What it goes by.
    pub fn compiled(&self) -> &Arc<CompiledConfig> {
        &self.compiled
    }

    /// Facts of one object came in. An object that was not known is discovered.
    ///
    /// Touched is the object if it is new, if its kind, parent or groups changed, or if a fact
    /// changed that some definition reads; and with a new parent the old one and the new one, if
    /// they are known. Whose conditions look at a touched object as their parent or child is the
    /// caller's to find.
    pub fn facts(&mut self, facts: &ObjectFacts) -> AffectedObjects {
        let mut touched = BTreeSet::new();
        let Some((id, new)) = self.open(&facts.object, true) else { return AffectedObjects::default() };
        let Some(one) = self.objects.get_mut(&id) else { return AffectedObjects::default() };
        let parent = one.object.parent.clone();
        let mut changed = FactChanges { new, ..FactChanges::default() };
        apply::apply(&mut one.object, facts, &mut changed, &mut self.dropped);
        // That something known was said again is not worth a write of its own.
        if !changed.is_empty() || one.is_stale() {
            self.dirty.insert(id.clone());
        }
        self.settle(&id, &changed, parent, &mut touched);
        AffectedObjects::of(touched)
    }

    /// An object was heard of.
    pub fn seen(&mut self, object: &str, time_ns: u64) -> AffectedObjects {
        if let Some(one) = self.objects.get_mut(object) {
            apply::heard_of(&mut one.object, time_ns);
            if one.is_stale() {
                self.dirty.insert(object.into());
            }
            return AffectedObjects::default();
        }
        self.facts(&ObjectFacts { object: object.to_owned(), time_ns, ..ObjectFacts::default() })
    }

    /// What a store kept; replaces everything and is not dirty.
    pub fn restore(&mut self, objects: Vec<Object>) {
        let (warned, warnings) = (std::mem::take(&mut self.warned), std::mem::take(&mut self.warnings));
        let dropped = std::mem::take(&mut self.dropped);
        *self = Self { dropped, warned, warnings, ..Self::new(self.compiled.clone()) };
        let mut touched = BTreeSet::new();
        for object in objects {
            let id: Arc<str> = object.id.as_str().into();
            self.discovered += usize::from(object.discovered);
            let written_ns = object.last_ns;
            self.objects.insert(id.clone(), ObjectEntry { object, memberships: Memberships::default(), written_ns });
            let changed = FactChanges { new: true, parent: true, ..FactChanges::default() };
            self.settle(&id, &changed, None, &mut touched);
        }
    }

    /// The host's clock was ahead, and is right again: nothing is known of later than `time_ns`.
    pub fn set_back(&mut self, time_ns: u64) {
        for (id, one) in &mut self.objects {
            if apply::set_back(&mut one.object, time_ns) {
                one.written_ns = one.written_ns.min(time_ns);
                self.dirty.insert(id.clone());
            }
        }
    }

    /// Forgets an object. Touched are it and its relatives.
    pub fn forget(&mut self, object: &str) -> AffectedObjects {
        let Some((id, one)) = self.objects.remove_entry(object) else { return AffectedObjects::default() };
        self.discovered -= usize::from(one.object.discovered);
        self.dirty.remove(&id);
        for group in one.memberships.members() {
            self.members[group as usize].remove(&id);
        }
        let mut touched: BTreeSet<Arc<str>> = self.children.get(&id).into_iter().flatten().cloned().collect();
        self.move_child(&id, one.object.parent.as_deref(), None, &mut touched);
        touched.insert(id);
        AffectedObjects::of(touched)
    }

    /// An object.
    pub fn object(&self, object: &str) -> Option<&Object> {
        self.objects.get(object).map(|one| &one.object)
    }

    /// All objects, by id.
    pub fn objects(&self) -> impl Iterator<Item = &Object> {
        self.objects.values().map(|one| &one.object)
    }

    /// Those that name `object` as their parent, by id. It need not be known itself.
    pub fn children(&self, object: &str) -> impl Iterator<Item = &str> {
        self.children.get(object).into_iter().flatten().map(|id| &**id)
    }

    /// Those above an object, its parent first, at most [`ANCESTORS`]; a circle of parents is gone around once.
    pub fn above(&self, object: &str) -> Vec<&str> {
        let mut above: Vec<&str> = Vec::new();
        let mut at = self.object(object);
        while let Some(parent) = at.and_then(|object| object.parent.as_deref()) {
            if parent == object || above.len() >= ANCESTORS || above.contains(&parent) {
                break;
            }
            above.push(parent);
            at = self.object(parent);
        }
        above
    }

    /// Whether the parents of an object lead back to it, or may: no parent in such a circle can stand for it.
    pub fn is_own_ancestor(&self, object: &str) -> bool {
        let above = self.above(object);
        let last = above.last().copied().unwrap_or(object);
        above.len() >= ANCESTORS || self.object(last).and_then(|last| last.parent.as_deref()) == Some(object)
    }

    /// Objects that changed since the last call, by id, for the store.
    pub fn take_dirty(&mut self) -> Vec<Object> {
        let dirty = std::mem::take(&mut self.dirty);
        let mut objects = Vec::with_capacity(dirty.len());
        for id in dirty {
            if let Some(one) = self.objects.get_mut(&id) {
                one.written_ns = one.object.last_ns;
                objects.push(one.object.clone());
            }
        }
        objects
    }

    /// What was dropped so far.
    pub fn dropped(&self) -> &Drops {
        &self.dropped
    }

    /// How many expressions of groups were evaluated so far.
    pub fn evaluated(&self) -> u64 {
        self.evaluated
    }

    /// The object's id, and whether it is new. `None` if there is no room for it.
    fn open(&mut self, object: &str, discovered: bool) -> Option<(Arc<str>, bool)> {
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
        let object = Object { id: object.to_owned(), discovered, ..Object::default() };
        self.discovered += usize::from(discovered);
        self.objects.insert(id.clone(), ObjectEntry { object, memberships: Memberships::default(), written_ns: 0 });
        Some((id, true))
    }

    /// Brings relatives and groups up to what changed about an object whose parent was `parent`.
    fn settle(
        &mut self,
        id: &Arc<str>,
        changed: &FactChanges,
        parent: Option<String>,
        touched: &mut BTreeSet<Arc<str>>,
    ) {
        if changed.is_empty() {
            return;
        }
        if changed.parent {
            let now = self.object(id).and_then(|object| object.parent.clone());
            self.move_child(id, parent.as_deref(), now.as_deref(), touched);
        }
        let moved = if changed.new {
            self.ask_anew(id, |_| true)
        } else {
            let concerned = self.compiled.groups.concerned(changed);
            !concerned.is_empty() && self.ask(id, &concerned)
        };
        let reads = self.compiled.reads();
        let read = changed.properties.iter().any(|name| reads.properties.reads(name))
            || changed.metrics.iter().any(|name| reads.metrics.reads(name));
        if changed.new || changed.kind || changed.parent || moved || read {
            touched.insert(id.clone());
        }
    }

    /// Asks the groups `asked`, which read what changed, about an object. Whether it joined or left a
    /// group.
    fn ask(&mut self, id: &Arc<str>, asked: &BTreeSet<GroupId>) -> bool {
        let Some(one) = self.objects.get_mut(id) else { return false };
        let resolved = one.memberships.resolve(&one.object, &self.compiled.groups, asked, false);
        self.take_over(id, resolved)
    }

    /// Asks of all groups those that `asked` names about an object that stands to none of these yet,
    /// and follows what it stands to of the others.
    fn ask_anew(&mut self, id: &Arc<str>, asked: impl Fn(GroupId) -> bool) -> bool {
        let Some(one) = self.objects.get_mut(id) else { return false };
        let mut open = self.compiled.groups.candidates(&one.object);
        open.retain(|&group| asked(group));
        one.memberships.list(&one.object, &self.compiled.config().groups, &open);
        let resolved = one.memberships.resolve(&one.object, &self.compiled.groups, &open, true);
        self.take_over(id, resolved)
    }

    fn take_over(&mut self, id: &Arc<str>, resolved: MembershipChange) -> bool {
        self.evaluated += resolved.evaluated as u64;
        for &group in &resolved.joined {
            self.members[group as usize].insert(id.clone());
        }
        for &group in &resolved.left {
            self.members[group as usize].remove(id);
        }
        for (group, excludes, why) in resolved.undecided {
            let Some(entry) = self.described(id, group, excludes, why) else { continue };
            if self.warned.insert((entry.of.clone(), entry.expression.clone())) {
                self.warnings.push(entry);
            }
        }
        resolved.firmed || !resolved.joined.is_empty() || !resolved.left.is_empty()
    }

    fn move_child(&mut self, id: &Arc<str>, from: Option<&str>, to: Option<&str>, touched: &mut BTreeSet<Arc<str>>) {
        for parent in [from, to].into_iter().flatten() {
            touched.extend(self.objects.get_key_value(parent).map(|(parent, _)| parent.clone()));
        }
        if let Some(from) = from
            && let Some(children) = self.children.get_mut(from)
        {
            children.remove(id);
            if children.is_empty() {
                self.children.remove(from);
            }
        }
        if let Some(to) = to {
            self.children.entry(to.into()).or_default().insert(id.clone());
        }
    }
}

impl ObjectEntry {
    /// Whether it was heard of long enough after it was last written down.
    fn is_stale(&self) -> bool {
        self.object.last_ns.saturating_sub(self.written_ns) >= SEEN_MS * 1_000_000
    }
}

#[cfg(test)]
mod tests;
