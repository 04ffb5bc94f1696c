//! Classes of addresses, by IANA's registries of special-purpose addresses.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// See the module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AddressClass {
    /// On the public internet.
    Public,
    /// Of this machine or site.
    Private(&'static str),
    /// An address that no receiver has.
    Special(&'static str),
}

/// The metadata services of clouds, which hand out credentials: AWS, Azure, Google and others; AWS tasks;
/// Alibaba; Oracle.
const METADATA: [Ipv4Addr; 4] = [
    Ipv4Addr::new(169, 254, 169, 254),
    Ipv4Addr::new(169, 254, 170, 2),
    Ipv4Addr::new(100, 100, 100, 200),
    Ipv4Addr::new(192, 0, 0, 192),
];
/// The metadata services by IPv6: AWS; Google.
const METADATA_6: [Ipv6Addr; 2] =
    [Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254), Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254)];

/// Returns the address that a connection reaches, and its class. IPv6 has several ways to write an IPv4
/// address.
pub(super) fn address_class(address: IpAddr) -> (IpAddr, AddressClass) {
    match address.to_canonical() {
        IpAddr::V4(address) => (address.into(), class_v4(address)),
        IpAddr::V6(address) => match inner(address) {
            Some(inner) => (inner.into(), class_v4(inner)),
            None => (address.into(), class_v6(address)),
        },
    }
}

fn class_v4(address: Ipv4Addr) -> AddressClass {
    if METADATA.contains(&address) {
        return AddressClass::Special("a metadata service");
    }
    match address.octets() {
        [0, ..] => AddressClass::Special("unspecified"),
        [127, ..] => AddressClass::Private("loopback"),
        [10, ..] | [172, 16..=31, ..] | [192, 168, ..] => AddressClass::Private("private"),
        [169, 254, ..] => AddressClass::Private("link-local"),
        [100, 64..=127, ..] => AddressClass::Private("shared (carrier-grade NAT)"),
        [198, 18..=19, ..] => AddressClass::Private("for benchmarks"),
        [192, 0, 0, _] => AddressClass::Special("reserved"),
        [224..=239, ..] => AddressClass::Special("multicast"),
        [240..=255, ..] => AddressClass::Special("reserved"),
        _ => AddressClass::Public,
    }
}

fn class_v6(address: Ipv6Addr) -> AddressClass {
    if METADATA_6.contains(&address) {
        return AddressClass::Special("a metadata service");
    }
    match address.segments() {
        [0, 0, 0, 0, 0, 0, 0, 0] => AddressClass::Special("unspecified"),
        [0, 0, 0, 0, 0, 0, 0, 1] => AddressClass::Private("loopback"),
        [0x64, 0xff9b, 1, ..] => AddressClass::Private("a local translation to IPv4"),
        [0xfc00..=0xfdff, ..] => AddressClass::Private("unique local"),
        [0xfe80..=0xfebf, ..] => AddressClass::Private("link-local"),
        [0xfec0..=0xfeff, ..] => AddressClass::Private("site-local"),
        [0xff00..=0xffff, ..] => AddressClass::Special("multicast"),
        [0x100, 0, 0, 0, ..] => AddressClass::Special("discarded"),
        [0x2001, 0..=1, ..] => AddressClass::Special("a tunnel"),
        _ => AddressClass::Public,
    }
}

/// Returns the IPv4 address within an IPv6 address: translated (RFC 6052), 6to4 (RFC 3056), compatible (RFC 4291).
fn inner(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let pair = |high: u16, low: u16| Ipv4Addr::from((u32::from(high) << 16) | u32::from(low));
    match address.segments() {
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => Some(pair(high, low)),
        [0x2002, high, low, ..] => Some(pair(high, low)),
        [0, 0, 0, 0, 0, 0, 0, 0..=1] => None,
        [0, 0, 0, 0, 0, 0, high, low] => Some(pair(high, low)),
        _ => None,
    }
}
