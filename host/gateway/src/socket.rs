//! The control socket: its user's alone, and of one live host at a time.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io,
    os::unix::{fs::OpenOptionsExt, net::UnixListener},
    path::{Path, PathBuf},
};

use lifesigns_listen::{SocketFile, SocketFileError, connect_unix};

use crate::peer::SocketPeer;

/// Why the socket could not be made.
#[derive(Debug, thiserror::Error)]
pub enum SocketError {
    /// Another process listens there.
    #[error(
        "another host{} answers at {}: stop it first, or give this one a `control` and a `store` of its own",
        by(.peer), path.display()
    )]
    InUse {
        /// The socket.
        path: PathBuf,
        /// The other process, if the kernel reports it.
        peer: Option<SocketPeer>,
    },
    /// The path holds something else.
    #[error("{} is there and is no socket: move it away, or choose another `control` path", path.display())]
    NoSocket {
        /// The path.
        path: PathBuf,
    },
    /// The system refused.
    #[error("the control socket {} cannot be made: {error}", path.display())]
    System {
        /// The socket.
        path: PathBuf,
        /// The system's error.
        #[source]
        error: io::Error,
    },
}

fn by(peer: &Option<SocketPeer>) -> String {
    match peer {
        Some(peer) => format!(" (process {}, user {})", peer.pid, peer.who),
        None => String::new(),
    }
}

/// A socket that clients can connect to. They are answered once it serves; it is removed when this
/// value is dropped.
#[derive(Debug)]
pub struct ApiSocket {
    pub(crate) listener: UnixListener,
    pub(crate) guard: SocketGuard,
}

/// Removes the socket when it is dropped, and holds the lock that says that the host lives.
#[derive(Debug)]
pub(crate) struct SocketGuard {
    path: PathBuf,
    _file: SocketFile,
    /// The kernel releases it whatever ends the process.
    _lock: File,
}

impl ApiSocket {
    /// Makes the socket at `path`, in a folder that exists. The file `PATH.lock` beside it is locked
    /// as long as the host lives.
    ///
    /// # Errors
    ///
    /// See [`SocketError`]; nothing has changed then.
    pub fn bind(path: &Path) -> Result<Self, SocketError> {
        let system = |error| SocketError::System { path: path.to_owned(), error };
        let Some(lock) = lock(path).map_err(system)? else { return Err(in_use(path)) };
        // What listens without the lock is no host of this kind; it is left alone all the same.
        let (listener, file) = SocketFile::make(path, 0o600, listen).map_err(|error| match error {
            SocketFileError::InUse => in_use(path),
            SocketFileError::NoSocket => SocketError::NoSocket { path: path.to_owned() },
            SocketFileError::System(error) => system(error),
        })?;
        Ok(Self { listener, guard: SocketGuard { path: path.to_owned(), _file: file, _lock: lock } })
    }

    /// Returns the path of the socket.
    pub fn path(&self) -> &Path {
        &self.guard.path
    }
}

fn listen(path: &Path) -> io::Result<UnixListener> {
    let listener = UnixListener::bind(path)?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

/// Takes the lock of a live host; `None` if another process holds it.
fn lock(path: &Path) -> io::Result<Option<File>> {
    let mut name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?.to_owned();
    name.push(".lock");
    // Neither truncated nor removed: all who wait for the lock have to see the same file.
    let file =
        OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(path.with_file_name(name))?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

fn in_use(path: &Path) -> SocketError {
    let peer = connect_unix(path).and_then(SocketPeer::of).ok();
    SocketError::InUse { path: path.to_owned(), peer }
}
