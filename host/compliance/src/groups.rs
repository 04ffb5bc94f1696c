//! Groups with their expressions compiled, and which of them a change of a fact concerns.

mod candidate_index;
pub(crate) mod cycles;

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use candidate_index::CandidateIndex;

use crate::{
    config::{ConfigError, Group},
    expression::{Expression, NameSet},
    record::Object,
};

pub(crate) use candidate_index::GroupId;

/// All groups.
#[derive(Debug, Default)]
pub(crate) struct CompiledGroups {
    pub(crate) all: Vec<CompiledGroup>,
    names: HashMap<String, GroupId>,
    properties: ReferenceIndex,
    metrics: ReferenceIndex,
    kind: Vec<GroupId>,
    parent: Vec<GroupId>,
    candidates: CandidateIndex,
}

/// A group with its expressions compiled.
#[derive(Debug, Default)]
pub(crate) struct CompiledGroup {
    pub(crate) when: Option<Arc<Expression>>,
    pub(crate) exclude_when: Option<Arc<Expression>>,
    /// Groups whose members are members of this one.
    pub(crate) subgroups: Vec<GroupId>,
    /// Groups of which the members of this one are members.
    pub(crate) supers: Vec<GroupId>,
    /// Higher than that of all its subgroups.
    pub(crate) rank: u32,
}

/// What changed about an object.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct FactChanges {
    /// The object was not known before: all groups are to be evaluated.
    pub(crate) new: bool,
    pub(crate) kind: bool,
    pub(crate) parent: bool,
    pub(crate) properties: BTreeSet<String>,
    pub(crate) metrics: BTreeSet<String>,
}

/// Groups by the names of facts that their expressions refer to.
#[derive(Debug, Default)]
struct ReferenceIndex {
    names: HashMap<String, Vec<GroupId>>,
    all: Vec<GroupId>,
}

impl FactChanges {
    pub(crate) fn is_empty(&self) -> bool {
        !self.new && !self.kind && !self.parent && self.properties.is_empty() && self.metrics.is_empty()
    }
}

impl ReferenceIndex {
    fn add(&mut self, group: GroupId, names: &NameSet) {
        if names.all {
            self.all.push(group);
        } else {
            names.names.iter().for_each(|name| self.names.entry(name.clone()).or_default().push(group));
        }
    }

    fn groups_of<'a>(&'a self, names: &'a BTreeSet<String>) -> impl Iterator<Item = GroupId> + 'a {
        let all = if names.is_empty() { &[] } else { self.all.as_slice() };
        names.iter().filter_map(|name| self.names.get(name)).flatten().chain(all).copied()
    }
}

impl CompiledGroups {
    /// Compiles `groups` and adds their mistakes to `errors`; with a mistake, the result must not be used.
    pub(crate) fn new(groups: &[Group], errors: &mut Vec<ConfigError>) -> Self {
        let mut made = Self::default();
        for (id, group) in (0..).zip(groups) {
            made.names.entry(group.name.clone()).or_insert(id);
            let when = compile(group, "when", group.when.as_deref(), errors);
            let exclude_when = compile(group, "exclude-when", group.exclude_when.as_deref(), errors);
            for expression in [&when, &exclude_when].into_iter().flatten() {
                let references = expression.references();
                made.properties.add(id, &references.properties);
                made.metrics.add(id, &references.metrics);
                if references.kind {
                    made.kind.push(id);
                }
                if references.parent {
                    made.parent.push(id);
                }
            }
            made.candidates.add(id, group, [&when, &exclude_when].into_iter().flatten());
            made.all.push(CompiledGroup { when, exclude_when, ..CompiledGroup::default() });
        }
        made.link(groups);
        made.rank();
        made
    }

    /// Returns the position of the group of this name.
    pub(crate) fn position(&self, name: &str) -> Option<usize> {
        self.names.get(name).map(|&id| id as usize)
    }

    /// Returns the id of the group of this name.
    pub(crate) fn id(&self, name: &str) -> Option<GroupId> {
        self.names.get(name).copied()
    }

    /// Returns a group by its id, which must be one of this configuration.
    pub(crate) fn group(&self, id: GroupId) -> &CompiledGroup {
        &self.all[id as usize]
    }

    /// Returns the groups that may concern a new object: no other matches it by a pattern, and no other's
    /// expressions hold.
    pub(crate) fn candidates(&self, object: &Object) -> BTreeSet<GroupId> {
        self.candidates.candidates(object)
    }

    /// Returns the groups whose expressions refer to something that changed.
    pub(crate) fn concerned(&self, changed: &FactChanges) -> BTreeSet<GroupId> {
        let mut concerned: BTreeSet<GroupId> = self.properties.groups_of(&changed.properties).collect();
        concerned.extend(self.metrics.groups_of(&changed.metrics));
        concerned.extend(self.kind.iter().filter(|_| changed.kind));
        concerned.extend(self.parent.iter().filter(|_| changed.parent));
        concerned
    }

    fn link(&mut self, groups: &[Group]) {
        for (id, group) in (0..).zip(groups) {
            let subgroups: Vec<GroupId> =
                group.groups.iter().filter_map(|name| self.names.get(name)).copied().collect();
            for &sub in &subgroups {
                self.all[sub as usize].supers.push(id);
            }
            self.all[id as usize].subgroups = subgroups;
        }
    }

    /// Ranks groups from the innermost outwards. Groups in a cycle, which is a mistake, keep rank 0.
    fn rank(&mut self) {
        let mut waiting: Vec<usize> = self.all.iter().map(|group| group.subgroups.len()).collect();
        let mut ready: Vec<usize> = (0..waiting.len()).filter(|&id| waiting[id] == 0).collect();
        while let Some(id) = ready.pop() {
            let rank = self.all[id].rank + 1;
            for at in 0..self.all[id].supers.len() {
                let above = self.all[id].supers[at] as usize;
                self.all[above].rank = self.all[above].rank.max(rank);
                waiting[above] -= 1;
                if waiting[above] == 0 {
                    ready.push(above);
                }
            }
        }
    }
}

/// Compiles the expression of `key`; `None` if there is none, or if it is wrong, which is added to `errors`.
fn compile(group: &Group, key: &str, text: Option<&str>, errors: &mut Vec<ConfigError>) -> Option<Arc<Expression>> {
    let text = text?;
    let mistake = match Expression::compile(text) {
        Ok(expression) if expression.references().thresholds.is_empty() => return Some(Arc::new(expression)),
        Ok(_) => "there is no `threshold` in a group; alerts have them".to_owned(),
        Err(mistake) => mistake,
    };
    let message = format!("group `{}`: the expression `{text}` of `{key}`: {mistake}", group.name);
    errors.push(ConfigError::new(&group.place, message));
    None
}
