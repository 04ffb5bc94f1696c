//! Evaluates expressions over their syntax tree, with a limit on the steps. A fact that the object lacks
//! and a part that fails are distinct:
//!
//! - A part that refers to a fact that the object lacks has no value; a condition without a value does not
//!   hold.
//! - A part that fails (a text that is not a number, a division by zero, too many steps) could have any
//!   value. It matters only where the result depends on it: `&&`, `||` and `? :` are decided by their other
//!   parts if those are sufficient.

mod functions;
mod meter;
mod operators;
mod value;

use std::{borrow::Cow, collections::BTreeMap, rc::Rc};

use cel::common::ast::{
    CallExpr, ComprehensionExpr, EntryExpr, Expr, IdedExpr, LiteralValue, MapExpr, SelectExpr, operators as names,
};

pub use meter::StepBudget;
use meter::Steps;
use value::{Evaluated, Map, PossibleOutcomes, Value};

use crate::record::Object;

/// The result of an expression on an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExpressionOutcome {
    /// It holds.
    Holds,
    /// It does not hold: it is false, or refers to a fact that the object lacks.
    Fails,
    /// It cannot be decided, for this reason.
    Undecided(String),
}

impl ExpressionOutcome {
    /// Returns whether it holds for certain.
    pub fn holds(&self) -> bool {
        *self == Self::Holds
    }
}

/// Evaluates `expression` for `object`, within the steps that `meter` has left.
pub(crate) fn evaluate(
    expression: &IdedExpr,
    object: &Object,
    thresholds: &BTreeMap<String, f64>,
    meter: &mut StepBudget,
) -> ExpressionOutcome {
    let mut evaluator = ExpressionEvaluator { object, thresholds, steps: meter.begin(), scope: Vec::new() };
    let (possible, reason) = evaluator.expression(expression).outcomes();
    meter.end(&evaluator.steps);
    match possible {
        PossibleOutcomes::TRUE => ExpressionOutcome::Holds,
        several if several.may_hold() => ExpressionOutcome::Undecided(
            reason.map_or_else(|| "it cannot be decided".to_owned(), |reason| reason.to_string()),
        ),
        _ => ExpressionOutcome::Fails,
    }
}

struct ExpressionEvaluator<'a> {
    object: &'a Object,
    thresholds: &'a BTreeMap<String, f64>,
    steps: Steps,
    /// Variables of the enclosing comprehensions, the innermost last.
    scope: Vec<(&'a str, Evaluated<'a>)>,
}

