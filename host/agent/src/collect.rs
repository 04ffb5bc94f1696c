//! From a configuration to sources: which files there are now, and how the events of each are written.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    fs,
    path::{Path, PathBuf},
};

use lifesigns_api::{AgentConfiguration, FileCollection};
use lifesigns_intake::{FollowFrom, Format, HostMetricsSettings, JournalSettings, SourceKind, SourceSettings};

use crate::{event::EventStyle, glob};

/// The names of the sources that are no files.
const HOST: &str = "host";
const JOURNAL: &str = "journald";
/// Files that are followed, and folders and entries that are looked at for them.
const FILES: usize = 1000;
const FOLDERS: usize = 1000;
const ENTRIES: usize = 100_000;
/// A file that is gone is given up after so long: rotation may take its name for a moment.
const GONE_NS: u64 = 600_000_000_000;
/// Endings of files that are compressed.
const COMPRESSED: [&str; 5] = [".gz", ".zst", ".xz", ".bz2", ".zip"];

/// What is to be read, and how.
#[derive(Debug, Default)]
pub(crate) struct Collected {
    pub(crate) sources: Vec<SourceSettings>,
    pub(crate) styles: HashMap<String, EventStyle>,
    /// Files that would be read if they were fewer.
    pub(crate) left_out: u64,
}

/// Files that were found before.
#[derive(Debug, Default)]
pub(crate) struct FileScanner {
    known: BTreeMap<PathBuf, KnownFile>,
}

#[derive(Debug)]
struct KnownFile {
    /// Where it was begun: that does not change while it is followed.
    from: FollowFrom,
    /// When it was there last, nanoseconds since the Unix epoch.
    seen_ns: u64,
}

impl FileScanner {
    /// Returns a scanner that knows the files of these sources: one that rotation takes away for a moment stays.
    pub(crate) fn resumed(sources: Vec<String>, seen_ns: u64) -> Self {
        let files = sources.into_iter().filter(|source| source.starts_with('/')).map(PathBuf::from);
        Self { known: files.map(|path| (path, KnownFile { from: FollowFrom::Start, seen_ns })).collect() }
    }

    /// Returns what the configuration asks for now. `begun` are the collections whose files were looked for before; this
    /// one's are added.
    pub(crate) fn scan(
        &mut self,
        configuration: &AgentConfiguration,
        name: &str,
        begun: &mut BTreeSet<String>,
        now_ns: u64,
    ) -> Collected {
        let mut all = Collected::default();
        for collection in &configuration.files {
            let from = match collection.from_end && !begun.contains(&collection.name) {
                true => FollowFrom::End,
                false => FollowFrom::Start,
            };
            begun.insert(collection.name.clone());
            for path in self.files_of(collection, now_ns) {
                let source = path.display().to_string();
                if all.styles.contains_key(&source) {
                    continue;
                }
                if all.sources.len() >= FILES {
                    all.left_out += 1;
                    continue;
                }
                let known = self.known.entry(path.clone()).or_insert(KnownFile { from, seen_ns: now_ns });
                all.styles.insert(source.clone(), style(collection, &source, name));
                all.sources.push(settings(SourceKind::Follow(path, known.from), source, name));
            }
        }
        self.known.retain(|path, _| all.styles.contains_key(&path.display().to_string()));
        add_others(configuration, name, &mut all);
        all
    }

