//! Declarations of settings: the macro, and what it declares.

use super::{reader::SettingsReader, spec::SettingSpec};
use crate::json::JsonValue;

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

/// Declares the settings of a rule: a struct whose fields are settings, with their defaults. See
/// [`settings`](crate::settings!).
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
