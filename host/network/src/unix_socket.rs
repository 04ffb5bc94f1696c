//! The file of a Unix socket: it has its mode before anything can connect, a dead socket is replaced, and what else is
//! there is left alone.

use std::{
    fs::{self, DirBuilder},
    io::{self, ErrorKind},
    os::unix::{
        ffi::OsStrExt,
        fs::{DirBuilderExt, FileTypeExt, MetadataExt, PermissionsExt},
        net::{UnixDatagram, UnixStream},
    },
    path::{Path, PathBuf},
};

/// Longest path: a little less than the system allows, because the socket is made in a folder of its own at first.
const PATH_BYTES: usize = 100;
/// The private folder and the name in it are no longer than the name of most sockets.
const INSIDE: &str = "s";

/// Why there is no socket.
#[derive(Debug)]
pub(crate) enum UnixSocketError {
    /// A process listens there.
    InUse,
    /// Something else is there.
    NoSocket,
    /// The path is too long.
    TooLong,
    /// The system refused.
    System(io::Error),
}

/// Removes its socket when it is dropped, if it is still the same.
#[derive(Debug)]
pub(crate) struct SocketFile {
    path: PathBuf,
    /// Device and inode.
    identity: (u64, u64),
}

impl SocketFile {
    /// Looks whether a socket could be made at `path`.
    pub(crate) fn check(path: &Path) -> Result<(), UnixSocketError> {
        if path.as_os_str().as_bytes().len() > PATH_BYTES {
            return Err(UnixSocketError::TooLong);
        }
        match fs::symlink_metadata(path) {
            Ok(found) if !found.file_type().is_socket() => Err(UnixSocketError::NoSocket),
            Ok(_) if is_alive(path) => Err(UnixSocketError::InUse),
            Ok(_) => Ok(()),
            Err(error) if error.kind() == ErrorKind::NotFound => match folder(path).is_dir() {
                true => Ok(()),
                false => Err(UnixSocketError::System(error)),
            },
            Err(error) => Err(UnixSocketError::System(error)),
        }
    }

    /// Makes a socket with `bind` at `path`, of this mode.
    pub(crate) fn make<S>(
        path: &Path,
        mode: u32,
        bind: impl FnOnce(&Path) -> io::Result<S>,
    ) -> Result<(S, Self), UnixSocketError> {
        Self::check(path)?;
        let make = || {
            // No other user can enter the folder: the mode holds before the socket is at its path.
            let private = PrivateFolder::new(folder(path))?;
            let inside = private.0.join(INSIDE);
            let socket = bind(&inside)?;
            fs::set_permissions(&inside, fs::Permissions::from_mode(mode))?;
            let made = fs::symlink_metadata(&inside)?;
            fs::rename(&inside, path)?;
            Ok((socket, Self { path: path.to_owned(), identity: (made.dev(), made.ino()) }))
        };
        make().map_err(UnixSocketError::System)
    }
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        let is_ours = fs::symlink_metadata(&self.path).is_ok_and(|it| (it.dev(), it.ino()) == self.identity);
        if is_ours {
            // If it cannot be removed, the next one replaces it.
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Whether a process has the socket open, of either type.
fn is_alive(path: &Path) -> bool {
    let sends = || UnixDatagram::unbound().and_then(|socket| socket.connect(path));
    UnixStream::connect(path).is_ok() || sends().is_ok()
}

fn folder(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// A folder of mode 0700 that is removed with its content when it is dropped.
struct PrivateFolder(PathBuf);

impl PrivateFolder {
    fn new(parent: &Path) -> io::Result<Self> {
        let mut attempt = 0;
        loop {
            let path = parent.join(format!(".{}{attempt}", std::process::id()));
            match DirBuilder::new().mode(0o700).create(&path) {
                Ok(()) => return Ok(Self(path)),
                Err(error) if error.kind() == ErrorKind::AlreadyExists && attempt < 100 => attempt += 1,
                Err(error) => return Err(error),
            }
        }
    }
}

impl Drop for PrivateFolder {
    fn drop(&mut self) {
        let _ = fs::remove_file(self.0.join(INSIDE));
        let _ = fs::remove_dir(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixListener;

    use super::*;

    fn make(path: &Path) -> Result<(UnixListener, SocketFile), UnixSocketError> {
        SocketFile::make(path, 0o620, |inside| UnixListener::bind(inside))
    }

    #[test]
    fn a_dead_socket_is_replaced_and_a_live_one_is_not() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("syslog");
        let (first, file) = make(&path).expect("it is made");
        assert_eq!(fs::metadata(&path).expect("it is there").permissions().mode() & 0o777, 0o620);
        assert!(matches!(make(&path), Err(UnixSocketError::InUse)));
        drop(first);
        let (_second, new) = make(&path).expect("the first is dead");
        drop(file);
        assert!(path.exists(), "another's socket is left alone");
        drop(new);
        assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 0, "nothing is left");
    }

    #[test]
    fn what_is_no_socket_is_left_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("file");
        fs::write(&path, "text").expect("it is written");
        assert!(matches!(make(&path), Err(UnixSocketError::NoSocket)));
        assert_eq!(fs::read(&path).expect("it is there"), b"text");
        assert!(matches!(make(&folder.path().join("none/s")), Err(UnixSocketError::System(_))));
        assert!(matches!(make(&folder.path().join("x".repeat(100))), Err(UnixSocketError::TooLong)));
    }
}
