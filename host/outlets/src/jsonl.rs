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
