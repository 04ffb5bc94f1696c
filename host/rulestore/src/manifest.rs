//! A manifest: `NAME.toml`, one rule.

use std::path::Path;

use lifesigns_document::{
    Checker, DiagnosticSink, Diagnostics, RawNode, SourceTexts, TableSchema, TextSchema, ValueError, ValueSchema,
    json_schema, optional, parse_toml,
};
use lifesigns_model::Limits;
use lifesigns_text::visible_word;

/// Longest name of a rule.
pub const NAME_BYTES: usize = 128;
/// Longest path of a module in a manifest.
const MODULE_PATH_BYTES: usize = 1024;

static MANIFEST: TableSchema = TableSchema::free(
    "manifest",
    "a manifest",
    &[
        optional(
            "module",
            ValueSchema::Checked(&MODULE_PATH),
            "The module's file, relative to the manifest; default `NAME.wasm` beside `NAME.toml`.",
        ),
        optional("enabled", ValueSchema::Bool, "`false`: known and checked, and not run; default `true`."),
        optional(
            "grants",
            ValueSchema::List(&ValueSchema::Enum(&["state", "log"]), 0),
            "What the module may import; `[]` is nothing; default all.",
        ),
        optional("settings", ValueSchema::AnyTable, "The rule's own settings; see its README."),
        optional(
            "shadow",
            ValueSchema::Checked(&MODULE_PATH),
            "A module that runs beside this one on the same events, to be compared: what it raises and clears goes nowhere.",
        ),
        optional("shadow-settings", ValueSchema::AnyTable, "The settings of the shadow; default those of the rule."),
        optional("limits", ValueSchema::Table(&LIMITS), "What the rule may use."),
    ],
)
.elsewhere("what the rule itself wants to know belongs into [settings]");

static MODULE_PATH: TextSchema = TextSchema::new("a path in quotes, such as \"keyword.wasm\"", |path| {
    if path.len() <= MODULE_PATH_BYTES && !path.contains('\0') {
        return Ok(());
    }
    Err(ValueError::plain(format!("is not a usable path: at most {MODULE_PATH_BYTES} bytes, without a zero byte")))
});

static LIMITS: TableSchema = TableSchema::free(
    "limits",
    "[limits]",
    &[
        optional("deadline-ms", ValueSchema::Integer(1, 60_000), "One call, in milliseconds; default 100."),
        optional("memory-bytes", ValueSchema::Bytes(64 << 10, 1 << 30), "Its memory; default `32MiB`."),
        optional("alerts-per-event", ValueSchema::Integer(1, 1024), "What one event may raise and clear; default 16."),
        optional(
            "alert-bytes",
            ValueSchema::Bytes(64, 1 << 20),
            "Summary and attributes of one alert; default `16KiB`.",
        ),
        optional(
            "cpu-ms-per-s",
            ValueSchema::Integer(1, 100_000),
            "CPU beyond 0.1 ms an event, in milliseconds a second; default 250.",
        ),
        optional(
            "alerts-per-s",
            ValueSchema::Integer(1, 1_000_000_000),
            "Raises and clears beyond one an event, a second; default 1000.",
        ),
        optional(
            "alert-bytes-per-s",
            ValueSchema::Bytes(1 << 10, 1 << 40),
            "Bytes of raises and clears beyond 2 KiB an event, a second; default `1MiB`.",
        ),
        optional("state-bytes", ValueSchema::Bytes(64 << 10, 1 << 40), "State over all objects; default `64MiB`."),
        optional("object-state-bytes", ValueSchema::Bytes(1 << 10, 1 << 40), "State on one object; default `8MiB`."),
        optional(
            "state-bytes-per-s",
            ValueSchema::Bytes(1 << 10, 1 << 40),
            "Changed state beyond 4 KiB an entry, a second; default `4MiB`.",
        ),
        optional(
            "log-lines-per-s",
            ValueSchema::Integer(1, 1_000_000),
            "Lines in the host's log, a second; default 100.",
        ),
    ],
);

/// Returns the JSON Schema 2020-12 of a manifest.
pub fn manifest_schema() -> serde_json::Value {
    json_schema(&MANIFEST, "manifest", "A manifest of a lifesigns rule: NAME.toml in the rules folder.")
}

/// The content of a manifest, checked.
///
/// ```toml
/// module = "keyword.wasm"      # relative to this file; NAME.wasm beside it if left out
/// enabled = true               # false: known, checked and not run
/// grants = ["state", "log"]    # what the module may import; both if left out, [] is nothing
/// shadow = "keyword-2.wasm"    # runs beside it, to be compared; none if left out
///
/// [settings]                   # the module's own; handed to it as JSON
/// contains = ["Registering POST, /containers/create"]
///
/// [shadow-settings]            # the shadow's; those of the rule if left out
/// contains = ["containers/create"]
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
    /// The module of its shadow, relative to the manifest, and the shadow's settings as canonical JSON;
    /// `None` if it has no shadow.
    pub shadow: Option<ManifestShadow>,
    /// Whether the rule is to run.
    pub enabled: bool,
    /// The interfaces that it may import.
    pub grants: Grants,
    /// The `[settings]` as canonical JSON: keys sorted, no spaces.
    pub settings_json: String,
    /// The limits on what it may use.
    pub limits: Limits,
}

