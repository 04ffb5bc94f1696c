//! Taking the socket's place: mode 0600 before anybody can connect, a dead host's replaced, a live
//! host's left alone.

use std::{
    fs::{self, DirBuilder, File, OpenOptions, TryLockError},
    io,
    os::unix::{
        fs::{DirBuilderExt, FileTypeExt, MetadataExt, OpenOptionsExt, PermissionsExt},
        net::{UnixListener, UnixStream},
    },
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use crate::{
    address::{Address, connect, folder_of},
    peer::Peer,
};

/// Why the socket's place could not be taken.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// Another host is there.
    #[error(
        "another host{} answers at {}: stop it first, or give this one a `control` and a `store` of its own",
        by(.peer), path.display()
    )]
    InUse {
        /// The socket.
        path: PathBuf,
        /// The other host, if it tells.
        peer: Option<Peer>,
    },
    /// Something else is there.
    #[error("{} is there and is no socket: move it away, or choose another `control` path", path.display())]
    NoSocket {
        /// What is there.
        path: PathBuf,
    },
    /// The system did not let us.
    #[error("the control socket {} cannot be made: {error}", path.display())]
    System {
        /// The socket.
        path: PathBuf,
        /// What it said.
        #[source]
        error: io::Error,
    },
}

fn by(peer: &Option<Peer>) -> String {
    peer.as_ref().map_or_else(String::new, |peer| format!(" (process {}, user {})", peer.pid, peer.who))
}

/// A socket that clients can connect to. They are answered once it serves; dropping it takes the
/// socket away.
#[derive(Debug)]
pub struct Server {
    pub(crate) listener: UnixListener,
    pub(crate) wake: UnixStream,
    stopper: Stopper,
    path: PathBuf,
    /// Device and inode of the socket, so that only this one is taken away.
    identity: (u64, u64),
    /// Held for as long as the host lives; the kernel lets go of it whatever ends the process.
    _lock: File,
}

/// Ends a [`Server`]'s serving, from any thread. Clones end the same one.
#[derive(Clone, Debug)]
pub struct Stopper {
    stopped: Arc<AtomicBool>,
    wake: Arc<UnixStream>,
}

impl Stopper {
    /// Takes no more requests; answers that are on the way are finished.
    pub fn stop(&self) {
        self.stopped.store(true, Ordering::SeqCst);
        // The other end wakes from its poll, now and whenever it polls again.
        let _ = self.wake.shutdown(std::net::Shutdown::Both);
    }

    /// Whether it was stopped.
    pub fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::SeqCst)
    }
}

impl Server {
    /// Takes the place at `path`. Its folder has to be there. Beside the socket lies `PATH.lock`,
    /// which says that a host lives for as long as one does.
    ///
    /// # Errors
    ///
    /// See [`BindError`]; nothing has changed then.
    pub fn bind(path: &Path) -> Result<Self, BindError> {
        let system = |error| BindError::System { path: path.to_owned(), error };
        let lock = lock(path).map_err(system)?;
        let Some(lock) = lock else { return Err(in_use(path)) };
        match fs::symlink_metadata(path) {
            Ok(there) if !there.file_type().is_socket() => return Err(BindError::NoSocket { path: path.to_owned() }),
            // Whoever listens there holds no lock: not one of us, and still not ours to replace.
            Ok(_) if connect(path).is_ok() => return Err(in_use(path)),
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(system(error)),
        }
        let (listener, identity) = listen(path).map_err(system)?;
        let (wake, far) = UnixStream::pair().map_err(system)?;
        let stopper = Stopper { stopped: Arc::default(), wake: Arc::new(far) };
        Ok(Self { listener, wake, stopper, path: path.to_owned(), identity, _lock: lock })
    }

    /// What ends its serving.
    pub fn stopper(&self) -> Stopper {
        self.stopper.clone()
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let ours = fs::symlink_metadata(&self.path).is_ok_and(|it| (it.dev(), it.ino()) == self.identity);
        if ours {
            // If it stays, the next host replaces it.
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// The lock of a live host, or `None` if somebody else holds it.
fn lock(path: &Path) -> io::Result<Option<File>> {
    let mut name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?.to_owned();
    name.push(".lock");
    // Neither truncated nor removed: whoever waits for it has to see the same file.
    let file =
        OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(path.with_file_name(name))?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

fn in_use(path: &Path) -> BindError {
    let peer = connect(path).and_then(|stream| Peer::of(&stream)).ok();
    BindError::InUse { path: path.to_owned(), peer }
}

/// Listens in a folder that nobody else can enter, makes the socket 0600, and only then moves it to
/// its place, over what a dead host left there.
fn listen(path: &Path) -> io::Result<(UnixListener, (u64, u64))> {
    let folder = Private::new(folder_of(path))?;
    let inside = folder.0.join("s");
    let listener = UnixListener::bind(Address::new(&inside)?.path())?;
    fs::set_permissions(&inside, fs::Permissions::from_mode(0o600))?;
    let made = fs::symlink_metadata(&inside)?;
    fs::rename(&inside, path)?;
    // Accepting must not block when a client has gone between the poll and the accept.
    listener.set_nonblocking(true)?;
    Ok((listener, (made.dev(), made.ino())))
}

/// A folder of mode 0700 that goes with what is in it.
struct Private(PathBuf);

impl Private {
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

impl Drop for Private {
    fn drop(&mut self) {
        let _ = fs::remove_file(self.0.join("s"));
        let _ = fs::remove_dir(&self.0);
    }
}
