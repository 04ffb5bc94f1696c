//! Changes of a manifest's text that leave the rest of it, comments too, as it is. Each is checked by
//! parsing the result: what cannot be done by lines is refused.

use std::path::Path;

use crate::manifest::Manifest;

/// A change of a manifest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ManifestChange {
    /// Sets the module's file.
    Module(String),
    /// Sets the file of the shadow's module.
    Shadow(String),
    /// Sets whether the rule is to run.
    Enabled(bool),
    /// Sets whether the rule is shown nothing.
    Paused(bool),
    /// Puts the shadow, with its settings, in the place of the live version.
    Promote,
}

impl ManifestChange {
    /// Returns the text of the manifest at `path` with this change.
    ///
    /// # Errors
    /// The text is no manifest, or has a form that only a person can change; says what to write.
    pub fn apply(&self, path: &Path, text: &str) -> Result<String, String> {
        let parse = |text: &str| Manifest::parse(path, text.as_bytes()).map_err(|mistakes| mistakes.to_string());
        let before = parse(text)?;
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        let mut expected = before.clone();
        match self {
            Self::Module(module) => {
                set(&mut lines, "module", &quoted(module));
                expected.module = Some(module.clone());
            }
            Self::Shadow(module) => {
                set(&mut lines, "shadow", &quoted(module));
                let settings_json = match &before.shadow {
                    Some(shadow) => shadow.settings_json.clone(),
                    None => before.settings_json.clone(),
                };
                expected.shadow = Some(crate::ManifestShadow { module: module.clone(), settings_json });
            }
            Self::Enabled(enabled) => {
                set(&mut lines, "enabled", &enabled.to_string());
                expected.enabled = *enabled;
            }
            Self::Paused(paused) => {
                set(&mut lines, "paused", &paused.to_string());
                expected.paused = *paused;
            }
            Self::Promote => {
                let shadow = before.shadow.ok_or("it names no shadow")?;
                set(&mut lines, "module", &quoted(&shadow.module));
                remove(&mut lines, "shadow");
                if has_table(&lines, "shadow-settings") {
                    remove_table(&mut lines, "settings");
                    rename_table(&mut lines, "shadow-settings", "settings");
                }
                (expected.module, expected.settings_json) = (Some(shadow.module), shadow.settings_json);
                expected.shadow = None;
            }
        }
        let changed = lines.join("\n") + "\n";
        if parse(&changed).is_ok_and(|now| now == expected) {
            return Ok(changed);
        }
        Err(format!("{}: the host cannot make this change in a text of this form: {}", path.display(), self.advice()))
    }

    fn advice(&self) -> String {
        match self {
            Self::Module(module) => format!("write `module = {}` on a line of its own", quoted(module)),
            Self::Shadow(module) => format!("write `shadow = {}` on a line of its own", quoted(module)),
            Self::Enabled(enabled) => format!("write `enabled = {enabled}` on a line of its own"),
            Self::Paused(paused) => format!("write `paused = {paused}` on a line of its own"),
            Self::Promote => "put the shadow's module and settings in the place of the live ones by hand".to_owned(),
        }
    }
}

/// Returns a text as TOML writes it; what the host writes has no quotation marks in it.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// The number of lines before the first table.
fn top(lines: &[String]) -> usize {
    lines.iter().position(|line| line.trim_start().starts_with('[')).unwrap_or(lines.len())
}

/// Whether a line gives a key, or a key within it, a value.
fn gives(line: &str, key: &str) -> bool {
    let rest = line.trim_start().strip_prefix(key).map(str::trim_start);
    rest.is_some_and(|rest| rest.starts_with('=') || rest.starts_with('.'))
}

fn set(lines: &mut Vec<String>, key: &str, value: &str) {
    let line = format!("{key} = {value}");
    let top = top(lines);
    match lines[..top].iter().position(|line| gives(line, key)) {
        Some(at) => lines[at] = line,
        None => lines.insert(0, line),
    }
}

fn remove(lines: &mut Vec<String>, key: &str) {
    let top = top(lines);
    if let Some(at) = lines[..top].iter().position(|line| gives(line, key)) {
        lines.remove(at);
    }
}

