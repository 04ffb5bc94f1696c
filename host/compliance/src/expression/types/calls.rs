//! Types of operators and functions: what they take, what they result in, and how to write what people
//! write first.

use cel::common::ast::{CallExpr, Expr, IdedExpr, LiteralValue, operators as names};

use super::{TypeChecker, TypeError, ValueType, condition, written};

impl<'a> TypeChecker<'a> {
    pub(super) fn call(&mut self, part: &'a IdedExpr, call: &'a CallExpr) -> Result<ValueType, TypeError> {
        let mut parts: Vec<&'a IdedExpr> = call.target.as_deref().into_iter().collect();
        parts.extend(&call.args);
        let kinds = parts.iter().map(|one| self.of(one)).collect::<Result<Vec<_>, _>>()?;
        let wrong = |text: String| (part.id, text);
        match (call.func_name.as_str(), parts.as_slice(), kinds.as_slice()) {
            (names::LOGICAL_AND | names::LOGICAL_OR | names::LOGICAL_NOT, parts, kinds) => {
                parts.iter().zip(kinds).try_for_each(|(part, kind)| condition(part, kind))?;
                Ok(ValueType::Bool)
            }
            (names::NOT_STRICTLY_FALSE, ..) => Ok(ValueType::Bool),
            (names::CONDITIONAL, [one, ..], [kind, yes, no]) => {
                condition(one, kind)?;
                Ok(yes.clone().join(no.clone()))
            }
            (names::EQUALS | names::NOT_EQUALS, [one, other], [first, second]) => {
                comparable((one, first), (other, second)).map_err(wrong)?;
                Ok(ValueType::Bool)
            }
            (
                names::LESS | names::LESS_EQUALS | names::GREATER | names::GREATER_EQUALS,
                [one, other],
                [first, second],
            ) => {
                ordered((one, first), (other, second)).map_err(wrong)?;
                Ok(ValueType::Bool)
            }
            (names::IN, [what, all], [kind, list]) => within((what, kind), (all, list)).map_err(wrong),
            (names::INDEX, [from, key], [one, at]) => indexed((from, one), (key, at)).map_err(wrong),
            (names::ADD, [one, other], [first, second]) => added((one, first), (other, second)).map_err(wrong),
            (names::SUBSTRACT | names::MULTIPLY | names::DIVIDE | names::MODULO, [one, other], [first, second]) => {
                numbers((one, first), (other, second)).map_err(wrong)
            }
            (names::NEGATE, [one], [kind]) => match kind {
                ValueType::Number | ValueType::Any => Ok(ValueType::Number),
                ValueType::Property => Err(wrong(format!("a property is text; write `-double({})`", written(one)))),
                kind => Err(wrong(format!("{} has no negative", kind.words()))),
            },
            (name, parts, kinds) => function(name, parts, kinds).map_err(wrong),
        }
    }
}

/// A part and its type.
type TypedPart<'p> = (&'p IdedExpr, &'p ValueType);

/// Checks that two values can be equal.
fn comparable(one: TypedPart<'_>, other: TypedPart<'_>) -> Result<(), String> {
    match (one.1, other.1) {
        (ValueType::Any, _) | (_, ValueType::Any) => Ok(()),
        (ValueType::Null, ValueType::Null)
        | (ValueType::Bool, ValueType::Bool)
        | (ValueType::Number, ValueType::Number) => Ok(()),
        (first, second) if first.is_text() && second.is_text() => Ok(()),
        (ValueType::Property, ValueType::Bool | ValueType::Number)
        | (ValueType::Bool | ValueType::Number, ValueType::Property) => Ok(()),
        (ValueType::List(first), ValueType::List(second)) => comparable((one.0, first), (other.0, second)),
        (ValueType::Map(_), ValueType::Map(_)) => Ok(()),
        (ValueType::Null, _) | (_, ValueType::Null) => {
            let what = written(if *one.1 == ValueType::Null { other.0 } else { one.0 });
            Err(format!("nothing is ever `null`: write `has({what})` or `!has({what})` for whether it is there"))
        }
        _ => Err(clash(one, other)),
    }
}

/// Checks that one value can be less than the other.
fn ordered(one: TypedPart<'_>, other: TypedPart<'_>) -> Result<(), String> {
    match (one.1, other.1) {
        (ValueType::Any, _)
        | (_, ValueType::Any)
        | (ValueType::Number, ValueType::Number)
        | (ValueType::Text, ValueType::Text) => Ok(()),
        (ValueType::Bool, ValueType::Bool)
        | (ValueType::Property, ValueType::Number)
        | (ValueType::Number, ValueType::Property) => Ok(()),
        (ValueType::Property, ValueType::Property) => Err(both(one.0, other.0, ">")),
        (ValueType::Property, ValueType::Text) | (ValueType::Text, ValueType::Property) => {
            let text = if *one.1 == ValueType::Text { one.0 } else { other.0 };
            match literal(text).filter(|text| text.trim().parse::<f64>().is_ok()) {
                Some(number) => Err(format!(
                    "texts are ordered letter by letter, so that \"10\" comes before \"{number}\" or after it by its \
                     first letter; write {number} without quotes to compare numbers"
                )),
                None => Ok(()),
            }
        }
        _ => Err(clash(one, other)),
    }
}

/// Returns the message for two properties of which it must be stated whether they are numbers.
fn both(one: &IdedExpr, other: &IdedExpr, operator: &str) -> String {
    let (one, other) = (written(one), written(other));
    format!(
        "both are properties, which can be numbers or texts; write \
         `double({one}) {operator} double({other})` or `string({one}) {operator} string({other})`"
    )
}

