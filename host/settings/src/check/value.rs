//! Checks of single values, with hints on how to correct them.

use lifesigns_compliance::Expression;
use lifesigns_notifications::config::Network;
use lifesigns_text::{LONGEST_MS, duration_ms, duration_text, hint, size_bytes, size_text, visible_word};

use crate::{
    raw::{RawNode, RawValue},
    schema::{NAME_CHARS, TEXT_CHARS, ValueSchema},
    time_of_day, zone,
};

/// Returns whether the TOML type of a value is right.
pub(super) fn fits(schema: &ValueSchema, node: &RawNode) -> bool {
    match schema {
        ValueSchema::Flag | ValueSchema::Yes => matches!(node.value, RawValue::Flag(_)),
        ValueSchema::Whole(..) => matches!(node.value, RawValue::Whole(_)),
        ValueSchema::Number => matches!(node.value, RawValue::Whole(_) | RawValue::Number(_)),
        ValueSchema::List(..) => matches!(node.value, RawValue::List(_)),
        ValueSchema::Map(..) | ValueSchema::Table(_) => matches!(node.value, RawValue::Table(_)),
        ValueSchema::Either(one, other) => fits(one, node) || fits(other, node),
        _ => matches!(node.value, RawValue::Text(_)),
    }
}

/// Returns the type of a value in words.
pub(super) fn wanted(schema: &ValueSchema) -> String {
    match schema {
        ValueSchema::Text => "a text in quotes".into(),
        ValueSchema::Path => "a path in quotes".into(),
        ValueSchema::Name => "a name in quotes".into(),
        ValueSchema::Pattern => "a name in quotes, `*` for any run".into(),
        ValueSchema::Identifier => "an identifier".into(),
        ValueSchema::Expression => "an expression in quotes".into(),
        ValueSchema::Word(words) => format!("one of {}", quoted(words)),
        ValueSchema::Flag => "`true` or `false`".into(),
        ValueSchema::Yes => "`true`".into(),
        ValueSchema::Whole(..) => "a whole number".into(),
        ValueSchema::Number => "a number".into(),
        ValueSchema::Duration(_) => "a duration in quotes, such as \"30s\"".into(),
        ValueSchema::Size => "a size in quotes, such as \"64MiB\"".into(),
        ValueSchema::Minute => "a time of day in quotes, such as \"08:00\"".into(),
        ValueSchema::Days => "days in quotes, such as \"mon-fri\"".into(),
        ValueSchema::Zone => "a time zone in quotes, such as \"Europe/Berlin\"".into(),
        ValueSchema::Network => "a network in quotes, such as \"10.0.0.0/8\"".into(),
        ValueSchema::List(..) => "a list".into(),
        ValueSchema::Map(..) | ValueSchema::Table(_) => "a table".into(),
        ValueSchema::Either(one, other) => format!("{} or {}", wanted(one), wanted(other)),
    }
}

/// Returns how a value of the wrong type may be corrected.
pub(super) fn mend(schema: &ValueSchema, node: &RawNode) -> Option<String> {
    match (schema, &node.value) {
        (ValueSchema::Duration(_), RawValue::Whole(0)) => Some("write \"0s\"".into()),
        (ValueSchema::Duration(_), RawValue::Whole(number)) => {
            let number = u64::try_from(*number).ok().filter(|number| *number <= LONGEST_MS)?;
            let seconds = duration_text(number.saturating_mul(1000));
            let ms = duration_text(number);
            Some(format!("durations have a unit: \"{seconds}\" if these are seconds, \"{ms}\" if milliseconds"))
        }
        (ValueSchema::Size, RawValue::Whole(number)) => {
            let bytes = u64::try_from(*number).ok()?;
            Some(format!("sizes have a unit: \"{}\" if these are bytes", size_text(bytes)))
        }
        (ValueSchema::Flag | ValueSchema::Yes, RawValue::Text(text)) if text == "true" || text == "false" => {
            Some(format!("without quotes: {text}"))
        }
        (ValueSchema::Whole(..) | ValueSchema::Number, RawValue::Text(text)) if text.parse::<f64>().is_ok() => {
            Some(format!("without quotes: {}", visible_word(text)))
        }
        (ValueSchema::List(..), RawValue::Text(text)) => Some(format!("in brackets: [{:?}]", visible_word(text))),
        (ValueSchema::List(ValueSchema::Table(table), _), RawValue::Table(_)) => {
            Some(format!("begin {} with double brackets, such as [[{}]]", table.what, table.id))
        }
        _ => None,
    }
}

