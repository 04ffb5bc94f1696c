//! Checks the types of an expression, so that a comparison that can never work is refused when the
//! configuration is read, with the way to write it.

use cel::common::ast::{ComprehensionExpr, EntryExpr, Expr, IdedExpr, LiteralValue, SelectExpr};

mod calls;

/// The type of a value, as far as it is known without an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ValueType {
    /// Not known.
    Any,
    Null,
    Bool,
    /// Whole or not.
    Number,
    Text,
    /// Text that is read as a number or a boolean where it is compared with one.
    Property,
    List(Box<ValueType>),
    /// A map from names to values of this type.
    Map(Box<ValueType>),
}

/// The part that is wrong, and what is wrong with it.
pub(crate) type TypeError = (u64, String);

/// Checks that `expression` is a condition.
pub(crate) fn check(expression: &IdedExpr) -> Result<(), TypeError> {
    let kind = TypeChecker { scope: Vec::new() }.of(expression)?;
    condition(expression, &kind)
}

/// Checks that a part that must be a condition is one.
fn condition(part: &IdedExpr, kind: &ValueType) -> Result<(), TypeError> {
    let text = written(part);
    let fix = match kind {
        ValueType::Any | ValueType::Bool => return Ok(()),
        ValueType::Property => format!(
            "a property is text; write `{text} == true`, `{text} == \"…\"`, or `has({text})` for whether it is there"
        ),
        ValueType::Number => format!("a number is neither true nor false; compare it, as in `{text} > 0`"),
        ValueType::Text => format!("a text is neither true nor false; compare it, as in `{text} == \"…\"`"),
        ValueType::List(_) => {
            format!("a list is neither true nor false; write `\"…\" in {text}` or `size({text}) > 0`")
        }
        ValueType::Map(_) => {
            format!("facts are neither true nor false together; name one, as in `{text}.name == \"…\"`")
        }
        ValueType::Null => "`null` is neither true nor false".to_owned(),
    };
    Err((part.id, fix))
}

/// Returns a part of an expression as it was written, where that is short; otherwise `…`.
fn written(part: &IdedExpr) -> String {
    match &part.expr {
        Expr::Ident(name) if !name.starts_with('@') => name.clone(),
        Expr::Select(select) if !select.test => format!("{}.{}", written(&select.operand), select.field),
        Expr::Literal(LiteralValue::String(text)) => format!("{:?}", text.inner()),
        Expr::Literal(LiteralValue::Int(number)) => number.inner().to_string(),
        Expr::Literal(LiteralValue::Double(number)) => number.inner().to_string(),
        Expr::Literal(LiteralValue::Boolean(flag)) => flag.inner().to_string(),
        Expr::Call(call) if call.func_name == cel::common::ast::operators::INDEX => match call.args.as_slice() {
            [from, key] => format!("{}[{}]", written(from), written(key)),
            _ => "…".to_owned(),
        },
        _ => "…".to_owned(),
    }
}

impl ValueType {
    /// Returns the type in words, with an article.
    fn words(&self) -> &'static str {
        match self {
            Self::Any => "a value",
            Self::Null => "null",
            Self::Bool => "true or false",
            Self::Number => "a number",
            Self::Text => "text",
            Self::Property => "a property, which is text",
            Self::List(_) => "a list",
            Self::Map(_) => "a map",
        }
    }

    fn is_text(&self) -> bool {
        matches!(self, Self::Text | Self::Property)
    }

    /// Returns the type of a value that is of one type or the other.
    fn join(self, other: Self) -> Self {
        match (self, other) {
            (one, other) if one == other => one,
            (Self::List(one), Self::List(other)) => match (*one, *other) {
                // An empty list is a list of any type.
                (Self::Any, kind) | (kind, Self::Any) => Self::List(Box::new(kind)),
                (one, other) => Self::List(Box::new(one.join(other))),
            },
            _ => Self::Any,
        }
    }
}

struct TypeChecker<'a> {
    /// Variables of the enclosing comprehensions, the innermost last.
    scope: Vec<(&'a str, ValueType)>,
}

