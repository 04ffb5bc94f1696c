//! A manifest as it was typed: known keys, right types, nothing judged yet.

use std::ops::Range;

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use lifesigns_text::{hint, nearest, visible_word};

use crate::flaw::Flaw;

const KEYS: [&str; 5] = ["module", "enabled", "grants", "settings", "limits"];
const LIMIT_KEYS: [&str; 11] = [
    "deadline-ms",
    "memory-bytes",
    "alerts-per-event",
    "alert-bytes",
    "cpu-ms-per-s",
    "alerts-per-s",
    "alert-bytes-per-s",
    "state-bytes",
    "object-state-bytes",
    "state-bytes-per-s",
    "log-lines-per-s",
];

/// A value and where it stands.
pub(crate) struct At<T> {
    pub(crate) value: T,
    pub(crate) span: Range<usize>,
}

/// The keys of a manifest.
#[derive(Default)]
pub(crate) struct Typed<'a> {
    pub(crate) module: Option<At<&'a str>>,
    pub(crate) enabled: Option<bool>,
    pub(crate) grants: Option<Vec<At<&'a str>>>,
    pub(crate) settings: Option<&'a DeTable<'a>>,
    pub(crate) limits: TypedLimits,
}

/// The keys of its `[limits]`.
#[derive(Default)]
pub(crate) struct TypedLimits {
    pub(crate) deadline_ms: Option<At<i64>>,
    pub(crate) memory_bytes: Option<At<i64>>,
    pub(crate) alerts_per_event: Option<At<i64>>,
    pub(crate) alert_bytes: Option<At<i64>>,
    pub(crate) cpu_ms_per_s: Option<At<i64>>,
    pub(crate) alerts_per_s: Option<At<i64>>,
    pub(crate) alert_bytes_per_s: Option<At<i64>>,
    pub(crate) state_bytes: Option<At<i64>>,
    pub(crate) object_state_bytes: Option<At<i64>>,
    pub(crate) state_bytes_per_s: Option<At<i64>>,
    pub(crate) log_lines_per_s: Option<At<i64>>,
}

impl<'a> Typed<'a> {
    /// Reads `table`, which was parsed from `text`.
    pub(crate) fn read(table: &'a DeTable<'a>, text: &str) -> Result<Self, Flaw> {
        let mut typed = Self::default();
        for (key, value) in table {
            match key.get_ref().as_ref() {
                "module" => typed.module = Some(string(text, "module", value)?),
                "enabled" => typed.enabled = Some(boolean(text, value)?),
                "grants" => typed.grants = Some(strings(text, value)?),
                "settings" => typed.settings = Some(inner(text, "settings", value)?),
                "limits" => typed.limits = TypedLimits::read(inner(text, "limits", value)?, text)?,
                unknown => return Err(Flaw::at(text, key.span(), unknown_key(unknown))),
            }
        }
        Ok(typed)
    }
}

impl TypedLimits {
    fn read(table: &DeTable<'_>, text: &str) -> Result<Self, Flaw> {
        let mut typed = Self::default();
        for (key, value) in table {
            let name = key.get_ref().as_ref();
            let slot = match name {
                "deadline-ms" => &mut typed.deadline_ms,
                "memory-bytes" => &mut typed.memory_bytes,
                "alerts-per-event" => &mut typed.alerts_per_event,
                "alert-bytes" => &mut typed.alert_bytes,
                "cpu-ms-per-s" => &mut typed.cpu_ms_per_s,
                "alerts-per-s" => &mut typed.alerts_per_s,
                "alert-bytes-per-s" => &mut typed.alert_bytes_per_s,
                "state-bytes" => &mut typed.state_bytes,
                "object-state-bytes" => &mut typed.object_state_bytes,
                "state-bytes-per-s" => &mut typed.state_bytes_per_s,
                "log-lines-per-s" => &mut typed.log_lines_per_s,
                unknown => {
                    let hint = hint(unknown, LIMIT_KEYS).unwrap_or_default();
                    return Err(Flaw::at(
                        text,
                        key.span(),
                        format!("unknown limit `{}`: {hint}", visible_word(unknown)),
                    ));
                }
            };
            let size = name.contains("-bytes");
            *slot = Some(if size { bytes(text, name, value)? } else { integer(text, name, value)? });
        }
        Ok(typed)
    }
}

