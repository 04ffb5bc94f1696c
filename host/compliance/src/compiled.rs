//! A configuration that was checked and compiled.

use std::{collections::HashMap, sync::Arc};

use crate::{
    config::{Condition, Config, Definition, Group, Place, Policy, Scope},
    expression::Expression,
    pattern::Pattern,
};

/// What is wrong with a configuration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {message}")]
pub struct ConfigError {
    /// Where.
    pub place: Place,
    /// What, and how to mend it.
    pub message: String,
}

/// A condition with its expressions compiled.
#[derive(Clone, Debug)]
pub enum CompiledCondition {
    /// All of these.
    All(Vec<CompiledCondition>),
    /// Any of these.
    Any(Vec<CompiledCondition>),
    /// At least so many of these.
    Count(usize, Vec<CompiledCondition>),
    /// Not this.
    Not(Box<CompiledCondition>),
    /// A symptom is active.
    Symptom(Pattern, Scope),
    /// An expression holds.
    Fact(Arc<Expression>, Scope),
}

/// A configuration that was checked and compiled. Immutable, shared, swapped whole.
#[derive(Debug)]
pub struct Compiled {
    config: Arc<Config>,
    conditions: Vec<CompiledCondition>,
    definitions: HashMap<String, usize>,
}

impl Compiled {
    /// Checks and compiles `config`. The error is everything that is wrong with it.
    pub fn new(config: Arc<Config>) -> Result<Self, Vec<ConfigError>> {
        let mut errors = Vec::new();
        let conditions = config
            .definitions
            .iter()
            .map(|definition| compile(&definition.when, &definition.place, &mut errors))
            .collect();
        if !errors.is_empty() {
            return Err(errors);
        }
        let definitions = config.definitions.iter().enumerate().map(|(at, one)| (one.name.clone(), at)).collect();
        Ok(Self { config, conditions, definitions })
    }

    /// What it was made of.
    pub fn config(&self) -> &Arc<Config> {
        &self.config
    }

    /// The definition of this name.
    pub fn definition(&self, name: &str) -> Option<&Definition> {
        self.config.definitions.get(*self.definitions.get(name)?)
    }

    /// The condition of the definition at this position in `config().definitions`.
    pub fn condition(&self, definition: usize) -> Option<&CompiledCondition> {
        self.conditions.get(definition)
    }

    /// The position of the definition of this name.
    pub fn position(&self, definition: &str) -> Option<usize> {
        self.definitions.get(definition).copied()
    }

    /// The group of this name.
    pub fn group(&self, name: &str) -> Option<&Group> {
        self.config.groups.iter().find(|group| group.name == name)
    }

    /// The policy of this name.
    pub fn policy(&self, name: &str) -> Option<&Policy> {
        self.config.policies.iter().find(|policy| policy.name == name)
    }
}

fn compile(condition: &Condition, place: &Place, errors: &mut Vec<ConfigError>) -> CompiledCondition {
    let mut all =
        |conditions: &[Condition]| conditions.iter().map(|one| compile(one, place, errors)).collect::<Vec<_>>();
    match condition {
        Condition::All(conditions) => CompiledCondition::All(all(conditions)),
        Condition::Any(conditions) => CompiledCondition::Any(all(conditions)),
        Condition::Count(count, conditions) => CompiledCondition::Count(*count, all(conditions)),
        Condition::Not(one) => CompiledCondition::Not(Box::new(compile(one, place, errors))),
        Condition::Symptom(pattern, scope) => CompiledCondition::Symptom(pattern.clone(), *scope),
        Condition::Fact(text, scope) => match Expression::compile(text) {
            Ok(expression) => CompiledCondition::Fact(Arc::new(expression), *scope),
            Err(message) => {
                errors.push(ConfigError { place: place.clone(), message });
                CompiledCondition::Any(Vec::new())
            }
        },
    }
}
