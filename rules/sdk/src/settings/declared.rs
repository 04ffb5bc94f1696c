//! Declarations of settings: the macro, and what it declares.

use super::reader::SettingsReader;
use crate::{bindings::Setting, json::JsonValue};

/// The settings of a rule; [`settings!`](crate::settings!) makes a type that has this. `()` is for rules without any.
pub trait RuleSettings: Sized {
    /// What may be set.
    const SETTINGS: &'static [SettingSpec];

    /// Reads the settings from a table; `None` after a mistake, which `reader` has.
    fn read_table(table: &JsonValue<'_>, reader: &mut SettingsReader) -> Option<Self>;

    /// Reads settings from a JSON object.
    ///
    /// # Errors
    /// Returns all mistakes, a line each, which begins with the setting.
    fn from_json(text: &str) -> Result<Self, String> {
        let text = if text.trim_ascii().is_empty() { "{}" } else { text };
        let Some(table @ JsonValue::Table(_)) = JsonValue::parse(text) else {
            return Err("the settings are no JSON object".to_owned());
        };
        let mut reader = SettingsReader::default();
        reader.unknown_keys(&table, Self::SETTINGS);
        let settings = Self::read_table(&table, &mut reader);
        reader.finish(settings)
    }
}

impl RuleSettings for () {
    const SETTINGS: &'static [SettingSpec] = &[];

    fn read_table(_: &JsonValue<'_>, _: &mut SettingsReader) -> Option<Self> {
        Some(())
    }
}

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
        self.names.first().copied().unwrap_or_default().replace('_', "-")
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
        match (self.min(), self.max()) {
            (Some(min), Some(max)) => format!("{kind} from {min} to {max}"),
            (Some(min), None) => format!("{kind} of at least {min}"),
            (None, Some(max)) => format!("{kind} of at most {max}"),
            (None, None) => self.kind.to_owned(),
        }
    }

    /// Returns it as the contract has it.
    pub(crate) fn setting(&self) -> Setting {
        Setting {
            name: self.key(),
            kind: self.wanted(),
            default: self.default().map(str::to_owned),
            required: self.default().is_none() && !self.optional,
            summary: self.docs.iter().map(|line| line.trim_ascii()).collect::<Vec<_>>().join(" "),
        }
    }
}

/// Declares the settings of a rule: a struct whose fields are settings, with their defaults. See
/// [`settings`](crate::settings).
///
/// - Documentation is shown by `lifesigns rule inspect`.
/// - `= "1h"` is the default, as it would be written in a manifest. A setting without one must be given, unless its
///   type is an `Option`.
/// - `#[name("for")]` gives it another key than its field's name with hyphens.
/// - `#[min(1)]` and `#[max(4000)]` are bounds, as they would be written in a manifest.
#[macro_export]
macro_rules! settings {
    (
        $(#[$attribute:meta])*
        $visible:vis struct $name:ident {
            $(
                $(#[doc = $doc:literal])*
                $(#[name($key:literal)])?
                $(#[min($min:literal)])?
                $(#[max($max:literal)])?
                $field_visible:vis $field:ident : $type:ty $(= $default:expr)?
            ),* $(,)?
        }
    ) => {
        $(#[$attribute])*
        $visible struct $name {
            $(
                $(#[doc = $doc])*
                $field_visible $field: $type,
            )*
        }

        impl $crate::settings::RuleSettings for $name {
            const SETTINGS: &'static [$crate::settings::SettingSpec] = &[
                $($crate::settings::SettingSpec {
                    names: &[$($key,)? ::core::stringify!($field)],
                    docs: &[$($doc),*],
                    kind: <$type as $crate::settings::SettingType>::KIND,
                    default: &[$(::core::stringify!($default))?],
                    min: &[$(::core::stringify!($min))?],
                    max: &[$(::core::stringify!($max))?],
                    optional: <$type as $crate::settings::SettingType>::OPTIONAL,
                }),*
            ];

            #[allow(unused_mut, unused_variables)]
            fn read_table(
                table: &$crate::json::JsonValue<'_>,
                reader: &mut $crate::settings::SettingsReader,
            ) -> ::core::option::Option<Self> {
                let mut specs = Self::SETTINGS.iter();
                $(
                    let spec = specs.next()?;
                    let $field: ::core::option::Option<$type> = reader.setting(spec, table);
                    $crate::settings!(@bounds $field, spec, table, reader $(, $min)? $(, $max)?);
                )*
                ::core::option::Option::Some(Self { $($field: $field?),* })
            }
        }
    };
    (@bounds $field:ident, $spec:ident, $table:ident, $reader:ident) => {};
    (@bounds $field:ident, $spec:ident, $table:ident, $reader:ident $(, $bound:literal)+) => {
        let $field = $reader.bounded($field, $spec, $table);
    };
}
