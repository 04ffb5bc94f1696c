//! The compile cache: it saves the compile, and it is not trusted when another user may have
//! written to it.

use std::{
    fs,
    os::unix::fs::{PermissionsExt, symlink},
    path::{Path, PathBuf},
};

use lifesigns::{Cache, CacheError, Sandbox};
use lifesigns_e2e::modules;
use lifesigns_model::{Limits, Module};
use lifesigns_rulestore::ModuleBytes;

/// Loads the keyword rule with this cache and lets it describe itself.
fn load(cache: &Path) {
    let sandbox = Sandbox::new(Some(Cache::open(cache).expect("a sound cache"))).expect("a sandbox");
    let module = ModuleBytes::new(modules::read(lifesigns_artifacts::rule("keyword")));
    let loaded = sandbox.load(&module.bytes, &module.digest).expect("the rule is admitted");
    loaded.instantiate(r#"{"contains": ["x"]}"#, &Limits::default()).expect("the rule describes itself");
}

fn entry(cache: &Path) -> PathBuf {
    let mut entries: Vec<PathBuf> =
        fs::read_dir(cache).expect("the folder").map(|entry| entry.expect("an entry").path()).collect();
    entries.retain(|path| path.file_name().is_some_and(|name| name != "key"));
    assert_eq!(entries.len(), 1, "one entry: {entries:?}");
    entries.remove(0)
}

#[test]
fn an_entry_is_written_once_and_used_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let cache = folder.path().join("cache");
    load(&cache);
    let entry = entry(&cache);
    let written = fs::metadata(&entry).expect("the entry").modified().expect("a time");
    load(&cache);
    assert_eq!(fs::metadata(&entry).expect("the entry").modified().expect("a time"), written);
    let mode = |path: &Path| fs::metadata(path).expect("metadata").permissions().mode() & 0o777;
    assert_eq!([mode(&cache), mode(&entry), mode(&cache.join("key"))], [0o700, 0o600, 0o600]);
}

#[test]
fn a_damaged_or_foreign_entry_is_compiled_anew() {
    let folder = tempfile::tempdir().expect("a folder");
    let cache = folder.path().join("cache");
    load(&cache);
    let entry = entry(&cache);
    let sound = fs::read(&entry).expect("the entry");
    let middle = sound.len() / 2;
    let flip = |at: usize| {
        let mut bytes = sound.clone();
        bytes[at] ^= 1;
        bytes
    };
    for damaged in [flip(0), flip(middle), flip(sound.len() - 1), sound[..middle].to_vec(), Vec::new()] {
        fs::write(&entry, &damaged).expect("the damage");
        load(&cache);
        assert_eq!(fs::read(&entry).expect("the entry").len(), sound.len(), "it was written again");
    }
    // Written by a host with another key.
    let other = folder.path().join("other");
    load(&other);
    fs::copy(self::entry(&other), &entry).expect("the foreign entry");
    load(&cache);
    assert_ne!(fs::read(&entry).expect("the entry"), fs::read(self::entry(&other)).expect("the other entry"));
}

#[test]
fn a_folder_that_others_may_write_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let open = folder.path().join("open");
    fs::create_dir(&open).expect("a folder");
    fs::set_permissions(&open, fs::Permissions::from_mode(0o770)).expect("its mode");
    let why = Cache::open(&open).err().expect("refused").to_string();
    assert!(why.contains("others may read or write it") && why.contains("chmod 700"), "{why}");
    let private = folder.path().join("private");
    drop(Cache::open(&private).expect("a sound cache"));
    let link = folder.path().join("link");
    symlink(&private, &link).expect("a link");
    assert!(matches!(Cache::open(&link), Err(CacheError::Untrusted { why: "it is not a folder", .. })));
}
