//! Settings as canonical JSON: keys sorted, no spaces, so that equal settings are equal text.

use toml::{
    Spanned,
    de::{DeString, DeTable, DeValue},
};

use crate::diagnostic::ManifestDiagnostic;

/// Returns the table as a JSON object. `text` is the manifest, for errors.
pub(crate) fn to_json(table: &DeTable<'_>, text: &str) -> Result<String, ManifestDiagnostic> {
    let mut out = String::new();
    push_table(&mut out, table, text)?;
    Ok(out)
}

fn push_table(out: &mut String, table: &DeTable<'_>, text: &str) -> Result<(), ManifestDiagnostic> {
    // The parser's map keeps either order, depending on features that other crates may switch on.
    let mut entries: Vec<(&Spanned<DeString<'_>>, &Spanned<DeValue<'_>>)> = table.iter().collect();
    entries.sort_unstable_by(|a, b| a.0.get_ref().cmp(b.0.get_ref()));
    out.push('{');
    for (nth, (key, value)) in entries.into_iter().enumerate() {
        if nth > 0 {
            out.push(',');
        }
        push_string(out, key.get_ref());
        out.push(':');
        push_value(out, value, text)?;
    }
    out.push('}');
    Ok(())
}

fn push_value(out: &mut String, value: &Spanned<DeValue<'_>>, text: &str) -> Result<(), ManifestDiagnostic> {
    let refuse = |what: String| Err(ManifestDiagnostic::at(text, value.span(), what));
    match value.get_ref() {
        DeValue::String(string) => push_string(out, string),
        DeValue::Boolean(true) => out.push_str("true"),
        DeValue::Boolean(false) => out.push_str("false"),
        DeValue::Datetime(time) => push_string(out, &time.to_string()),
        DeValue::Integer(number) => match i64::from_str_radix(number.as_str(), number.radix()) {
            Ok(number) => out.push_str(&number.to_string()),
            Err(_) => return refuse(format!("`{number}` does not fit into 64 bits: write it as a string")),
        },
        DeValue::Float(number) => match number.as_str().parse::<f64>().map(serde_json::Number::from_f64) {
            Ok(Some(number)) => out.push_str(&number.to_string()),
            _ => return refuse(format!("`{number}` has no form in JSON: write it as a string, or leave it out")),
        },
        DeValue::Array(items) => {
            out.push('[');
            for (nth, item) in items.iter().enumerate() {
                if nth > 0 {
                    out.push(',');
                }
                push_value(out, item, text)?;
            }
            out.push(']');
        }
        DeValue::Table(table) => push_table(out, table, text)?,
    }
    Ok(())
}

fn push_string(out: &mut String, string: &str) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    out.push('"');
    for char in string.chars() {
        match char {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            control if control < ' ' => {
                let byte = control as usize;
                out.push_str("\\u00");
                out.push(HEX[byte >> 4] as char);
                out.push(HEX[byte & 15] as char);
            }
            other => out.push(other),
        }
    }
    out.push('"');
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn json(text: &str) -> Result<String, ManifestDiagnostic> {
        to_json(DeTable::parse(text).unwrap().get_ref(), text)
    }

    #[test]
    fn every_kind_of_value_has_a_form() {
        let text = concat!(
            "b = [1, 0x10, -3, 1.0, 2.5e300]\n",
            "a = {z = true, y = \"q\\\"\\u0001\\n\"}\n",
            "at = 2026-11-24T04:01:19Z\nday = 2026-11-24\n",
            "[[c]]\nx = 1\n[[c]]\n",
        );
        let json = json(text).unwrap();
        assert_eq!(
            json,
            r#"{"a":{"y":"q\"\u0001\n","z":true},"at":"2026-11-24T04:01:19Z","b":[1,16,-3,1.0,2.5e+300],"c":[{"x":1},{}],"day":"2026-11-24"}"#
        );
    }

    #[test]
    fn what_json_cannot_say_is_refused_where_it_stands() {
        let error = json("a = 1\nb = [1.0, nan]\n").unwrap_err();
        assert_eq!((error.line, error.column), (2, 11));
        assert!(json("a = inf\n").unwrap_err().what.contains("no form in JSON"));
        assert!(json("a = 99999999999999999999\n").unwrap_err().what.contains("64 bits"));
    }

    proptest! {
        #[test]
        fn strings_are_what_serde_json_reads(string in any::<String>()) {
            let mut out = String::new();
            push_string(&mut out, &string);
            prop_assert_eq!(serde_json::from_str::<String>(&out).unwrap(), string);
        }
    }
}