fn unknown_key(unknown: &str) -> String {
    let hint = if let Some(limit) = nearest(unknown, LIMIT_KEYS) {
        format!("`{limit}` belongs into [limits]")
    } else if nearest(unknown, KEYS).is_some() {
        hint(unknown, KEYS).unwrap_or_default()
    } else {
        format!(
            "{}; what the rule itself wants to know belongs into [settings]",
            hint(unknown, KEYS).unwrap_or_default()
        )
    };
    format!("unknown key `{}`: {hint}", visible_word(unknown))
}

fn wrong(text: &str, value: &Spanned<DeValue<'_>>, name: &str, wanted: &str) -> Flaw {
    let kind = value.get_ref().type_str();
    Flaw::at(text, value.span(), format!("`{name}` is {wanted}, and this is of type {kind}"))
}

fn string<'a>(text: &str, name: &str, value: &'a Spanned<DeValue<'a>>) -> Result<At<&'a str>, Flaw> {
    match value.get_ref().as_str() {
        Some(string) => Ok(At { value: string, span: value.span() }),
        None => Err(wrong(text, value, name, "a string, such as \"keyword.wasm\"")),
    }
}

fn boolean(text: &str, value: &Spanned<DeValue<'_>>) -> Result<bool, Flaw> {
    value.get_ref().as_bool().ok_or_else(|| wrong(text, value, "enabled", "true or false"))
}

fn strings<'a>(text: &str, value: &'a Spanned<DeValue<'a>>) -> Result<Vec<At<&'a str>>, Flaw> {
    let wanted = "a list of strings, such as [\"state\", \"log\"]; [] grants nothing";
    let items = value.get_ref().as_array().ok_or_else(|| wrong(text, value, "grants", wanted))?;
    let one = |item: &'a Spanned<DeValue<'a>>| match item.get_ref().as_str() {
        Some(string) => Ok(At { value: string, span: item.span() }),
        None => Err(wrong(text, item, "grants", wanted)),
    };
    items.iter().map(one).collect()
}

fn inner<'a>(text: &str, name: &str, value: &'a Spanned<DeValue<'a>>) -> Result<&'a DeTable<'a>, Flaw> {
    let wanted = format!("a table: begin it with a line [{name}]");
    value.get_ref().as_table().ok_or_else(|| wrong(text, value, name, &wanted))
}

fn integer(text: &str, name: &str, value: &Spanned<DeValue<'_>>) -> Result<At<i64>, Flaw> {
    let number = value.get_ref().as_integer().ok_or_else(|| wrong(text, value, name, "a whole number"))?;
    // A number over 64 bits is over every bound as well.
    let value_or_max = i64::from_str_radix(number.as_str(), number.radix()).unwrap_or(i64::MAX);
    Ok(At { value: value_or_max, span: value.span() })
}

/// A number of bytes, or a size with its unit.
fn bytes(text: &str, name: &str, value: &Spanned<DeValue<'_>>) -> Result<At<i64>, Flaw> {
    let Some(written) = value.get_ref().as_str() else { return integer(text, name, value) };
    let Some(size) = lifesigns_text::size_bytes(written) else {
        let what = format!("`{name}` cannot be \"{}\"; write a size as \"512KiB\", \"64MiB\"", visible_word(written));
        return Err(Flaw::at(text, value.span(), what));
    };
    Ok(At { value: i64::try_from(size).unwrap_or(i64::MAX), span: value.span() })
}
