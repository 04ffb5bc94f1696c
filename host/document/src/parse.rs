//! Parses TOML and JSON texts into raw trees.

use std::collections::HashSet;

use lifesigns_text::visible_word;
use serde_json::value::RawValue as JsonText;
use toml::{
    Spanned,
    de::{DeArray, DeTable, DeValue},
};

use crate::{
    check::Checker,
    json::{self, JsonMembers},
    raw::{RawEntry, RawNode, RawValue},
    source_text::TextSpan,
};

/// Parses the text number `source` as TOML. Its mistakes are reported without their lines, because these may
/// hold a secret.
pub fn parse_toml(source: usize, check: &mut Checker<'_>) -> Option<RawNode> {
    let text = check.sources.get(source).text.clone();
    let (table, errors) = DeTable::parse_recoverable(&text);
    for error in &errors {
        let at = TextSpan::new(source, error.span().unwrap_or(0..0));
        check.error_masked(&at, format!("this is no TOML: {}", error.message()), None);
    }
    if !errors.is_empty() {
        return None;
    }
    let at = TextSpan::new(source, table.span());
    Some(RawNode { at, value: toml_table(table.into_inner(), source) })
}

/// Parses a single value of TOML, such as `["a", "b"]`.
///
/// # Errors
/// What the parser says of it.
pub fn parse_toml_value(text: &str, source: usize) -> Result<RawNode, String> {
    let value = DeValue::parse(text).map_err(|error| error.message().to_owned())?;
    Ok(toml_value(value, source))
}

fn toml_value(value: Spanned<DeValue<'_>>, source: usize) -> RawNode {
    let at = TextSpan::new(source, value.span());
    let value = match value.into_inner() {
        DeValue::String(text) => RawValue::Text(text.into_owned()),
        DeValue::Integer(whole) => integer(whole.as_str(), whole.radix()),
        DeValue::Float(number) => RawValue::Number(number.as_str().parse().unwrap_or(f64::NAN)),
        DeValue::Boolean(flag) => RawValue::Bool(flag),
        DeValue::Datetime(time) => RawValue::Time(time.to_string()),
        DeValue::Array(items) => RawValue::List(toml_items(items, source)),
        DeValue::Table(table) => toml_table(table, source),
    };
    RawNode { at, value }
}

fn toml_items(items: DeArray<'_>, source: usize) -> Vec<RawNode> {
    items.into_iter().map(|item| toml_value(item, source)).collect()
}

fn toml_table(table: DeTable<'_>, source: usize) -> RawValue {
    let mut entries = Vec::with_capacity(table.len());
    for (key, value) in table {
        let at = TextSpan::new(source, key.span());
        entries.push(RawEntry { key: key.into_inner().into_owned(), at, node: toml_value(value, source) });
    }
    // The parser's map is in another order.
    entries.sort_by_key(|entry| entry.at.start());
    RawValue::Table(entries)
}

fn integer(digits: &str, radix: u32) -> RawValue {
    if let Ok(number) = i64::from_str_radix(digits, radix) {
        return RawValue::Integer(number);
    }
    match u128::from_str_radix(digits, radix) {
        Ok(number) => RawValue::Huge(number.to_string()),
        Err(_) => RawValue::Huge(digits.to_owned()),
    }
}

/// The most levels of lists and objects in JSON.
const JSON_DEPTH: usize = 64;

/// Parses the text number `source` as JSON. Keys that occur twice are mistakes, as in TOML.
pub fn parse_json(source: usize, check: &mut Checker<'_>) -> Option<RawNode> {
    let text = check.sources.get(source).text.clone();
    match serde_json::from_str::<&JsonText>(&text) {
        Ok(whole) => JsonTree { text: &text, source, check }.value(whole, 0),
        Err(error) => {
            // A parser that takes the text apart says more exactly what is wrong than one that skips it.
            let error = serde_json::from_str::<serde_json::Value>(&text).err().unwrap_or(error);
            let at = check.sources.bytes_from(source, error.line(), error.column());
            json_error(&error, &at, check);
            None
        }
    }
}

fn json_error(error: &serde_json::Error, at: &TextSpan, check: &mut Checker<'_>) {
    let text = error.to_string();
    let place = format!(" at line {} column {}", error.line(), error.column());
    let what = text.strip_suffix(&place).unwrap_or(&text);
    check.error(at, format!("this is no JSON: {what}"), None);
}

/// Makes a tree of a text that is valid JSON but for escapes and the size of numbers.
struct JsonTree<'t, 'c, 'd> {
    text: &'t str,
    source: usize,
    check: &'c mut Checker<'d>,
}

