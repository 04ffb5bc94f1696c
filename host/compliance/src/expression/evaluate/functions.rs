//! Functions of expressions.

use super::{
    ExpressionEvaluator,
    value::{Evaluated, Value},
};

impl<'a> ExpressionEvaluator<'a> {
    /// Calls a function whose target and arguments, in this order, are all known.
    pub(super) fn function(&mut self, name: &str, values: &[Value<'a>]) -> Evaluated<'a> {
        self.apply(name, values).into()
    }

    fn apply(&mut self, name: &str, values: &[Value<'a>]) -> Result<Value<'a>, String> {
        match (name, values) {
            ("size", [Value::List(list)]) => Ok(length(list.len())),
            ("size", [Value::Map(map)]) => Ok(length(self.keys(map)?.len())),
            ("size", [one]) if one.as_text().is_some() => {
                let text = one.as_text().unwrap_or_default();
                self.scan(text.len())?;
                Ok(length(text.chars().count()))
            }
            ("contains" | "startsWith" | "endsWith", [text, part]) => match (text.as_text(), part.as_text()) {
                (Some(text), Some(part)) => {
                    self.scan(if name == "contains" { text.len() + part.len() } else { part.len() })?;
                    Ok(Value::Bool(match name {
                        "contains" => text.contains(part),
                        "startsWith" => text.starts_with(part),
                        _ => text.ends_with(part),
                    }))
                }
                _ => Err(format!("`{name}` is for texts; this is {} and {}", text.described(), part.described())),
            },
            ("int" | "uint" | "double" | "string" | "bool", [one]) => {
                self.scan(one.text_bytes())?;
                converted(name, one).ok_or_else(|| failed(name, one))
            }
            _ => Err(format!("there is no function `{name}` for this")),
        }
    }
}

fn length(length: usize) -> Value<'static> {
    Value::Int(i64::try_from(length).unwrap_or(i64::MAX))
}

fn failed(name: &str, value: &Value<'_>) -> String {
    let what = match name {
        "int" | "uint" => "no whole number",
        "double" => "no number",
        "bool" => "neither true nor false",
        _ => "no text",
    };
    format!("{} is {what}", value.described())
}

fn converted<'a>(name: &str, value: &Value<'a>) -> Option<Value<'a>> {
    let text = value.as_text().map(str::trim);
    Some(match (name, value) {
        ("int", Value::Int(_)) | ("uint", Value::Uint(_)) | ("double", Value::Double(_)) | ("bool", Value::Bool(_)) => {
            value.clone()
        }
        ("int", Value::Uint(value)) => Value::Int(i64::try_from(*value).ok()?),
        // The bounds themselves are not exact as doubles: outside of them is too large in any case.
        ("int", Value::Double(value)) if value.abs() < 9.2e18 => Value::Int(value.trunc() as i64),
        ("int", _) => Value::Int(text?.parse().ok()?),
        ("uint", Value::Int(value)) => Value::Uint(u64::try_from(*value).ok()?),
        ("uint", Value::Double(value)) if (0.0..1.8e19).contains(value) => Value::Uint(value.trunc() as u64),
        ("uint", _) => Value::Uint(text?.parse().ok()?),
        ("double", Value::Int(value)) => Value::Double(*value as f64),
        ("double", Value::Uint(value)) => Value::Double(*value as f64),
        ("double", _) => Value::Double(text?.parse().ok().filter(|value: &f64| value.is_finite())?),
        ("string", Value::Bool(value)) => Value::text(value.to_string()),
        ("string", Value::Int(value)) => Value::text(value.to_string()),
        ("string", Value::Uint(value)) => Value::text(value.to_string()),
        ("string", Value::Double(value)) => Value::text(value.to_string()),
        ("string", Value::Property { text, .. }) => Value::text(*text),
        ("string", Value::Text(text)) => Value::Text(text.clone()),
        ("bool", _) => match text?.to_ascii_lowercase().as_str() {
            "true" | "t" | "1" => Value::Bool(true),
            "false" | "f" | "0" => Value::Bool(false),
            _ => return None,
        },
        _ => return None,
    })
}
