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

pub use evaluate::{ExpressionOutcome, Meter};
pub(crate) use precondition::Precondition;
pub use references::{NameSet, References};

/// The functions that expressions may call. Never changes.
static ENV: LazyLock<Arc<Env>> = LazyLock::new(|| Arc::new(Env::stdlib().with_optional_support(false)));

/// A compiled expression. It sees `id`, `kind` and `parent` (empty where there is none), `tags` (the
/// property `tags`, split at commas), `properties`, `metrics`, and in definitions `threshold`.
///
/// A property is text; where it is compared or added with a number, or compared with `true` or
/// `false`, it is read as one.
///
/// An expression that reads what the object lacks does not hold, whichever way it asks:
/// `properties.env != "production"` does not hold for an object without `env`, and
/// `!has(properties.env)` does. As CEL has it, `&&` and `||` are decided by the other side if that
/// is enough.
///
/// What fails on an object is another thing: it is [`ExpressionOutcome::Undecided`], unless the result does not
/// depend on it.
#[derive(Debug)]
pub struct Expression {
    text: String,
    program: Program,
    reads: References,
    precondition: Option<Precondition>,
}

impl Expression {
    /// Compiles `text`. The error says what is wrong, and in which line and column of the text.
    pub fn compile(text: &str) -> Result<Self, String> {
        grammar::bounded(text)?;
        let program = ENV.compile(text).map_err(|errors| told(&errors))?;
        let reads = grammar::check(&program, text)?;
        types::check(program.expression()).map_err(|(id, message)| grammar::at(&program, text, id, &message))?;
        let precondition = Precondition::of(program.expression());
        let expression = Self { text: text.to_owned(), program, reads, precondition };
        expression.try_out()?;
        Ok(expression)
    }

    /// Refuses what fails whatever the object is, because it reads nothing of it.
    fn try_out(&self) -> Result<(), String> {
        if self.reads != References::default() {
            return Ok(());
        }
        match self.evaluate_fully(&Object::default(), &BTreeMap::new(), &mut Meter::default()) {
            ExpressionOutcome::Undecided(reason) => Err(reason),
            _ => Ok(()),
        }
    }

    /// As it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Which facts it reads.
    pub fn references(&self) -> &References {
        &self.reads
    }

    /// Whether it holds for `object`; `thresholds` is what it sees as `threshold`, and `meter` bounds
    /// what it may cost together with others.
    pub fn evaluate(
        &self,
        object: &Object,
        thresholds: &BTreeMap<String, f64>,
        meter: &mut Meter,
    ) -> ExpressionOutcome {
        match &self.precondition {
            Some(precondition) if !precondition.admits(object) => {
                meter.skip();
                ExpressionOutcome::Fails
            }
            _ => self.evaluate_fully(object, thresholds, meter),
        }
    }

    /// What an object must have for it to hold, if that could be told.
    pub(crate) fn precondition(&self) -> Option<&Precondition> {
        self.precondition.as_ref()
    }

    fn evaluate_fully(
        &self,
        object: &Object,
        thresholds: &BTreeMap<String, f64>,
        meter: &mut Meter,
    ) -> ExpressionOutcome {
        match evaluate::evaluate(self.program.expression(), object, thresholds, meter) {
            ExpressionOutcome::Undecided(reason) => ExpressionOutcome::Undecided(shortened(reason)),
            decided => decided,
        }
    }
}

/// The parser's errors, each in one line with its place.
fn told(errors: &ParseErrors) -> String {
    let line = |error: &cel::ParseError| match error.pos {
        (line, column) if line > 0 => format!("{line}:{}: {}", column.max(1), error.msg),
        _ => error.msg.clone(),
    };
    match errors.errors.first() {
        Some(first) => shortened(line(first)),
        None => "it is not an expression".to_owned(),
    }
}

fn shortened(mut text: String) -> String {
    if text.len() > NOTE_BYTES {
        let end = (0..=NOTE_BYTES).rev().find(|&at| text.is_char_boundary(at)).unwrap_or_default();
        text.truncate(end);
        text.push('…');
    }
    text
}

#[cfg(test)]
mod tests;
