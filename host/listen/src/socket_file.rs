//! The file of a Unix socket: it has its mode before anything can connect, a dead socket is replaced, and what else is
//! there is left alone.

use std::{
    fs::{self, DirBuilder},
    io::{self, ErrorKind},
    os::unix::{
        fs::{DirBuilderExt, FileTypeExt, MetadataExt, PermissionsExt},
        net::UnixDatagram,
    },
    path::{Path, PathBuf},
};

use crate::socket_address::{SocketAddress, connect_unix, folder_of};

/// The name of a socket in its private folder.
const INSIDE: &str = "s";

/// Why there is no socket.
#[derive(Debug, thiserror::Error)]
pub enum SocketFileError {
    /// A process listens there.
    #[error("a process listens there already")]
    InUse,
    /// Something else is there.
    #[error("something else than a socket is there")]
    NoSocket,
    /// The system refused.
    #[error(transparent)]
    System(io::Error),
}

/// Removes its socket when it is dropped, if it is still the same.
#[derive(Debug)]
pub struct SocketFile {
    path: PathBuf,
    /// Device and inode.
    identity: (u64, u64),
}

impl SocketFile {
    /// Looks whether a socket could be made at `path`.
    ///
    /// # Errors
    /// See [`SocketFileError`].
    pub fn check(path: &Path) -> Result<(), SocketFileError> {
        match fs::symlink_metadata(path) {
            Ok(found) if !found.file_type().is_socket() => Err(SocketFileError::NoSocket),
            Ok(_) if is_alive(path) => Err(SocketFileError::InUse),
            Ok(_) => Ok(()),
            Err(error) if error.kind() == ErrorKind::NotFound => match folder_of(path).is_dir() {
                true => Ok(()),
                false => Err(SocketFileError::System(error)),
            },
            Err(error) => Err(SocketFileError::System(error)),
        }
    }

    /// Makes a socket with `bind` at `path`, of this mode; what a dead process left there is replaced.
    ///
    /// # Errors
    /// See [`SocketFileError`]; nothing has changed then.
    pub fn make<S>(
        path: &Path,
        mode: u32,
        bind: impl FnOnce(&Path) -> io::Result<S>,
    ) -> Result<(S, Self), SocketFileError> {
        Self::check(path)?;
        Self::make_in_place(path, mode, bind).map_err(SocketFileError::System)
    }

    fn make_in_place<S>(path: &Path, mode: u32, bind: impl FnOnce(&Path) -> io::Result<S>) -> io::Result<(S, Self)> {
        // No other user can enter the folder: the mode holds before the socket is at its path.
        let private = PrivateFolder::new(folder_of(path))?;
        let inside = private.0.join(INSIDE);
        let socket = bind(SocketAddress::new(&inside)?.path())?;
        fs::set_permissions(&inside, fs::Permissions::from_mode(mode))?;
        let made = fs::symlink_metadata(&inside)?;
        fs::rename(&inside, path)?;
        Ok((socket, Self { path: path.to_owned(), identity: (made.dev(), made.ino()) }))
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
    let sends = || UnixDatagram::unbound()?.connect(SocketAddress::new(path)?.path());
    connect_unix(path).is_ok() || sends().is_ok()
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

    fn make(path: &Path) -> Result<(UnixListener, SocketFile), SocketFileError> {
        SocketFile::make(path, 0o620, |inside| UnixListener::bind(inside))
    }

    #[test]
    fn a_dead_socket_is_replaced_and_a_live_one_is_not() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("syslog");
        let (first, file) = make(&path).expect("it is made");
        assert_eq!(fs::metadata(&path).expect("it is there").permissions().mode() & 0o777, 0o620);
        assert!(matches!(make(&path), Err(SocketFileError::InUse)));
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
        assert!(matches!(make(&path), Err(SocketFileError::NoSocket)));
        assert_eq!(fs::read(&path).expect("it is there"), b"text");
        assert!(matches!(make(&folder.path().join("none/s")), Err(SocketFileError::System(_))));
    }

    #[test]
    fn a_path_may_be_longer_than_an_address() {
        let folder = tempfile::tempdir().expect("a folder");
        let long = folder.path().join("x".repeat(200));
        fs::create_dir(&long).expect("a folder");
        let path = long.join("socket");
        let (first, _file) = make(&path).expect("it is made");
        connect_unix(&path).expect("it listens");
        assert!(matches!(make(&path), Err(SocketFileError::InUse)));
        drop(first);
        assert!(connect_unix(&path).is_err());
        SocketFile::check(&path).expect("it is dead");
    }
}
