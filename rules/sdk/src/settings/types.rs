//! The types that settings can have.

use std::collections::BTreeMap;

use super::reader::{SettingType, SettingsReader};
use crate::{Criticality, Impact, duration::Duration, json::JsonValue};

/// Returns what `read` makes of a value, or refuses it.
fn read_or_refuse<T: SettingType>(
    value: &JsonValue<'_>,
    reader: &mut SettingsReader,
    read: impl FnOnce(&JsonValue<'_>) -> Option<T>,
) -> Option<T> {
    let read = read(value);
    if read.is_none() {
        reader.refuse(value, T::KIND);
    }
    read
}

/// One reader for all types of numbers keeps modules small.
#[inline(never)]
fn whole(value: &JsonValue<'_>) -> Option<i128> {
    let JsonValue::Number(number) = value else { return None };
    let (digits, is_negative) = number.strip_prefix('-').map_or((*number, false), |digits| (digits, true));
    let mut read = None;
    for digit in digits.bytes() {
        let digit = digit.is_ascii_digit().then(|| u64::from(digit - b'0'))?;
        read = Some(read.unwrap_or(0u64).checked_mul(10)?.checked_add(digit)?);
    }
    let read = i128::from(read?);
    Some(if is_negative { -read } else { read })
}

macro_rules! whole_numbers {
    ($($type:ty: $kind:literal),*) => {
        $(impl SettingType for $type {
            const KIND: &'static str = $kind;

            fn read(value: &JsonValue<'_>, reader: &mut SettingsReader) -> Option<Self> {
                read_or_refuse(value, reader, |value| whole(value)?.try_into().ok())
            }
        })*
    };
}

whole_numbers! {
    u32: "a whole number, not below 0",
    u64: "a whole number, not below 0",
    i64: "a whole number"
}

impl SettingType for f64 {
    const KIND: &'static str = "a number";

    fn read(value: &JsonValue<'_>, reader: &mut SettingsReader) -> Option<Self> {
        read_or_refuse(value, reader, |value| match value {
            JsonValue::Number(number) => decimal(number),
            _ => None,
        })
    }
}

/// Returns a decimal number of at most 15 digits, which is exact; the library's own reader of floats is larger than
/// most rules.
fn decimal(text: &str) -> Option<f64> {
    const TENS: [f64; 23] = [
        1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19,
        1e20, 1e21, 1e22,
    ];
    let (digits, is_negative) = text.strip_prefix('-').map_or((text, false), |digits| (digits, true));
    let (digits, exponent) = digits.split_once(['e', 'E']).unwrap_or((digits, "0"));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let exponent = exponent.parse::<i32>().ok()? - i32::try_from(fraction.len()).ok()?;
    let number = [whole, fraction].concat().parse::<u64>().ok().filter(|number| *number < 1_000_000_000_000_000)?;
    let ten = *TENS.get(exponent.unsigned_abs() as usize)?;
    let number = if exponent < 0 { number as f64 / ten } else { number as f64 * ten };
    Some(if is_negative { -number } else { number })
}

impl SettingType for bool {
    const KIND: &'static str = "true or false";

    fn read(value: &JsonValue<'_>, reader: &mut SettingsReader) -> Option<Self> {
        read_or_refuse(value, reader, |value| match value {
            JsonValue::Bool(is) => Some(*is),
            _ => None,
        })
    }
}

impl SettingType for String {
    const KIND: &'static str = "a text";

    fn read(value: &JsonValue<'_>, reader: &mut SettingsReader) -> Option<Self> {
        read_or_refuse(value, reader, |value| value.as_str().map(str::to_owned))
    }
}

impl SettingType for Duration {
    const KIND: &'static str = "a length of time such as \"5m\" or \"1h30m\"";

    fn read(value: &JsonValue<'_>, reader: &mut SettingsReader) -> Option<Self> {
        read_or_refuse(value, reader, |value| value.as_str().and_then(Self::parse))
    }
}

impl<T: SettingType> SettingType for Option<T> {
    const KIND: &'static str = T::KIND;
    const OPTIONAL: bool = true;

    fn read(value: &JsonValue<'_>, reader: &mut SettingsReader) -> Option<Self> {
        T::read(value, reader).map(Some)
    }

    fn absent() -> Option<Self> {
        Some(None)
    }
}

impl<T: SettingType> SettingType for Vec<T> {
    const KIND: &'static str = "a list";

    fn read(value: &JsonValue<'_>, reader: &mut SettingsReader) -> Option<Self> {
        let JsonValue::List(values) = value else {
            reader.refuse(value, Self::KIND);
            return None;
        };
        // All are read, so that all mistakes are found.
        let read: Vec<Option<T>> = values.iter().map(|value| T::read(value, reader)).collect();
        read.into_iter().collect()
    }
}

impl<T: SettingType> SettingType for BTreeMap<String, T> {
    const KIND: &'static str = "a table";

    fn read(value: &JsonValue<'_>, reader: &mut SettingsReader) -> Option<Self> {
        let JsonValue::Table(entries) = value else {
            reader.refuse(value, Self::KIND);
            return None;
        };
        let mut read = Some(Self::new());
        for (key, value) in entries {
            let value = reader.within(key, &mut |reader| T::read(value, reader));
            read = read.zip(value).map(|(mut read, value)| {
                read.insert(key.clone().into_owned(), value);
                read
            });
        }
        read
    }
}

/// Names and values in the order of the names: a map for settings, which takes a tenth of the code of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table<T>(pub Vec<(String, T)>);

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> Table<T> {
    /// Returns the value under a name.
    pub fn get(&self, name: &str) -> Option<&T> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value)
    }
}

