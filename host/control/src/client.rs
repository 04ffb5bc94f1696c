//! The other end: asking a host that runs.

use std::{
    fs,
    io::{self, BufReader},
    os::unix::{fs::MetadataExt, net::UnixStream},
    path::{Path, PathBuf},
    time::Duration,
};

use serde::Deserialize;

use crate::{
    address,
    peer::{Peer, user_name},
    request::{Asked, Request, Response},
    wire::{self, REQUEST_BYTES},
};

/// A host that says nothing for this long is not waited for, unless [`Client::patient`].
const PATIENCE: Duration = Duration::from_secs(60);

/// Why no host could be reached.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// Nobody listens.
    #[error("no host is running at {}: start one with `lifesigns run --config FILE`", path.display())]
    NoHost {
        /// The socket.
        path: PathBuf,
    },
    /// It belongs to somebody else.
    #[error("the host at {} belongs to {owner}: run the command as {owner} or root", path.display())]
    Denied {
        /// The socket.
        path: PathBuf,
        /// Whose it is.
        owner: String,
    },
    /// The system did not let us.
    #[error("the host at {} cannot be reached: {error}", path.display())]
    System {
        /// The socket.
        path: PathBuf,
        /// What it said.
        #[source]
        error: io::Error,
    },
}

/// Why there is no response.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// It would not be read.
    #[error("the request has {bytes} bytes; a host takes at most {REQUEST_BYTES}")]
    TooLong {
        /// Its length.
        bytes: usize,
    },
    /// The host went away, or took too long.
    #[error("the host gave no answer: {0}; is it stopping? `lifesigns status` says how it is")]
    Gone(#[source] io::Error),
    /// It speaks another language.
    #[error("the host's answer cannot be read; is it of another version than this command? {0}")]
    Garbled(#[source] serde_json::Error),
}

/// A connection to a host.
#[derive(Debug)]
pub struct Client {
    stream: BufReader<UnixStream>,
    name: Option<String>,
}

impl Client {
    /// Connects to the host whose socket is at `path`.
    ///
    /// # Errors
    ///
    /// See [`ConnectError`]: each says what to do.
    pub fn connect(path: &Path) -> Result<Self, ConnectError> {
        let system = |error| ConnectError::System { path: path.to_owned(), error };
        let stream = address::connect(path).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused => {
                ConnectError::NoHost { path: path.to_owned() }
            }
            io::ErrorKind::PermissionDenied => ConnectError::Denied { path: path.to_owned(), owner: owner(path) },
            _ => system(error),
        })?;
        stream
            .set_read_timeout(Some(PATIENCE))
            .and_then(|()| stream.set_write_timeout(Some(PATIENCE)))
            .map_err(system)?;
        Ok(Self { stream: BufReader::with_capacity(64 * 1024, stream), name: None })
    }

    /// Acts in the name of `name`; a host takes that from root only.
    #[must_use]
    pub fn in_the_name_of(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Waits as long as it takes: for a backup.
    ///
    /// # Errors
    ///
    /// If the system does not let us.
    pub fn patient(self) -> io::Result<Self> {
        self.stream.get_ref().set_read_timeout(None)?;
        Ok(self)
    }

    /// The host's process and user.
    ///
    /// # Errors
    ///
    /// If the system does not say.
    pub fn host(&self) -> io::Result<Peer> {
        Peer::of(self.stream.get_ref())
    }

    /// Asks, and waits for the response.
    ///
    /// # Errors
    ///
    /// See [`AskError`]; after one the connection is of no more use.
    pub fn ask(&mut self, request: &Request) -> Result<Response, AskError> {
        let asked = Asked { name: self.name.clone(), ask: request.clone() };
        let bytes = serde_json::to_vec(&asked).map_or(0, |line| line.len() + 1);
        if bytes > REQUEST_BYTES {
            return Err(AskError::TooLong { bytes });
        }
        // A host that is too busy says so before it is asked, and closes: then there is something to
        // read although nothing could be written.
        let written = wire::write(self.stream.get_ref(), &asked);
        let mut reader = serde_json::Deserializer::from_reader(&mut self.stream);
        match (Response::deserialize(&mut reader), written) {
            (Ok(response), _) => Ok(response),
            (Err(_), Err(error)) => Err(AskError::Gone(error)),
            (Err(error), Ok(())) if error.is_io() || error.is_eof() => Err(AskError::Gone(error.into())),
            (Err(error), Ok(())) => Err(AskError::Garbled(error)),
        }
    }
}

/// Whose socket it is; if that cannot be seen, whose folder.
fn owner(path: &Path) -> String {
    let seen = fs::symlink_metadata(path).or_else(|_| fs::metadata(address::folder_of(path)));
    seen.map_or_else(|_| "another user".to_owned(), |seen| user_name(seen.uid()))
}
