//! Where a syslog source listens, and within which limits.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::PathBuf,
    str::FromStr,
};

use lifesigns_model::limits;

/// The port of syslog over UDP (RFC 5426) and, as it is used, over TCP.
const PORT: u16 = 514;
/// The port of syslog over TLS (RFC 5425).
const TLS_PORT: u16 = 6514;

/// Where a syslog source listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SyslogAddress {
    /// Datagrams.
    Udp(SocketAddr),
    /// Connections.
    Tcp(SocketAddr),
    /// Connections by TLS.
    Tls(SocketAddr),
    /// Connections at the path of a socket.
    Unix(PathBuf),
    /// Datagrams at the path of a socket.
    UnixDatagram(PathBuf),
}

/// Why a text is no address to listen on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
pub struct SyslogAddressError {
    /// What is wrong.
    pub what: &'static str,
    /// How to correct it.
    pub help: &'static str,
}

impl FromStr for SyslogAddress {
    type Err = SyslogAddressError;

    fn from_str(text: &str) -> Result<Self, SyslogAddressError> {
        let error = |what, help| Err(SyslogAddressError { what, help });
        let Some((scheme, rest)) = text.split_once("://") else {
            return error(
                "it does not say how it is listened on",
                "begin with `udp://`, `tcp://`, `tls://`, `unix://` or `unixgram://`, such as `udp://127.0.0.1:5514`",
            );
        };
        match scheme {
            "udp" => Ok(Self::Udp(socket_address(rest, PORT)?)),
            "tcp" => Ok(Self::Tcp(socket_address(rest, PORT)?)),
            "tls" => Ok(Self::Tls(socket_address(rest, TLS_PORT)?)),
            "unix" | "unixgram" if rest.is_empty() => {
                error("it has no path", "add one: `unix:///run/lifesigns/syslog`")
            }
            "unix" => Ok(Self::Unix(rest.into())),
            "unixgram" => Ok(Self::UnixDatagram(rest.into())),
            _ => error(
                "syslog is not listened for in this way",
                "begin with `udp://`, `tcp://`, `tls://`, `unix://` or `unixgram://`",
            ),
        }
    }
}

/// Returns an IP address with its port, or with the usual one.
fn socket_address(text: &str, port: u16) -> Result<SocketAddr, SyslogAddressError> {
    let text = text.strip_suffix('/').unwrap_or(text);
    let (host, typed_port) = match text.rsplit_once(':') {
        // The colons of an IPv6 address are within brackets.
        Some((host, port)) if !port.contains(']') => (host, Some(port)),
        _ => (text, None),
    };
    let address: Option<IpAddr> = match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        Some(inside) => inside.parse().ok().filter(IpAddr::is_ipv6),
        None if host == "localhost" => Some(Ipv4Addr::LOCALHOST.into()),
        None => host.parse().ok().filter(IpAddr::is_ipv4),
    };
    let Some(address) = address else {
        return Err(SyslogAddressError {
            what: "it names no IP address",
            help: "write one of this machine, such as `127.0.0.1:5514`, `0.0.0.0:514` for all, or `[::1]:514`",
        });
    };
    let port = match typed_port {
        None => port,
        Some(typed) => typed.parse().ok().filter(|port| *port > 0).ok_or(SyslogAddressError {
            what: "its port is no number from 1 to 65535",
            help: "write the port behind the address, such as `127.0.0.1:5514`",
        })?,
    };
    Ok(SocketAddr::new(address, port))
}

impl fmt::Display for SyslogAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Udp(address) => write!(f, "udp://{address}"),
            Self::Tcp(address) => write!(f, "tcp://{address}"),
            Self::Tls(address) => write!(f, "tls://{address}"),
            Self::Unix(path) => write!(f, "unix://{}", path.display()),
            Self::UnixDatagram(path) => write!(f, "unixgram://{}", path.display()),
        }
    }
}

/// What a syslog source takes of its peers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SyslogLimits {
    /// Connections at a time.
    pub connections: usize,
    /// Of one peer: an IPv4 address, or a /64 of IPv6.
    pub connections_per_peer: usize,
    /// A connection on which nothing comes for this long is closed, in milliseconds.
    pub idle_ms: u64,
    /// Longest line, in bytes; longer ones are cut.
    pub line_bytes: usize,
}

impl SyslogLimits {
    /// Longest line that may be set: with the name of its object before it, it is still whole in the engine.
    pub const LINE_BYTES_MAX: usize = limits::LINE_BYTES - 1024;
}

impl Default for SyslogLimits {
    /// Returns 10 000 connections, 1000 of a peer, a day, and 32 KiB.
    fn default() -> Self {
        Self { connections: 10_000, connections_per_peer: 1000, idle_ms: 24 * 3600 * 1000, line_bytes: 32 << 10 }
    }
}

/// What a listener by TLS proves itself with, and how it knows its clients: files in PEM, read again when they change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyslogTls {
    /// The certificate, and those between it and the CA.
    pub certificate: PathBuf,
    /// Its private key.
    pub key: PathBuf,
    /// The CAs of clients: only those with a certificate of one of them are served. All are, if there is none.
    pub client_ca: Option<PathBuf>,
}

/// A syslog source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyslogSettings {
    /// Where it listens.
    pub address: SyslogAddress,
    /// The mode of a Unix socket.
    pub mode: u32,
    /// The files for TLS; there if the address is one of TLS.
    pub tls: Option<SyslogTls>,
    /// What it takes of its peers.
    pub limits: SyslogLimits,
}

impl SyslogSettings {
    /// The mode of a Unix socket, if nothing else is set: its user and group may write.
    pub const MODE: u32 = 0o660;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_and_written() {
        for (text, shown) in [
            ("udp://127.0.0.1:5514", "udp://127.0.0.1:5514"),
            ("udp://0.0.0.0", "udp://0.0.0.0:514"),
            ("tcp://localhost:5514/", "tcp://127.0.0.1:5514"),
            ("tcp://[::1]:601", "tcp://[::1]:601"),
            ("tcp://[::]", "tcp://[::]:514"),
            ("tls://0.0.0.0", "tls://0.0.0.0:6514"),
            ("unix:///run/syslog", "unix:///run/syslog"),
            ("unixgram://log", "unixgram://log"),
        ] {
            assert_eq!(
                text.parse::<SyslogAddress>().map(|address| address.to_string()),
                Ok(shown.to_owned()),
                "{text}"
            );
        }
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for text in [
            "",
            "127.0.0.1:514",
            "udp://",
            "udp://example.com:514",
            "udp://127.0.0.1:0",
            "tcp://127.0.0.1:70000",
            "tcp://::1:514",
            "tcp://[127.0.0.1]:514",
            "unix://",
            "http://127.0.0.1:80",
            "udp://:514",
        ] {
            assert!(text.parse::<SyslogAddress>().is_err(), "{text}");
        }
    }
}
