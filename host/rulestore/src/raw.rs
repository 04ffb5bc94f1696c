//! A manifest as it is written: known keys and right types, values not checked yet.

use std::ops::Range;

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use lifesigns_text::{hint, nearest, visible_word};

use crate::diagnostic::ManifestDiagnostic;

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

/// A value and its position in the text.
pub(crate) struct SpannedValue<T> {
    pub(crate) value: T,
    pub(crate) span: Range<usize>,
}

/// The keys of a manifest.
#[derive(Default)]
pub(crate) struct RawManifest<'a> {
    pub(crate) module: Option<SpannedValue<&'a str>>,
    pub(crate) enabled: Option<bool>,
    pub(crate) grants: Option<Vec<SpannedValue<&'a str>>>,
    pub(crate) settings: Option<&'a DeTable<'a>>,
    pub(crate) limits: RawLimits,
}

/// The keys of its `[limits]`.
#[derive(Default)]
pub(crate) struct RawLimits {
    pub(crate) deadline_ms: Option<SpannedValue<i64>>,
    pub(crate) memory_bytes: Option<SpannedValue<i64>>,
    pub(crate) alerts_per_event: Option<SpannedValue<i64>>,
    pub(crate) alert_bytes: Option<SpannedValue<i64>>,
    pub(crate) cpu_ms_per_s: Option<SpannedValue<i64>>,
    pub(crate) alerts_per_s: Option<SpannedValue<i64>>,
    pub(crate) alert_bytes_per_s: Option<SpannedValue<i64>>,
    pub(crate) state_bytes: Option<SpannedValue<i64>>,
    pub(crate) object_state_bytes: Option<SpannedValue<i64>>,
    pub(crate) state_bytes_per_s: Option<SpannedValue<i64>>,
    pub(crate) log_lines_per_s: Option<SpannedValue<i64>>,
}

impl<'a> RawManifest<'a> {
    /// Reads the keys of `table`, which was parsed from `text`.
    pub(crate) fn read(table: &'a DeTable<'a>, text: &str) -> Result<Self, ManifestDiagnostic> {
        let mut raw = Self::default();
        for (key, value) in table {
            match key.get_ref().as_ref() {
                "module" => raw.module = Some(string(text, "module", value)?),
                "enabled" => raw.enabled = Some(boolean(text, value)?),
                "grants" => raw.grants = Some(strings(text, value)?),
                "settings" => raw.settings = Some(inner(text, "settings", value)?),
                "limits" => raw.limits = RawLimits::read(inner(text, "limits", value)?, text)?,
                unknown => return Err(ManifestDiagnostic::at(text, key.span(), unknown_key(unknown))),
            }
        }
        Ok(raw)
    }
}

impl RawLimits {
    fn read(table: &DeTable<'_>, text: &str) -> Result<Self, ManifestDiagnostic> {
        let mut raw = Self::default();
        for (key, value) in table {
            let name = key.get_ref().as_ref();
            let slot = match name {
                "deadline-ms" => &mut raw.deadline_ms,
                "memory-bytes" => &mut raw.memory_bytes,
                "alerts-per-event" => &mut raw.alerts_per_event,
                "alert-bytes" => &mut raw.alert_bytes,
                "cpu-ms-per-s" => &mut raw.cpu_ms_per_s,
                "alerts-per-s" => &mut raw.alerts_per_s,
                "alert-bytes-per-s" => &mut raw.alert_bytes_per_s,
                "state-bytes" => &mut raw.state_bytes,
                "object-state-bytes" => &mut raw.object_state_bytes,
                "state-bytes-per-s" => &mut raw.state_bytes_per_s,
                "log-lines-per-s" => &mut raw.log_lines_per_s,
                unknown => {
                    let hint = hint(unknown, LIMIT_KEYS).unwrap_or_default();
                    return Err(ManifestDiagnostic::at(
                        text,
                        key.span(),
                        format!("unknown limit `{}`: {hint}", visible_word(unknown)),
                    ));
                }
            };
            let size = name.contains("-bytes");
            *slot = Some(if size { bytes(text, name, value)? } else { integer(text, name, value)? });
        }
        Ok(raw)
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

fn wrong(text: &str, value: &Spanned<DeValue<'_>>, name: &str, wanted: &str) -> ManifestDiagnostic {
    let kind = value.get_ref().type_str();
    ManifestDiagnostic::at(text, value.span(), format!("`{name}` is {wanted}, and this is of type {kind}"))
}

fn string<'a>(
    text: &str,
    name: &str,
    value: &'a Spanned<DeValue<'a>>,
) -> Result<SpannedValue<&'a str>, ManifestDiagnostic> {
    match value.get_ref().as_str() {
        Some(string) => Ok(SpannedValue { value: string, span: value.span() }),
        None => Err(wrong(text, value, name, "a string, such as \"keyword.wasm\"")),
    }
}

fn boolean(text: &str, value: &Spanned<DeValue<'_>>) -> Result<bool, ManifestDiagnostic> {
    value.get_ref().as_bool().ok_or_else(|| wrong(text, value, "enabled", "true or false"))
}

fn strings<'a>(text: &str, value: &'a Spanned<DeValue<'a>>) -> Result<Vec<SpannedValue<&'a str>>, ManifestDiagnostic> {
    let wanted = "a list of strings, such as [\"state\", \"log\"]; [] grants nothing";
    let items = value.get_ref().as_array().ok_or_else(|| wrong(text, value, "grants", wanted))?;
    let one = |item: &'a Spanned<DeValue<'a>>| match item.get_ref().as_str() {
        Some(string) => Ok(SpannedValue { value: string, span: item.span() }),
        None => Err(wrong(text, item, "grants", wanted)),
    };
    items.iter().map(one).collect()
}

fn inner<'a>(text: &str, name: &str, value: &'a Spanned<DeValue<'a>>) -> Result<&'a DeTable<'a>, ManifestDiagnostic> {
    let wanted = format!("a table: begin it with a line [{name}]");
    value.get_ref().as_table().ok_or_else(|| wrong(text, value, name, &wanted))
}

fn integer(text: &str, name: &str, value: &Spanned<DeValue<'_>>) -> Result<SpannedValue<i64>, ManifestDiagnostic> {
    let number = value.get_ref().as_integer().ok_or_else(|| wrong(text, value, name, "a whole number"))?;
    // A number over 64 bits is over every bound as well.
    let value_or_max = i64::from_str_radix(number.as_str(), number.radix()).unwrap_or(i64::MAX);
    Ok(SpannedValue { value: value_or_max, span: value.span() })
}

/// Reads a number of bytes, or a size with its unit.
fn bytes(text: &str, name: &str, value: &Spanned<DeValue<'_>>) -> Result<SpannedValue<i64>, ManifestDiagnostic> {
    let Some(written) = value.get_ref().as_str() else { return integer(text, name, value) };
    let Some(size) = lifesigns_text::size_bytes(written) else {
        let what = format!("`{name}` cannot be \"{}\"; write a size as \"512KiB\", \"64MiB\"", visible_word(written));
        return Err(ManifestDiagnostic::at(text, value.span(), what));
    };
    Ok(SpannedValue { value: i64::try_from(size).unwrap_or(i64::MAX), span: value.span() })
}
