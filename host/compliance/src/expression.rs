//! Expressions (CEL) of groups and definitions over the facts of one object.

mod evaluate;
mod grammar;
mod nesting;
mod precondition;
mod references;
mod types;

use std::{
    collections::BTreeMap,
    sync::{Arc, LazyLock},
};

use cel::{Env, ParseErrors, Program};

use crate::{limits::NOTE_BYTES, record::Object};

pub use evaluate::{ExpressionOutcome, StepBudget};
pub(crate) use precondition::Precondition;
pub use references::{NameSet, References};

/// The functions that expressions may call. Immutable.
static ENV: LazyLock<Arc<Env>> = LazyLock::new(|| Arc::new(Env::stdlib().with_optional_support(false)));

/// A compiled expression. It sees `id`, `kind` and `parent` (empty where there is none), `tags` (the
/// property `tags`, split at commas), `properties`, `metrics`, and in definitions `threshold`.
///
/// A property is text; where it is compared or added with a number, or compared with `true` or
/// `false`, it is read as one.
///
/// An expression that refers to a fact that the object lacks does not hold, however it compares it:
/// `properties.env != "production"` does not hold for an object without `env`, and
/// `!has(properties.env)` does. As CEL has it, `&&` and `||` are decided by the other side if that
/// is enough.
///
/// An expression that fails on an object is [`ExpressionOutcome::Undecided`], unless its result does not depend on
/// the part that fails.
#[derive(Debug)]
pub struct Expression {
    text: String,
    program: Program,
    references: References,
    precondition: Option<Precondition>,
}

impl Expression {
    /// Compiles `text`.
    ///
    /// # Errors
    ///
    /// A message that says what is wrong, and in which line and column of the text.
    pub fn compile(text: &str) -> Result<Self, String> {
        grammar::bounded(text)?;
        let program = ENV.compile(text).map_err(|errors| parse_error(&errors))?;
        let references = grammar::check(&program, text)?;
        types::check(program.expression()).map_err(|(id, message)| grammar::at(&program, text, id, &message))?;
        let precondition = Precondition::of(program.expression());
        let expression = Self { text: text.to_owned(), program, references, precondition };
        expression.dry_run()?;
        Ok(expression)
    }

    /// Refuses an expression that refers to no fact and fails on every object.
    fn dry_run(&self) -> Result<(), String> {
        if self.references != References::default() {
            return Ok(());
        }
        match self.evaluate_fully(&Object::default(), &BTreeMap::new(), &mut StepBudget::default()) {
            ExpressionOutcome::Undecided(reason) => Err(reason),
            _ => Ok(()),
        }
    }

    /// Returns the expression as it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Returns the facts that it refers to.
    pub fn references(&self) -> &References {
        &self.references
    }

    /// Returns whether it holds for `object`. `thresholds` are the values of `threshold`, and `meter` limits the
    /// steps of all expressions of one change together.
    pub fn evaluate(
        &self,
        object: &Object,
        thresholds: &BTreeMap<String, f64>,
        meter: &mut StepBudget,
    ) -> ExpressionOutcome {
        match &self.precondition {
            Some(precondition) if !precondition.is_met_by(object) => {
                meter.skip();
                ExpressionOutcome::Fails
            }
            _ => self.evaluate_fully(object, thresholds, meter),
        }
    }

    /// Returns the precondition that an object must meet for the expression to hold, if one could be derived.
    pub(crate) fn precondition(&self) -> Option<&Precondition> {
        self.precondition.as_ref()
    }

    fn evaluate_fully(
        &self,
        object: &Object,
        thresholds: &BTreeMap<String, f64>,
        meter: &mut StepBudget,
    ) -> ExpressionOutcome {
        match evaluate::evaluate(self.program.expression(), object, thresholds, meter) {
            ExpressionOutcome::Undecided(reason) => ExpressionOutcome::Undecided(shortened(reason)),
            decided => decided,
        }
    }
}

/// Returns the first error of the parser in one line, with its line and column.
fn parse_error(errors: &ParseErrors) -> String {
    match errors.errors.first() {
        Some(first) => shortened(error_line(first)),
        None => "it is not an expression".to_owned(),
    }
}

fn error_line(error: &cel::ParseError) -> String {
    match error.pos {
        (line, column) if line > 0 => format!("{line}:{}: {}", column.max(1), error.msg),
        _ => error.msg.clone(),
    }
}

/// Shortens `text` to [`NOTE_BYTES`].
fn shortened(mut text: String) -> String {
    if text.len() > NOTE_BYTES {
        text.truncate(text.floor_char_boundary(NOTE_BYTES));
        text.push('…');
    }
    text
}

#[cfg(test)]
mod tests;
