//! The receiver that appends each notice as a line of JSON to a file, or writes it on standard output.

use std::{
    io::{self, Write},
    path::PathBuf,
};

use crate::{
    anchor::AuditHead,
    config::Ndjson,
    line_file::{Durable, LineFile},
    message::{DeliveryError, Message, Receiver},
    notice_json,
};

/// See the module.
#[derive(Debug)]
pub(crate) struct NdjsonReceiver {
    name: String,
    path: Option<PathBuf>,
    file: Option<LineFile>,
    buffer: Vec<u8>,
}

impl NdjsonReceiver {
    /// Makes the receiver of a configuration.
    pub(crate) fn new(name: &str, config: &Ndjson) -> Self {
        let file = config.file.as_ref().map(|path| LineFile::new(path, config.mode));
        Self { name: name.to_owned(), path: config.file.clone(), file, buffer: Vec::new() }
    }

    fn failure(&self, why: &io::Error) -> DeliveryError {
        match &self.path {
            Some(path) => DeliveryError::retryable(format!("{}: {why}", path.display())),
            None => DeliveryError::retryable(format!("standard output: {why}")),
        }
    }

    fn write(&mut self) -> io::Result<()> {
        let Some(file) = &mut self.file else {
            let mut out = io::stdout().lock();
            out.write_all(&self.buffer)?;
            return out.flush();
        };
        file.write(&self.buffer, Durable::Yes)
    }
}

impl Receiver for NdjsonReceiver {
    fn deliver(&mut self, message: &Message) -> Result<(), DeliveryError> {
        self.buffer.clear();
        for notice in &message.notices {
            notice_json::line(notice, &mut self.buffer).map_err(DeliveryError::permanent)?;
        }
        self.write().map_err(|why| self.failure(&why))
    }

    fn anchor(&mut self, head: &AuditHead) -> Result<(), DeliveryError> {
        self.buffer.clear();
        head.line(&self.name, &mut self.buffer).map_err(DeliveryError::permanent)?;
        self.write().map_err(|why| self.failure(&why))
    }

    fn wants_each(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::{collections::BTreeMap, fs, path::Path};

    use lifesigns_compliance::NoticeKind;

    use super::*;
    use crate::sample::notice;

    fn message(ids: &[&str]) -> Message {
        Message {
            receiver: "r".into(),
            bundle: BTreeMap::new(),
            notices: ids.iter().map(|id| notice(id, NoticeKind::Opened)).collect(),
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
        let mut lines = NdjsonReceiver::new("r", &Ndjson { file: Some(path.clone()), ..Ndjson::default() });
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
            let mut lines = NdjsonReceiver::new("r", &Ndjson { file: Some(path.clone()), ..Ndjson::default() });
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
            // A receiver of each run.
            NdjsonReceiver::new("r", &Ndjson { file: Some(path.clone()), ..Ndjson::default() })
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
        let mut lines = NdjsonReceiver::new("r", &Ndjson { file: Some(path.clone()), ..Ndjson::default() });
        let failure = lines.deliver(&message(&["a"])).unwrap_err();
        assert!(failure.retry && failure.why.contains("alerts.jsonl"), "{failure}");
        fs::create_dir(path.parent().unwrap()).unwrap();
        lines.deliver(&message(&["a"])).unwrap();
        assert_eq!(ids(&path), ["a"]);
    }
}
