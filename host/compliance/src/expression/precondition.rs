//! Derives from an expression what an object must have for it to hold, so that it need not be evaluated on
//! most objects.

use std::collections::BTreeSet;

use cel::common::ast::{CallExpr, Expr, IdedExpr, LiteralValue, operators};

use crate::record::Object;

/// A necessary condition for an expression to hold. It need not be sufficient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Precondition {
    /// The object has this property, with one of these values.
    Value(String, BTreeSet<String>),
    /// The object has this property.
    Property(String),
    /// The object has this metric.
    Metric(String),
}

impl Precondition {
    /// Returns whether the object meets it.
    pub(crate) fn is_met_by(&self, object: &Object) -> bool {
        let property = |name: &str| object.properties.get(name)?.value.as_deref();
        match self {
            Self::Value(name, values) => property(name).is_some_and(|value| values.contains(value)),
            Self::Property(name) => property(name).is_some(),
            Self::Metric(name) => object.metrics.contains_key(name),
        }
    }

    /// Derives the precondition of `expression`; `None` if it has none that is understood.
    pub(crate) fn of(expression: &IdedExpr) -> Option<Self> {
        match &expression.expr {
            Expr::Select(select) if select.test => named(&select.operand, &select.field),
            Expr::Call(call) => Self::of_call(call),
            _ => None,
        }
    }

    fn of_call(call: &CallExpr) -> Option<Self> {
        match call.func_name.as_str() {
            // All must hold, so that the precondition of any of them is one; a value is more specific than presence.
            operators::LOGICAL_AND => {
                let mut preconditions: Vec<Self> = call.args.iter().filter_map(Self::of).collect();
                let best = preconditions
                    .iter()
                    .position(|precondition| matches!(precondition, Self::Value(..)))
                    .unwrap_or_default();
                (!preconditions.is_empty()).then(|| preconditions.swap_remove(best))
            }
            operators::LOGICAL_OR => {
                let mut args = call.args.iter();
                let mut all = Self::of(args.next()?)?;
                for arg in args {
                    all = all.or(Self::of(arg)?)?;
                }
                Some(all)
            }
            operators::EQUALS => {
                let (first, second) = operands(call)?;
                match (fact(first), text(second), fact(second), text(first)) {
                    (Some(Self::Property(name)), Some(value), ..) | (.., Some(Self::Property(name)), Some(value)) => {
                        Some(Self::Value(name, BTreeSet::from([value.to_owned()])))
                    }
                    (first, _, second, _) => first.or(second),
                }
            }
            operators::IN => {
                let (what, list) = operands(call)?;
                match (fact(what), &list.expr) {
                    (Some(Self::Property(name)), Expr::List(list)) => {
                        let values: Option<BTreeSet<String>> =
                            list.elements.iter().map(|one| text(one).map(str::to_owned)).collect();
                        match values {
                            Some(values) => Some(Self::Value(name, values)),
                            None => Some(Self::Property(name)),
                        }
                    }
                    (Some(precondition), _) => Some(precondition),
                    (None, Expr::Ident(map)) => match (map.as_str(), text(what)) {
                        ("tags", _) => Some(Self::Property("tags".to_owned())),
                        ("properties", Some(name)) => Some(Self::Property(name.to_owned())),
                        ("metrics", Some(name)) => Some(Self::Metric(name.to_owned())),
                        _ => None,
                    },
                    _ => None,
                }
            }
            // An operator on a fact that is absent has no value.
            operators::NOT_EQUALS
            | operators::LESS
            | operators::LESS_EQUALS
            | operators::GREATER
            | operators::GREATER_EQUALS => {
                let (first, second) = operands(call)?;
                fact(first).or_else(|| fact(second))
            }
            "startsWith" | "endsWith" | "contains" => call.target.as_deref().and_then(fact),
            _ => None,
        }
    }

    /// Returns a condition that is necessary for this or `other`.
    fn or(self, other: Self) -> Option<Self> {
        match (self, other) {
            (Self::Value(name, mut values), Self::Value(other, more)) if name == other => {
                values.extend(more);
                Some(Self::Value(name, values))
            }
            (Self::Value(name, _) | Self::Property(name), Self::Value(other, _) | Self::Property(other)) => {
                (name == other).then_some(Self::Property(name))
            }
            (Self::Metric(name), Self::Metric(other)) => (name == other).then_some(Self::Metric(name)),
            _ => None,
        }
    }
}

/// Returns the operands of an operator with two.
fn operands(call: &CallExpr) -> Option<(&IdedExpr, &IdedExpr)> {
    let [first, second] = call.args.as_slice() else { return None };
    Some((first, second))
}

/// Returns the fact that `expression` is, such as `properties.env` or `metrics["load.1m"]`.
fn fact(expression: &IdedExpr) -> Option<Precondition> {
    match &expression.expr {
        Expr::Select(select) if !select.test => named(&select.operand, &select.field),
        Expr::Call(call) if call.func_name == operators::INDEX => match call.args.as_slice() {
            [map, key] => named(map, text(key)?),
            _ => None,
        },
        _ => None,
    }
}

fn named(map: &IdedExpr, name: &str) -> Option<Precondition> {
    match &map.expr {
        Expr::Ident(map) if map == "properties" => Some(Precondition::Property(name.to_owned())),
        Expr::Ident(map) if map == "metrics" => Some(Precondition::Metric(name.to_owned())),
        _ => None,
    }
}

fn text(expression: &IdedExpr) -> Option<&str> {
    match &expression.expr {
        Expr::Literal(LiteralValue::String(text)) => Some(text.inner()),
        _ => None,
    }
}
