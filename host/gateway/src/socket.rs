//! Taking the socket's path: mode 0600 before any client can connect, a dead host's socket is
//! replaced, a live host's is left alone.

use std::{
    fs::{self, DirBuilder, File, OpenOptions, TryLockError},
    io,
    os::unix::{
        fs::{DirBuilderExt, FileTypeExt, MetadataExt, OpenOptionsExt, PermissionsExt},
        net::UnixListener,
    },
    path::{Path, PathBuf},
};

use crate::{
    address::{Address, connect, folder_of},
    peer::SocketPeer,
};

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
    /// Device and inode of the socket: another one at the same path is left alone.
    identity: (u64, u64),
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
        match fs::symlink_metadata(path) {
            Ok(there) if !there.file_type().is_socket() => {
                return Err(SocketError::NoSocket { path: path.to_owned() });
            }
            // It listens without the lock, so it is no host of this kind; it is left alone all the same.
            Ok(_) if connect(path).is_ok() => return Err(in_use(path)),
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(system(error)),
        }
        let (listener, identity) = listen(path).map_err(system)?;
        Ok(Self { listener, guard: SocketGuard { path: path.to_owned(), identity, _lock: lock } })
    }

    /// Returns the path of the socket.
    pub fn path(&self) -> &Path {
        &self.guard.path
    }
}

impl Drop for SocketGuard {
    fn drop(&mut self) {
        let ours = fs::symlink_metadata(&self.path).is_ok_and(|it| (it.dev(), it.ino()) == self.identity);
        if ours {
            // If it cannot be removed, the next host replaces it.
            let _ = fs::remove_file(&self.path);
        }
    }
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
    let peer = connect(path).and_then(SocketPeer::of).ok();
    SocketError::InUse { path: path.to_owned(), peer }
}

/// Listens in a folder that no other user can enter, sets the socket's mode to 0600, and only then
/// moves it to its path, over what a dead host left there.
fn listen(path: &Path) -> io::Result<(UnixListener, (u64, u64))> {
    let folder = PrivateFolder::new(folder_of(path))?;
    let inside = folder.0.join("s");
    let listener = UnixListener::bind(Address::new(&inside)?.path())?;
    fs::set_permissions(&inside, fs::Permissions::from_mode(0o600))?;
    let made = fs::symlink_metadata(&inside)?;
    fs::rename(&inside, path)?;
    listener.set_nonblocking(true)?;
    Ok((listener, (made.dev(), made.ino())))
}

/// A folder of mode 0700 that is removed with its content when it is dropped.
struct PrivateFolder(PathBuf);

impl PrivateFolder {
    fn new(parent: &Path) -> io::Result<Self> {
        let mut attempt = 0;
        loop {
            let path = parent.join(format!(".ls-{}-{attempt}", std::process::id()));
            match DirBuilder::new().mode(0o700).create(&path) {
                Ok(()) => return Ok(Self(path)),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists && attempt < 100 => attempt += 1,
                Err(error) => return Err(error),
            }
        }
    }
}

impl Drop for PrivateFolder {
    fn drop(&mut self) {
        let _ = fs::remove_file(self.0.join("s"));
        let _ = fs::remove_dir(&self.0);
    }
}
