//! A manifest: `NAME.toml`, one rule. It is checked here and parsed by `raw`.

use lifesigns_model::Limits;
use lifesigns_text::{hint, visible_word};
use toml::de::DeTable;

use crate::{
    diagnostic::ManifestDiagnostic,
    json,
    raw::{RawLimits, RawManifest, SpannedValue},
};

/// Longest name of a rule.
pub const NAME_BYTES: usize = 128;
/// Longest path of a module in a manifest.
const MODULE_PATH_BYTES: usize = 1024;
const GRANTS: [&str; 2] = ["state", "log"];

/// The content of a manifest, checked.
///
/// ```toml
/// module = "keyword.wasm"      # relative to this file; NAME.wasm beside it if left out
/// enabled = true               # false: known, checked and not run
/// grants = ["state", "log"]    # what the module may import; both if left out, [] is nothing
///
/// [settings]                   # the module's own; handed to it as JSON
/// contains = ["Registering POST, /containers/create"]
///
/// [limits]
/// deadline-ms = 100            # one call, 1 to 60000
/// memory-bytes = 33554432      # linear memory, 64 KiB to 1 GiB
/// alerts-per-event = 16        # 1 to 1024
/// alert-bytes = 16384          # summary and attributes of one alert, 64 bytes to 1 MiB
/// cpu-ms-per-s = 250           # CPU beyond 0.1 ms an event, 1 to 100000
/// alerts-per-s = 1000          # alerts beyond one an event, 1 to 10^9
/// alert-bytes-per-s = 1048576  # bytes of alerts beyond 2 KiB an event, 1 KiB to 1 TiB
/// state-bytes = 67108864       # state over all objects, 64 KiB to 1 TiB
/// object-state-bytes = 8388608 # state on one object, 1 KiB to 1 TiB
/// state-bytes-per-s = 4194304  # changed state beyond 4 KiB an entry, 1 KiB to 1 TiB
/// log-lines-per-s = 100        # lines in the host's log, 1 to 10^6
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    /// The module's file, relative to the manifest; `None` for the one of the same name.
    pub module: Option<String>,
    /// Whether the rule is to run.
    pub enabled: bool,
    /// The interfaces that it may import.
    pub grants: Grants,
    /// The `[settings]` as canonical JSON: keys sorted, no spaces.
    pub settings_json: String,
    /// The limits on what it may use.
    pub limits: Limits,
}

/// The interfaces that a rule may import.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grants {
    /// `lifesigns:rule/state`.
    pub state: bool,
    /// `lifesigns:rule/log`.
    pub log: bool,
}

impl Default for Grants {
    fn default() -> Self {
        Self { state: true, log: true }
    }
}

impl Default for Manifest {
    fn default() -> Self {
        Self {
            module: None,
            enabled: true,
            grants: Grants::default(),
            settings_json: "{}".to_owned(),
            limits: Limits::default(),
        }
    }
}

impl Manifest {
    /// Parses and checks the text of a manifest.
    ///
    /// # Errors
    /// The first mistake in it.
    pub fn parse(text: &str) -> Result<Self, ManifestDiagnostic> {
        let table = DeTable::parse(text).map_err(|error| {
            ManifestDiagnostic::at(text, error.span().unwrap_or(0..0), format!("not TOML: {}", error.message()))
        })?;
        Self::check(&RawManifest::read(table.get_ref(), text)?, text)
    }

    fn check(raw: &RawManifest<'_>, text: &str) -> Result<Self, ManifestDiagnostic> {
        Ok(Self {
            module: raw.module.as_ref().map(|module| check_module(module, text)).transpose()?,
            enabled: raw.enabled.unwrap_or(true),
            grants: raw.grants.as_ref().map_or_else(|| Ok(Grants::default()), |list| check_grants(list, text))?,
            settings_json: raw.settings.map_or_else(|| Ok("{}".to_owned()), |table| json::to_json(table, text))?,
            limits: check_limits(&raw.limits, text)?,
        })
    }
}

fn check_module(module: &SpannedValue<&str>, text: &str) -> Result<String, ManifestDiagnostic> {
    let path = module.value;
    let what = if path.is_empty() {
        "`module` is empty: give the module's file, such as \"keyword.wasm\"".to_owned()
    } else if path.len() > MODULE_PATH_BYTES || path.contains('\0') {
        format!("`module` is not a usable path: at most {MODULE_PATH_BYTES} bytes, without a zero byte")
    } else {
        return Ok(path.to_owned());
    };
    Err(ManifestDiagnostic::at(text, module.span.clone(), what))
}