/// The shadow that a manifest asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ManifestShadow {
    /// The module's file, relative to the manifest.
    pub module: String,
    /// Its settings as canonical JSON: those of the rule if the manifest has none for the shadow.
    pub settings_json: String,
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
            shadow: None,
            enabled: true,
            grants: Grants::default(),
            settings_json: "{}".to_owned(),
            limits: Limits::default(),
        }
    }
}

impl Manifest {
    /// Parses and checks the content of the manifest at `path`, which is not read.
    ///
    /// # Errors
    /// All mistakes in it.
    pub fn parse(path: &Path, content: &[u8]) -> Result<Self, Diagnostics> {
        let mut sources = SourceTexts::default();
        let mut diagnostics = DiagnosticSink::default();
        let source = sources.decode(path, content.to_vec(), &mut diagnostics);
        let mut check = Checker { sources: &sources, diagnostics: &mut diagnostics };
        let root = source.and_then(|source| parse_toml(source, &mut check));
        let manifest = root.map(|root| Self::read(&root, &mut check));
        match manifest {
            Some(manifest) if diagnostics.is_empty() => Ok(manifest),
            _ => Err(diagnostics.finish(sources)),
        }
    }

    fn read(root: &RawNode, check: &mut Checker<'_>) -> Self {
        check.table(root, &MANIFEST, true);
        let default = Self::default();
        let grants = root.get("grants").map(|node| Grants { state: has(node, "state"), log: has(node, "log") });
        let settings_json = root.get("settings").map_or(default.settings_json, |node| node.canonical_json(check));
        Self {
            module: root.text_of("module").map(str::to_owned),
            shadow: shadow(root, &settings_json, check),
            enabled: root.flag_of("enabled").unwrap_or(default.enabled),
            grants: grants.unwrap_or(default.grants),
            settings_json,
            limits: root.get("limits").map_or(default.limits, limits),
        }
    }
}

fn shadow(root: &RawNode, settings_json: &str, check: &mut Checker<'_>) -> Option<ManifestShadow> {
    let own = root.entry("shadow-settings").map(|entry| (entry.at, entry.node.canonical_json(check)));
    let Some(module) = root.text_of("shadow") else {
        if let Some((at, _)) = own.filter(|_| root.get("shadow").is_none()) {
            let help = Some("write `shadow = \"NEW.wasm\"` above the tables, or leave them out".to_owned());
            check.error(&at, "there are settings for a shadow, and no `shadow`", help);
        }
        return None;
    };
    let settings_json = own.map_or_else(|| settings_json.to_owned(), |(_, json)| json);
    Some(ManifestShadow { module: module.to_owned(), settings_json })
}

fn has(list: &RawNode, word: &str) -> bool {
    list.items().iter().any(|item| item.text() == Some(word))
}

