//! Files and folders that a host makes or writes to.

use std::{
    fs::{self, OpenOptions},
    os::unix::fs::FileTypeExt,
    path::{Path, PathBuf},
};

use lifesigns_settings::Settings;

/// Why a host could not make its files. Nothing is made here.
pub(super) fn refusals(settings: &Settings) -> Vec<String> {
    let output = settings.output.file.as_ref();
    let mut refusals: Vec<String> = output.and_then(|path| writable("[output] file", path)).into_iter().collect();
    refusals.extend(writable("store", &settings.store));
    refusals.extend(socket(&settings.control));
    if let Some(cache) = &settings.cache
        && fs::metadata(cache).is_ok_and(|found| !found.is_dir())
    {
        refusals.push(format!("cache {} is not a folder", cache.display()));
    }
    refusals
}

/// Why a file cannot be written to; one that is not there is not made.
fn writable(of: &str, path: &Path) -> Option<String> {
    let cannot = |why: &str| Some(format!("{of} {} cannot be opened: {why}", path.display()));
    match fs::metadata(path) {
        Ok(found) if found.is_dir() => cannot("it is a folder"),
        // Opening a pipe would wait for its reader.
        Ok(found) if !found.is_file() => None,
        Ok(_) => OpenOptions::new().append(true).open(path).err().and_then(|error| cannot(&error.to_string())),
        Err(_) => missing_folder(path).and_then(|folder| cannot(&format!("there is no folder {}", folder.display()))),
    }
}

fn socket(path: &Path) -> Option<String> {
    let cannot = |why: String| Some(format!("the control socket {} cannot be made: {why}", path.display()));
    match fs::symlink_metadata(path) {
        Ok(found) if !found.file_type().is_socket() => cannot("something else is there".to_owned()),
        Ok(_) => None,
        Err(_) => missing_folder(path).and_then(|folder| cannot(format!("there is no folder {}", folder.display()))),
    }
}

/// Returns the folder of a path, if it is not there.
fn missing_folder(path: &Path) -> Option<PathBuf> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty())?;
    (!folder.is_dir()).then(|| folder.to_owned())
}