/// Returns the message for two types that cannot be compared, with the correction.
fn clash(one: TypedPart<'_>, other: TypedPart<'_>) -> String {
    let (number, text) = match (one.1, other.1) {
        (ValueType::Number, second) if second.is_text() => (one.0, other.0),
        (first, ValueType::Number) if first.is_text() => (other.0, one.0),
        _ => {
            let (first, second) = (one.1.words(), other.1.words());
            return format!(
                "`{}` is {first} and `{}` is {second}: they cannot be compared",
                written(one.0),
                written(other.0)
            );
        }
    };
    let fix = match literal(text).map(|text| text.trim().parse::<f64>().is_ok()) {
        Some(true) => format!("write {} without quotes", literal(text).unwrap_or_default().trim()),
        Some(false) => "compare it with a number".to_owned(),
        None => match literal_number(number) {
            Some(number) => format!("put quotes around {number}, or write `double({})`", written(text)),
            None => format!("write `double({})`", written(text)),
        },
    };
    format!("`{}` is a number and `{}` is text: they cannot be compared; {fix}", written(number), written(text))
}

fn literal(part: &IdedExpr) -> Option<&str> {
    match &part.expr {
        Expr::Literal(LiteralValue::String(text)) => Some(text.inner()),
        _ => None,
    }
}

fn literal_number(part: &IdedExpr) -> Option<String> {
    matches!(part.expr, Expr::Literal(LiteralValue::Int(_) | LiteralValue::Double(_))).then(|| written(part))
}

fn within(what: TypedPart<'_>, all: TypedPart<'_>) -> Result<ValueType, String> {
    match all.1 {
        ValueType::List(kind) => comparable(what, (all.0, kind))?,
        ValueType::Any => {}
        ValueType::Map(_) if what.1.is_text() || *what.1 == ValueType::Any => {}
        ValueType::Map(_) => {
            return Err(format!("names of facts are texts, and `{}` is {}", written(what.0), what.1.words()));
        }
        kind if kind.is_text() => {
            let (part, text) = (written(what.0), written(all.0));
            return Err(format!("`in` looks into lists; what is in a text is asked with `{text}.contains({part})`"));
        }
        kind => return Err(format!("`in` looks into lists, and `{}` is {}", written(all.0), kind.words())),
    }
    Ok(ValueType::Bool)
}

fn indexed(from: TypedPart<'_>, key: TypedPart<'_>) -> Result<ValueType, String> {
    match (from.1, key.1) {
        (ValueType::Any, _) => Ok(ValueType::Any),
        (ValueType::Map(kind), at) if at.is_text() || *at == ValueType::Any || **kind == ValueType::Any => {
            Ok((**kind).clone())
        }
        (ValueType::List(kind), ValueType::Number | ValueType::Any) => Ok((**kind).clone()),
        (from_kind, at) => {
            Err(format!("`{}` is {} and has nothing at {}", written(from.0), from_kind.words(), at.words()))
        }
    }
}

fn added(one: TypedPart<'_>, other: TypedPart<'_>) -> Result<ValueType, String> {
    match (one.1, other.1) {
        (ValueType::List(_), ValueType::List(_)) => Ok(one.1.clone().join(other.1.clone())),
        (ValueType::Property, ValueType::Property) => Err(both(one.0, other.0, "+")),
        (first, second) if first.is_text() && second.is_text() => Ok(ValueType::Text),
        _ => numbers(one, other),
    }
}

fn numbers(one: TypedPart<'_>, other: TypedPart<'_>) -> Result<ValueType, String> {
    match (one.1, other.1) {
        (ValueType::Property, ValueType::Property) => Err(both(one.0, other.0, "-")),
        (ValueType::Number | ValueType::Property, ValueType::Number) | (ValueType::Number, ValueType::Property) => {
            Ok(ValueType::Number)
        }
        (ValueType::Any, _) | (_, ValueType::Any) => Ok(ValueType::Any),
        _ => Err(clash(one, other)),
    }
}

fn function(name: &str, parts: &[&IdedExpr], kinds: &[ValueType]) -> Result<ValueType, String> {
    let is_text = |kind: &ValueType| kind.is_text() || *kind == ValueType::Any;
    match (name, parts, kinds) {
        ("size", [_], [kind]) if is_text(kind) || matches!(kind, ValueType::List(_) | ValueType::Map(_)) => {
            Ok(ValueType::Number)
        }
        ("contains" | "startsWith" | "endsWith", [_, _], [text, part]) if is_text(text) && is_text(part) => {
            Ok(ValueType::Bool)
        }
        ("contains", [list, part], [ValueType::List(_), _]) => {
            Err(format!("`contains` looks into texts; write `{} in {}`", written(part), written(list)))
        }
        ("contains" | "startsWith" | "endsWith", [text, part], [one, other]) => {
            let (wrong, kind) = if is_text(one) { (part, other) } else { (text, one) };
            Err(format!(
                "`{name}` is for texts, and `{}` is {}; write `string({})`",
                written(wrong),
                kind.words(),
                written(wrong)
            ))
        }
        ("int" | "uint" | "double", [_], [kind]) if is_text(kind) || *kind == ValueType::Number => {
            Ok(ValueType::Number)
        }
        ("bool", [_], [kind]) if is_text(kind) || *kind == ValueType::Bool => Ok(ValueType::Bool),
        ("string", [_], [kind]) if is_text(kind) || matches!(kind, ValueType::Number | ValueType::Bool) => {
            Ok(ValueType::Text)
        }
        (_, [one], [kind]) => Err(format!("`{name}` is not for {}, which `{}` is", kind.words(), written(one))),
        (_, parts, _) => Err(format!("`{name}` does not take {} values", parts.len())),
    }
}