impl JsonTree<'_, '_, '_> {
    /// Returns the tree of a part of the text, which is within `depth` lists and objects.
    fn value(&mut self, part: &JsonText, depth: usize) -> Option<RawNode> {
        let at = TextSpan::new(self.source, json::range(part, self.text));
        if depth > JSON_DEPTH {
            self.check.error(&at, format!("this nests deeper than {JSON_DEPTH} levels"), None);
            return None;
        }
        let value = match part.get().as_bytes().first() {
            Some(b'{') => self.members(part, depth),
            Some(b'[') => self.items(part, depth),
            _ => json::scalar(part),
        };
        match value {
            Ok(value) => Some(RawNode { at, value }),
            Err(error) => {
                json_error(&error, &at, self.check);
                None
            }
        }
    }

    fn items(&mut self, part: &JsonText, depth: usize) -> serde_json::Result<RawValue> {
        let items: Vec<&JsonText> = serde_json::from_str(part.get())?;
        Ok(RawValue::List(items.into_iter().filter_map(|item| self.value(item, depth + 1)).collect()))
    }

    fn members(&mut self, part: &JsonText, depth: usize) -> serde_json::Result<RawValue> {
        let JsonMembers(members) = serde_json::from_str(part.get())?;
        let mut entries = Vec::with_capacity(members.len());
        let mut seen = HashSet::new();
        for (key, value) in members {
            let at = TextSpan::new(self.source, json::range(key, self.text));
            let key: String = serde_json::from_str(key.get())?;
            if !seen.insert(key.clone()) {
                let message = format!("`{}` is set twice", visible_word(&key));
                self.check.error(&at, message, Some("keep one".to_owned()));
            } else if let Some(node) = self.value(value, depth + 1) {
                entries.push(RawEntry { key, at, node });
            }
        }
        Ok(RawValue::Table(entries))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{diagnostics::DiagnosticSink, source_text::SourceTexts};

    type Parse = fn(usize, &mut Checker<'_>) -> Option<RawNode>;

    fn parsed(parse: Parse, text: &str) -> Result<RawNode, String> {
        let mut sources = SourceTexts::default();
        let source = sources.add("x", text.to_owned());
        let mut diagnostics = DiagnosticSink::default();
        let root = parse(source, &mut Checker { sources: &sources, diagnostics: &mut diagnostics });
        match root {
            Some(root) if diagnostics.is_empty() => Ok(root),
            _ => Err(diagnostics.finish(sources).to_string()),
        }
    }

    fn shape(node: &RawNode) -> String {
        match &node.value {
            RawValue::List(items) => format!("{:?}", items.iter().map(shape).collect::<Vec<_>>()),
            RawValue::Table(entries) => {
                let entry = |entry: &RawEntry| format!("{:?}@{}={}", entry.key, entry.at.start(), shape(&entry.node));
                format!("{{{}}}", entries.iter().map(entry).collect::<Vec<_>>().join(" "))
            }
            value => format!("{value:?}@{}..{}", node.at.start(), node.at.end()),
        }
    }

    #[test]
    fn values_have_their_spans_in_both_formats() {
        let root = parsed(parse_json, r#" {"b": [1, -2.5, null], "a\u0041": "ü\n", "c": {"d": true}} "#).unwrap();
        assert_eq!(
            shape(&root),
            r#"{"b"@2=["Integer(1)@8..9", "Number(-2.5)@11..15", "Null@17..21"] "aA"@24=Text("ü\n")@35..41 "#
                .to_owned()
                + r#""c"@43={"d"@49=Bool(true)@54..58}}"#
        );
        let root = parsed(parse_toml, "b = 0xff\na = 18446744073709551615\nt = 2026-11-24\n").unwrap();
        assert_eq!(
            shape(&root),
            r#"{"b"@0=Integer(255)@4..8 "a"@9=Huge("18446744073709551615")@13..33 "t"@34=Time("2026-11-24")@38..48}"#
        );
        let root = parsed(parse_json, "[18446744073709551615]").unwrap();
        assert_eq!(root.items()[0].number(), Some(18_446_744_073_709_551_615.0));
    }

    #[test]
    fn what_is_no_json_says_where() {
        for (text, what) in [
            ("{\n \"a\": 1,\n}", "x:3:1: this is no JSON: trailing comma"),
            ("[1] 2", "x:1:5: this is no JSON: trailing characters"),
            ("", "x:1:1: this is no JSON: EOF while parsing a value"),
            (r#"{"a": [1, "\ud800"]}"#, "x:1:11: this is no JSON: unexpected end of hex escape"),
            (
                r#"{"a": 1, "a": 2, "b": {"c": 0, "c": 0}}"#,
                "x:1:10: `a` is set twice; keep one\nx:1:32: `c` is set twice; keep one",
            ),
        ] {
            assert_eq!(parsed(parse_json, text).unwrap_err(), what, "{text}");
        }
        let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        assert_eq!(parsed(parse_json, &deep).unwrap_err(), "x:1:66: this nests deeper than 64 levels");
    }

    proptest! {
        #[test]
        fn json_reads_as_serde_json_reads_it(text in "[\\[\\]{}:,\"a1.\\-e \\\\u0d8]{0,24}") {
            let known = serde_json::from_str::<serde_json::Value>(&text);
            let ours = parsed(parse_json, &text);
            let is_twice = matches!(&ours, Err(why) if why.contains("twice"));
            prop_assert!(known.is_ok() == ours.is_ok() || is_twice, "{:?} {:?}", known, ours);
        }
    }
}
