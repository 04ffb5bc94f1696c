//! Reads settings from files and environment, or returns all errors in them.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use lifesigns_compliance::{CompiledConfig, ComplianceConfig};
use lifesigns_document::{Checker, DiagnosticSink, Diagnostics, RawNode, RawValue, SourceTexts, TextSpan, parse_toml};
use lifesigns_model::limits::TEXT_FILE_BYTES;

use crate::{env, keys::ROOT, merge::merge, read, settings::Settings};

/// The folder beside the file whose `*.toml` are read too, in the order of their names.
const FOLDER: &str = "conf.d";
/// The most files in that folder.
const FOLDER_FILES: usize = 1000;

impl Settings {
    /// Reads `path`, the files `conf.d/*.toml` beside it, and the overrides `LIFESIGNS_*` among
    /// `env`, and checks them.
    ///
    /// # Errors
    /// All errors, each with its place.
    pub fn load(path: &Path, env: impl Iterator<Item = (String, String)>) -> Result<Self, Diagnostics> {
        Self::read(path, None, env)
    }

    /// Checks a text as if it stood in the file `path`, with all that [`Self::load`] reads beside it.
    ///
    /// # Errors
    /// All errors, each with its place.
    pub fn check(path: &Path, text: &str, env: impl Iterator<Item = (String, String)>) -> Result<Self, Diagnostics> {
        Self::read(path, Some(text), env)
    }

    /// Checks a text alone, for programs that embed a host: neither `conf.d` nor the environment is read, and `rules`
    /// may be missing. `receivers` are known besides those of the text. Errors call the text `name`; its paths are joined
    /// with the folder of that.
    ///
    /// # Errors
    /// All errors, each with its place.
    pub fn from_text(name: &Path, text: &str, receivers: &[&str]) -> Result<Self, Diagnostics> {
        let (mut sources, mut diagnostics) = (SourceTexts::default(), DiagnosticSink::default());
        let source = sources.add(&name.display().to_string(), text.to_owned());
        let check = &mut Checker { sources: &sources, diagnostics: &mut diagnostics };
        let Some(root) = parse_toml(source, check) else { return Err(diagnostics.finish(sources)) };
        let variables = source + 1;
        check.table(&root, &ROOT, false);
        checked(name, &root, (Vec::new(), variables), receivers, (sources, diagnostics))
    }

    fn read(path: &Path, text: Option<&str>, env: impl Iterator<Item = (String, String)>) -> Result<Self, Diagnostics> {
        let base = path.parent().unwrap_or(Path::new(""));
        let (mut sources, mut diagnostics) = (SourceTexts::default(), DiagnosticSink::default());
        let mut files = vec![path.to_owned(), base.join(FOLDER)];
        files.extend(parts(&base.join(FOLDER), &mut diagnostics));
        let given = text.map(|text| sources.add(&path.display().to_string(), text.to_owned()));
        let mut trees = Vec::new();
        for file in files.iter().filter(|file| !file.ends_with(FOLDER)) {
            let source = given.filter(|_| file == path);
            let source = source.or_else(|| sources.read(file, TEXT_FILE_BYTES, &mut diagnostics));
            let check = &mut Checker { sources: &sources, diagnostics: &mut diagnostics };
            trees.extend(source.and_then(|source| parse_toml(source, check)));
        }
        let whole = diagnostics.is_empty();
        let mut root = RawNode { at: TextSpan::new(0, 0..0), value: RawValue::Table(Vec::new()) };
        for tree in trees {
            merge(&mut root, tree, &mut Checker { sources: &sources, diagnostics: &mut diagnostics });
        }
        let variables = env::overrides(env, &mut root, &mut sources, &mut diagnostics);
        let mut check = Checker { sources: &sources, diagnostics: &mut diagnostics };
        check.table(&root, &ROOT, whole);
        if !whole {
            return Err(diagnostics.finish(sources));
        }
        checked(path, &root, (files, variables), &[], (sources, diagnostics))
    }
}

