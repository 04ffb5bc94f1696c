//! The configuration of where connections may go.

use std::{fmt, net::IpAddr, str::FromStr};

use ipnet::IpNet;

/// The networks beside the public internet to which connections may go; by default none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OutboundConfig {
    /// Whether loopback, private, link-local and shared addresses are allowed. The metadata services of
    /// clouds are not: they must be listed.
    pub allow_private: bool,
    /// Networks that are allowed, whatever their kind.
    pub allow: Vec<Network>,
}

/// A network: `10.0.0.0/8`, `fd00::/8`, or a single address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network(IpNet);

impl Network {
    /// Returns whether the network contains `address`. An IPv4 address within an IPv6 address counts as IPv4.
    pub fn contains(&self, address: IpAddr) -> bool {
        self.0.contains(&address.to_canonical())
    }
}

impl FromStr for Network {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let address = text.split_once('/').map_or(text, |(address, _)| address);
        let address: IpAddr = address.parse().map_err(|_| format!("{address:?} is not an IP address"))?;
        if address.to_canonical() != address {
            return Err(format!("write {} for {address}", address.to_canonical()));
        }
        if !text.contains('/') {
            return Ok(Self(address.into()));
        }
        let most = if address.is_ipv4() { 32 } else { 128 };
        text.parse().map(Self).map_err(|_| format!("after the slash comes a number up to {most}"))
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