    /// Returns the files of a collection that are there, or were a moment ago.
    fn files_of(&mut self, collection: &FileCollection, now_ns: u64) -> Vec<PathBuf> {
        let mut found = BTreeSet::new();
        let mut left = ENTRIES;
        for folder in folders(&collection.directory) {
            let Ok(entries) = fs::read_dir(&folder) else { continue };
            for entry in entries.flatten() {
                left = left.saturating_sub(1);
                let Some(file) = entry.file_name().to_str().map(str::to_owned).filter(|_| left > 0) else { continue };
                // Through a link, too.
                if takes(collection, &file) && fs::metadata(entry.path()).is_ok_and(|it| it.is_file()) {
                    found.insert(entry.path());
                }
            }
        }
        for path in &found {
            self.known.entry(path.clone()).and_modify(|known| known.seen_ns = now_ns);
        }
        let is_of = |path: &Path| {
            let folder = path.parent().map(|folder| folder.display().to_string()).unwrap_or_default();
            let file = path.file_name().map(|file| file.to_string_lossy().into_owned()).unwrap_or_default();
            fits_folder(&collection.directory, &folder) && takes(collection, &file)
        };
        let gone = self.known.iter().filter(|(path, known)| {
            !found.contains(*path) && now_ns.saturating_sub(known.seen_ns) < GONE_NS && is_of(path)
        });
        let gone: Vec<PathBuf> = gone.map(|(path, _)| path.clone()).collect();
        found.extend(gone);
        let rotated: Vec<PathBuf> = found.iter().filter(|path| is_rotated(path, &found)).cloned().collect();
        rotated.iter().for_each(|path| _ = found.remove(path));
        found.into_iter().collect()
    }
}

fn add_others(configuration: &AgentConfiguration, name: &str, all: &mut Collected) {
    let plain = EventStyle { object: name.to_owned(), fields: BTreeMap::new(), marker: None };
    if let Some(journal) = &configuration.journal {
        let kind = SourceKind::Journald(JournalSettings { command: "journalctl".into(), from: FollowFrom::End });
        all.sources.push(settings(kind, JOURNAL.to_owned(), name));
        all.styles.insert(JOURNAL.to_owned(), EventStyle { fields: journal.tags.clone(), ..plain.clone() });
    }
    if let Some(every_ms) = configuration.metrics_ms {
        all.sources.push(settings(SourceKind::Host(HostMetricsSettings { every_ms }), HOST.to_owned(), name));
        all.styles.insert(HOST.to_owned(), plain);
    }
}

fn settings(kind: SourceKind, source: String, name: &str) -> SourceSettings {
    SourceSettings {
        kind,
        name: source,
        format: Format::default(),
        time_formats: Vec::new(),
        object: name.to_owned(),
        app: None,
    }
}

fn style(collection: &FileCollection, source: &str, name: &str) -> EventStyle {
    let mut fields = collection.tags.clone();
    fields.entry("file".to_owned()).or_insert_with(|| source.to_owned());
    EventStyle {
        object: collection.object.clone().unwrap_or_else(|| name.to_owned()),
        fields,
        marker: collection.event_marker.clone(),
    }
}

/// Whether the name of a file is one of the collection.
fn takes(collection: &FileCollection, file: &str) -> bool {
    let is_one = |masks: &[String]| masks.iter().any(|mask| glob::matches(mask, file));
    (collection.include.is_empty() || is_one(&collection.include))
        && !is_one(&collection.exclude)
        && !COMPRESSED.iter().any(|ending| file.ends_with(ending))
}

/// Whether a file is an older part of another one: `app.log.1` of `app.log`. What is in it was read under that name.
fn is_rotated(path: &Path, all: &BTreeSet<PathBuf>) -> bool {
    let text = path.to_string_lossy();
    let ends = text.char_indices().filter(|(_, character)| matches!(character, '.' | '-' | '_'));
    ends.filter(|(at, _)| {
        text[at + 1..].starts_with(|it: char| it.is_ascii_digit()) || text[at + 1..].starts_with("old")
    })
    .any(|(at, _)| all.contains(Path::new(&text[..at])))
}

/// Returns the folders that a pattern names.
fn folders(pattern: &str) -> Vec<PathBuf> {
    let mut all = vec![PathBuf::from("/")];
    for part in pattern.split('/').filter(|part| !part.is_empty()) {
        if !glob::is_pattern(part) {
            all.iter_mut().for_each(|folder| folder.push(part));
            continue;
        }
        let mut next = Vec::new();
        for folder in &all {
            let entries = fs::read_dir(folder).into_iter().flatten().flatten().take(ENTRIES);
            let fitting = entries.filter(|entry| {
                entry.file_name().to_str().is_some_and(|name| glob::matches(part, name)) && entry.path().is_dir()
            });
            next.extend(fitting.map(|entry| entry.path()));
        }
        next.sort();
        next.truncate(FOLDERS);
        all = next;
    }
    all
}

