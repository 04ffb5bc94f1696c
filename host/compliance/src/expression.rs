//! Expressions (CEL) of groups and definitions over the facts of one object.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, LazyLock},
};

use cel::{
    Context, Env, ExecutionError, ParseErrors, Program, Value,
    common::{
        types::{CelBool, CelDouble, CelList, CelMap, CelMapKey, CelString},
        value::Val,
    },
};

use crate::{
    grammar,
    guard::Guard,
    limits::NOTE_BYTES,
    reads::{Names, Reads},
    record::{Fact, Object},
};

/// The functions that expressions may call. Never changes.
static ENV: LazyLock<Arc<Env>> = LazyLock::new(|| Arc::new(Env::stdlib().with_optional_support(false)));

/// A compiled expression. It sees `id`, `kind` and `parent` (empty where there is none), `tags` (the
/// property `tags`, split at commas), `properties`, `metrics`, and in definitions `threshold`.
///
/// An expression that reads what the object lacks does not hold, whichever way it asks:
/// `properties.env != "production"` does not hold for an object without `env`, and
/// `!has(properties.env)` does. As CEL has it, `&&` and `||` are decided by the other side if that
/// is enough.
#[derive(Debug)]
pub struct Expression {
    text: String,
    program: Program,
    reads: Reads,
    guard: Option<Guard>,
}

/// What an expression says of an object.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// It holds.
    pub holds: bool,
    /// Why it could not be told, in which case it does not hold. What an object merely lacks is no
    /// note.
    pub note: Option<String>,
}

impl Expression {
    /// Compiles `text`. The error says what is wrong, and in which line and column of the text.
    pub fn compile(text: &str) -> Result<Self, String> {
        grammar::bounded(text)?;
        let program = ENV.compile(text).map_err(|errors| told(&errors))?;
        let reads = grammar::check(&program, text)?;
        let guard = Guard::of(program.expression());
        let expression = Self { text: text.to_owned(), program, reads, guard };
        expression.try_out()?;
        Ok(expression)
    }

    /// As it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Which facts it reads.
    pub fn references(&self) -> &Reads {
        &self.reads
    }

    /// Whether it holds for `object`; `thresholds` is what it sees as `threshold`.
    pub fn evaluate(&self, object: &Object, thresholds: &BTreeMap<String, f64>) -> Outcome {
        match &self.guard {
            Some(guard) if !guard.admits(object) => Outcome::default(),
            _ => self.evaluate_fully(object, thresholds),
        }
    }

    /// What an object must have for it to hold, if that could be told.
    pub(crate) fn guard(&self) -> Option<&Guard> {
        self.guard.as_ref()
    }

    fn evaluate_fully(&self, object: &Object, thresholds: &BTreeMap<String, f64>) -> Outcome {
        match self.value(object, thresholds) {
            Ok(value) => match value {
                Some(holds) => Outcome { holds, note: None },
                None => Outcome { holds: false, note: Some("it is neither true nor false".to_owned()) },
            },
            Err(ExecutionError::NoSuchKey(_) | ExecutionError::IndexOutOfBounds(_)) => Outcome::default(),
            Err(error) => Outcome { holds: false, note: Some(shortened(error.to_string())) },
        }
    }

    /// Its value; `None` if it is not a truth value.
    fn value(&self, object: &Object, thresholds: &BTreeMap<String, f64>) -> Result<Option<bool>, ExecutionError> {
        let mut context = Context::with_env(ENV.clone());
        self.bind(&mut context, object, thresholds);
        let value = Value::resolve_val(self.program.expression(), &context)?;
        Ok(value.downcast_ref::<CelBool>().map(|value| *value.inner()))
    }

    /// Hands over what it reads, and no more than that.
    fn bind<'v>(&self, context: &mut Context<'_, 'v>, object: &'v Object, thresholds: &'v BTreeMap<String, f64>) {
        let reads = &self.reads;
        let mut text = |name: &str, value: &'v str| context.add_variable_as_val(name, boxed(value));
        if reads.id {
            text("id", &object.id);
        }
        if reads.kind {
            text("kind", object.kind.as_deref().unwrap_or_default());
        }
        if reads.parent {
            text("parent", object.parent.as_deref().unwrap_or_default());
        }
        if reads.tags {
            let tags: Vec<Box<dyn Val + 'v>> = tags(object).map(boxed).collect();
            context.add_variable_as_val("tags", Box::new(CelList::from(tags)));
        }
        let number = |value: &'v f64| -> Option<Box<dyn Val + 'v>> { Some(Box::new(CelDouble::from(*value))) };
        let mut map = |name: &str, map: CelMap<'v>| context.add_variable_as_val(name, Box::new(map));
        if !reads.properties.is_empty() {
            let value = |fact: &'v Fact<Option<String>>| fact.value.as_deref().map(boxed);
            map("properties", chosen(&object.properties, &reads.properties, value));
        }
        if !reads.metrics.is_empty() {
            map("metrics", chosen(&object.metrics, &reads.metrics, |fact: &'v Fact<f64>| number(&fact.value)));
        }
        if !reads.thresholds.is_empty() {
            map("threshold", chosen(thresholds, &reads.thresholds, number));
        }
    }

    /// Evaluates it for an object without facts: what is wrong for every object shows there, as far
    /// as the facts do not matter.
    fn try_out(&self) -> Result<(), String> {
        match self.value(&Object::default(), &BTreeMap::new()) {
            Ok(None) => Err("it is neither true nor false, whatever the facts are".to_owned()),
            Ok(Some(_)) | Err(ExecutionError::NoSuchKey(_) | ExecutionError::IndexOutOfBounds(_)) => Ok(()),
            Err(error) => Err(shortened(error.to_string())),
        }
    }
}

/// The object's tags.
fn tags(object: &Object) -> impl Iterator<Item = &str> {
    let value = object.properties.get("tags").and_then(|fact| fact.value.as_deref()).unwrap_or_default();
    value.split(',').map(str::trim).filter(|tag| !tag.is_empty())
}

fn boxed<'v>(text: &'v str) -> Box<dyn Val + 'v> {
    Box::new(CelString::from(text))
}

/// Those of `facts` that are read, as a map.
fn chosen<'v, T>(
    facts: &'v BTreeMap<String, T>,
    read: &Names,
    value: impl Fn(&'v T) -> Option<Box<dyn Val + 'v>>,
) -> CelMap<'v> {
    let mut map = HashMap::new();
    let mut add = |name: &'v str, fact: &'v T| {
        if let Some(value) = value(fact) {
            map.insert(CelMapKey::String(CelString::from(name)), value);
        }
    };
    if read.all {
        facts.iter().for_each(|(name, fact)| add(name, fact));
    } else {
        read.names.iter().filter_map(|name| facts.get_key_value(name)).for_each(|(name, fact)| add(name, fact));
    }
    CelMap::from(map)
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
