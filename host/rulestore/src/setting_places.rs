//! Where settings stand in a manifest: what a module says about its settings names them by their path.

use std::{collections::BTreeMap, path::Path};

use lifesigns_document::{Checker, DiagnosticSink, RawNode, SourceTexts, TextLocation, parse_toml};
use lifesigns_model::limits::MANIFEST_BYTES;

use crate::snapshot::RuleSpec;

impl RuleSpec {
    /// Returns what is wrong with its settings, a line each, with file, line and column where the manifest has the
    /// setting. `mistakes` begin with the path of a setting in backquotes, as far as the module keeps to the contract.
    pub fn placed(&self, mistakes: &[String]) -> String {
        let table = if self.key.is_shadow() { "shadow-settings" } else { "settings" };
        let places = self.manifest.as_deref().map(|path| places(path, table)).unwrap_or_default();
        let file = self.path().display().to_string();
        let line = |mistake: &String| {
            let place = place_of(mistake, &places).map_or_else(|| file.clone(), ToString::to_string);
            format!("{place}: the module refuses its settings: {mistake}")
        };
        mistakes.iter().map(line).collect::<Vec<_>>().join("\n")
    }
}

/// Returns the place of the setting that a mistake names, or of the table that it is in.
fn place_of<'a>(mistake: &str, places: &'a BTreeMap<String, TextLocation>) -> Option<&'a TextLocation> {
    let (path, _) = mistake.strip_prefix('`')?.split_once('`')?;
    let mut path = path;
    loop {
        if let Some(place) = places.get(path) {
            return Some(place);
        }
        path = path.rsplit_once('.')?.0;
    }
}

/// Returns the places of the settings in a manifest, by path. They are looked for in the file as it is now: if it has
/// changed since it was checked, it is checked again anyway.
fn places(manifest: &Path, table: &str) -> BTreeMap<String, TextLocation> {
    let mut sources = SourceTexts::default();
    let mut diagnostics = DiagnosticSink::default();
    let mut places = BTreeMap::new();
    let Some(source) = sources.read(manifest, MANIFEST_BYTES, &mut diagnostics) else { return places };
    let mut check = Checker { sources: &sources, diagnostics: &mut diagnostics };
    let root = parse_toml(source, &mut check);
    if let Some(settings) = root.as_ref().and_then(|root| root.get(table).or_else(|| root.get("settings"))) {
        gather(settings, "", &sources, &mut places);
    }
    places
}

fn gather(table: &RawNode, above: &str, sources: &SourceTexts, places: &mut BTreeMap<String, TextLocation>) {
    for entry in table.entries() {
        let path = if above.is_empty() { entry.key.clone() } else { format!("{above}.{}", entry.key) };
        places.insert(path.clone(), sources.place(&entry.at));
        gather(&entry.node, &path, sources, places);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_mistake_has_the_place_of_its_setting() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.toml");
        fs::write(&path, "module = \"a.wasm\"\n[settings]\nwindow = 1\n\n[settings.fields]\n  level = {}\n").unwrap();
        let places = places(&path, "settings");
        let place = |mistake: &str| place_of(mistake, &places).map(|place| (place.line, place.column));
        assert_eq!(place("`window` is 1: give a length of time"), Some((3, 1)));
        assert_eq!(place("`fields.level` is a table"), Some((6, 3)));
        assert_eq!(place("`fields.other` is missing"), Some((5, 11)));
        assert_eq!(place("`contains` is missing"), None);
        assert_eq!(place("it does not say why"), None);
    }
}
