//! Reads settings from JSON and gathers what is wrong with them.

use super::{nearest::nearest, spec::SettingSpec};
use crate::{json::JsonValue, text::joined};

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
        let before = self.path.len();
        // What depends on the type is small, because it is there for each setting.
        let found = match self.found(spec, table) {
            None => T::absent(),
            Some(Found::Given(value)) => T::read(value, self),
            Some(Found::Default(value)) => T::read(&value, self),
        };
        self.path.truncate(before);
        found
    }

    /// Returns what is given for a setting, or its default, and makes it the present place. If it must be given and is
    /// not, that is noted.
    #[inline(never)]
    fn found<'v>(&mut self, spec: &SettingSpec, table: &'v JsonValue<'v>) -> Option<Found<'v>> {
        let name = spec.key();
        self.enter(&name);
        if let Some(value) = table.get(&name) {
            return Some(Found::Given(value));
        }
        let default = spec.default().and_then(JsonValue::parse);
        if default.is_none() && !spec.optional {
            let mistake = format!("`{}` is missing: give {}", self.path, spec.kind);
            self.mistakes.push(mistake);
        }
        default.map(Found::Default)
    }

    /// Refuses a value that is given and less than the declared minimum, or more than the maximum.
    pub fn bounded<T: SettingType + PartialOrd>(
        &mut self,
        value: Option<T>,
        spec: &SettingSpec,
        table: &JsonValue<'_>,
    ) -> Option<T> {
        let read = value?;
        let is_less = bound(spec.min()).is_some_and(|min: T| read < min);
        let is_more = bound(spec.max()).is_some_and(|max: T| read > max);
        if (is_less || is_more) && self.refuse_given(spec, table) { None } else { Some(read) }
    }

    /// Refuses the value of a setting. Returns whether one is given.
    #[inline(never)]
    fn refuse_given(&mut self, spec: &SettingSpec, table: &JsonValue<'_>) -> bool {
        let name = spec.key();
        let Some(given) = table.get(&name) else { return false };
        let before = self.enter(&name);
        self.refuse(given, &spec.wanted());
        self.path.truncate(before);
        true
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
                None => format!("it has `{}`", joined(&mut names.iter().map(String::as_str), "`, `")),
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
            _ => Err(joined(&mut self.mistakes.iter().map(String::as_str), "\n")),
        }
    }
}

/// What is read for a setting.
enum Found<'v> {
    Given(&'v JsonValue<'v>),
    Default(JsonValue<'v>),
}

#[inline(never)]
fn bound<T: SettingType>(text: Option<&str>) -> Option<T> {
    T::read(&JsonValue::parse(text?)?, &mut SettingsReader::default())
}

/// Returns a value as it was written, or what it is.
fn shown(value: &JsonValue<'_>) -> String {
    match value {
        JsonValue::Null => "null".to_owned(),
        JsonValue::Bool(true) => "true".to_owned(),
        JsonValue::Bool(false) => "false".to_owned(),
        JsonValue::Number(number) => (*number).to_owned(),
        JsonValue::Text(text) => {
            let end = text.char_indices().nth(SHOWN_CHARS).map(|(at, _)| at);
            let mut shown = "\"".to_owned();
            shown.push_str(end.and_then(|end| text.get(..end)).unwrap_or(text));
            shown.push_str(if end.is_some() { "…\"" } else { "\"" });
            shown
        }
        JsonValue::List(_) => "a list".to_owned(),
        JsonValue::Table(_) => "a table".to_owned(),
    }
}
