//! From files and environment to settings, or to all that is wrong with them.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use lifesigns_compliance::{Compiled, Config};
use toml::de::DeTable;

use crate::{
    check::Check,
    env,
    keys::ROOT,
    merge::merge,
    mistake::{Mistakes, Notes},
    node::{Node, Value},
    read::Reader,
    settings::Settings,
    source::{self, At, Sources},
};

/// The folder beside the file whose `*.toml` are read too, by name.
const FOLDER: &str = "conf.d";
/// How many files it may hold.
const FOLDER_FILES: usize = 1000;

impl Settings {
    /// Reads `path`, the files `conf.d/*.toml` beside it, and the overrides `LIFESIGNS_*` among
    /// `env`; checks all of it.
    ///
    /// # Errors
    /// Everything that is wrong, each with its place.
    pub fn load(path: &Path, env: impl Iterator<Item = (String, String)>) -> Result<Self, Mistakes> {
        let base = path.parent().unwrap_or(Path::new(""));
        let (mut sources, mut notes) = (Sources::default(), Notes::default());
        let mut files = vec![path.to_owned(), base.join(FOLDER)];
        files.extend(parts(&base.join(FOLDER), &mut notes));
        let read = files.iter().filter(|file| !file.ends_with(FOLDER));
        let trees: Vec<_> = read.filter_map(|file| tree(file, &mut sources, &mut notes)).collect();
        let whole = notes.is_empty();
        let mut root = Node { at: At::new(0, 0..0), value: Value::Table(Vec::new()) };
        for tree in trees {
            merge(&mut root, tree, &mut Check { sources: &sources, notes: &mut notes });
        }
        env::overrides(env, &mut root, &mut sources, &mut notes);
        let mut check = Check { sources: &sources, notes: &mut notes };
        check.table(&root, &ROOT, whole);
        if !whole {
            return Err(Mistakes::new(notes, sources, files));
        }
        let settings = Reader::new(path, base, &mut check).settings(&root, files.clone());
        compile(&settings.compliance, &mut check);
        if notes.is_empty() {
            return Ok(settings);
        }
        Err(Mistakes::new(notes, sources, settings.files))
    }
}

/// The `*.toml` of the folder, by name. That there is no folder is no mistake.
fn parts(folder: &Path, notes: &mut Notes) -> Vec<PathBuf> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Vec::new(),
        Err(error) => {
            notes.file(folder, format!("the folder cannot be read: {error}"));
            return Vec::new();
        }
    };
    let mut files = Vec::new();
    for entry in entries {
        match entry {
            Ok(entry) => files.push(entry.path()),
            Err(error) => notes.file(folder, format!("the folder cannot be read: {error}")),
        }
    }
    let hidden = |file: &Path| file.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
    files.retain(|file| file.extension().is_some_and(|extension| extension == "toml") && !hidden(file));
    files.sort();
    if files.len() > FOLDER_FILES {
        notes.file(folder, format!("the folder has {} files, and may have {FOLDER_FILES}", files.len()));
        files.truncate(FOLDER_FILES);
    }
    files
}

/// A file's tree; what is wrong with its TOML is noted.
fn tree(path: &Path, sources: &mut Sources, notes: &mut Notes) -> Option<Node> {
    let text = match source::read(path) {
        Ok(text) => text,
        Err(why) => {
            notes.file(path, why);
            return None;
        }
    };
    let source = sources.add(&path.display().to_string(), text, false);
    let text = sources.get(source).text.clone();
    let (table, errors) = DeTable::parse_recoverable(&text);
    for error in &errors {
        let at = At::new(source, error.span().unwrap_or(0..0));
        Check { sources, notes }.wrong(&at, format!("this is no TOML: {}", error.message()), None);
    }
    errors.is_empty().then(|| Node::of_table(&table, source))
}

/// Notes what compliance finds and nobody said yet.
fn compile(config: &Config, check: &mut Check<'_>) {
    let Err(errors) = Compiled::new(Arc::new(config.clone())) else { return };
    for error in errors {
        if check.notes.has_line(&error.place) || check.notes.has_cause(&error.message) {
            continue;
        }
        match check.sources.at(&error.place) {
            Some(at) => check.wrong(&at, error.message, None),
            None => check.notes.file(Path::new(&*error.place.file), error.message),
        }
    }
}