/// Reads a tree whose keys were checked, and checks what depends on several of them. `files` are those that were read,
/// `variables` is the number of the first source that is a variable, and `receivers` are known besides those of the tree.
fn checked(
    path: &Path,
    root: &RawNode,
    (files, variables): (Vec<PathBuf>, usize),
    receivers: &[&str],
    (sources, mut diagnostics): (SourceTexts, DiagnosticSink),
) -> Result<Settings, Diagnostics> {
    let base = path.parent().unwrap_or(Path::new(""));
    let mut check = Checker { sources: &sources, diagnostics: &mut diagnostics };
    let settings = read::settings(root, (path, base), (files, variables), receivers, &mut check);
    compile(&settings.compliance, &mut check);
    if diagnostics.is_empty() { Ok(settings) } else { Err(diagnostics.finish(sources)) }
}

/// Returns the `*.toml` of the folder by name; none if the folder does not exist.
fn parts(folder: &Path, diagnostics: &mut DiagnosticSink) -> Vec<PathBuf> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Vec::new(),
        Err(error) => {
            diagnostics.file(folder, format!("the folder cannot be read: {error}"));
            return Vec::new();
        }
    };
    let mut files = Vec::new();
    for entry in entries {
        match entry {
            Ok(entry) => files.push(entry.path()),
            Err(error) => diagnostics.file(folder, format!("the folder cannot be read: {error}")),
        }
    }
    let hidden = |file: &Path| file.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
    files.retain(|file| file.extension().is_some_and(|extension| extension == "toml") && !hidden(file));
    files.sort();
    if files.len() > FOLDER_FILES {
        diagnostics.file(folder, format!("the folder has {} files, and may have {FOLDER_FILES}", files.len()));
        files.truncate(FOLDER_FILES);
    }
    files
}

/// Reports the errors of compliance that are not reported yet. It knows the place of an item only, whereas
/// the errors reported here have more exact places within it.
fn compile(config: &ComplianceConfig, check: &mut Checker<'_>) {
    let Err(errors) = CompiledConfig::new(Arc::new(config.clone())) else { return };
    let headers = headers(config);
    let mut news: Vec<_> = Vec::new();
    for error in errors {
        let file = &*error.place.file;
        let line = error.place.line;
        let next = headers.range((file, line + 1)..).next().filter(|(other, _)| *other == file);
        let lines = line..next.map_or(u32::MAX, |(_, next)| *next);
        if !check.diagnostics.between(file, lines).any(|said| same(&said.message, &error.message)) {
            news.push(error);
        }
    }
    for error in news {
        match check.sources.find(&error.place.file, error.place.line, error.place.column) {
            Some(at) => check.error(&at, error.message, None),
            None => check.diagnostics.file(Path::new(&*error.place.file), error.message),
        }
    }
}

/// Returns the file and line where each item of compliance begins.
fn headers(config: &ComplianceConfig) -> BTreeSet<(&str, u32)> {
    let groups = config.groups.iter().map(|group| &group.place);
    let policies = config.policies.iter().map(|policy| &policy.place);
    let definitions = config.definitions.iter().map(|definition| &definition.place);
    let routes = config.routes.iter().map(|route| &route.place);
    let places = groups.chain(policies).chain(definitions).chain(routes);
    places.map(|place| (&*place.file, place.line)).collect()
}

/// Returns whether two messages about one item mean the same: they end alike, or quote the same word.
fn same(said: &str, new: &str) -> bool {
    const ALIKE: usize = 20;
    let alike = said.chars().rev().zip(new.chars().rev()).take_while(|(one, other)| one == other).count();
    // The text before the first colon names the item.
    let about = new.split_once(": ").map_or(new, |(_, about)| about);
    alike >= ALIKE || quoted(about).any(|word| quoted(said).any(|other| other == word))
}

/// Returns the words in backticks or quotes.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split(['`', '"']).skip(1).step_by(2).filter(|word| !word.is_empty())
}