/// Returns the rest of a table's head behind its name: `[name.rest]`, `[[name.rest]]`.
fn head_rest<'a>(line: &'a str, name: &str) -> Option<&'a str> {
    let rest = line.trim_start().trim_start_matches('[').trim_start().strip_prefix(name)?;
    let is_head = line.trim_start().starts_with('[') && rest.trim_start().starts_with([']', '.']);
    is_head.then_some(rest)
}

fn has_table(lines: &[String], name: &str) -> bool {
    let top = top(lines);
    lines[..top].iter().any(|line| gives(line, name)) || lines.iter().any(|line| head_rest(line, name).is_some())
}

fn remove_table(lines: &mut Vec<String>, name: &str) {
    let top = top(lines);
    let (mut at, mut within) = (0, false);
    lines.retain(|line| {
        let is_top = at < top;
        at += 1;
        if is_top {
            return !gives(line, name);
        }
        if line.trim_start().starts_with('[') {
            within = head_rest(line, name).is_some();
        }
        !within
    });
}

fn rename_table(lines: &mut [String], from: &str, to: &str) {
    let top = top(lines);
    for (at, line) in lines.iter_mut().enumerate() {
        if (at < top && gives(line, from)) || head_rest(line, from).is_some() {
            *line = line.replacen(from, to, 1);
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn apply(change: &ManifestChange, text: &str) -> Result<String, String> {
        change.apply(Path::new("a.toml"), text)
    }

    #[test]
    fn keys_are_set_where_they_are_and_comments_stay() {
        let text = "# who owns it\nmodule = 'a.wasm' # the first\n\n[settings]\nmodule = 'mine'\n";
        let changed = apply(&ManifestChange::Module("versions/a/1.wasm".into()), text).unwrap();
        assert_eq!(changed, "# who owns it\nmodule = \"versions/a/1.wasm\"\n\n[settings]\nmodule = 'mine'\n");
        let changed = apply(&ManifestChange::Enabled(false), text).unwrap();
        assert_eq!(changed, format!("enabled = false\n{text}"));
        assert_eq!(apply(&ManifestChange::Paused(true), "").unwrap(), "paused = true\n");
        assert_eq!(apply(&ManifestChange::Paused(false), "paused = true\n").unwrap(), "paused = false\n");
        assert_eq!(apply(&ManifestChange::Shadow("b.wasm".into()), "").unwrap(), "shadow = \"b.wasm\"\n");
    }

    #[test]
    fn a_promoted_shadow_brings_its_settings() {
        let text = "module = 'a.wasm'\nshadow = 'b.wasm'\n[settings]\nn = 1\n[settings.deep]\nx = 1\n\
                    [limits]\ndeadline-ms = 5\n[shadow-settings]\nn = 2\n[[shadow-settings.list]]\ny = 2\n";
        let changed = apply(&ManifestChange::Promote, text).unwrap();
        let expected = "module = \"b.wasm\"\n[limits]\ndeadline-ms = 5\n[settings]\nn = 2\n[[settings.list]]\ny = 2\n";
        assert_eq!(changed, expected);
        let text = "shadow = 'b.wasm'\nsettings = { n = 1 }\nshadow-settings = { n = 2 }\n";
        assert_eq!(apply(&ManifestChange::Promote, text).unwrap(), "module = \"b.wasm\"\nsettings = { n = 2 }\n");
        let text = "shadow = 'b.wasm'\n[settings]\nn = 1\n";
        assert_eq!(apply(&ManifestChange::Promote, text).unwrap(), "module = \"b.wasm\"\n[settings]\nn = 1\n");
        assert_eq!(apply(&ManifestChange::Promote, "").unwrap_err(), "it names no shadow");
    }

    #[test]
    fn a_form_that_lines_cannot_change_is_refused_with_advice() {
        let text = "\"module\" = 'a.wasm'\n";
        let why = apply(&ManifestChange::Module("b.wasm".into()), text).unwrap_err();
        assert!(why.contains("write `module = \"b.wasm\"` on a line of its own"), "{why}");
        let why = apply(&ManifestChange::Enabled(true), "enabled = 3\n").unwrap_err();
        assert!(why.contains("a.toml:1:11"), "{why}");
    }
}
