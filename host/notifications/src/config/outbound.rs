//! The configuration of where connections may go.

use std::{fmt, net::IpAddr, str::FromStr};

/// The networks beside the public internet to which connections may go; by default none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OutboundConfig {
    /// Whether loopback, private, link-local and shared addresses are allowed. The metadata services of
    /// clouds are not: they must be listed.
    pub allow_private: bool,
    /// Networks that are allowed, whatever their kind.
    pub allow: Vec<Network>,
}

/// An address and how many of its leading bits count: `10.0.0.0/8`, `fd00::/8`, `192.0.2.7`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    bits: u8,
}

impl Network {
    /// Whether `address` is in it. An IPv4 address written as IPv6 is looked at as IPv4.
    pub fn contains(&self, address: IpAddr) -> bool {
        let significant = |bits: &[u8], other: &[u8]| {
            let whole = usize::from(self.bits / 8);
            let mask = !(0xff_u8.checked_shr(u32::from(self.bits % 8)).unwrap_or(0));
            bits[..whole] == other[..whole]
                && (mask == 0 || bits.get(whole).zip(other.get(whole)).is_none_or(|(a, b)| a & mask == b & mask))
        };
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(own), IpAddr::V4(other)) => significant(&own.octets(), &other.octets()),
            (IpAddr::V6(own), IpAddr::V6(other)) => significant(&own.octets(), &other.octets()),
            _ => false,
        }
    }
}

impl FromStr for Network {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(bits)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| format!("{address:?} is not an IP address"))?;
        if address.to_canonical() != address {
            return Err(format!("write {} for {address}", address.to_canonical()));
        }
        let most = if address.is_ipv4() { 32 } else { 128 };
        let bits = match bits {
            Some(bits) => bits.parse().ok().filter(|bits| *bits <= most),
            None => Some(most),
        };
        let bits = bits.ok_or_else(|| format!("after the slash comes a number up to {most}"))?;
        Ok(Self { address, bits })
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.bits)
    }
}