fn fits_folder(pattern: &str, folder: &str) -> bool {
    let parts = |text: &str| text.split('/').filter(|part| !part.is_empty()).map(str::to_owned).collect::<Vec<_>>();
    let (patterns, names) = (parts(pattern), parts(folder));
    patterns.len() == names.len() && patterns.iter().zip(&names).all(|(pattern, name)| glob::matches(pattern, name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(collected: &Collected, folder: &Path) -> Vec<String> {
        let prefix = format!("{}/", folder.display());
        let mut names: Vec<String> = collected
            .sources
            .iter()
            .map(|source| {
                let end = matches!(source.kind, SourceKind::Follow(_, FollowFrom::End));
                format!("{}{}", source.name.replace(&prefix, ""), if end { " (end)" } else { "" })
            })
            .collect();
        names.sort();
        names
    }

    fn files(directory: String, include: &[&str]) -> FileCollection {
        let include = include.iter().map(ToString::to_string).collect();
        FileCollection { name: "logs".into(), directory, include, ..FileCollection::default() }
    }

    #[test]
    fn files_are_found_by_patterns_without_their_rotated_parts() {
        let folder = tempfile::tempdir().expect("a folder");
        for file in ["a/x.log", "a/x.log.1", "a/x.log.2.gz", "a/x.log-20261128", "b/y.log", "b/y.txt", "c/d/z.log"] {
            let path = folder.path().join(file);
            fs::create_dir_all(path.parent().expect("a folder")).expect("it is made");
            fs::write(path, "").expect("it is written");
        }
        let pattern = format!("{}/?", folder.path().display());
        let mut collection = files(pattern.clone(), &[]);
        collection.exclude = vec!["*.txt".into()];
        let mut configuration = AgentConfiguration { files: vec![collection], ..AgentConfiguration::default() };
        let (mut scanner, mut begun) = (FileScanner::default(), BTreeSet::new());
        let mut scan = |scanner: &mut FileScanner, configuration: &AgentConfiguration| {
            names(&scanner.scan(configuration, "vm-7", &mut begun, 1), folder.path())
        };
        assert_eq!(scan(&mut scanner, &configuration), ["a/x.log", "b/y.log"]);
        // A file that comes later is read from its start, and one that rotation has taken away for a moment stays.
        configuration.files[0].from_end = true;
        fs::write(folder.path().join("a/new.log"), "").expect("it is written");
        fs::remove_file(folder.path().join("b/y.log")).expect("it is removed");
        assert_eq!(scan(&mut scanner, &configuration), ["a/new.log", "a/x.log", "b/y.log"]);
        configuration.files[0].include = vec!["n*".into()];
        assert_eq!(scan(&mut scanner, &configuration), ["a/new.log"]);
        configuration.files.push(FileCollection { name: "late".into(), from_end: true, ..files(pattern, &["x*"]) });
        assert_eq!(scan(&mut scanner, &configuration), ["a/new.log", "a/x.log (end)", "a/x.log-20261128 (end)"][..2]);
    }

    #[test]
    fn the_first_collection_that_names_a_file_decides() {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("x.log"), "").expect("it is written");
        let first = FileCollection {
            tags: BTreeMap::from([("kind".to_owned(), "first".to_owned())]),
            ..files(folder.path().display().to_string(), &["x*"])
        };
        let second = FileCollection { object: Some("other".into()), ..files(folder.path().display().to_string(), &[]) };
        let configuration =
            AgentConfiguration { files: vec![first, second], metrics_ms: Some(7), ..AgentConfiguration::default() };
        let collected = FileScanner::default().scan(&configuration, "vm-7", &mut BTreeSet::new(), 1);
        assert_eq!(names(&collected, folder.path()), ["host", "x.log"]);
        let style = &collected.styles[&folder.path().join("x.log").display().to_string()];
        assert_eq!((style.object.as_str(), style.fields["kind"].as_str()), ("vm-7", "first"));
        assert!(style.fields["file"].ends_with("/x.log"));
    }
}
