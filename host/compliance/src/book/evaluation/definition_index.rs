//! Which definitions depend on a symptom: found by the symptom's name, so that the number of definitions
//! costs nothing.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use crate::{
    book::{
        ids::{Id, IdMap},
        limits,
    },
    compiled::CompiledConfig,
    condition::CompiledCondition,
    config::Scope,
    pattern::Pattern,
};

/// The definitions that depend on one symptom.
#[derive(Debug, Default)]
pub(crate) struct Dependents {
    /// Those evaluated on the object that has the symptom.
    pub(crate) own: BTreeSet<Id>,
    /// Those evaluated on its children.
    pub(crate) children: BTreeSet<Id>,
    /// Those evaluated on its parent.
    pub(crate) parent: BTreeSet<Id>,
    /// Those that the symptom helps to meet. If there are any, the symptom is no alert of its own.
    pub(crate) positive: BTreeSet<Id>,
}

/// One symptom condition of a definition.
#[derive(Clone, Debug)]
struct Dependency {
    definition: Id,
    scope: Scope,
    positive: bool,
}

impl Dependents {
    /// Returns whether the symptom makes an alert by itself: no definition names it.
    pub(crate) fn makes_own_alert(&self) -> bool {
        self.positive.is_empty()
    }

    /// Returns those evaluated on the object that has the symptom, which may be itself one of them.
    pub(crate) fn on_same_object<'a>(&'a self, symptom: &'a Id) -> impl Iterator<Item = &'a Id> {
        self.own.iter().chain(self.makes_own_alert().then_some(symptom))
    }

    fn add(&mut self, one: &Dependency) {
        if one.positive {
            self.positive.insert(Arc::clone(&one.definition));
        }
        // A definition that looks at its parent's symptoms is evaluated on the children of the object, and the
        // other way round.
        let set = match one.scope {
            Scope::Own => &mut self.own,
            Scope::Parent => &mut self.children,
            Scope::Children => &mut self.parent,
        };
        set.insert(Arc::clone(&one.definition));
    }
}

/// The definitions, by what their conditions depend on.
#[derive(Debug, Default)]
pub(crate) struct DefinitionIndex {
    dependencies: Arc<Dependencies>,
    /// What was found already.
    known: IdMap<Arc<Dependents>>,
}

/// What the conditions of all definitions depend on.
#[derive(Debug, Default)]
struct Dependencies {
    literal: HashMap<String, Vec<Dependency>>,
    patterns: Vec<(Pattern, Dependency)>,
    without_symptoms: BTreeSet<Id>,
    on_parent: BTreeSet<Id>,
    on_children: BTreeSet<Id>,
}

impl Dependencies {
    fn add(&mut self, condition: &CompiledCondition, name: &Id, positive: bool) {
        match condition {
            CompiledCondition::All(all) | CompiledCondition::Any(all) | CompiledCondition::Count(_, all) => {
                all.iter().for_each(|one| self.add(one, name, positive));
            }
            CompiledCondition::Not(one) => self.add(one, name, !positive),
            CompiledCondition::Symptom(pattern, scope) => {
                self.add_scope(*scope, name);
                let one = Dependency { definition: Arc::clone(name), scope: *scope, positive };
                if pattern.is_literal() {
                    self.literal.entry(pattern.as_str().to_owned()).or_default().push(one);
                } else {
                    self.patterns.push((pattern.clone(), one));
                }
            }
            CompiledCondition::Fact(_, scope) => self.add_scope(*scope, name),
        }
    }

    fn add_scope(&mut self, scope: Scope, name: &Id) {
        let set = match scope {
            Scope::Own => return,
            Scope::Parent => &mut self.on_parent,
            Scope::Children => &mut self.on_children,
        };
        set.insert(Arc::clone(name));
    }
}

impl DefinitionIndex {
    pub(crate) fn new(compiled: &CompiledConfig) -> Self {
        let mut all = Dependencies::default();
        for (at, definition) in compiled.config().definitions.iter().enumerate() {
            let Some(condition) = compiled.condition(at) else { continue };
            let name: Id = definition.name.as_str().into();
            all.add(condition, &name, true);
            if can_hold_without_symptoms(condition) {
                all.without_symptoms.insert(name);
            }
        }
        Self { dependencies: Arc::new(all), known: IdMap::default() }
    }

    /// Returns the index, to be read. What was found already stays here.
    pub(crate) fn share(&self) -> Self {
        Self { dependencies: Arc::clone(&self.dependencies), known: IdMap::default() }
    }

    /// Returns the definitions that can be met with no symptom active.
    pub(crate) fn without_symptoms(&self) -> &BTreeSet<Id> {
        &self.dependencies.without_symptoms
    }

    /// Returns the definitions whose conditions look at the parent.
    pub(crate) fn on_parent(&self) -> &BTreeSet<Id> {
        &self.dependencies.on_parent
    }

    /// Returns the definitions whose conditions look at the children.
    pub(crate) fn on_children(&self) -> &BTreeSet<Id> {
        &self.dependencies.on_children
    }

    /// Returns the definitions that depend on a symptom, and does not remember them.
    pub(crate) fn find(&self, symptom: &str) -> Dependents {
        let mut dependents = Dependents::default();
        self.dependencies.literal.get(symptom).into_iter().flatten().for_each(|one| dependents.add(one));
        for (pattern, one) in &self.dependencies.patterns {
            if pattern.matches(symptom) {
                dependents.add(one);
            }
        }
        dependents
    }

    /// Returns the definitions that depend on a symptom.
    pub(crate) fn dependents(&mut self, symptom: &Id) -> Arc<Dependents> {
        if let Some(dependents) = self.known.get(symptom) {
            return Arc::clone(dependents);
        }
        let dependents = Arc::new(self.find(symptom));
        if self.known.len() >= limits::KNOWN_SYMPTOMS {
            self.known.clear();
        }
        self.known.insert(Arc::clone(symptom), Arc::clone(&dependents));
        dependents
    }
}

/// Returns whether a condition may be met while no symptom is active.
fn can_hold_without_symptoms(condition: &CompiledCondition) -> bool {
    match condition {
        CompiledCondition::All(all) => all.iter().all(can_hold_without_symptoms),
        CompiledCondition::Any(all) => all.iter().any(can_hold_without_symptoms),
        CompiledCondition::Count(least, all) => {
            all.iter().filter(|one| can_hold_without_symptoms(one)).count() >= *least
        }
        CompiledCondition::Not(_) | CompiledCondition::Fact(..) => true,
        CompiledCondition::Symptom(..) => false,
    }
}
