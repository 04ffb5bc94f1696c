//! Checks of single values, with hints on how to correct them.

use lifesigns_text::{LONGEST_MS, duration_ms, duration_text, hint, size_bytes, size_text, visible_word};

use crate::{
    raw::{RawNode, RawValue},
    schema::{NAME_CHARS, TEXT_CHARS, TextSchema, ValueError, ValueSchema},
};

/// Returns whether the TOML type of a value is right.
pub(super) fn fits(schema: &ValueSchema, node: &RawNode) -> bool {
    match schema {
        ValueSchema::Bool | ValueSchema::True => matches!(node.value, RawValue::Bool(_)),
        ValueSchema::Integer(..) => matches!(node.value, RawValue::Integer(_) | RawValue::Huge(_)),
        ValueSchema::Bytes(..) => matches!(node.value, RawValue::Integer(_) | RawValue::Huge(_) | RawValue::Text(_)),
        ValueSchema::Number => matches!(node.value, RawValue::Integer(_) | RawValue::Huge(_) | RawValue::Number(_)),
        ValueSchema::Scalar => {
            let is_other = matches!(node.value, RawValue::Time(_) | RawValue::Null);
            !is_other && !matches!(node.value, RawValue::List(_) | RawValue::Table(_))
        }
        ValueSchema::List(..) => matches!(node.value, RawValue::List(_)),
        ValueSchema::Map(..) | ValueSchema::Table(_) | ValueSchema::AnyTable => {
            matches!(node.value, RawValue::Table(_))
        }
        ValueSchema::Either(one, other) => fits(one, node) || fits(other, node),
        _ => matches!(node.value, RawValue::Text(_)),
    }
}

/// Returns the type of a value in words.
pub(super) fn wanted(schema: &ValueSchema) -> String {
    match schema {
        ValueSchema::Text | ValueSchema::AnyText => "a text in quotes".into(),
        ValueSchema::Checked(schema) => schema.wanted.into(),
        ValueSchema::Scalar => "a text, number or boolean".into(),
        ValueSchema::Path => "a path in quotes".into(),
        ValueSchema::Name => "a name in quotes".into(),
        ValueSchema::Pattern => "a name in quotes, `*` for any run".into(),
        ValueSchema::Identifier => "an identifier".into(),
        ValueSchema::Enum(words) => format!("one of {}", quoted(words)),
        ValueSchema::Bool => "`true` or `false`".into(),
        ValueSchema::True => "`true`".into(),
        ValueSchema::Integer(..) => "a whole number".into(),
        ValueSchema::Number => "a number".into(),
        ValueSchema::Duration(_) => "a duration in quotes, such as \"30s\"".into(),
        ValueSchema::Size => "a size in quotes, such as \"64MiB\"".into(),
        ValueSchema::Bytes(..) => "a number of bytes or a size in quotes, such as \"64MiB\"".into(),
        ValueSchema::List(..) => "a list".into(),
        ValueSchema::Map(..) | ValueSchema::Table(_) | ValueSchema::AnyTable => "a table".into(),
        ValueSchema::Either(one, other) => format!("{} or {}", wanted(one), wanted(other)),
    }
}

/// Returns how a value of the wrong type may be corrected.
pub(super) fn fix(schema: &ValueSchema, node: &RawNode) -> Option<String> {
    match (schema, &node.value) {
        (ValueSchema::Duration(_), RawValue::Integer(0)) => Some("write \"0s\"".into()),
        (ValueSchema::Duration(_), RawValue::Integer(number)) => {
            let number = u64::try_from(*number).ok().filter(|number| *number <= LONGEST_MS)?;
            let seconds = duration_text(number.saturating_mul(1000));
            let ms = duration_text(number);
            Some(format!("durations have a unit: \"{seconds}\" if these are seconds, \"{ms}\" if milliseconds"))
        }
        (ValueSchema::Size, RawValue::Integer(number)) => {
            let bytes = u64::try_from(*number).ok()?;
            Some(format!("sizes have a unit: \"{}\" if these are bytes", size_text(bytes)))
        }
        (ValueSchema::Bool | ValueSchema::True, RawValue::Text(text)) if text == "true" || text == "false" => {
            Some(format!("without quotes: {text}"))
        }
        (ValueSchema::Integer(..) | ValueSchema::Number, RawValue::Text(text)) if text.parse::<f64>().is_ok() => {
            Some(format!("without quotes: {}", visible_word(text)))
        }
        (ValueSchema::Scalar, RawValue::Time(time)) => Some(format!("in quotes: \"{time}\"")),
        (ValueSchema::Scalar, _) => Some("put anything else in quotes".into()),
        (ValueSchema::List(..), RawValue::Text(text)) => Some(format!("in brackets: [{:?}]", visible_word(text))),
        (ValueSchema::List(ValueSchema::Table(table), _), RawValue::Table(_)) => {
            Some(format!("begin {} with double brackets, such as [[{}]]", table.what, table.id))
        }
        _ => None,
    }
}

