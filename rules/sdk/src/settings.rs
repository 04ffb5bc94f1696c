//! Types of settings that several rules share, with errors that a person can act on.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{Error, SeqAccess, Visitor},
};

use crate::{Criticality, Impact};

/// A length of time, written with its unit out of `ms s m h d w y`: `500ms`, `60s`, `5m`, `1h`, `7d`,
/// `1h30m`. A year has 365 days. The host's files and flags read the same grammar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Duration {
    ms: u64,
}

impl Duration {
    /// Makes a duration of milliseconds.
    pub const fn from_ms(ms: u64) -> Self {
        Self { ms }
    }

    /// Makes a duration of seconds.
    pub const fn from_secs(secs: u64) -> Self {
        Self { ms: secs * 1000 }
    }

    /// Returns it in milliseconds.
    pub const fn ms(self) -> u64 {
        self.ms
    }

    /// Returns it in nanoseconds, the unit of event times.
    pub const fn ns(self) -> u64 {
        self.ms * 1_000_000
    }

    /// Parses `5m`, `5 m` or `1h30m`. Returns `None` for anything else, and for more than 100 years.
    pub fn parse(text: &str) -> Option<Self> {
        const MOST_MS: u64 = 100 * 365 * 86_400_000;
        let mut rest = text.trim();
        let mut ms = 0u64;
        if rest.is_empty() {
            return None;
        }
        while !rest.is_empty() {
            let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
            let number: u64 = rest[..digits].parse().ok()?;
            let tail = rest[digits..].trim_start();
            let unit = tail.bytes().take_while(u8::is_ascii_alphabetic).count();
            let factor = match &tail[..unit] {
                "ms" => 1,
                "s" => 1000,
                "m" => 60_000,
                "h" => 3_600_000,
                "d" => 86_400_000,
                "w" => 7 * 86_400_000,
                "y" => 365 * 86_400_000,
                _ => return None,
            };
            ms = number.checked_mul(factor)?.checked_add(ms).filter(|ms| *ms <= MOST_MS)?;
            rest = tail[unit..].trim_start();
        }
        Some(Self { ms })
    }
}

/// Writes it as it is parsed: `5m`, `1h30m`.
impl fmt::Display for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = self.ms;
        for (unit, ms) in [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1)] {
            if rest >= ms {
                write!(f, "{}{unit}", rest / ms)?;
                rest %= ms;
            }
        }
        if self.ms == 0 { f.write_str("0s") } else { Ok(()) }
    }
}

impl<'de> Deserialize<'de> for Duration {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;

        impl Visitor<'_> for Text {
            type Value = Duration;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a length of time in quotes and with its unit, such as \"60s\", \"5m\" or \"1h\"")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Duration, E> {
                Duration::parse(text).ok_or_else(|| E::invalid_value(serde::de::Unexpected::Str(text), &self))
            }
        }

        deserializer.deserialize_any(Text)
    }
}

/// One value or a list of values: `"error"`, `["error", "fatal"]`. Numbers and booleans are read as text,
/// because fields and properties are text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Values(pub Vec<String>);

impl<'de> Deserialize<'de> for Values {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(OneOrMany { nested: false })
    }
}

struct OneOrMany {
    nested: bool,
}

/// A value inside a list: a list inside a list is refused.
struct One(String);

impl<'de> Deserialize<'de> for One {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut values = deserializer.deserialize_any(OneOrMany { nested: true })?;
        Ok(Self(values.0.pop().unwrap_or_default()))
    }
}

impl<'de> Visitor<'de> for OneOrMany {
    type Value = Values;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.nested { "a text" } else { "a text or a list of texts" })
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Values, E> {
        Ok(Values(vec![text.to_owned()]))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Values, E> {
        Ok(Values(vec![number.to_string()]))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Values, E> {
        Ok(Values(vec![number.to_string()]))
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Values, E> {
        Ok(Values(vec![value.to_string()]))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Values, A::Error> {
        if self.nested {
            return Err(A::Error::invalid_type(serde::de::Unexpected::Seq, &self));
        }
        let mut values = Vec::new();
        while let Some(One(value)) = list.next_element()? {
            values.push(value);
        }
        Ok(Values(values))
    }
}

impl<'de> Deserialize<'de> for Criticality {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        const NAMES: &[&str] = &["information", "warning", "immediate", "critical"];
        let values = [Self::Information, Self::Warning, Self::Immediate, Self::Critical];
        deserializer.deserialize_str(Word(NAMES)).map(|which| values[which])
    }
}

impl<'de> Deserialize<'de> for Impact {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        const NAMES: &[&str] = &["health", "risk", "efficiency"];
        let values = [Self::Health, Self::Risk, Self::Efficiency];
        deserializer.deserialize_str(Word(NAMES)).map(|which| values[which])
    }
}

/// Reads one of these words, as its index. A visitor, so that serde knows the position of a bad one.
struct Word(&'static [&'static str]);