impl<'a> ExpressionEvaluator<'a> {
    fn expression(&mut self, expression: &'a IdedExpr) -> Evaluated<'a> {
        if !self.steps.take(1) {
            return Evaluated::failed(self.steps.exhausted());
        }
        match &expression.expr {
            Expr::Literal(literal) => literal_value(literal),
            Expr::Ident(name) => self.variable(name),
            Expr::Select(select) => self.select(select),
            Expr::Call(call) => self.call(call),
            Expr::List(list) => self.list(&list.elements),
            Expr::Map(map) => self.map(map),
            Expr::Comprehension(comprehension) => self.comprehension(comprehension),
            Expr::Unspecified | Expr::Struct(_) => Evaluated::failed("there is no such value"),
        }
    }

    fn variable(&mut self, name: &'a str) -> Evaluated<'a> {
        if let Some((_, value)) = self.scope.iter().rev().find(|(bound, _)| *bound == name) {
            return value.clone();
        }
        let object = self.object;
        Evaluated::Known(match name {
            "id" => Value::text(object.id.as_str()),
            "kind" => Value::text(object.kind.as_deref().unwrap_or_default()),
            "parent" => Value::text(object.parent.as_deref().unwrap_or_default()),
            "properties" => Value::Map(Map::Properties(&object.properties)),
            "metrics" => Value::Map(Map::Metrics(&object.metrics)),
            "threshold" => Value::Map(Map::Thresholds(self.thresholds)),
            "tags" => {
                let tags: Vec<Value<'a>> = tags(object).map(Value::text).collect();
                if !self.steps.take(tags.len()) {
                    return Evaluated::failed(self.steps.exhausted());
                }
                Value::list(tags)
            }
            _ => return Evaluated::failed(format!("there is no `{name}`")),
        })
    }

    fn select(&mut self, select: &'a SelectExpr) -> Evaluated<'a> {
        let operand = match self.expression(&select.operand) {
            Evaluated::Known(operand) => operand,
            // `has` on a part that is absent is false.
            Evaluated::Absent if select.test => return Evaluated::Known(Value::Bool(false)),
            missing => return widened(missing),
        };
        let Value::Map(map) = operand else {
            return Evaluated::failed(format!("{} has no `{}`", operand.described(), select.field));
        };
        match map.get(&select.field) {
            found if select.test => Evaluated::Known(Value::Bool(found.is_some())),
            Some(value) => Evaluated::Known(value),
            None => Evaluated::Absent,
        }
    }

    fn call(&mut self, call: &'a CallExpr) -> Evaluated<'a> {
        match (call.func_name.as_str(), call.args.as_slice()) {
            (names::LOGICAL_AND, all) => {
                self.until(all, PossibleOutcomes::FALSE, PossibleOutcomes::TRUE, PossibleOutcomes::and)
            }
            (names::LOGICAL_OR, all) => {
                self.until(all, PossibleOutcomes::TRUE, PossibleOutcomes::FALSE, PossibleOutcomes::or)
            }
            (names::LOGICAL_NOT, [one]) => {
                let (possible, reason) = self.expression(one).outcomes();
                Evaluated::of(possible.not(), reason)
            }
            (names::NOT_STRICTLY_FALSE, [one]) => {
                let is_false = matches!(self.expression(one), Evaluated::Known(Value::Bool(false)));
                Evaluated::Known(Value::Bool(!is_false))
            }
            (names::CONDITIONAL, [condition, yes, no]) => self.choice(condition, yes, no),
            (name @ (names::EQUALS | names::NOT_EQUALS), [one, other]) => self.equality(name, one, other),
            (name, arguments) => {
                let target = call.target.as_deref().into_iter();
                let mut values = Vec::with_capacity(arguments.len() + 1);
                let mut missing: Option<Evaluated<'a>> = None;
                for argument in target.chain(arguments) {
                    match self.expression(argument) {
                        Evaluated::Known(value) => values.push(value),
                        Evaluated::Absent => return Evaluated::Absent,
                        unknown => missing = missing.or(Some(unknown)),
                    }
                }
                match missing {
                    Some(missing) => widened(missing),
                    None if name.starts_with(['_', '-', '@']) => self.operator(name, &values),
                    None => self.function(name, &values),
                }
            }
        }
    }

    /// Evaluates `&&` or `||` of `all` in order, until the result is decided.
    fn until(
        &mut self,
        all: &'a [IdedExpr],
        decided: PossibleOutcomes,
        none: PossibleOutcomes,
        join: fn(PossibleOutcomes, PossibleOutcomes) -> PossibleOutcomes,
    ) -> Evaluated<'a> {
        let (mut possible, mut reason) = (none, None);
        for one in all {
            let (next, why) = self.expression(one).outcomes();
            possible = join(possible, next);
            reason = reason.or(why);
            if possible == decided {
                break;
            }
        }
        Evaluated::of(possible, reason)
    }

    fn choice(&mut self, condition: &'a IdedExpr, yes: &'a IdedExpr, no: &'a IdedExpr) -> Evaluated<'a> {
        match self.expression(condition).outcomes() {
            (PossibleOutcomes::TRUE, _) => self.expression(yes),
            (PossibleOutcomes::FALSE, _) => self.expression(no),
            (PossibleOutcomes::ABSENT, _) => Evaluated::Absent,
            (several, reason) => {
                // The result is that of one of the branches.
                let mut possible = if several.may_be(PossibleOutcomes::ABSENT) {
                    PossibleOutcomes::ABSENT
                } else {
                    PossibleOutcomes::NONE
                };
                for (outcome, branch) in [(PossibleOutcomes::TRUE, yes), (PossibleOutcomes::FALSE, no)] {
                    if several.may_be(outcome) {
                        possible = possible.join(self.expression(branch).outcomes().0);
                    }
                }
                Evaluated::of(possible, reason)
            }
        }
    }

    /// Evaluates `==` and `!=`. Of undecided conditions of which some outcomes are ruled out, outcomes of the
    /// result may be ruled out too.
    fn equality(&mut self, name: &str, one: &'a IdedExpr, other: &'a IdedExpr) -> Evaluated<'a> {
        match (self.expression(one), self.expression(other)) {
            (Evaluated::Known(one), Evaluated::Known(other)) => self.operator(name, &[one, other]),
            (Evaluated::Absent, _) | (_, Evaluated::Absent) => Evaluated::Absent,
            (one, other) => {
                let ((one, first), (other, second)) = (one.outcomes(), other.outcomes());
                Evaluated::of(one.same(other, name == names::EQUALS), first.or(second))
            }
        }
    }

    fn list(&mut self, elements: &'a [IdedExpr]) -> Evaluated<'a> {
        let mut values = Vec::with_capacity(elements.len());
        let mut missing = None;
        for element in elements {
            match self.expression(element) {
                Evaluated::Known(value) => values.push(value),
                Evaluated::Absent => return Evaluated::Absent,
                unknown => missing = missing.or(Some(unknown)),
            }
        }
        match missing {
            Some(missing) => widened(missing),
            None => Evaluated::Known(Value::list(values)),
        }
    }

    fn map(&mut self, map: &'a MapExpr) -> Evaluated<'a> {
        let mut entries = Vec::with_capacity(map.entries.len());
        for entry in &map.entries {
            let EntryExpr::MapEntry(entry) = &entry.expr else {
                return Evaluated::failed("there is no such value");
            };
            match (self.expression(&entry.key), self.expression(&entry.value)) {
                (Evaluated::Known(key), Evaluated::Known(value)) => entries.push((key, value)),
                (Evaluated::Absent, _) | (_, Evaluated::Absent) => return Evaluated::Absent,
                (missing @ Evaluated::Unknown(..), _) | (_, missing) => return widened(missing),
            }
        }
        Evaluated::Known(Value::Map(Map::Written(Rc::new(entries))))
    }

    /// Evaluates `all`, `exists`, `filter` and others, as the parser expands them.
    fn comprehension(&mut self, one: &'a ComprehensionExpr) -> Evaluated<'a> {
        let items = match self.expression(&one.iter_range) {
            Evaluated::Known(Value::List(items)) => items,
            Evaluated::Known(Value::Map(map)) => match self.keys(&map) {
                Ok(keys) => Rc::new(keys),
                Err(reason) => return Evaluated::failed(reason),
            },
            Evaluated::Known(other) => {
                return Evaluated::failed(format!("{} is no list", other.described()));
            }
            missing => return widened(missing),
        };
        let mut sum = self.expression(&one.accu_init);
        let outside = self.scope.len();
        for item in items.iter() {
            self.scope.push((&one.iter_var, Evaluated::Known(item.clone())));
            let (next, goes_on) = self.step(one, sum);
            sum = next;
            self.scope.truncate(outside);
            if self.steps.is_exhausted() {
                return Evaluated::failed(self.steps.exhausted());
            }
            if !goes_on {
                break;
            }
        }
        self.scope.push((&one.accu_var, sum));
        let result = self.expression(&one.result);
        self.scope.truncate(outside);
        result
    }

    /// Evaluates one step of a comprehension. Returns its accumulator, and whether another step may change it.
    fn step(&mut self, one: &'a ComprehensionExpr, sum: Evaluated<'a>) -> (Evaluated<'a>, bool) {
        let sum = match self.appended(one, sum) {
            Ok(sum) => return (sum, true),
            Err(sum) => sum,
        };
        self.scope.push((&one.accu_var, sum.clone()));
        let stops = matches!(self.expression(&one.loop_cond), Evaluated::Known(Value::Bool(false)));
        let next = if stops { sum } else { self.expression(&one.loop_step) };
        self.scope.pop();
        (next, !stops)
    }

    /// Evaluates one step of `map` or `filter`, which append to a list, in place: the list is not copied for
    /// each element. The error returns the accumulator of any other comprehension.
    fn appended(&mut self, one: &'a ComprehensionExpr, sum: Evaluated<'a>) -> Result<Evaluated<'a>, Evaluated<'a>> {
        let (condition, step) = match &one.loop_step.expr {
            Expr::Call(call) if call.func_name == names::CONDITIONAL => match call.args.as_slice() {
                [condition, step, _] => (Some(condition), step),
                _ => return Err(sum),
            },
            _ => (None, &one.loop_step),
        };
        let added = match &step.expr {
            Expr::Call(call) if call.func_name == names::ADD => match call.args.as_slice() {
                [IdedExpr { expr: Expr::Ident(name), .. }, IdedExpr { expr: Expr::List(list), .. }]
                    if *name == one.accu_var =>
                {
                    &list.elements
                }
                _ => return Err(sum),
            },
            _ => return Err(sum),
        };
        let Evaluated::Known(Value::List(mut list)) = sum else { return Ok(sum) };
        match condition.map(|condition| self.expression(condition).outcomes()) {
            None | Some((PossibleOutcomes::TRUE, _)) => {}
            Some((PossibleOutcomes::FALSE, _)) => return Ok(Evaluated::Known(Value::List(list))),
            Some((PossibleOutcomes::ABSENT, _)) => return Ok(Evaluated::Absent),
            Some((_, reason)) => return Ok(Evaluated::of(PossibleOutcomes::ALL, reason)),
        }
        match self.list(added) {
            Evaluated::Known(Value::List(more)) => {
                Rc::make_mut(&mut list).extend(more.iter().cloned());
                Ok(Evaluated::Known(Value::List(list)))
            }
            missing => Ok(missing),
        }
    }
}

/// Returns the result of an expression one of whose parts has no value, or any value.
fn widened(missing: Evaluated<'_>) -> Evaluated<'_> {
    match missing {
        Evaluated::Unknown(_, reason) => Evaluated::Unknown(PossibleOutcomes::ALL, reason),
        other => other,
    }
}

fn literal_value(literal: &LiteralValue) -> Evaluated<'_> {
    Evaluated::Known(match literal {
        LiteralValue::Boolean(value) => Value::Bool(*value.inner()),
        LiteralValue::Int(value) => Value::Int(*value.inner()),
        LiteralValue::UInt(value) => Value::Uint(*value.inner()),
        LiteralValue::Double(value) => Value::Double(*value.inner()),
        LiteralValue::String(text) => Value::Text(Cow::Borrowed(text.inner())),
        LiteralValue::Null => Value::Null,
        LiteralValue::Bytes(_) => return Evaluated::failed("there are no bytes here"),
    })
}

/// Returns the object's tags.
fn tags(object: &Object) -> impl Iterator<Item = &str> {
    let value = object.properties.get("tags").and_then(|fact| fact.value.as_deref()).unwrap_or_default();
    value.split(',').map(str::trim).filter(|tag| !tag.is_empty())
}

#[cfg(test)]
mod tests;
