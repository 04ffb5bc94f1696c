//! What is wrong with a source before anything is read of it: a path that leads nowhere, a pattern,
//! a folder, a pipe, a file that may not be read.

use std::{
    fs::{self, File},
    io::{self, Read},
    os::unix::{fs::FileTypeExt, net::UnixStream},
    path::Path,
    process::Command,
};

use super::problem::Problem;
use lifesigns_intake::{Encoding, SourceKind, SourceSettings, not_text};

/// How much of a file is looked at.
const SAMPLE_BYTES: u64 = 4096;

/// Returns the problems of all sources.
pub(super) fn problems(sources: &[SourceSettings]) -> Vec<Problem> {
    sources.iter().filter_map(problem).collect()
}

fn problem(source: &SourceSettings) -> Option<Problem> {
    let (path, followed) = match &source.kind {
        SourceKind::Stdin | SourceKind::Http(_) | SourceKind::Host(_) => return None,
        SourceKind::Docker(docker) => {
            let why = UnixStream::connect(&docker.socket).err()?;
            let what = format!("{} cannot be reached: {why}", docker.socket.display());
            let fix = "start the daemon, or let the user that lifesigns runs as into its group; it is tried again";
            return Some(Problem::new("source", &source.name, what, fix));
        }
        SourceKind::Journald(_) => return journal(&source.name),
        SourceKind::Syslog(syslog) => {
            let why = lifesigns_network::check(syslog).err()?;
            return Some(Problem::new("source", &source.name, why.what, why.fix));
        }
        SourceKind::Follow(path, _) => (path, true),
        SourceKind::File(path) => (path, false),
    };
    let (what, fix) = look(path, followed)?;
    let what = format!("{}: {what}", path.display());
    Some(Problem::new("source", &source.name, what, fix))
}

/// Whether the command that reads the journal is there.
fn journal(name: &str) -> Option<Problem> {
    let why = Command::new("journalctl").arg("--version").output().err()?;
    let fix = "install systemd, or add the folder of `journalctl` to PATH; it is tried again";
    Some(Problem::new("source", name, format!("`journalctl` cannot be run: {why}"), fix))
}

fn look(path: &Path, followed: bool) -> Option<(String, String)> {
    let metadata = match fs::metadata(path) {
        Ok(metadata) => metadata,
        Err(error) => return Some(absent(path, &error, followed)),
    };
    let kind = metadata.file_type();
    if kind.is_dir() {
        return Some(("it is a folder".to_owned(), "name the files in it, each in a [[source]] of its own".to_owned()));
    }
    if !kind.is_file() && followed {
        let what = if kind.is_fifo() { "a pipe" } else { "a device or a socket" };
        let what = format!("it is {what}, and only regular files can be followed");
        return Some((what, "set `follow = false`; it is then read to its end".to_owned()));
    }
    if !kind.is_file() {
        return None;
    }
    let mut head = Vec::new();
    match File::open(path).and_then(|file| file.take(SAMPLE_BYTES).read_to_end(&mut head)) {
        Err(error) => Some((
            format!("it cannot be read: {error}"),
            "give the user that lifesigns runs as read access, for instance by a group".to_owned(),
        )),
        Ok(_) if is_utf16(&head) => None,
        Ok(_) => not_text(&head).map(|why| {
            (format!("it does not look like text: {why}"), "name the text file, or write it as UTF-8".to_owned())
        }),
    }
}

fn is_utf16(head: &[u8]) -> bool {
    Encoding::of_bytes(head) != Encoding::Utf8
}

fn absent(path: &Path, error: &io::Error, followed: bool) -> (String, String) {
    if error.kind() != io::ErrorKind::NotFound {
        let fix = "give the user that lifesigns runs as access to the folder".to_owned();
        return (format!("it cannot be looked at: {error}"), fix);
    }
    if path.to_string_lossy().contains(['*', '?', '[']) {
        let what = "there is no file of this name, and patterns are not read".to_owned();
        return (what, "name each file in a [[source]] of its own".to_owned());
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty() && !folder.is_dir());
    let what = match (folder, followed) {
        (Some(folder), _) => format!("there is no folder {}", folder.display()),
        (None, true) => "there is no such file yet".to_owned(),
        (None, false) => "there is no such file".to_owned(),
    };
    let fix = match followed {
        true => "check the spelling; a file that is created later is picked up",
        false => "check the spelling",
    };
    (what, fix.to_owned())
}
