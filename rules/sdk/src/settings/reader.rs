//! Reads settings from JSON and gathers what is wrong with them.

use super::{nearest::nearest, spec::SettingSpec};
use crate::json::JsonValue;

/// Most of a wrong value that a mistake repeats.
const SHOWN_CHARS: usize = 60;

/// A type that a setting can have.
pub trait SettingType: Sized {
    /// What is written for it, as it follows "give": `a whole number`.
    const KIND: &'static str;
    /// It may be left out.
    const OPTIONAL: bool = false;

    /// Reads it; `None` after [`SettingsReader::refuse`].
    fn read(value: &JsonValue<'_>, reader: &mut SettingsReader) -> Option<Self>;

    /// Returns what it is when it is left out; `None` if it must be given.
    fn absent() -> Option<Self> {
        None
    }
}

/// The place that is being read, and the mistakes until now. Each is a line that begins with the path of its setting
/// in backquotes, as the contract asks for.
#[derive(Debug, Default)]
pub struct SettingsReader {
    path: String,
    mistakes: Vec<String>,
}

impl SettingsReader {
    /// Reads what stands under `name` within the present place.
    pub fn within<T>(&mut self, name: &str, read: &mut dyn FnMut(&mut Self) -> Option<T>) -> Option<T> {
        let before = self.enter(name);
        let value = read(self);
        self.path.truncate(before);
        value
    }

    /// Makes `name` within the present place the present place. Returns the length of the path before.
    #[inline(never)]
    fn enter(&mut self, name: &str) -> usize {
        let before = self.path.len();
        if before > 0 {
            self.path.push('.');
        }
        self.path.push_str(name);
        before
    }

    /// Notes that the value of the present place is not what is wanted: `wanted` follows "give ".
    #[inline(never)]
    pub fn refuse(&mut self, value: &JsonValue<'_>, wanted: &str) {
        let mistake = format!("`{}` is {}: give {wanted}", self.path, shown(value));
        self.mistakes.push(mistake);
    }

    /// Reads a declared setting of a table.
    pub fn setting<T: SettingType>(&mut self, spec: &SettingSpec, table: &JsonValue<'_>) -> Option<T> {
        let name = spec.key();
        let default;
        let value = match table.get(&name) {
            Some(value) => value,
            None => match spec.default() {
                Some(text) => {
                    default = JsonValue::parse(text)?;
                    &default
                }
                None => {
                    let absent = T::absent();
                    if absent.is_none() {
                        self.missing(&name, spec);
                    }
                    return absent;
                }
            },
        };
        self.within(&name, &mut |reader| T::read(value, reader))
    }

    #[inline(never)]
    fn missing(&mut self, name: &str, spec: &SettingSpec) {
        let before = self.enter(name);
        let mistake = format!("`{}` is missing: give {}", self.path, spec.kind);
        self.mistakes.push(mistake);
        self.path.truncate(before);
    }

    /// Refuses a value that is given and less than the declared minimum, or more than the maximum.
    pub fn bounded<T: SettingType + PartialOrd>(
        &mut self,
        value: Option<T>,
        spec: &SettingSpec,
        table: &JsonValue<'_>,
    ) -> Option<T> {
        let name = spec.key();
        let (Some(given), Some(read)) = (table.get(&name), &value) else { return value };
        let bound = |text: Option<&str>| T::read(&JsonValue::parse(text?)?, &mut Self::default());
        let is_less = bound(spec.min()).is_some_and(|min| *read < min);
        if is_less || bound(spec.max()).is_some_and(|max| *read > max) {
            let before = self.enter(&name);
            self.refuse(given, &spec.wanted());
            self.path.truncate(before);
            return None;
        }
        value
    }

    /// Notes keys of a table that no setting has.
    #[inline(never)]
    pub fn unknown_keys(&mut self, table: &JsonValue<'_>, specs: &[SettingSpec]) {
        let JsonValue::Table(entries) = table else { return };
        let names: Vec<String> = specs.iter().map(SettingSpec::key).collect();
        for (key, _) in entries.iter().filter(|(key, _)| !names.iter().any(|name| name == key)) {
            let hint = match nearest(key, names.iter().map(String::as_str)) {
                Some(name) => format!("did you mean `{name}`?"),
                None if names.is_empty() => "it has none".to_owned(),
                None => format!("it has `{}`", names.join("`, `")),
            };
            let before = self.enter(key);
            let mistake = format!("`{}` is no setting of this rule; {hint}", self.path);
            self.mistakes.push(mistake);
            self.path.truncate(before);
        }
    }

    /// Returns the value, or all mistakes, a line each.
    ///
    /// # Errors
    /// There are mistakes.
    pub(super) fn finish<T>(self, value: Option<T>) -> Result<T, String> {
        match value {
            Some(value) if self.mistakes.is_empty() => Ok(value),
            _ => Err(self.mistakes.join("\n")),
        }
    }
}

/// Returns a value as it was written, or what it is.
fn shown(value: &JsonValue<'_>) -> String {
    match value {
        JsonValue::Null => "null".to_owned(),
        JsonValue::Bool(is) => is.to_string(),
        JsonValue::Number(number) => (*number).to_owned(),
        JsonValue::Text(text) if text.chars().nth(SHOWN_CHARS).is_some() => {
            format!("\"{}…\"", text.chars().take(SHOWN_CHARS).collect::<String>())
        }
        JsonValue::Text(text) => format!("\"{text}\""),
        JsonValue::List(_) => "a list".to_owned(),
        JsonValue::Table(_) => "a table".to_owned(),
    }
}