impl<T: SettingType> SettingType for Table<T> {
    const KIND: &'static str = "a table";

    fn read(value: &JsonValue<'_>, reader: &mut SettingsReader) -> Option<Self> {
        let JsonValue::Table(entries) = value else {
            reader.refuse(value, Self::KIND);
            return None;
        };
        let (mut read, mut is_whole) = (Vec::<(String, T)>::new(), true);
        for (key, value) in entries {
            let Some(value) = reader.within(key, &mut |reader| T::read(value, reader)) else {
                is_whole = false;
                continue;
            };
            let key: &str = key;
            match read.binary_search_by(|(known, _)| known.as_str().cmp(key)) {
                Ok(at) => read[at].1 = value,
                Err(at) => read.insert(at, (key.to_owned(), value)),
            }
        }
        is_whole.then_some(Self(read))
    }
}

/// One value or a list of values: `"error"`, `["error", "fatal"]`. Numbers and booleans are read as text,
/// because fields and properties are text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Values(pub Vec<String>);

impl SettingType for Values {
    const KIND: &'static str = "a text or a list of texts";

    fn read(value: &JsonValue<'_>, reader: &mut SettingsReader) -> Option<Self> {
        let values = match value {
            JsonValue::List(values) => values,
            value => std::slice::from_ref(value),
        };
        let mut texts = Vec::new();
        for one in values {
            let Some(text) = text_of(one) else {
                reader.refuse(value, Self::KIND);
                return None;
            };
            texts.push(text.to_owned());
        }
        Some(Self(texts))
    }
}

/// Returns a value that can be a text.
fn text_of<'v>(value: &'v JsonValue<'_>) -> Option<&'v str> {
    match value {
        JsonValue::Text(text) => Some(text),
        JsonValue::Number(number) if !number.bytes().any(|byte| matches!(byte, b'.' | b'e' | b'E')) => Some(number),
        JsonValue::Bool(true) => Some("true"),
        JsonValue::Bool(false) => Some("false"),
        _ => None,
    }
}

/// Returns which of these texts a value is.
#[inline(never)]
fn chosen(value: &JsonValue<'_>, reader: &mut SettingsReader, kind: &str, names: &[&str]) -> Option<usize> {
    let found = value.as_str().and_then(|text| names.iter().position(|name| *name == text));
    if found.is_none() {
        reader.refuse(value, kind);
    }
    found
}

impl SettingType for Criticality {
    const KIND: &'static str = "\"information\", \"warning\", \"immediate\" or \"critical\"";

    fn read(value: &JsonValue<'_>, reader: &mut SettingsReader) -> Option<Self> {
        match chosen(value, reader, Self::KIND, &["information", "warning", "immediate", "critical"])? {
            0 => Some(Self::Information),
            1 => Some(Self::Warning),
            2 => Some(Self::Immediate),
            _ => Some(Self::Critical),
        }
    }
}

