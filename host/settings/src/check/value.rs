//! What is wrong with one value, and how to mend it.

use lifesigns_compliance::Expression;
use lifesigns_notifications::config::Network;

use crate::{
    node::{Node, Value},
    shape::{NAME_CHARS, Shape, TEXT_CHARS},
    suggest::{hint, shown},
    units, zone,
};

/// Whether the TOML type is right.
pub(super) fn fits(shape: &Shape, node: &Node) -> bool {
    match shape {
        Shape::Flag | Shape::Yes => matches!(node.value, Value::Flag(_)),
        Shape::Whole(..) => matches!(node.value, Value::Whole(_)),
        Shape::Number => matches!(node.value, Value::Whole(_) | Value::Number(_)),
        Shape::List(..) => matches!(node.value, Value::List(_)),
        Shape::Map(..) | Shape::Table(_) => matches!(node.value, Value::Table(_)),
        Shape::Either(one, other) => fits(one, node) || fits(other, node),
        _ => matches!(node.value, Value::Text(_)),
    }
}

/// What a value of this shape is, for a person.
pub(super) fn wanted(shape: &Shape) -> String {
    match shape {
        Shape::Text => "a text in quotes".into(),
        Shape::Path => "a path in quotes".into(),
        Shape::Name => "a name in quotes".into(),
        Shape::Pattern => "a name in quotes, `*` for any run".into(),
        Shape::Identifier => "an identifier".into(),
        Shape::Expression => "an expression in quotes".into(),
        Shape::Word(words) => format!("one of {}", quoted(words)),
        Shape::Flag => "`true` or `false`".into(),
        Shape::Yes => "`true`".into(),
        Shape::Whole(..) => "a whole number".into(),
        Shape::Number => "a number".into(),
        Shape::Duration(_) => "a duration in quotes, such as \"30s\"".into(),
        Shape::Size => "a size in quotes, such as \"64MiB\"".into(),
        Shape::Minute => "a time of day in quotes, such as \"08:00\"".into(),
        Shape::Days => "days in quotes, such as \"mon-fri\"".into(),
        Shape::Zone => "a time zone in quotes, such as \"Europe/Berlin\"".into(),
        Shape::Network => "a network in quotes, such as \"10.0.0.0/8\"".into(),
        Shape::List(..) => "a list".into(),
        Shape::Map(..) | Shape::Table(_) => "a table".into(),
        Shape::Either(one, other) => format!("{} or {}", wanted(one), wanted(other)),
    }
}

/// How a value of the wrong type may be mended.
pub(super) fn mend(shape: &Shape, node: &Node) -> Option<String> {
    match (shape, &node.value) {
        (Shape::Duration(_), Value::Whole(0)) => Some("write \"0s\"".into()),
        (Shape::Duration(_), Value::Whole(number)) => {
            let number = u64::try_from(*number).ok().filter(|number| *number <= units::LONGEST_MS)?;
            let (seconds, ms) = (units::duration_text(number.saturating_mul(1000)), units::duration_text(number));
            Some(format!("durations have a unit: \"{seconds}\" if these are seconds, \"{ms}\" if milliseconds"))
        }
        (Shape::Size, Value::Whole(number)) => {
            let bytes = u64::try_from(*number).ok()?;
            Some(format!("sizes have a unit: \"{}\" if these are bytes", units::size_text(bytes)))
        }
        (Shape::Flag | Shape::Yes, Value::Text(text)) if text == "true" || text == "false" => {
            Some(format!("without quotes: {text}"))
        }
        (Shape::Whole(..) | Shape::Number, Value::Text(text)) if text.parse::<f64>().is_ok() => {
            Some(format!("without quotes: {}", shown(text)))
        }
        (Shape::List(..), Value::Text(text)) => Some(format!("in brackets: [{:?}]", shown(text))),
        (Shape::List(Shape::Table(table), _), Value::Table(_)) => {
            Some(format!("begin {} with double brackets, such as [[{}]]", table.what, table.id))
        }
        _ => None,
    }
}

/// What is wrong with a value of the right type, and how to mend it.
pub(super) fn flaw(shape: &Shape, node: &Node) -> Option<(String, Option<String>)> {
    let plain = |what: String| Some((what, None));
    match (shape, &node.value) {
        (Shape::Yes, Value::Flag(false)) => Some(("can only be `true`".into(), Some("leave it out instead".into()))),
        (Shape::Whole(least, most), Value::Whole(number)) if !(least..=most).contains(&number) => {
            plain(format!("is from {least} to {most}"))
        }
        (Shape::Number, Value::Number(number)) if !number.is_finite() => plain("is a finite number".into()),
        (shape, Value::Text(text)) => text_flaw(shape, text),
        _ => None,
    }
}

fn text_flaw(shape: &Shape, text: &str) -> Option<(String, Option<String>)> {
    let chars = text.chars().count();
    if text.is_empty() {
        return Some(("is empty".into(), Some("leave it out, or say something".into())));
    }
    if chars > TEXT_CHARS {
        return Some((format!("has {chars} characters, and may have {TEXT_CHARS}"), None));
    }
    if !matches!(shape, Shape::Text | Shape::Expression) && text.chars().any(char::is_control) {
        return Some(("has a control character".into(), None));
    }
    let unless = |fine: bool, help: &str| -> Option<(String, Option<String>)> {
        (!fine).then(|| (format!("cannot be \"{}\"", shown(text)), Some(help.to_owned())))
    };
    match shape {
        Shape::Name => {
            unless(is_name(text), "names are small letters, digits and `-`, such as \"docker-on-production\"")
        }
        Shape::Identifier => {
            unless(is_identifier(text), "it is letters, digits and `_`, and does not begin with a digit")
        }
        Shape::Word(words) => (!words.contains(&text))
            .then(|| (format!("cannot be \"{}\"", shown(text)), hint(text, words.iter().copied()))),
        Shape::Duration(least_ms) => duration_flaw(text, *least_ms),
        Shape::Size => unless(
            units::size_bytes(text).is_some_and(|bytes| bytes > 0),
            "write a size as \"512KiB\", \"64MiB\", \"10GiB\"",
        ),
        Shape::Minute => {
            unless(units::minute(text).is_some(), "write a time of day as \"08:00\", from \"00:00\" to \"24:00\"")
        }
        Shape::Days => unless(units::days(text).is_some(), "write days as \"mon-fri\", \"sat,sun\""),
        Shape::Zone => zone::find(text).err().map(|meant| {
            let help = meant.unwrap_or_else(|| "write its IANA name, such as \"Europe/Berlin\"".into());
            (format!("is no time zone: \"{}\"", shown(text)), Some(help))
        }),
        Shape::Network => text.parse::<Network>().err().map(|why| (format!("is no network: {}", shown(&why)), None)),
        Shape::Expression => Expression::compile(text).err().map(|why| (format!("cannot be evaluated: {why}"), None)),
        _ => None,
    }
}

fn duration_flaw(text: &str, least_ms: u64) -> Option<(String, Option<String>)> {
    match units::duration_ms(text) {
        Some(ms) if ms >= least_ms => None,
        Some(_) => Some((format!("is at least \"{}\"", units::duration_text(least_ms)), None)),
        None => Some((
            format!("cannot be \"{}\"", shown(text)),
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