/// Says what is wrong with a value of the right type, and how to correct it.
pub(super) fn check(schema: &ValueSchema, node: &RawNode) -> Result<(), ValueError> {
    match (schema, &node.value) {
        (ValueSchema::True, RawValue::Bool(false)) => {
            Err(ValueError::new("can only be `true`", "leave it out instead"))
        }
        (ValueSchema::Integer(least, most), RawValue::Integer(number)) if (least..=most).contains(&number) => Ok(()),
        (ValueSchema::Integer(least, most), _) => Err(ValueError::plain(format!("is from {least} to {most}"))),
        (ValueSchema::Bytes(least, most), value) => bytes(*least, *most, value),
        (ValueSchema::Number, _) if node.number().is_some_and(f64::is_finite) => Ok(()),
        (ValueSchema::Number, _) => Err(ValueError::plain("is a finite number")),
        (ValueSchema::AnyText | ValueSchema::Scalar, _) => Ok(()),
        (schema, RawValue::Text(text)) => check_text(schema, text),
        _ => Ok(()),
    }
}

fn bytes(least: i64, most: i64, value: &RawValue) -> Result<(), ValueError> {
    let number = match value {
        RawValue::Text(text) => size(text)?,
        RawValue::Integer(number) => u64::try_from(*number).unwrap_or(0),
        _ => u64::MAX,
    };
    let (least, most) = (least.unsigned_abs(), most.unsigned_abs());
    if (least..=most).contains(&number) {
        return Ok(());
    }
    let (least_text, most_text) = (size_text(least), size_text(most));
    Err(ValueError::plain(format!("is from {least} (\"{least_text}\") to {most} (\"{most_text}\")")))
}

fn check_text(schema: &ValueSchema, text: &str) -> Result<(), ValueError> {
    let (empty, most_chars) = match schema {
        ValueSchema::Checked(schema) => (schema.empty, schema.most_chars),
        _ => (TextSchema::EMPTY, TEXT_CHARS),
    };
    if text.is_empty() {
        return Err(ValueError::new("is empty", empty));
    }
    // A text has no more characters than bytes.
    if text.len() > most_chars {
        let chars = text.chars().count();
        if chars > most_chars {
            return Err(ValueError::plain(format!("has {chars} characters, and may have {most_chars}")));
        }
    }
    if let ValueSchema::Checked(schema) = schema {
        return (schema.check)(text);
    }
    if !matches!(schema, ValueSchema::Text) && text.chars().any(char::is_control) {
        return Err(ValueError::plain("has a control character"));
    }
    match schema {
        ValueSchema::Name if !is_name(text) => {
            Err(ValueError::unusable(text, "names are small letters, digits and `-`, such as \"docker-on-production\""))
        }
        ValueSchema::Identifier if !is_identifier(text) => {
            Err(ValueError::unusable(text, "it is letters, digits and `_`, and does not begin with a digit"))
        }
        ValueSchema::Enum(words) if !words.contains(&text) => Err(ValueError {
            what: format!("cannot be \"{}\"", visible_word(text)),
            help: hint(text, words.iter().copied()),
        }),
        ValueSchema::Duration(least_ms) => duration(text, *least_ms),
        ValueSchema::Size if size(text)? == 0 => Err(ValueError::unusable(text, SIZES)),
        _ => Ok(()),
    }
}

const SIZES: &str = "write a size as \"512KiB\", \"64MiB\", \"10GiB\"";

fn size(text: &str) -> Result<u64, ValueError> {
    size_bytes(text).ok_or_else(|| ValueError::unusable(text, SIZES))
}

fn duration(text: &str, least_ms: u64) -> Result<(), ValueError> {
    match duration_ms(text) {
        Some(ms) if ms >= least_ms => Ok(()),
        Some(_) => Err(ValueError::plain(format!("is at least \"{}\"", duration_text(least_ms)))),
        None => Err(ValueError::unusable(text, "write a duration as \"30s\", \"10m\", \"2h\", \"7d\", \"1h30m\"")),
    }
}

fn is_name(text: &str) -> bool {
    let letters = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    text.len() <= NAME_CHARS && text.chars().all(letters) && !text.starts_with('-') && !text.ends_with('-')
}

fn is_identifier(text: &str) -> bool {
    let letters = |c: char| c.is_ascii_alphanumeric() || c == '_';
    text.len() <= NAME_CHARS && text.chars().all(letters) && !text.starts_with(|c: char| c.is_ascii_digit())
}

fn quoted(words: &[&str]) -> String {
    words.iter().map(|word| format!("\"{word}\"")).collect::<Vec<_>>().join(", ")
}