impl SettingType for Impact {
    const KIND: &'static str = "\"health\", \"risk\" or \"efficiency\"";

    fn read(value: &JsonValue<'_>, reader: &mut SettingsReader) -> Option<Self> {
        match chosen(value, reader, Self::KIND, &["health", "risk", "efficiency"])? {
            0 => Some(Self::Health),
            1 => Some(Self::Risk),
            _ => Some(Self::Efficiency),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read<T: SettingType>(text: &str) -> Option<T> {
        T::read(&JsonValue::parse(text).unwrap(), &mut SettingsReader::default())
    }

    #[test]
    fn values_are_one_text_or_many() {
        let values = |text| read::<Values>(text).map(|values| values.0.join("|"));
        assert_eq!(values(r#""a""#).as_deref(), Some("a"));
        assert_eq!(values(r#"["a", 5, true]"#).as_deref(), Some("a|5|true"));
        for none in ["{}", r#"[["a"]]"#, "1.5", "null"] {
            assert_eq!(values(none), None, "{none}");
        }
    }

    #[test]
    fn decimals_are_what_the_library_reads() {
        for text in ["0", "4", "-2.5", "0.1", "123456.789", "1e3", "2.5E-3", "999999999999999", "0.000000000000001"] {
            assert_eq!(read::<f64>(text), text.parse().ok(), "{text}");
        }
        for none in ["1000000000000000", "1e40", "1e", "-", "1.2.3"] {
            assert_eq!(decimal(none), None, "{none}");
        }
    }

    #[test]
    fn tables_are_in_the_order_of_their_names() {
        let table = read::<Table<u32>>(r#"{"b": 1, "a": 2, "b": 3}"#).unwrap();
        assert_eq!(table.0, [("a".to_owned(), 2), ("b".to_owned(), 3)]);
        assert_eq!((table.get("b"), table.get("c")), (Some(&3), None));
        assert_eq!((read::<Table<u32>>("[]"), read::<Table<u32>>(r#"{"a": "x", "b": 1}"#)), (None, None));
    }

    crate::settings! {
        /// All kinds of settings.
        struct Sample {
            /// A number.
            #[name("for")]
            #[max(10)]
            number: u32 = 3,
            /// It has
            /// two lines.
            must_be: Values,
            tables: BTreeMap<String, Vec<i64>> = {},
            maybe: Option<Criticality>,
        }
    }

    #[test]
    fn settings_are_read_and_declared() {
        use super::super::RuleSettings as _;

        let sample = Sample::from_json(r#"{"must-be": "x", "tables": {"a": [1, -2]}, "maybe": "critical"}"#).unwrap();
        assert_eq!((sample.number, sample.must_be.0), (3, vec!["x".to_owned()]));
        assert_eq!((sample.tables["a"].as_slice(), sample.maybe), (&[1, -2][..], Some(Criticality::Critical)));
        let mistakes = Sample::from_json(r#"{"for": 11, "tables": {"a": ["b", {}]}, "maybe": 1, "fore": 1, "u": 2}"#);
        let expected = "`fore` is no setting of this rule; did you mean `for`?\n\
             `u` is no setting of this rule; it has `for`, `must-be`, `tables`, `maybe`\n\
             `for` is 11: give a whole number of at most 10\n\
             `must-be` is missing: give a text or a list of texts\n\
             `tables.a` is \"b\": give a whole number\n\
             `tables.a` is a table: give a whole number\n\
             `maybe` is 1: give \"information\", \"warning\", \"immediate\" or \"critical\"";
        assert_eq!(mistakes.err().as_deref(), Some(expected));
        assert_eq!(Sample::from_json("[]").err().as_deref(), Some("the settings are no JSON object"));
        let declared: Vec<_> = Sample::SETTINGS.iter().map(|spec| spec.setting()).collect();
        assert_eq!((declared[0].default.as_deref(), declared[0].required), (Some("3"), false));
        assert_eq!((declared[1].summary.as_str(), declared[1].required), ("It has two lines.", true));
        assert_eq!((declared[2].default.as_deref(), declared[3].required), (Some("{}"), false));
    }
}