fn limits(table: &RawNode) -> Limits {
    let default = Limits::default();
    let number = |key, default| table.bytes_of(key).unwrap_or(default);
    let size = |key, default| table.bytes_of(key).map_or(default, |bytes| usize::try_from(bytes).unwrap_or(usize::MAX));
    Limits {
        deadline_ms: number("deadline-ms", default.deadline_ms),
        memory_bytes: size("memory-bytes", default.memory_bytes),
        alerts_per_event: size("alerts-per-event", default.alerts_per_event),
        alert_bytes: size("alert-bytes", default.alert_bytes),
        cpu_ms_per_s: number("cpu-ms-per-s", default.cpu_ms_per_s),
        alerts_per_s: number("alerts-per-s", default.alerts_per_s),
        alert_bytes_per_s: number("alert-bytes-per-s", default.alert_bytes_per_s),
        state_bytes: size("state-bytes", default.state_bytes),
        object_state_bytes: size("object-state-bytes", default.object_state_bytes),
        state_bytes_per_s: number("state-bytes-per-s", default.state_bytes_per_s),
        log_lines_per_s: number("log-lines-per-s", default.log_lines_per_s),
    }
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

    fn parse(text: &str) -> Result<Manifest, String> {
        Manifest::parse(Path::new("a.toml"), text.as_bytes()).map_err(|mistakes| mistakes.to_string())
    }

    #[test]
    fn an_empty_manifest_has_the_defaults() {
        assert_eq!(parse("").unwrap(), Manifest::default());
        assert_eq!(parse("\u{feff}enabled = true\n").unwrap(), Manifest::default());
    }

    #[test]
    fn every_key_is_taken() {
        let text = "module = \"../m/k.wasm\"\nenabled = false\ngrants = [\"log\"]\nshadow = \"new.wasm\"\n\
                    [settings]\nb = 1\na = [\"x\"]\n[shadow-settings]\nb = 2\n\
                    [limits]\ndeadline-ms = 5\nmemory-bytes = 65536\nalerts-per-event = 1\nalert-bytes = 100\n\
                    cpu-ms-per-s = 6\nalerts-per-s = 7\nalert-bytes-per-s = 8000\nstate-bytes = 90000\n\
                    object-state-bytes = 1024\nstate-bytes-per-s = 1100\nlog-lines-per-s = 12\n";
        let manifest = parse(text).unwrap();
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
            shadow: Some(ManifestShadow { module: "new.wasm".into(), settings_json: r#"{"b":2}"#.into() }),
            enabled: false,
            grants: Grants { state: false, log: true },
            settings_json: r#"{"a":["x"],"b":1}"#.into(),
            limits,
        };
        assert_eq!(manifest, expected);
        let sizes = parse("[limits]\nmemory-bytes = \"64 MiB\"\nstate-bytes-per-s = '8KiB'\n").unwrap().limits;
        assert_eq!((sizes.memory_bytes, sizes.state_bytes_per_s), (64 << 20, 8 << 10));
        let shadow = parse("shadow = 'new.wasm'\n[settings]\na = 1\n").unwrap().shadow.unwrap();
        assert_eq!(shadow.settings_json, r#"{"a":1}"#, "those of the rule");
        assert_eq!(parse("grants = []").unwrap().grants, Grants { state: false, log: false });
    }

    #[test]
    fn all_mistakes_have_their_place_and_their_fix() {
        let text = "modul = \"x\"\n contains = [\"x\"]\ndeadline_ms = 3\ngrants = [\"state\", \"logs\"]\nenabled = \"yes\"\n\
                    [limits]\ncpu-ms-per-s = 0\nmemory = 3\nalert-byte = 3\nmemory-bytes = \"1M\"\n\
                    state-bytes = \"2KiB\"\nalerts-per-s = \"1s\"\nalert-bytes = 99999999999999999999\n\
                    [settings]\nb = nan\n";
        let expected = concat!(
            "a.toml:1:1: a manifest has no key `modul`; did you mean `module`?\n",
            "a.toml:2:2: a manifest has no key `contains`; its keys are `module`, `enabled`, `grants`, `settings`, \
             `shadow`, `shadow-settings`, `limits`; what the rule itself wants to know belongs into [settings]\n",
            "a.toml:3:1: a manifest has no key `deadline_ms`; `deadline-ms` belongs into [limits]\n",
            "a.toml:4:20: `grants` cannot be \"logs\"; did you mean `log`?\n",
            "a.toml:5:11: `enabled` is `true` or `false`, not a text\n",
            "a.toml:7:16: `cpu-ms-per-s` is from 1 to 100000\n",
            "a.toml:8:1: [limits] has no key `memory`; its keys are `deadline-ms`, `memory-bytes`, `alerts-per-event`, \
             `alert-bytes`, `cpu-ms-per-s`, `alerts-per-s`, `alert-bytes-per-s`, `state-bytes`, `object-state-bytes`, \
             `state-bytes-per-s`, `log-lines-per-s`\n",
            "a.toml:9:1: [limits] has no key `alert-byte`; did you mean `alert-bytes`?\n",
            "a.toml:10:16: `memory-bytes` cannot be \"1M\"; write a size as \"512KiB\", \"64MiB\", \"10GiB\"\n",
            "a.toml:11:15: `state-bytes` is from 65536 (\"64KiB\") to 1099511627776 (\"1TiB\")\n",
            "a.toml:12:16: `alerts-per-s` is a whole number, not a text\n",
            "a.toml:13:15: `alert-bytes` is from 64 (\"64B\") to 1048576 (\"1MiB\")\n",
            "a.toml:15:5: NaN has no form in JSON; write it as a text, or leave it out",
        );
        assert_eq!(parse(text).unwrap_err(), expected);
        for (text, expected) in [
            ("module = 3", "1:10: `module` is a path in quotes, such as \"keyword.wasm\", not a whole number"),
            ("module = \"\"", "1:10: `module` is empty; leave it out, or say something"),
            ("grants = \"log\"", "1:10: `grants` is a list, not a text; in brackets: [\"log\"]"),
            (
                "[shadow-settings]\na = 1",
                "1:2: there are settings for a shadow, and no `shadow`; write `shadow = \"NEW.wasm\"` above the tables, \
                 or leave them out",
            ),
            ("settings = 3", "1:12: `settings` is a table, not a whole number; begin it with a line [settings]"),
            ("limits = 3", "1:10: `limits` is a table, not a whole number; begin it with a line [limits]"),
        ] {
            assert_eq!(parse(text).unwrap_err(), format!("a.toml:{expected}"), "{text}");
        }
        let long = format!("module = \"{}\"", "x".repeat(1025));
        assert!(parse(&long).unwrap_err().contains("is not a usable path"));
        for text in ["module = ", "module = \"a\"\nmodule = \"b\"", "[settings", "a = = 1"] {
            assert!(parse(text).unwrap_err().contains(": this is no TOML: "), "{text}");
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
