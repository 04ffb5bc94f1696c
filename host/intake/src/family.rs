//! The files that rotation makes of one: where they lie, what they are called, and in which order
//! they were written.

use std::{
    fs::{self, DirEntry, File, Metadata},
    os::unix::fs::{FileExt, MetadataExt},
    path::{Path, PathBuf},
};

use crate::cursor::modified_ns;

/// Endings of compressed files.
const COMPRESSED: [&str; 7] = [".gz", ".xz", ".zst", ".bz2", ".lz4", ".Z", ".zip"];
/// Folders beside the file that are looked into, and files of a folder, at most.
const FOLDERS: usize = 64;
const FILES: usize = 20_000;
/// What rotation puts into a name is at most this long.
const STAMP_BYTES: usize = 64;
/// Numbers up to this length count rotations; longer ones are dates.
const COUNT_DIGITS: usize = 5;

/// A file beside the one that is followed.
#[derive(Clone, Debug)]
pub(crate) struct Member {
    pub(crate) path: PathBuf,
    pub(crate) metadata: Metadata,
    /// Its name is one that rotation makes of the file's; among those written at one time, the lower
    /// is the older.
    pub(crate) rotated: Option<Age>,
    /// It is named like the file that a link leads to, but for the digits: it may be another log.
    pub(crate) alike: bool,
    pub(crate) compressed: bool,
}

/// A name that the file has.
struct Name {
    text: String,
    /// A link leads to it.
    linked: bool,
}

/// Which of two files of one family is older by their names: a higher number of rotations, an earlier
/// date.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Age(i64, String);

impl Member {
    pub(crate) fn identity(&self) -> (u64, u64) {
        (self.metadata.dev(), self.metadata.ino())
    }

    pub(crate) fn modified_ns(&self) -> u64 {
        modified_ns(&self.metadata)
    }

    /// How many bytes it had before it was compressed, as gzip notes it (modulo 4 GiB).
    pub(crate) fn uncompressed_bytes(&self) -> Option<u64> {
        if self.path.extension()? != "gz" || self.metadata.len() < 18 {
            return None;
        }
        let mut size = [0; 4];
        File::open(&self.path).ok()?.read_exact_at(&mut size, self.metadata.len() - 4).ok()?;
        Some(u64::from(u32::from_le_bytes(size)))
    }
}

/// Which files are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    /// Those that are named as rotation names them. In a folder of thousands of logs these are few.
    Named,
    /// All: a file may have been renamed to any name.
    All,
}

/// The regular files where rotation may have put one that was at `path`: in its folder, in the folder
/// that a link at `path` leads to, in their subfolders, and where the file was `last` seen.
pub(crate) fn members(path: &Path, last: Option<&Path>, scope: Scope) -> Vec<Member> {
    let target = fs::canonicalize(path).ok();
    let paths = [Some(path), target.as_deref(), last];
    let mut names: Vec<Name> = name(path).map(|text| Name { text, linked: false }).into_iter().collect();
    let linked = target.as_deref().and_then(name).filter(|target| names.iter().all(|name| name.text != *target));
    names.extend(linked.map(|text| Name { text, linked: true }));
    let mut folders: Vec<PathBuf> = Vec::new();
    for folder in paths.iter().flatten().map(|path| folder(path)) {
        let folder = fs::canonicalize(&folder).unwrap_or(folder);
        if !folders.contains(&folder) {
            folders.push(folder);
        }
    }
    let mut members = Vec::new();
    for folder in &folders {
        let mut subfolders = Vec::new();
        for entry in fs::read_dir(folder).into_iter().flatten().flatten().take(FILES) {
            match entry.file_type() {
                Ok(kind) if kind.is_file() => members.extend(member(&entry, &names, scope)),
                Ok(kind) if kind.is_dir() && !folders.contains(&entry.path()) => subfolders.push(entry.path()),
                _ => {}
            }
        }
        subfolders.sort();
        subfolders.iter().take(FOLDERS).for_each(|folder| subfolder(folder, &names, scope, &mut members));
    }
    members
}

/// A subfolder with a file of the same name is another log's: of what lies there, only content counts.
fn subfolder(folder: &Path, names: &[Name], scope: Scope, members: &mut Vec<Member>) {
    let anothers = names.iter().any(|name| folder.join(&name.text).exists());
    if anothers && scope == Scope::Named {
        return;
    }
    for entry in fs::read_dir(folder).into_iter().flatten().flatten().take(FILES) {
        if entry.file_type().is_ok_and(|kind| kind.is_file())
            && let Some(mut one) = member(&entry, names, scope)
        {
            one.rotated = one.rotated.filter(|_| !anothers);
            members.push(one);
        }
    }
}

fn member(entry: &DirEntry, names: &[Name], scope: Scope) -> Option<Member> {
    let own = entry.file_name().to_string_lossy().into_owned();
    let plain = COMPRESSED.iter().find_map(|end| own.strip_suffix(end));
    let compressed = plain.is_some();
    let other = plain.unwrap_or(&own);
    let named = names.iter().find_map(|name| age(&name.text, other, compressed));
    let alike = named.is_none() && names.iter().any(|name| name.linked && is_alike(&name.text, other));
    let rotated = named.or_else(|| alike.then(|| by_name(other)));
    if rotated.is_none() && scope == Scope::Named {
        return None;
    }
    // After the name: in a large folder this is what costs.
    let metadata = entry.metadata().ok().filter(Metadata::is_file)?;
    Some(Member { path: entry.path(), metadata, rotated, alike, compressed })
}