/// Returns what is wrong with a value of the right type, and how to correct it.
pub(super) fn value_error(schema: &ValueSchema, node: &RawNode) -> Option<(String, Option<String>)> {
    let plain = |what: String| Some((what, None));
    match (schema, &node.value) {
        (ValueSchema::Yes, RawValue::Flag(false)) => {
            Some(("can only be `true`".into(), Some("leave it out instead".into())))
        }
        (ValueSchema::Whole(least, most), RawValue::Whole(number)) if !(least..=most).contains(&number) => {
            plain(format!("is from {least} to {most}"))
        }
        (ValueSchema::Number, RawValue::Number(number)) if !number.is_finite() => plain("is a finite number".into()),
        (schema, RawValue::Text(text)) => text_error(schema, text),
        _ => None,
    }
}

fn text_error(schema: &ValueSchema, text: &str) -> Option<(String, Option<String>)> {
    let chars = text.chars().count();
    if text.is_empty() {
        return Some(("is empty".into(), Some("leave it out, or say something".into())));
    }
    if chars > TEXT_CHARS {
        return Some((format!("has {chars} characters, and may have {TEXT_CHARS}"), None));
    }
    if !matches!(schema, ValueSchema::Text | ValueSchema::Expression) && text.chars().any(char::is_control) {
        return Some(("has a control character".into(), None));
    }
    let unless = |fine: bool, help: &str| -> Option<(String, Option<String>)> {
        (!fine).then(|| (format!("cannot be \"{}\"", visible_word(text)), Some(help.to_owned())))
    };
    match schema {
        ValueSchema::Name => {
            unless(is_name(text), "names are small letters, digits and `-`, such as \"docker-on-production\"")
        }
        ValueSchema::Identifier => {
            unless(is_identifier(text), "it is letters, digits and `_`, and does not begin with a digit")
        }
        ValueSchema::Word(words) => (!words.contains(&text))
            .then(|| (format!("cannot be \"{}\"", visible_word(text)), hint(text, words.iter().copied()))),
        ValueSchema::Duration(least_ms) => duration_error(text, *least_ms),
        ValueSchema::Size => {
            unless(size_bytes(text).is_some_and(|bytes| bytes > 0), "write a size as \"512KiB\", \"64MiB\", \"10GiB\"")
        }
        ValueSchema::Minute => {
            unless(time_of_day::minute(text).is_some(), "write a time of day as \"08:00\", from \"00:00\" to \"24:00\"")
        }
        ValueSchema::Days => unless(time_of_day::days(text).is_some(), "write days as \"mon-fri\", \"sat,sun\""),
        ValueSchema::Zone => zone::find(text).err().map(|meant| {
            let help = meant.unwrap_or_else(|| "write its IANA name, such as \"Europe/Berlin\"".into());
            (format!("is no time zone: \"{}\"", visible_word(text)), Some(help))
        }),
        ValueSchema::Network => {
            text.parse::<Network>().err().map(|why| (format!("is no network: {}", visible_word(&why)), None))
        }
        ValueSchema::Expression => {
            Expression::compile(text).err().map(|why| (format!("cannot be evaluated: {why}"), None))
        }
        _ => None,
    }
}

fn duration_error(text: &str, least_ms: u64) -> Option<(String, Option<String>)> {
    match duration_ms(text) {
        Some(ms) if ms >= least_ms => None,
        Some(_) => Some((format!("is at least \"{}\"", duration_text(least_ms)), None)),
        None => Some((
            format!("cannot be \"{}\"", visible_word(text)),
            Some("write a duration as \"30s\", \"10m\", \"2h\", \"7d\", \"1h30m\"".into()),
        )),
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
