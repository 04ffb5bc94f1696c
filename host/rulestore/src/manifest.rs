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
            "paused",
            ValueSchema::Bool,
            "`true`: loaded, and shown nothing; what it misses is counted; default `false`.",
        ),
        optional(
            "grants",
            ValueSchema::List(&ValueSchema::Enum(&["state", "log"]), 0),
            "What the module may import; `[]` is nothing; default all.",
        ),
        optional(
            "state",
            ValueSchema::Enum(&["keep", "discard"]),
            "`discard`: state of another version that the module cannot take over is discarded, and counted; `keep`: such a module is refused; default `keep`.",
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
/// paused = false               # true: loaded and shown nothing; what it misses is counted
/// grants = ["state", "log"]    # what the module may import; both if left out, [] is nothing
/// state = "keep"               # discard: state that a new module cannot take over is discarded, not the module refused
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
    /// Whether it is shown nothing, though it runs.
    pub paused: bool,
    /// The interfaces that it may import.
    pub grants: Grants,
    /// Whether state of another version that the module cannot take over is discarded; otherwise the module is refused.
    pub discards_state: bool,
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
            paused: false,
            grants: Grants::default(),
            discards_state: false,
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
            paused: root.flag_of("paused").unwrap_or(default.paused),
            grants: grants.unwrap_or(default.grants),
            discards_state: root.text_of("state") == Some("discard"),
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
mod tests;
