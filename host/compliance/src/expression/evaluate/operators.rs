//! Operators of expressions on values.

use std::{cmp::Ordering, rc::Rc};

use cel::common::ast::operators as names;

use super::{
    ExpressionEvaluator,
    value::{Evaluated, Map, Value},
};

/// The result of an operation on values, or why it failed.
type ValueResult<T> = Result<T, String>;

impl<'a> ExpressionEvaluator<'a> {
    /// Applies an operator whose operands are all known.
    pub(super) fn operator(&mut self, name: &str, values: &[Value<'a>]) -> Evaluated<'a> {
        let truth = |result: ValueResult<bool>| Evaluated::from(result.map(Value::Bool));
        match (name, values) {
            (names::INDEX, [from, key]) => self.index(from, key),
            (names::IN, [what, all]) => self.is_in(what, all),
            (names::NEGATE, [one]) => negated(one).into(),
            (names::EQUALS, [one, other]) => truth(self.equal(one, other)),
            (names::NOT_EQUALS, [one, other]) => truth(self.equal(one, other).map(|equal| !equal)),
            (names::LESS, [one, other]) => truth(self.ordered(one, other).map(Ordering::is_lt)),
            (names::LESS_EQUALS, [one, other]) => truth(self.ordered(one, other).map(Ordering::is_le)),
            (names::GREATER, [one, other]) => truth(self.ordered(one, other).map(Ordering::is_gt)),
            (names::GREATER_EQUALS, [one, other]) => truth(self.ordered(one, other).map(Ordering::is_ge)),
            (names::ADD, [one, other]) => self.sum(one, other).into(),
            (names::SUBSTRACT | names::MULTIPLY | names::DIVIDE | names::MODULO, [one, other]) => {
                self.arithmetic(name, one, other).into()
            }
            _ => Evaluated::failed(format!("there is no operator `{name}`")),
        }
    }

    /// Returns whether two values are equal. Values that cannot be compared are an error, not unequal.
    fn equal(&mut self, one: &Value<'a>, other: &Value<'a>) -> ValueResult<bool> {
        if let (Some(one), Some(other)) = (one.as_text(), other.as_text()) {
            return self.scan(one.len().min(other.len())).map(|()| one == other);
        }
        match (one, other) {
            (Value::Null, Value::Null) => Ok(true),
            (Value::Bool(one), Value::Bool(other)) => Ok(one == other),
            (property @ Value::Property { .. }, Value::Bool(flag))
            | (Value::Bool(flag), property @ Value::Property { .. }) => {
                self.parse(one, other)?;
                Ok(boolean(property)? == *flag)
            }
            (Value::List(one), Value::List(other)) => {
                self.scan(one.len() * 16)?;
                if one.len() != other.len() {
                    return Ok(false);
                }
                for (one, other) in one.iter().zip(other.iter()) {
                    if !self.equal(one, other)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            _ => Ok(self.number_order(one, other)?.is_eq()),
        }
    }

    fn ordered(&mut self, one: &Value<'a>, other: &Value<'a>) -> ValueResult<Ordering> {
        match (one, other) {
            (Value::Property { .. }, Value::Property { .. }) => Err(format!(
                "{} and {} have no order before it is said whether they are numbers: write double(…) or string(…)",
                one.described(),
                other.described()
            )),
            (Value::Bool(one), Value::Bool(other)) => Ok(one.cmp(other)),
            _ => match (one.as_text(), other.as_text()) {
                (Some(one), Some(other)) => self.scan(one.len().min(other.len())).map(|()| one.cmp(other)),
                _ => self.number_order(one, other),
            },
        }
    }

    fn sum(&mut self, one: &Value<'a>, other: &Value<'a>) -> ValueResult<Value<'a>> {
        match (one, other) {
            (Value::Property { .. }, Value::Property { .. }) => Err(format!(
                "{} and {} cannot be added before it is said whether they are numbers: write double(…) or string(…)",
                one.described(),
                other.described()
            )),
            (Value::List(one), Value::List(other)) => {
                self.scan((one.len() + other.len()) * 16)?;
                Ok(Value::list(one.iter().chain(other.iter()).cloned().collect()))
            }
            _ => match (one.as_text(), other.as_text()) {
                (Some(one), Some(other)) => {
                    self.scan(one.len() + other.len())?;
                    Ok(Value::text(format!("{one}{other}")))
                }
                _ => self.arithmetic(names::ADD, one, other),
            },
        }
    }

    /// Returns whether `what` is in a list or a key of a map. As with `||`, one element that is equal decides.
    fn is_in(&mut self, what: &Value<'a>, all: &Value<'a>) -> Evaluated<'a> {
        match all {
            Value::List(all) => {
                let mut failed = None;
                for one in all.iter() {
                    if !self.steps.take(1) {
                        return Evaluated::failed(self.steps.exhausted());
                    }
                    match self.equal(what, one) {
                        Ok(true) => return Evaluated::Known(Value::Bool(true)),
                        Ok(false) => {}
                        Err(reason) => failed = failed.or(Some(reason)),
                    }
                }
                match failed {
                    Some(reason) => Evaluated::failed(reason),
                    None => Evaluated::Known(Value::Bool(false)),
                }
            }
            Value::Map(Map::Written(entries)) => match self.keys(&Map::Written(Rc::clone(entries))) {
                Ok(keys) => self.is_in(what, &Value::list(keys)),
                Err(reason) => Evaluated::failed(reason),
            },
            Value::Map(map) => match what.as_text() {
                Some(key) => Evaluated::Known(Value::Bool(map.get(key).is_some())),
                None => Evaluated::failed(format!("{} is no name of a fact", what.described())),
            },
            _ => Evaluated::failed(format!("{} is no list", all.described())),
        }
    }

    /// Takes the steps for scanning `bytes`; the error is that none is left.
    pub(super) fn scan(&mut self, bytes: usize) -> ValueResult<()> {
        if self.steps.take_bytes(bytes) { Ok(()) } else { Err(self.steps.exhausted()) }
    }

    /// Takes the steps for parsing two values that are texts.
    fn parse(&mut self, one: &Value<'a>, other: &Value<'a>) -> ValueResult<()> {
        self.scan(one.text_bytes() + other.text_bytes())
    }

    /// Orders two values as numbers.
    fn number_order(&mut self, one: &Value<'a>, other: &Value<'a>) -> ValueResult<Ordering> {
        self.parse(one, other)?;
        numbers(one, other)
    }

    fn arithmetic(&mut self, name: &str, one: &Value<'a>, other: &Value<'a>) -> ValueResult<Value<'a>> {
        self.parse(one, other)?;
        arithmetic(name, one, other)
    }

    /// Returns all keys of a map, and takes one step for each.
    pub(super) fn keys(&mut self, map: &Map<'a>) -> ValueResult<Vec<Value<'a>>> {
        if self.steps.take(map.entries()) { Ok(map.keys()) } else { Err(self.steps.exhausted()) }
    }

    fn index(&mut self, from: &Value<'a>, key: &Value<'a>) -> Evaluated<'a> {
        if let Value::Map(Map::Written(entries)) = from {
            // All keys are compared, and they may be properties.
            let bytes = entries.iter().map(|(key, _)| 16 + key.text_bytes()).sum();
            if let Err(reason) = self.scan(bytes) {
                return Evaluated::failed(reason);
            }
        }
        at(from, key)
    }
}

fn at<'a>(from: &Value<'a>, key: &Value<'a>) -> Evaluated<'a> {
    match (from, key) {
        (Value::Map(map), _) if key.as_text().is_some() => map.get(key.as_text().unwrap_or_default()).into(),
        (Value::Map(Map::Written(entries)), key) => {
            let same = |one: &Value<'a>| numbers(one, key).is_ok_and(Ordering::is_eq);
            let found = entries.iter().find(|(one, _)| same(one));
            found.map(|(_, value)| value.clone()).into()
        }
        (Value::List(list), Value::Int(at)) => {
            let Ok(at) = usize::try_from(*at) else { return Evaluated::Absent };
            list.get(at).cloned().into()
        }
        _ => Evaluated::failed(format!("{} has nothing at {}", from.described(), key.described())),
    }
}

/// Parses a property as a boolean.
fn boolean(value: &Value<'_>) -> ValueResult<bool> {
    let text = value.as_text().unwrap_or_default().trim();
    if text.eq_ignore_ascii_case("true") {
        Ok(true)
    } else if text.eq_ignore_ascii_case("false") {
        Ok(false)
    } else {
        Err(format!("{} is neither true nor false", value.described()))
    }
}

/// A number of one of the three types.
#[derive(Clone, Copy)]
enum Number {
    Int(i64),
    Uint(u64),
    Double(f64),
}

/// Returns two values as numbers. A property is parsed if the other value is a number.
fn pair(one: &Value<'_>, other: &Value<'_>) -> ValueResult<(Number, Number)> {
    match (as_number(one), as_number(other)) {
        (Some(first), Some(second)) => Ok((first, second)),
        (None, Some(second)) if matches!(one, Value::Property { .. }) => Ok((read(one)?, second)),
        (Some(first), None) if matches!(other, Value::Property { .. }) => Ok((first, read(other)?)),
        _ => Err(format!("{} and {} cannot be compared or added", one.described(), other.described())),
    }
}

/// Returns a number that is none of a property.
fn as_number(value: &Value<'_>) -> Option<Number> {
    match value {
        Value::Int(value) => Some(Number::Int(*value)),
        Value::Uint(value) => Some(Number::Uint(*value)),
        Value::Double(value) => Some(Number::Double(*value)),
        _ => None,
    }
}

/// Parses a property as a number, as an integer if it is written as one.
fn read(value: &Value<'_>) -> ValueResult<Number> {
    let text = value.as_text().unwrap_or_default().trim();
    if let Ok(whole) = text.parse() {
        return Ok(Number::Int(whole));
    }
    match text.parse::<f64>() {
        Ok(number) if number.is_finite() => Ok(Number::Double(number)),
        _ => Err(format!("{} is no number", value.described())),
    }
}

fn numbers(one: &Value<'_>, other: &Value<'_>) -> ValueResult<Ordering> {
    let not_a_number = || "a result that is not a number has no order".to_owned();
    Ok(match pair(one, other)? {
        (Number::Int(one), Number::Int(other)) => one.cmp(&other),
        (Number::Uint(one), Number::Uint(other)) => one.cmp(&other),
        (Number::Int(one), Number::Uint(other)) => i128::from(one).cmp(&i128::from(other)),
        (Number::Uint(one), Number::Int(other)) => i128::from(one).cmp(&i128::from(other)),
        (Number::Double(one), Number::Double(other)) => one.partial_cmp(&other).ok_or_else(not_a_number)?,
        (Number::Int(one), Number::Double(other)) => whole(one.into(), other).ok_or_else(not_a_number)?,
        (Number::Uint(one), Number::Double(other)) => whole(one.into(), other).ok_or_else(not_a_number)?,
        (Number::Double(one), Number::Int(other)) => whole(other.into(), one).ok_or_else(not_a_number)?.reverse(),
        (Number::Double(one), Number::Uint(other)) => whole(other.into(), one).ok_or_else(not_a_number)?.reverse(),
    })
}

/// Compares an integer with any number, exactly.
fn whole(one: i128, other: f64) -> Option<Ordering> {
    if other.is_nan() {
        return None;
    }
    // The cast saturates, far outside of what `one` can be.
    Some(one.cmp(&(other.trunc() as i128)).then_with(|| 0.0_f64.total_cmp(&(other.fract() + 0.0))))
}

fn negated<'a>(one: &Value<'a>) -> ValueResult<Value<'a>> {
    match one {
        Value::Int(value) => value.checked_neg().map(Value::Int).ok_or_else(|| "a number is too large".to_owned()),
        Value::Double(value) => Ok(Value::Double(-value)),
        _ => Err(format!("{} has no negative", one.described())),
    }
}