fn name(path: &Path) -> Option<String> {
    path.file_name().map(|name| name.to_string_lossy().into_owned())
}

fn folder(path: &Path) -> PathBuf {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new(".")).to_owned()
}

/// Returns the age that rotation wrote into `other`, if it made that name of `name`.
fn age(name: &str, other: &str, compressed: bool) -> Option<Age> {
    if other == name {
        return compressed.then(|| Age(0, String::new()));
    }
    // `app.log.1`, `app.log-20261126`, `app.log.old`
    if let Some(end) = other.strip_prefix(name)
        && let Some(stamp) = end.strip_prefix(['.', '-', '_'])
        && (is_stamp(stamp) || stamp == "old")
    {
        return Some(of_stamp(stamp));
    }
    // `app-20261126.log`, `app.1.log`
    if let Some((stem, extension)) = name.rsplit_once('.')
        && let Some(middle) = other.strip_prefix(stem).and_then(|rest| rest.strip_suffix(extension))
        && let Some(stamp) = middle.strip_suffix('.').and_then(|middle| middle.strip_prefix(['.', '-', '_']))
        && is_stamp(stamp)
        // `app-2.log` is the log of another one.
        && (middle.starts_with('.') || stamp.len() > COUNT_DIGITS)
    {
        return Some(of_stamp(stamp));
    }
    None
}

/// Whether a link that leads to `name` may have led to `other` before: `app-2026-11-25.log` where
/// today it is `app-2026-11-26.log`.
fn is_alike(name: &str, other: &str) -> bool {
    other != name && name.bytes().any(|byte| byte.is_ascii_digit()) && shape(name) == shape(other)
}

/// Returns the age of a file of which only the name is known.
pub(crate) fn by_name(name: &str) -> Age {
    Age(0, padded(name))
}

fn is_stamp(text: &str) -> bool {
    text.len() <= STAMP_BYTES
        && text.bytes().any(|byte| byte.is_ascii_digit())
        && text.bytes().all(|byte| byte.is_ascii_digit() || b"TZ+-_.:".contains(&byte))
}

fn of_stamp(stamp: &str) -> Age {
    if stamp.len() <= COUNT_DIGITS
        && let Ok(count) = stamp.parse::<i64>()
    {
        return Age(-count, String::new());
    }
    Age(0, padded(stamp))
}

/// Returns a name with each run of digits as one `#`.
fn shape(name: &str) -> String {
    let mut shape = String::with_capacity(name.len());
    for letter in name.chars() {
        match letter.is_ascii_digit() {
            true if shape.ends_with('#') => {}
            true => shape.push('#'),
            false => shape.push(letter),
        }
    }
    shape
}

/// Returns a name whose numbers compare as texts do.
fn padded(name: &str) -> String {
    let (mut padded, mut digits) = (String::new(), String::new());
    for letter in name.chars().chain(['\0']) {
        if letter.is_ascii_digit() {
            digits.push(letter);
            continue;
        }
        if !digits.is_empty() {
            padded.push_str(&format!("{digits:0>20}"));
            digits.clear();
        }
        padded.push(letter);
    }
    padded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_rotation_makes_are_known() {
        for (name, other) in [
            ("app.log", "app.log.1"),
            ("app.log", "app.log-20261126"),
            ("app.log", "app.log-20261126-1764150000"),
            ("app.log", "app.log.2026-11-26T10:00:00Z"),
            ("app.log", "app.log.old"),
            ("app.log", "app-20261126.log"),
            ("app.log", "app.1.log"),
            ("app.log", "app_2026-11-26.log"),
            ("syslog", "syslog.1"),
        ] {
            assert!(age(name, other, false).is_some(), "{other}");
        }
        for (name, other) in [
            ("app.log", "app.log"),
            ("app.log", "app.log.bak"),
            ("app.log", "app.log~"),
            ("app.log", "app.log2"),
            ("app.log", "app.log."),
            ("app.log", "app-error.log"),
            ("app.log", "other.log.1"),
            ("app.log", "application-1.log"),
            ("syslog", "syslog-ng.1"),
            ("app.log", "app-2.log"),
            ("vm-1.log", "vm-2.log"),
        ] {
            assert!(age(name, other, false).is_none(), "{other}");
        }
    }

    #[test]
    fn what_a_link_led_to_is_alike() {
        assert!(is_alike("app-2026-11-26.log", "app-2026-11-25.log") && is_alike("0.log", "11.log"));
        assert!(!is_alike("app.log", "app.log") && !is_alike("app-1.log", "web-1.log"));
    }

    #[test]
    fn ages_by_name_go_from_the_oldest_to_the_newest() {
        let age = |other: &str| age("app.log", other, false).expect("a name of the family");
        for names in [
            ["app.log.10", "app.log.9", "app.log.1"],
            ["app-20261124.log", "app-20261125.log", "app-20261126.log"],
            ["app.log-20261126-9", "app.log-20261126-10", "app.log-20261127"],
        ] {
            assert!(names.is_sorted_by_key(|name| age(name)), "{names:?}");
        }
    }
}