fn check_grants(list: &[SpannedValue<&str>], text: &str) -> Result<Grants, ManifestDiagnostic> {
    let mut grants = Grants { state: false, log: false };
    for SpannedValue { value, span } in list {
        let slot = match *value {
            "state" => &mut grants.state,
            "log" => &mut grants.log,
            unknown => {
                let what = format!(
                    "no interface `{}` can be granted: {}",
                    visible_word(unknown),
                    hint(unknown, GRANTS).unwrap_or_default()
                );
                return Err(ManifestDiagnostic::at(text, span.clone(), what));
            }
        };
        *slot = true;
    }
    Ok(grants)
}

fn check_limits(raw: &RawLimits, text: &str) -> Result<Limits, ManifestDiagnostic> {
    let bound = |name: &str, given: &Option<SpannedValue<i64>>, default: u64, least: i64, most: i64| match given {
        None => Ok(default),
        Some(SpannedValue { value, .. }) if (least..=most).contains(value) => Ok(*value as u64),
        Some(SpannedValue { value, span }) => {
            let what = format!("`{name}` is {value}, and must be from {least} to {most}");
            Err(ManifestDiagnostic::at(text, span.clone(), what))
        }
    };
    let default = Limits::default();
    let size = |name: &str, given: &Option<SpannedValue<i64>>, default: usize, least: i64, most: i64| {
        Ok::<_, ManifestDiagnostic>(
            usize::try_from(bound(name, given, default as u64, least, most)?).unwrap_or(usize::MAX),
        )
    };
    Ok(Limits {
        deadline_ms: bound("deadline-ms", &raw.deadline_ms, default.deadline_ms, 1, 60_000)?,
        memory_bytes: size("memory-bytes", &raw.memory_bytes, default.memory_bytes, 64 << 10, 1 << 30)?,
        alerts_per_event: size("alerts-per-event", &raw.alerts_per_event, default.alerts_per_event, 1, 1024)?,
        alert_bytes: size("alert-bytes", &raw.alert_bytes, default.alert_bytes, 64, 1 << 20)?,
        cpu_ms_per_s: bound("cpu-ms-per-s", &raw.cpu_ms_per_s, default.cpu_ms_per_s, 1, 100_000)?,
        alerts_per_s: bound("alerts-per-s", &raw.alerts_per_s, default.alerts_per_s, 1, 1_000_000_000)?,
        alert_bytes_per_s: bound(
            "alert-bytes-per-s",
            &raw.alert_bytes_per_s,
            default.alert_bytes_per_s,
            1 << 10,
            1 << 40,
        )?,
        state_bytes: size("state-bytes", &raw.state_bytes, default.state_bytes, 64 << 10, 1 << 40)?,
        object_state_bytes: size(
            "object-state-bytes",
            &raw.object_state_bytes,
            default.object_state_bytes,
            1 << 10,
            1 << 40,
        )?,
        state_bytes_per_s: bound(
            "state-bytes-per-s",
            &raw.state_bytes_per_s,
            default.state_bytes_per_s,
            1 << 10,
            1 << 40,
        )?,
        log_lines_per_s: bound("log-lines-per-s", &raw.log_lines_per_s, default.log_lines_per_s, 1, 1_000_000)?,
    })
}

