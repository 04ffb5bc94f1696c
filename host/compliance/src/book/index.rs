//! Which definitions have to be looked at when a symptom changes: found by the symptom's name, so
//! that the number of definitions costs nothing.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use super::{limits, page::Id};
use crate::{compiled::CompiledConfig, condition::CompiledCondition, config::Scope, pattern::Pattern};

/// Definitions that look at one symptom.
#[derive(Debug, Default)]
pub(super) struct Uses {
    /// On the object that has the symptom.
    pub(super) own: BTreeSet<Id>,
    /// On its children: they look at their parent's.
    pub(super) parent: BTreeSet<Id>,
    /// On its parent: it looks at its children's.
    pub(super) children: BTreeSet<Id>,
    /// Some definition is met by it, so that it is no alert of its own.
    pub(super) mentioned: bool,
    /// The definitions that are met by it.
    pub(super) positive: BTreeSet<Id>,
}

#[derive(Clone, Debug)]
struct Use {
    definition: Id,
    scope: Scope,
    positive: bool,
}

impl Uses {
    fn add(&mut self, one: &Use) {
        self.mentioned |= one.positive;
        if one.positive {
            self.positive.insert(Arc::clone(&one.definition));
        }
        let set = match one.scope {
            Scope::Own => &mut self.own,
            Scope::Parent => &mut self.parent,
            Scope::Children => &mut self.children,
        };
        set.insert(Arc::clone(&one.definition));
    }
}

/// The definitions, by what they look at.
#[derive(Debug, Default)]
pub(super) struct Index {
    literal: HashMap<String, Vec<Use>>,
    patterns: Vec<(Pattern, Use)>,
    known: HashMap<Id, Arc<Uses>>,
    /// Those that can be met with no symptom active.
    pub(super) free: BTreeSet<Id>,
    /// Those that look at the parent.
    pub(super) of_parent: BTreeSet<Id>,
    /// Those that look at children.
    pub(super) of_children: BTreeSet<Id>,
}

impl Index {
    pub(super) fn new(compiled: &CompiledConfig) -> Self {
        let mut index = Self::default();
        for (at, definition) in compiled.config().definitions.iter().enumerate() {
            let Some(condition) = compiled.condition(at) else { continue };
            let name: Id = definition.name.as_str().into();
            index.add(condition, &name, true);
            if can_hold_alone(condition) {
                index.free.insert(name);
            }
        }
        index
    }

    fn add(&mut self, condition: &CompiledCondition, name: &Id, positive: bool) {
        match condition {
            CompiledCondition::All(all) | CompiledCondition::Any(all) | CompiledCondition::Count(_, all) => {
                all.iter().for_each(|one| self.add(one, name, positive));
            }
            CompiledCondition::Not(one) => self.add(one, name, !positive),
            CompiledCondition::Symptom(pattern, scope) => {
                self.scoped(*scope, name);
                let one = Use { definition: Arc::clone(name), scope: *scope, positive };
                match pattern.is_literal() {
                    true => self.literal.entry(pattern.as_str().to_owned()).or_default().push(one),
                    false => self.patterns.push((pattern.clone(), one)),
                }
            }
            CompiledCondition::Fact(_, scope) => self.scoped(*scope, name),
        }
    }

    fn scoped(&mut self, scope: Scope, name: &Id) {
        match scope {
            Scope::Own => return,
            Scope::Parent => &mut self.of_parent,
            Scope::Children => &mut self.of_children,
        }
        .insert(Arc::clone(name));
    }

    /// Who looks at `symptom`, for a question: nothing is remembered.
    pub(super) fn find(&self, symptom: &str) -> Uses {
        let mut uses = Uses::default();
        self.literal.get(symptom).into_iter().flatten().for_each(|one| uses.add(one));
        self.patterns.iter().filter(|(pattern, _)| pattern.matches(symptom)).for_each(|(_, one)| uses.add(one));
        uses
    }

    /// Who looks at `symptom`.
    pub(super) fn uses(&mut self, symptom: &Id) -> Arc<Uses> {
        if let Some(uses) = self.known.get(symptom) {
            return Arc::clone(uses);
        }
        let uses = Arc::new(self.find(symptom));
        if self.known.len() >= limits::KNOWN_SYMPTOMS {
            self.known.clear();
        }
        self.known.insert(Arc::clone(symptom), Arc::clone(&uses));
        uses
    }
}

/// Whether it may be met while no symptom is active.
fn can_hold_alone(condition: &CompiledCondition) -> bool {
    match condition {
        CompiledCondition::All(all) => all.iter().all(can_hold_alone),
        CompiledCondition::Any(all) => all.iter().any(can_hold_alone),
        CompiledCondition::Count(least, all) => all.iter().filter(|one| can_hold_alone(one)).count() >= *least,
        CompiledCondition::Not(_) | CompiledCondition::Fact(..) => true,
        CompiledCondition::Symptom(..) => false,
    }
}