impl<'a> TypeChecker<'a> {
    fn of(&mut self, part: &'a IdedExpr) -> Result<ValueType, TypeError> {
        match &part.expr {
            Expr::Literal(literal) => match literal {
                LiteralValue::Boolean(_) => Ok(ValueType::Bool),
                LiteralValue::Int(_) | LiteralValue::UInt(_) | LiteralValue::Double(_) => Ok(ValueType::Number),
                LiteralValue::String(_) => Ok(ValueType::Text),
                LiteralValue::Null => Ok(ValueType::Null),
                LiteralValue::Bytes(_) => Err((part.id, "there are no bytes here; write a text".to_owned())),
            },
            Expr::Ident(name) => Ok(self.variable(name)),
            Expr::Select(select) => self.select(part, select),
            Expr::Call(call) => self.call(part, call),
            Expr::List(list) => {
                let mut kind: Option<ValueType> = None;
                for element in &list.elements {
                    let one = self.of(element)?;
                    kind = match kind {
                        Some(kind) if kind != one => Some(ValueType::Any),
                        _ => Some(one),
                    };
                }
                Ok(ValueType::List(Box::new(kind.unwrap_or(ValueType::Any))))
            }
            Expr::Map(map) => {
                for entry in &map.entries {
                    if let EntryExpr::MapEntry(entry) = &entry.expr {
                        self.of(&entry.key)?;
                        self.of(&entry.value)?;
                    }
                }
                Ok(ValueType::Map(Box::new(ValueType::Any)))
            }
            Expr::Comprehension(comprehension) => self.comprehension(part, comprehension),
            Expr::Unspecified | Expr::Struct(_) => Ok(ValueType::Any),
        }
    }

    fn variable(&self, name: &str) -> ValueType {
        if let Some((_, kind)) = self.scope.iter().rev().find(|(bound, _)| *bound == name) {
            return kind.clone();
        }
        match name {
            "id" | "kind" | "parent" => ValueType::Text,
            "tags" => ValueType::List(Box::new(ValueType::Text)),
            "properties" => ValueType::Map(Box::new(ValueType::Property)),
            "metrics" | "threshold" => ValueType::Map(Box::new(ValueType::Number)),
            _ => ValueType::Any,
        }
    }

    fn select(&mut self, part: &'a IdedExpr, select: &'a SelectExpr) -> Result<ValueType, TypeError> {
        match self.of(&select.operand)? {
            ValueType::Map(_) if select.test => Ok(ValueType::Bool),
            ValueType::Map(kind) => Ok(*kind),
            ValueType::Any => Ok(if select.test { ValueType::Bool } else { ValueType::Any }),
            kind => {
                let (map, name) = match &select.operand.expr {
                    Expr::Select(inner) => (written(&inner.operand), format!("{}.{}", inner.field, select.field)),
                    _ => ("properties".to_owned(), select.field.clone()),
                };
                let text = format!(
                    "`{}` is {} and has no `.{}`; a name with a dot is written `{map}[\"{name}\"]`",
                    written(&select.operand),
                    kind.words(),
                    select.field
                );
                Err((part.id, text))
            }
        }
    }

    fn comprehension(&mut self, part: &'a IdedExpr, one: &'a ComprehensionExpr) -> Result<ValueType, TypeError> {
        let element = match self.of(&one.iter_range)? {
            ValueType::List(kind) => *kind,
            ValueType::Map(_) => ValueType::Text,
            ValueType::Any => ValueType::Any,
            kind => {
                let text = format!("`{}` is {}, and no list to go through", written(&one.iter_range), kind.words());
                return Err((one.iter_range.id.max(part.id), text));
            }
        };
        let sum = self.of(&one.accu_init)?;
        let outside = self.scope.len();
        self.scope.push((&one.iter_var, element));
        self.scope.push((&one.accu_var, sum.clone()));
        self.of(&one.loop_cond)?;
        let step = self.of(&one.loop_step)?;
        self.scope.truncate(outside);
        self.scope.push((&one.accu_var, sum.join(step)));
        let result = self.of(&one.result);
        self.scope.truncate(outside);
        result
    }
}
