//! JSON: where its parts lie in their text, and raw trees as canonical JSON.

use std::{fmt, ops::Range};

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor},
};
use serde_json::{Map, Number, Value, value::RawValue as JsonText};

use crate::{
    check::Checker,
    raw::{RawNode, RawValue},
};

/// The members of a JSON object, in the order of the text.
pub(crate) struct JsonMembers<'t>(pub(crate) Vec<(&'t JsonText, &'t JsonText)>);

impl<'t> Deserialize<'t> for JsonMembers<'t> {
    fn deserialize<D: Deserializer<'t>>(from: D) -> Result<Self, D::Error> {
        struct Members;
        impl<'t> Visitor<'t> for Members {
            type Value = JsonMembers<'t>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'t>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(JsonMembers(members))
            }
        }
        from.deserialize_map(Members)
    }
}

/// Returns where a part of `text` lies in it.
pub(crate) fn range(part: &JsonText, text: &str) -> Range<usize> {
    let start = (part.get().as_ptr() as usize).saturating_sub(text.as_ptr() as usize);
    start..start + part.get().len()
}

/// Returns a value that is no object and no list.
pub(crate) fn scalar(part: &JsonText) -> serde_json::Result<RawValue> {
    Ok(match serde_json::from_str(part.get())? {
        Value::String(text) => RawValue::Text(text),
        Value::Bool(flag) => RawValue::Bool(flag),
        Value::Number(number) => self::number(&number),
        _ => RawValue::Null,
    })
}

fn number(number: &Number) -> RawValue {
    if let Some(whole) = number.as_i64() {
        return RawValue::Integer(whole);
    }
    match number.as_f64() {
        Some(float) if number.is_f64() => RawValue::Number(float),
        _ => RawValue::Huge(number.to_string()),
    }
}

impl RawNode {
    /// Returns the value in canonical JSON: keys sorted, no spaces. What JSON cannot express is reported, and
    /// null instead.
    pub fn canonical_json(&self, check: &mut Checker<'_>) -> String {
        self.json_value(check).to_string()
    }

    fn json_value(&self, check: &mut Checker<'_>) -> Value {
        match &self.value {
            RawValue::Text(text) | RawValue::Time(text) => text.as_str().into(),
            RawValue::Integer(number) => (*number).into(),
            RawValue::Bool(flag) => (*flag).into(),
            RawValue::Null => Value::Null,
            RawValue::Number(number) => {
                if !number.is_finite() {
                    let help = "write it as a text, or leave it out".to_owned();
                    check.error(&self.at, format!("{number} has no form in JSON"), Some(help));
                }
                (*number).into()
            }
            RawValue::Huge(_) => {
                let help = "write it as a text".to_owned();
                check.error(&self.at, "this number does not fit into 64 bits", Some(help));
                Value::Null
            }
            RawValue::List(items) => items.iter().map(|item| item.json_value(check)).collect(),
            RawValue::Table(entries) => {
                let mut sorted: Vec<_> = entries.iter().collect();
                // Whether the map of serde_json sorts depends on features that other crates may switch on.
                sorted.sort_unstable_by(|a, b| a.key.cmp(&b.key));
                let members = sorted.into_iter().map(|entry| (entry.key.clone(), entry.node.json_value(check)));
                Value::Object(members.collect::<Map<_, _>>())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{diagnostics::DiagnosticSink, parse::parse_toml, source_text::SourceTexts};

    fn canonical(text: &str) -> Result<String, String> {
        let mut sources = SourceTexts::default();
        let source = sources.add("a.toml", text.to_owned());
        let mut diagnostics = DiagnosticSink::default();
        let mut check = Checker { sources: &sources, diagnostics: &mut diagnostics };
        let json = parse_toml(source, &mut check).map(|root| root.canonical_json(&mut check)).unwrap_or_default();
        if diagnostics.is_empty() { Ok(json) } else { Err(diagnostics.finish(sources).to_string()) }
    }

    #[test]
    fn every_kind_of_value_has_a_form() {
        let text = concat!(
            "b = [1, 0x10, -3, 1.0, 2.5e300]\n",
            "a = {z = true, y = \"q\\\"\\u0001\\n\\u007fü/\"}\n",
            "at = 2026-11-24T04:01:19Z\nday = 2026-11-24\n",
            "[[c]]\nx = 1\n[[c]]\n",
        );
        let json = concat!(
            r#"{"a":{"y":"q\"\u0001\n"#,
            "\u{7f}ü/",
            r#"","z":true},"at":"2026-11-24T04:01:19Z","b":[1,16,-3,1.0,2.5e+300],"c":[{"x":1},{}],"day":"2026-11-24"}"#
        );
        assert_eq!(canonical(text).as_deref(), Ok(json));
    }

    #[test]
    fn what_json_cannot_say_is_refused_where_it_stands() {
        assert_eq!(
            canonical("a = 1\nb = [1.0, nan, -inf]\nc = 99999999999999999999\n").unwrap_err(),
            "a.toml:2:11: NaN has no form in JSON; write it as a text, or leave it out\n\
             a.toml:2:16: -inf has no form in JSON; write it as a text, or leave it out\n\
             a.toml:3:5: this number does not fit into 64 bits; write it as a text"
        );
    }
}
