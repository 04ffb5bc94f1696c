//! Decides where connections may go: names are resolved here, each address is checked, and connections are
//! made to the checked addresses only.

mod address_class;

use std::{
    fmt, io,
    net::{IpAddr, SocketAddr, ToSocketAddrs},
    sync::{Arc, mpsc},
    thread,
    time::Duration,
};

use self::address_class::{AddressClass, address_class};
use crate::config::OutboundConfig;

/// The most addresses of one name that are considered.
const ADDRESSES: usize = 16;

/// Resolves names to addresses.
pub trait Resolver: Send + Sync {
    /// Returns the addresses of a name or address, within `timeout`.
    ///
    /// # Errors
    /// The name has no address, or there was no answer in time.
    fn look_up(&self, host: &str, port: u16, timeout: Duration) -> io::Result<Vec<SocketAddr>>;
}

/// The resolver of the operating system.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemResolver;

impl Resolver for SystemResolver {
    fn look_up(&self, host: &str, port: u16, timeout: Duration) -> io::Result<Vec<SocketAddr>> {
        if let Ok(address) = host.parse::<IpAddr>() {
            return Ok(vec![SocketAddr::new(address, port)]);
        }
        let (send, answer) = mpsc::sync_channel(1);
        let host = host.to_owned();
        // The look-up of the system cannot be interrupted; it ends with its own time-out.
        thread::Builder::new().name("look-up".into()).spawn(move || {
            let found = (host.as_str(), port).to_socket_addrs().map(|all| all.take(ADDRESSES).collect());
            // The caller may have timed out already.
            let _ = send.send(found);
        })?;
        answer.recv_timeout(timeout).map_err(|_| io::Error::new(io::ErrorKind::TimedOut, "the look-up timed out"))?
    }
}

/// See the module. Clones share the resolver.
#[derive(Clone)]
pub struct EgressPolicy {
    outbound: Arc<OutboundConfig>,
    names: Arc<dyn Resolver>,
}

impl EgressPolicy {
    /// Makes a policy that resolves names by the operating system.
    pub fn new(outbound: OutboundConfig) -> Self {
        Self::with_resolver(outbound, Arc::new(SystemResolver))
    }

    /// Makes a policy with another resolver.
    pub fn with_resolver(outbound: OutboundConfig, names: Arc<dyn Resolver>) -> Self {
        Self { outbound: Arc::new(outbound), names }
    }

    /// Returns the addresses of a host to which a connection may be made, one or more.
    ///
    /// # Errors
    /// The host has no address, or none that is allowed.
    pub fn addresses(&self, host: &str, port: u16, timeout: Duration) -> io::Result<Vec<SocketAddr>> {
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let found = self.names.look_up(bare, port, timeout);
        let found = found.map_err(|why| io::Error::new(why.kind(), format!("{host} is not found: {why}")))?;
        let mut refused = None;
        let mut allowed = Vec::new();
        for address in found.into_iter().take(ADDRESSES) {
            match self.check(address.ip()) {
                Ok(()) => allowed.push(address),
                Err(why) => refused = refused.or(Some(why)),
            }
        }
        match refused {
            _ if !allowed.is_empty() => Ok(allowed),
            Some(why) => Err(io::Error::new(io::ErrorKind::PermissionDenied, format!("{host} is refused: {why}"))),
            None => Err(io::Error::new(io::ErrorKind::NotFound, format!("{host} has no address"))),
        }
    }

    fn check(&self, address: IpAddr) -> Result<(), String> {
        let address = address.to_canonical();
        let (real, address_class) = address_class(address);
        if self.outbound.allow.iter().any(|network| network.contains(address) || network.contains(real)) {
            return Ok(());
        }
        match address_class {
            AddressClass::Public => Ok(()),
            AddressClass::Private(_) if self.outbound.allow_private => Ok(()),
            AddressClass::Private(what) => {
                Err(format!("{address} is {what}; set `allow-private = true`, or list it in `allow`, under [outbound]"))
            }
            AddressClass::Special(what) => {
                Err(format!("{address} is {what}; list it in `allow`, under [outbound], if it is meant"))
            }
        }
    }
}

impl fmt::Debug for EgressPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EgressPolicy").field("outbound", &self.outbound).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
