//! A declared setting: its key, type, default, bounds and documentation.

use crate::{bindings::Setting, text::joined};

/// A declared setting.
#[derive(Clone, Copy, Debug)]
pub struct SettingSpec {
    /// The name of its field, or its key where they differ.
    #[doc(hidden)]
    pub names: &'static [&'static str],
    /// The lines of its documentation.
    #[doc(hidden)]
    pub docs: &'static [&'static str],
    /// What is written for it: `a whole number`.
    pub kind: &'static str,
    /// The default, the minimum and the maximum as they are written, if there are any.
    #[doc(hidden)]
    pub default: &'static [&'static str],
    #[doc(hidden)]
    pub min: &'static [&'static str],
    #[doc(hidden)]
    pub max: &'static [&'static str],
    /// It may be left out even without a default.
    pub optional: bool,
}

impl SettingSpec {
    /// Returns its key in `[settings]`: `starts-stops` of the field `starts_stops`.
    pub fn key(&self) -> String {
        let mut key = String::new();
        for character in self.names.first().copied().unwrap_or_default().chars() {
            key.push(if character == '_' { '-' } else { character });
        }
        key
    }

    /// Returns what holds without it, as JSON.
    pub fn default(&self) -> Option<&'static str> {
        self.default.first().copied()
    }

    /// Returns the least that is accepted, as JSON.
    pub fn min(&self) -> Option<&'static str> {
        self.min.first().copied()
    }

    /// Returns the most that is accepted, as JSON.
    pub fn max(&self) -> Option<&'static str> {
        self.max.first().copied()
    }

    /// Returns what is written for it, with its bounds.
    pub(super) fn wanted(&self) -> String {
        // The bounds say it better.
        let kind = self.kind.strip_suffix(", not below 0").unwrap_or(self.kind);
        let parts: [&str; 5] = match (self.min(), self.max()) {
            (Some(min), Some(max)) => [kind, " from ", min, " to ", max],
            (Some(min), None) => [kind, " of at least ", min, "", ""],
            (None, Some(max)) => [kind, " of at most ", max, "", ""],
            (None, None) => [self.kind, "", "", "", ""],
        };
        joined(&mut parts.into_iter(), "")
    }

    /// Returns it as the contract has it.
    pub(crate) fn setting(&self) -> Setting {
        Setting {
            name: self.key(),
            kind: self.wanted(),
            default: self.default().map(str::to_owned),
            required: self.default().is_none() && !self.optional,
            summary: joined(&mut self.docs.iter().map(|line| line.trim_ascii()), " "),
        }
    }
}