impl Visitor<'_> for Word {
    type Value = usize;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "one of `{}`", self.0.join("`, `"))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<usize, E> {
        self.0.iter().position(|name| *name == text).ok_or_else(|| E::unknown_variant(text, self.0))
    }
}

/// Refuses a symptom id, or another name, that is not kebab-case.
///
/// # Errors
/// Returns a text that names `setting` and the fix.
pub fn check_kebab(setting: &str, value: &str) -> Result<(), String> {
    let fine =
        |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    if value.len() <= 64 && value.split('-').all(fine) {
        return Ok(());
    }
    Err(format!(
        "`{setting}` is `{value}`: use lower-case letters and digits with single hyphens between (at most 64), such as `out-of-memory`"
    ))
}

/// Returns the path of the setting at which reading `settings` (JSON) failed, such as `fields.level`;
/// `None` at the top. `line` and `column` count from 1, as serde_json reports them.
pub(crate) fn path_at(settings: &str, line: usize, column: usize) -> Option<String> {
    let start: usize = settings.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    let end = (start + column).min(settings.len());
    let bytes = &settings.as_bytes()[..end];
    // One key for each open brace; lists are passed through.
    let mut keys: Vec<Option<&[u8]>> = Vec::new();
    let mut text: Option<&[u8]> = None;
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            b'"' => {
                let from = at + 1;
                at = from;
                while at < bytes.len() && bytes[at] != b'"' {
                    at += if bytes[at] == b'\\' { 2 } else { 1 };
                }
                text = Some(&bytes[from..at.min(bytes.len())]);
            }
            b':' => {
                if let Some(key) = keys.last_mut() {
                    *key = text;
                }
            }
            b'{' => keys.push(None),
            // An error about what is missing from a table is reported at its closing brace.
            b'}' => {
                keys.pop();
            }
            _ => {}
        }
        at += 1;
    }
    let path: Vec<_> = keys.iter().flatten().map(|key| String::from_utf8_lossy(key)).collect();
    (!path.is_empty()).then(|| path.join("."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        let ms = |text| Duration::parse(text).map(Duration::ms);
        // The host reads the same table.
        for line in include_str!("../../../tests/grammar/durations.txt").lines().filter(|line| !line.starts_with('#')) {
            let (text, expected) = line.rsplit_once(' ').unwrap();
            assert_eq!(ms(text.trim().trim_matches('"')), expected.parse().ok(), "{line}");
        }
        assert_eq!(Duration::from_secs(5400).to_string(), "1h30m");
        assert_eq!(Duration::from_ms(0).to_string(), "0s");
    }

    #[test]
    fn values() {
        let read = |text: &str| serde_json::from_str::<Values>(text).map(|values| values.0.join("|"));
        assert_eq!(read(r#""a""#).unwrap(), "a");
        assert_eq!(read(r#"["a", 5, true]"#).unwrap(), "a|5|true");
        assert!(read("{}").unwrap_err().to_string().contains("a text or a list of texts"));
        assert!(read(r#"[["a"]]"#).unwrap_err().to_string().contains("expected a text"));
    }

    #[test]
    fn the_path_of_an_error() {
        let settings = "{\n  \"contains\": [\"a:{\\\"\"],\n  \"fields\": {\"level\": {}}\n}";
        assert_eq!(path_at(settings, 3, 22).as_deref(), Some("fields.level"));
        assert_eq!(path_at(settings, 2, 14).as_deref(), Some("contains"));
        assert_eq!(path_at(settings, 4, 1), None);
        assert_eq!(path_at(settings, 40, 1), None);
    }

    #[test]
    fn names() {
        assert!(check_kebab("symptom", "out-of-memory2").is_ok());
        for bad in ["", "Out", "a--b", "-a", "a_b", "ä"] {
            assert!(check_kebab("symptom", bad).unwrap_err().starts_with("`symptom`"), "{bad}");
        }
    }
}
