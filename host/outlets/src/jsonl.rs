//! The receiver of lines: each notice is a line of JSON at the end of a file, or on standard output.

use std::{
    fs::{File, OpenOptions},
    io::{self, Write},
    path::PathBuf,
};

use crate::{
    config::Ndjson,
    json,
    message::{Failure, Message, Receiver},
};

/// See the module. A file is opened when it is needed, and again when it is another one than before, so
/// that it can be rotated.
#[derive(Debug)]
pub(crate) struct Lines {
    path: Option<PathBuf>,
    file: Option<(File, Identity)>,
    buffer: Vec<u8>,
}

/// What makes a file the same file.
type Identity = (u64, u64);

impl Lines {
    /// The receiver of a configuration.
    pub(crate) fn new(config: &Ndjson) -> Self {
        Self { path: config.file.clone(), file: None, buffer: Vec::new() }
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
                let file = OpenOptions::new().create(true).append(true).open(path)?;
                let identity = identity(&file.metadata()?);
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
        self.write().map_err(|why| match &self.path {
            Some(path) => Failure::later(format!("{}: {why}", path.display())),
            None => Failure::later(format!("standard output: {why}")),
        })
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
        let mut lines = Lines::new(&Ndjson { file: Some(path.clone()) });
        lines.deliver(&message(&["a", "b"])).unwrap();
        lines.deliver(&message(&["c"])).unwrap();
        assert_eq!(ids(&path), ["a", "b", "c"]);
        let old = folder.path().join("alerts.jsonl.1");
        fs::rename(&path, &old).unwrap();
        lines.deliver(&message(&["d"])).unwrap();
        assert_eq!((ids(&old).len(), ids(&path)), (3, vec!["d".to_owned()]));
    }

    #[test]
    fn a_file_that_cannot_be_written_is_tried_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("not-yet/alerts.jsonl");
        let mut lines = Lines::new(&Ndjson { file: Some(path.clone()) });
        let failure = lines.deliver(&message(&["a"])).unwrap_err();
        assert!(failure.retry && failure.why.contains("alerts.jsonl"), "{failure}");
        fs::create_dir(path.parent().unwrap()).unwrap();
        lines.deliver(&message(&["a"])).unwrap();
        assert_eq!(ids(&path), ["a"]);
    }
}
