//! The receiver of lines: each notice is a line of JSON at the end of a file, or on standard output.

use std::{
    fs::{File, Metadata, OpenOptions},
    io::{self, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

use crate::{
    anchor::AuditHead,
    config::Ndjson,
    json,
    message::{Failure, Message, Receiver},
};

/// See the module. A file is opened when it is needed, and again when it is another one than before, so
/// that it can be rotated.
#[derive(Debug)]
pub(crate) struct Lines {
    name: String,
    path: Option<PathBuf>,
    mode: u32,
    file: Option<(File, Identity)>,
    buffer: Vec<u8>,
}

/// What makes a file the same file.
type Identity = (u64, u64);

impl Lines {
    /// The receiver of a configuration.
    pub(crate) fn new(name: &str, config: &Ndjson) -> Self {
        Self { name: name.to_owned(), path: config.file.clone(), mode: config.mode, file: None, buffer: Vec::new() }
    }

    fn failure(&self, why: &io::Error) -> Failure {
        match &self.path {
            Some(path) => Failure::later(format!("{}: {why}", path.display())),
            None => Failure::later(format!("standard output: {why}")),
        }
    }

    fn write(&mut self) -> io::Result<()> {
        let Some(path) = &self.path else {
            let mut out = io::stdout().lock();
            out.write_all(&self.buffer)?;
            return out.flush();
        };
        let known =
            self.file.take().filter(|(_, known)| std::fs::metadata(path).is_ok_and(|now| identity(&now) == *known));
        let (mut file, identity) = match known {
            Some(known) => known,
            None => {
                let mut file = appended(path, self.mode)?;
                let identity = identity(&file.metadata()?);
                if ends_in_a_line(path, &file.metadata()?) {
                    file.write_all(b"\n")?;
                }
                (file, identity)
            }
        };
        let before = file.metadata()?;
        let written =
            file.write_all(&self.buffer).and_then(|()| if before.is_file() { file.sync_data() } else { Ok(()) });
        if written.is_err() {
            // Half a line would make two lines one. What cannot be cut, such as a pipe, stays.
            let _ = file.set_len(before.len());
        }
        self.file = Some((file, identity));
        written
    }
}

/// Opens a file to append to it; where there is none, it gets this mode.
fn appended(path: &Path, mode: u32) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, mode);
    #[cfg(not(unix))]
    let _ = mode;
    options.open(path)
}

/// Whether a file ends in the middle of a line, as after a death while it was written: what comes next
/// must not become part of it. One that may not be read, or cannot be, such as a pipe, is taken as whole.
fn ends_in_a_line(path: &Path, metadata: &Metadata) -> bool {
    let last = || -> io::Result<u8> {
        let (mut file, mut last) = (File::open(path)?, [0]);
        file.seek(SeekFrom::End(-1))?;
        file.read_exact(&mut last)?;
        Ok(last[0])
    };
    metadata.is_file() && metadata.len() > 0 && last().is_ok_and(|last| last != b'\n')
}

#[cfg(unix)]
fn identity(metadata: &std::fs::Metadata) -> Identity {
    use std::os::unix::fs::MetadataExt;
    (metadata.dev(), metadata.ino())
}

#[cfg(not(unix))]
fn identity(_: &std::fs::Metadata) -> Identity {
    (0, 0)
}

impl Receiver for Lines {
    fn deliver(&mut self, message: &Message) -> Result<(), Failure> {
        self.buffer.clear();
        for notice in &message.notices {
            json::line(notice, &mut self.buffer).map_err(Failure::never)?;
        }
        self.write().map_err(|why| self.failure(&why))
    }

    fn anchor(&mut self, head: &AuditHead) -> Result<(), Failure> {
        self.buffer.clear();
        head.line(&self.name, &mut self.buffer).map_err(Failure::never)?;
        self.write().map_err(|why| self.failure(&why))
    }

    fn wants_each(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::{collections::BTreeMap, fs};

    use lifesigns_compliance::Happened;

    use super::*;
    use crate::sample::notice;

    fn message(ids: &[&str]) -> Message {
        Message {
            receiver: "r".into(),
            bundle: BTreeMap::new(),
            notices: ids.iter().map(|id| notice(id, Happened::Opened)).collect(),
            key: "k".into(),
        }
    }

    fn ids(path: &std::path::Path) -> Vec<String> {
        let text = fs::read_to_string(path).unwrap();
        let id =
            |line: &str| serde_json::from_str::<serde_json::Value>(line).unwrap()["id"].as_str().unwrap().to_owned();
        text.lines().map(id).collect()
    }

    #[test]
    fn a_file_grows_and_may_be_rotated() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("alerts.jsonl");
        let mut lines = Lines::new("r", &Ndjson { file: Some(path.clone()), ..Ndjson::default() });
        lines.deliver(&message(&["a", "b"])).unwrap();
        lines.deliver(&message(&["c"])).unwrap();
        assert_eq!(ids(&path), ["a", "b", "c"]);
        let old = folder.path().join("alerts.jsonl.1");
        fs::rename(&path, &old).unwrap();
        lines.deliver(&message(&["d"])).unwrap();
        assert_eq!((ids(&old).len(), ids(&path)), (3, vec!["d".to_owned()]));
    }

    #[cfg(unix)]
    #[test]
    fn a_file_is_made_for_its_user_alone_and_one_that_is_there_keeps_its_mode() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        let (new, there) = (folder.path().join("new"), folder.path().join("there"));
        fs::write(&there, "").unwrap();
        fs::set_permissions(&there, fs::Permissions::from_mode(0o640)).unwrap();
        for path in [&new, &there] {
            let mut lines = Lines::new("r", &Ndjson { file: Some(path.clone()), ..Ndjson::default() });
            lines.deliver(&message(&["a"])).unwrap();
        }
        assert_eq!((mode(&new), mode(&there)), (0o600, 0o640));
    }

    #[test]
    fn half_a_line_of_an_earlier_life_stays_a_line_of_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("alerts.jsonl");
        fs::write(&path, "{\"version\":1,\"rec").unwrap();
        for id in ["a", "b"] {
            // A receiver of each life.
            Lines::new("r", &Ndjson { file: Some(path.clone()), ..Ndjson::default() })
                .deliver(&message(&[id]))
                .unwrap();
        }
        let text = fs::read_to_string(&path).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!((lines.len(), lines[0]), (3, "{\"version\":1,\"rec"));
        assert!(lines[1].contains("\"id\":\"a\"") && lines[2].contains("\"id\":\"b\""), "{text}");
    }

    #[test]
    fn a_file_that_cannot_be_written_is_tried_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("not-yet/alerts.jsonl");
        let mut lines = Lines::new("r", &Ndjson { file: Some(path.clone()), ..Ndjson::default() });
        let failure = lines.deliver(&message(&["a"])).unwrap_err();
        assert!(failure.retry && failure.why.contains("alerts.jsonl"), "{failure}");
        fs::create_dir(path.parent().unwrap()).unwrap();
        lines.deliver(&message(&["a"])).unwrap();
        assert_eq!(ids(&path), ["a"]);
    }
}
