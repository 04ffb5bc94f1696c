//! The inventory: objects and facts from a file: TOML or JSON of the same shape, or a CSV table.

mod csv;
mod objects;

use std::{
    collections::{HashMap, HashSet},
    path::Path,
};

use lifesigns_document::{Checker, DiagnosticSink, Diagnostics, SourceTexts, parse_json, parse_toml};
use lifesigns_model::{ObjectFacts, limits::TEXT_FILE_BYTES};
use lifesigns_text::visible_word;

use self::csv::Table;

/// Reads the inventory at `path`, whose extension (`.toml`, `.json`, `.csv`) says what it is. The facts
/// hold for ever since (`time_ns` is 0). Numbers and booleans as property values are kept as text.
///
/// # Errors
/// All mistakes in it: it cannot be read, is larger than [`TEXT_FILE_BYTES`], or has a key that is not known,
/// an object without `id` or twice, or a value that is not of its type.
pub fn load(path: impl AsRef<Path>) -> Result<Vec<ObjectFacts>, Diagnostics> {
    let mut sources = SourceTexts::default();
    let mut diagnostics = DiagnosticSink::default();
    let objects = read(path.as_ref(), &mut sources, &mut diagnostics);
    match objects {
        Some(objects) if diagnostics.is_empty() => Ok(objects),
        _ => Err(diagnostics.finish(sources)),
    }
}

/// Returns what is wrong with the names of objects over all files: one that two of them have, or that is the id of
/// another. Within a file, [`load`] reports it with its place.
pub fn name_conflict(objects: &[ObjectFacts]) -> Option<String> {
    let ids: HashSet<&str> = objects.iter().map(|object| object.object.as_str()).collect();
    let mut owners: HashMap<&str, &str> = HashMap::new();
    for object in objects {
        for alias in &object.aliases {
            let shown = visible_word(alias);
            if ids.contains(alias.as_str()) {
                let owner = visible_word(&object.object);
                return Some(format!(
                    "\"{shown}\" is an object, and another name of \"{owner}\"; take it out of `aliases`, or remove the object"
                ));
            }
            let owner = *owners.entry(alias).or_insert(&object.object);
            if owner != object.object {
                let (one, other) = (visible_word(owner), visible_word(&object.object));
                return Some(format!(
                    "\"{shown}\" is another name of \"{one}\" and of \"{other}\"; leave it to one of them"
                ));
            }
        }
    }
    None
}

fn read(path: &Path, sources: &mut SourceTexts, diagnostics: &mut DiagnosticSink) -> Option<Vec<ObjectFacts>> {
    let extension = path.extension().and_then(|extension| extension.to_str()).map(str::to_ascii_lowercase);
    let extension = extension.as_deref().unwrap_or_default();
    if !["toml", "json", "csv"].contains(&extension) {
        diagnostics.file(path, "the inventory's format is not known; name the file `.toml`, `.json` or `.csv`");
        return None;
    }
    let source = sources.read(path, TEXT_FILE_BYTES, diagnostics)?;
    if extension == "csv" {
        let objects = Table { path, text: &sources.get(source).text, diagnostics }.objects();
        if let Some(what) = name_conflict(&objects) {
            diagnostics.file(path, what);
        }
        return Some(objects);
    }
    let mut check = Checker { sources, diagnostics };
    let root = if extension == "toml" { parse_toml(source, &mut check) } else { parse_json(source, &mut check) };
    root.map(|root| objects::read(&root, &mut check))
}
