//! Addresses of Unix sockets for paths of any length: an address of the kernel holds 107 bytes.

use std::{
    fs::File,
    io,
    os::{
        fd::AsRawFd,
        unix::{ffi::OsStrExt, net::UnixStream},
    },
    path::{Path, PathBuf},
    time::Duration,
};

use rustix::net::{
    AddressFamily, SocketAddrUnix, SocketFlags, SocketType, socket_with,
    sockopt::{Timeout, set_socket_timeout},
};

/// The longest path that fits into a `sockaddr_un` with its final zero.
const ADDRESS_BYTES: usize = 107;
/// Who accepts no connection within this time is stuck.
const CONNECT_DEADLINE: Duration = Duration::from_secs(10);

/// A path that is short enough to be an address, as long as this value lives.
#[derive(Debug)]
pub struct SocketAddress {
    path: PathBuf,
    /// The folder that a path through `/proc/self/fd` refers to.
    _folder: Option<File>,
}

impl SocketAddress {
    /// Returns an address for a path, whose folder is there.
    ///
    /// # Errors
    /// When the path is long and its folder cannot be opened.
    pub fn new(path: &Path) -> io::Result<Self> {
        if path.as_os_str().as_bytes().len() <= ADDRESS_BYTES {
            return Ok(Self { path: path.to_owned(), _folder: None });
        }
        let name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?;
        let folder = File::open(folder_of(path))?;
        let short = Path::new("/proc/self/fd").join(folder.as_raw_fd().to_string()).join(name);
        Ok(Self { path: short, _folder: Some(folder) })
    }

    /// Returns the path to bind or to connect to.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// Connects to the stream socket at `path`, within 10 s.
///
/// # Errors
/// When nothing accepts there.
pub fn connect_unix(path: &Path) -> io::Result<UnixStream> {
    let short = SocketAddress::new(path)?;
    let socket = socket_with(AddressFamily::UNIX, SocketType::STREAM, SocketFlags::CLOEXEC, None)?;
    set_socket_timeout(&socket, Timeout::Send, Some(CONNECT_DEADLINE))?;
    rustix::net::connect(&socket, &SocketAddrUnix::new(short.path())?)?;
    Ok(UnixStream::from(socket))
}

/// Returns the folder that `path` is in.
pub fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}
