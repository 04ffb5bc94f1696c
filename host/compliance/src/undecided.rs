//! Expressions that cannot be decided on some objects, as they are reported to people.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::ConfigLocation;

/// An expression that cannot be decided on some objects.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct UndecidedExpression {
    /// What it belongs to, such as ``group `production`, `when` `` or ``alert `port-22` ``.
    pub of: String,
    /// Where that is written in the configuration.
    pub place: ConfigLocation,
    /// The expression as it was written.
    pub expression: String,
    /// The number of objects on which it cannot be decided.
    pub objects: u64,
    /// One of these objects.
    pub example: String,
    /// Why it cannot be decided on that object.
    pub reason: String,
}

/// An expression that failed on an object.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FailedExpression {
    /// The expression as it was written.
    pub expression: String,
    /// Why it failed; it names the object if that is a relative.
    pub reason: String,
}

impl std::fmt::Display for UndecidedExpression {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { of, place, expression, objects, example, reason } = self;
        write!(f, "{place}: {of}: the expression `{expression}` cannot be decided on ")?;
        match objects {
            0 | 1 => write!(f, "{example}: {reason}"),
            more => write!(f, "{more} objects, such as {example}: {reason}"),
        }
    }
}

/// Adds the entry of one object to `all`, which has one entry for each expression, with the first object
/// as its example.
pub(crate) fn add(all: &mut Vec<UndecidedExpression>, one: UndecidedExpression) {
    match all.iter_mut().find(|known| known.of == one.of && known.expression == one.expression) {
        Some(known) => known.objects += one.objects,
        None => all.push(one),
    }
}