/// Whether `name` can be a rule's name.
///
/// # Errors
/// The reason, and the fix.
pub fn check_name(name: &str) -> Result<(), String> {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    if name.len() > NAME_BYTES {
        return Err(format!("the name has {} bytes, at most {NAME_BYTES} are allowed: rename the file", name.len()));
    }
    let mut bytes = name.bytes();
    let starts_well = bytes.next().is_some_and(plain);
    if starts_well && bytes.all(|byte| plain(byte) || b"._-".contains(&byte)) {
        return Ok(());
    }
    let mut better: String = name.to_ascii_lowercase();
    better.retain(|char| char.is_ascii_alphanumeric() || " ._-".contains(char));
    let better = better.replace(' ', "-");
    let better = better.trim_start_matches(['.', '_', '-']);
    let fix = if better.is_empty() { String::new() } else { format!(", for example to `{better}`") };
    Err(format!(
        "`{}` cannot be a rule's name: lower-case letters, digits, `.`, `_` and `-`, a letter or digit first: rename \
         the file{fix}",
        visible_word(name)
    ))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_manifest_has_the_defaults() {
        assert_eq!(Manifest::parse("").unwrap(), Manifest::default());
        assert_eq!(Manifest::parse("\u{feff}enabled = true\n").unwrap(), Manifest::default());
    }

    #[test]
    fn every_key_is_taken() {
        let text = "module = \"../m/k.wasm\"\nenabled = false\ngrants = [\"log\"]\n[settings]\nb = 1\na = [\"x\"]\n\
                    [limits]\ndeadline-ms = 5\nmemory-bytes = 65536\nalerts-per-event = 1\nalert-bytes = 100\n\
                    cpu-ms-per-s = 6\nalerts-per-s = 7\nalert-bytes-per-s = 8000\nstate-bytes = 90000\n\
                    object-state-bytes = 1024\nstate-bytes-per-s = 1100\nlog-lines-per-s = 12\n";
        let manifest = Manifest::parse(text).unwrap();
        let limits = Limits {
            deadline_ms: 5,
            memory_bytes: 65536,
            alerts_per_event: 1,
            alert_bytes: 100,
            cpu_ms_per_s: 6,
            alerts_per_s: 7,
            alert_bytes_per_s: 8000,
            state_bytes: 90_000,
            object_state_bytes: 1024,
            state_bytes_per_s: 1100,
            log_lines_per_s: 12,
        };
        let expected = Manifest {
            module: Some("../m/k.wasm".into()),
            enabled: false,
            grants: Grants { state: false, log: true },
            settings_json: r#"{"a":["x"],"b":1}"#.into(),
            limits,
        };
        assert_eq!(manifest, expected);
        let sizes =
            Manifest::parse("[limits]\nmemory-bytes = \"64 MiB\"\nstate-bytes-per-s = '8KiB'\n").unwrap().limits;
        assert_eq!((sizes.memory_bytes, sizes.state_bytes_per_s), (64 << 20, 8 << 10));
        assert_eq!(Manifest::parse("grants = []").unwrap().grants, Grants { state: false, log: false });
    }

    #[test]
    fn every_flaw_has_its_place_and_its_fix() {
        let cases = [
            ("modul = \"x\"", "1:1: unknown key `modul`: did you mean `module`?"),
            (
                "\n contains = [\"x\"]",
                "2:2: unknown key `contains`: expected one of `module`, `enabled`, `grants`, `settings`, \
              `limits`; what the rule itself wants to know belongs into [settings]",
            ),
            ("deadline_ms = 3", "1:1: unknown key `deadline_ms`: `deadline-ms` belongs into [limits]"),
            (
                "[limits]\nmemory = 3",
                "2:1: unknown limit `memory`: expected one of `deadline-ms`, `memory-bytes`, \
              `alerts-per-event`, `alert-bytes`, `cpu-ms-per-s`, `alerts-per-s`, `alert-bytes-per-s`, `state-bytes`, \
              `object-state-bytes`, `state-bytes-per-s`, `log-lines-per-s`",
            ),
            ("[limits]\ncpu-ms-per-s = 0", "2:16: `cpu-ms-per-s` is 0, and must be from 1 to 100000"),
            ("[limits]\nalert-byte = 3", "2:1: unknown limit `alert-byte`: did you mean `alert-bytes`?"),
            ("[limits]\ndeadline-ms = 0", "2:15: `deadline-ms` is 0, and must be from 1 to 60000"),
            (
                "[limits]\nmemory-bytes = \"1M\"",
                "2:16: `memory-bytes` cannot be \"1M\"; write a size as \"512KiB\", \"64MiB\"",
            ),
            (
                "[limits]\nmemory-bytes = \"2GiB\"",
                "2:16: `memory-bytes` is 2147483648, and must be from 65536 to 1073741824",
            ),
            ("[limits]\ndeadline-ms = \"1s\"", "2:15: `deadline-ms` is a whole number, and this is of type string"),
            ("module = 3", "1:10: `module` is a string, such as \"keyword.wasm\", and this is of type integer"),
            ("module = \"\"", "1:10: `module` is empty: give the module's file, such as \"keyword.wasm\""),
            ("enabled = \"yes\"", "1:11: `enabled` is true or false, and this is of type string"),
            ("grants = [\"state\", \"logs\"]", "1:20: no interface `logs` can be granted: did you mean `log`?"),
            (
                "grants = \"log\"",
                "1:10: `grants` is a list of strings, such as [\"state\", \"log\"]; [] grants nothing, \
              and this is of type string",
            ),
            (
                "settings = 3",
                "1:12: `settings` is a table: begin it with a line [settings], and this is of type integer",
            ),
        ];
        for (text, expected) in cases {
            assert_eq!(Manifest::parse(text).unwrap_err().to_string(), expected, "{text}");
        }
        for text in ["module = ", "module = \"a\"\nmodule = \"b\"", "[settings", "a = = 1"] {
            assert!(Manifest::parse(text).unwrap_err().what.starts_with("not TOML: "), "{text}");
        }
    }

    #[test]
    fn names_are_plain() {
        for name in ["a", "docker-keyword", "web.nginx_2", "0"] {
            check_name(name).unwrap();
        }
        assert!(check_name("My Rule").unwrap_err().contains("for example to `my-rule`"));
        for name in ["", "-a", ".a", "a/b", "ü", &"x".repeat(129)] {
            check_name(name).unwrap_err();
        }
    }
}
