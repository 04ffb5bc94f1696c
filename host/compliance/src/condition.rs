//! Conditions of definitions with their expressions compiled.

use std::sync::Arc;

use lifesigns_text::suggestion;

use crate::{
    config::{AlertCondition, AlertDefinition, ConfigError, Scope},
    expression::{Expression, References},
    limits::CONDITION_DEPTH,
    pattern::Pattern,
};

/// A condition with its expressions compiled.
#[derive(Clone, Debug)]
pub enum CompiledCondition {
    /// All of these hold.
    All(Vec<CompiledCondition>),
    /// At least one of these holds.
    Any(Vec<CompiledCondition>),
    /// At least this number of these hold.
    Count(usize, Vec<CompiledCondition>),
    /// This does not hold.
    Not(Box<CompiledCondition>),
    /// A symptom is active.
    Symptom(Pattern, Scope),
    /// An expression holds.
    Fact(Arc<Expression>, Scope),
}

/// Compiles the condition of `definition`, adds what it refers to to `references` and its mistakes to
/// `errors`; with a mistake, the result must not be used.
pub(crate) fn compile(
    definition: &AlertDefinition,
    references: &mut References,
    errors: &mut Vec<ConfigError>,
) -> CompiledCondition {
    ConditionCompiler { definition, references, errors }.condition(&definition.when, 0)
}

struct ConditionCompiler<'a> {
    definition: &'a AlertDefinition,
    references: &'a mut References,
    errors: &'a mut Vec<ConfigError>,
}

impl ConditionCompiler<'_> {
    fn condition(&mut self, condition: &AlertCondition, depth: usize) -> CompiledCondition {
        if depth == CONDITION_DEPTH {
            self.error(format!("its conditions are nested more than {CONDITION_DEPTH} deep"));
            return CompiledCondition::Any(Vec::new());
        }
        match condition {
            AlertCondition::All(all) => CompiledCondition::All(self.list("all", all, depth)),
            AlertCondition::Any(any) => CompiledCondition::Any(self.list("any", any, depth)),
            AlertCondition::Count(count, of) => {
                if *count == 0 {
                    self.error("a count of 0 always holds; say at least 1".to_owned());
                } else if *count > of.len() && !of.is_empty() {
                    self.error(format!(
                        "a count of {count} can never hold: there are {} conditions to count",
                        of.len()
                    ));
                }
                CompiledCondition::Count(*count, self.list("count", of, depth))
            }
            AlertCondition::Not(not) => CompiledCondition::Not(Box::new(self.condition(not, depth + 1))),
            AlertCondition::Symptom(pattern, scope) => {
                if pattern.is_literal() && !pattern.as_str().contains('/') {
                    self.error(format!("the symptom \"{pattern}\" names no rule; write RULE/{pattern} or */{pattern}"));
                }
                CompiledCondition::Symptom(pattern.clone(), *scope)
            }
            AlertCondition::Fact(text, scope) => match Expression::compile(text) {
                Ok(expression) => {
                    self.thresholds(&expression);
                    self.references.join(expression.references());
                    CompiledCondition::Fact(Arc::new(expression), *scope)
                }
                Err(error) => {
                    self.error(format!("the expression `{text}`: {error}"));
                    CompiledCondition::Any(Vec::new())
                }
            },
        }
    }

    fn list(&mut self, kind: &str, conditions: &[AlertCondition], depth: usize) -> Vec<CompiledCondition> {
        if conditions.is_empty() {
            self.error(format!("`{kind}` is empty; name at least one symptom or fact"));
        }
        conditions.iter().map(|condition| self.condition(condition, depth + 1)).collect()
    }

    fn thresholds(&mut self, expression: &Expression) {
        let declared = &self.definition.thresholds;
        for name in &expression.references().thresholds.names {
            if !declared.contains_key(name) {
                let hint = suggestion(name, declared.keys().map(String::as_str));
                self.error(format!(
                    "the expression `{}` uses a threshold `{name}` that is not declared{hint}",
                    expression.text()
                ));
            }
        }
    }

    fn error(&mut self, what: String) {
        self.errors.push(ConfigError::new(&self.definition.place, format!("alert `{}`: {what}", self.definition.name)));
    }
}
