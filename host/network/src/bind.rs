//! From an address to a socket that listens, and why there is none.

use std::{
    fmt,
    io::{self, ErrorKind},
    net::{SocketAddr, TcpListener, UdpSocket},
    os::unix::net::{UnixDatagram, UnixListener},
    path::Path,
};

use lifesigns_intake::{SyslogAddress, SyslogSettings, SyslogTls};
use lifesigns_listen::{SocketFile, SocketFileError, TlsFiles, TlsIdentity, listen_tcp};
use rustix::net::sockopt;

/// Room that is asked for in the kernel for datagrams that have not been read, in bytes; `net.core.rmem_max` bounds it.
const RECEIVE_BYTES: usize = 8 << 20;

/// A socket that listens.
pub(crate) enum ListeningSocket {
    Udp(UdpSocket),
    Tcp(TcpListener),
    Tls(TcpListener, TlsIdentity),
    Unix(UnixListener, SocketFile),
    UnixDatagram(UnixDatagram, SocketFile),
}

/// Why a source cannot listen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BindError {
    /// What is wrong.
    pub what: String,
    /// How to fix it; empty where `what` says it.
    pub fix: String,
    /// Another process, or this one, listens there already.
    pub is_in_use: bool,
}

impl fmt::Display for BindError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)?;
        if self.fix.is_empty() { Ok(()) } else { write!(f, "; {}", self.fix) }
    }
}

impl std::error::Error for BindError {}

/// Looks whether a source could listen, without listening: another process may do so at its address now.
///
/// # Errors
/// When it could not, even if nothing else listened there.
pub fn check(settings: &SyslogSettings) -> Result<(), BindError> {
    let checked = match &settings.address {
        SyslogAddress::Unix(path) | SyslogAddress::UnixDatagram(path) => {
            SocketFile::check(path).map_err(|error| unix(&settings.address, error))
        }
        SyslogAddress::Udp(address) => udp(*address).map(drop).map_err(|error| refused(&settings.address, &error)),
        SyslogAddress::Tcp(address) => {
            listen_tcp(*address).map(drop).map_err(|error| refused(&settings.address, &error))
        }
        SyslogAddress::Tls(address) => {
            // Files that do not fit are wrong whether or not the address is free.
            identity(settings)?;
            listen_tcp(*address).map(drop).map_err(|error| refused(&settings.address, &error))
        }
    };
    checked.or_else(|error| if error.is_in_use { Ok(()) } else { Err(error) })
}

/// Listens.
pub(crate) fn listen(settings: &SyslogSettings) -> Result<ListeningSocket, BindError> {
    let address = &settings.address;
    let system = |error: io::Error| refused(address, &error);
    Ok(match address {
        SyslogAddress::Udp(ip) => ListeningSocket::Udp(udp(*ip).map_err(system)?),
        SyslogAddress::Tcp(ip) => ListeningSocket::Tcp(listen_tcp(*ip).map_err(system)?),
        SyslogAddress::Tls(ip) => ListeningSocket::Tls(listen_tcp(*ip).map_err(system)?, identity(settings)?),
        SyslogAddress::Unix(path) => {
            let made = SocketFile::make(path, settings.mode, unix_listener).map_err(|error| unix(address, error))?;
            ListeningSocket::Unix(made.0, made.1)
        }
        SyslogAddress::UnixDatagram(path) => {
            let made = SocketFile::make(path, settings.mode, unix_datagrams).map_err(|error| unix(address, error))?;
            ListeningSocket::UnixDatagram(made.0, made.1)
        }
    })
}

fn unix_listener(path: &Path) -> io::Result<UnixListener> {
    let listener = UnixListener::bind(path)?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

fn unix_datagrams(path: &Path) -> io::Result<UnixDatagram> {
    let socket = UnixDatagram::bind(path)?;
    socket.set_nonblocking(true)?;
    Ok(socket)
}

fn identity(settings: &SyslogSettings) -> Result<TlsIdentity, BindError> {
    let loaded = match settings.tls.clone() {
        Some(SyslogTls { certificate, key, client_ca }) => {
            let files = TlsFiles { certificate, key, client_ca };
            TlsIdentity::load(files, &[]).map_err(|error| error.to_string())
        }
        None => Err("neither a certificate nor a key is named".to_owned()),
    };
    loaded.map_err(|why| BindError {
        what: format!("cannot listen on {}: {why}", settings.address),
        fix: "check `tls = { certificate, key, client-ca }`; the files are PEM, readable by the user of the host"
            .to_owned(),
        is_in_use: false,
    })
}

fn udp(address: SocketAddr) -> io::Result<UdpSocket> {
    let socket = UdpSocket::bind(address)?;
    socket.set_nonblocking(true)?;
    // As much as the system gives.
    let _ = sockopt::set_socket_recv_buffer_size(&socket, RECEIVE_BYTES);
    Ok(socket)
}

fn unix(address: &SyslogAddress, error: SocketFileError) -> BindError {
    let (fix, is_in_use) = match &error {
        SocketFileError::InUse => ("stop it, or choose another path", true),
        SocketFileError::NoSocket => ("move it away, or choose another path", false),
        SocketFileError::System(error) => return refused(address, error),
    };
    BindError { what: format!("cannot listen on {address}: {error}"), fix: fix.to_owned(), is_in_use }
}

fn refused(address: &SyslogAddress, error: &io::Error) -> BindError {
    let is_in_use = error.kind() == ErrorKind::AddrInUse;
    let (what, fix) = match error.kind() {
        ErrorKind::AddrInUse => (
            "a process listens there already".to_owned(),
            "stop it (`ss -lntup` names it), or choose another port".to_owned(),
        ),
        ErrorKind::AddrNotAvailable => (
            "this machine has no such address".to_owned(),
            "name one of its own, `0.0.0.0` for all of IPv4, or `[::]` for all".to_owned(),
        ),
        ErrorKind::PermissionDenied if is_low_port(address) => (
            "this user may not take a port below 1024".to_owned(),
            "choose a higher one, or give the process CAP_NET_BIND_SERVICE (`AmbientCapabilities=` of systemd)"
                .to_owned(),
        ),
        ErrorKind::NotFound => ("its folder does not exist".to_owned(), "create it".to_owned()),
        _ => (error.to_string(), String::new()),
    };
    BindError { what: format!("cannot listen on {address}: {what}"), fix, is_in_use }
}

fn is_low_port(address: &SyslogAddress) -> bool {
    match address {
        SyslogAddress::Udp(ip) | SyslogAddress::Tcp(ip) | SyslogAddress::Tls(ip) => ip.port() < 1024,
        SyslogAddress::Unix(_) | SyslogAddress::UnixDatagram(_) => false,
    }
}