/// Computes `+ - * / %` of numbers. The result of integers is an integer; with a double it is a double.
fn arithmetic<'a>(name: &str, one: &Value<'a>, other: &Value<'a>) -> ValueResult<Value<'a>> {
    let pair = pair(one, other)?;
    let large = || "a number is too large".to_owned();
    let zero = || "a division by zero".to_owned();
    match pair {
        (Number::Int(one), Number::Int(other)) => match name {
            names::DIVIDE | names::MODULO if other == 0 => Err(zero()),
            names::ADD => one.checked_add(other).map(Value::Int).ok_or_else(large),
            names::SUBSTRACT => one.checked_sub(other).map(Value::Int).ok_or_else(large),
            names::MULTIPLY => one.checked_mul(other).map(Value::Int).ok_or_else(large),
            names::DIVIDE => one.checked_div(other).map(Value::Int).ok_or_else(large),
            _ => one.checked_rem(other).map(Value::Int).ok_or_else(large),
        },
        (Number::Uint(one), Number::Uint(other)) => match name {
            names::DIVIDE | names::MODULO if other == 0 => Err(zero()),
            names::ADD => one.checked_add(other).map(Value::Uint).ok_or_else(large),
            names::SUBSTRACT => one.checked_sub(other).map(Value::Uint).ok_or_else(large),
            names::MULTIPLY => one.checked_mul(other).map(Value::Uint).ok_or_else(large),
            names::DIVIDE => Ok(Value::Uint(one / other)),
            _ => Ok(Value::Uint(one % other)),
        },
        (one, other) => {
            let (one, other) = (double(one), double(other));
            match name {
                names::ADD => Ok(Value::Double(one + other)),
                names::SUBSTRACT => Ok(Value::Double(one - other)),
                names::MULTIPLY => Ok(Value::Double(one * other)),
                names::DIVIDE if other == 0.0 => Err(zero()),
                names::DIVIDE => Ok(Value::Double(one / other)),
                _ => Err("`%` is for whole numbers".to_owned()),
            }
        }
    }
}

const fn double(number: Number) -> f64 {
    match number {
        Number::Int(value) => value as f64,
        Number::Uint(value) => value as f64,
        Number::Double(value) => value,
    }
}
