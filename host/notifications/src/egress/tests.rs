//! Addresses of all kinds, and names that have them.
#![allow(clippy::unwrap_used)]

use std::sync::Mutex;

use super::*;

const SECOND: Duration = Duration::from_secs(1);

fn is_let(outbound: &OutboundConfig, host: &str) -> bool {
    EgressPolicy::new(outbound.clone()).addresses(host, 80, SECOND).is_ok()
}

#[test]
fn only_public_addresses_unless_told() {
    let none = OutboundConfig::default();
    for host in ["203.0.113.1", "8.8.8.8", "2606:4700::1111", "[2606:4700::1111]", "::ffff:8.8.8.8", "2002:808:808::1"]
    {
        assert!(is_let(&none, host), "{host}");
    }
    let private = OutboundConfig { allow_private: true, allow: vec![] };
    let site = [
        "127.0.0.1",
        "127.255.255.254",
        "10.0.0.1",
        "172.16.0.1",
        "172.31.255.255",
        "192.168.1.1",
        "169.254.0.1",
        "100.64.0.1",
        "198.18.0.1",
        "::1",
        "fe80::1",
        "fd12:3456::1",
        "fc00::1",
        "fec0::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "64:ff9b::10.0.0.1",
        "64:ff9b:1::1",
        "2002:7f00:1::1",
        "::10.0.0.1",
    ];
    for host in site {
        assert!(!is_let(&none, host), "{host}");
        assert!(is_let(&private, host), "{host}");
    }
    let never = [
        "0.0.0.0",
        "0.1.2.3",
        "224.0.0.1",
        "239.1.1.1",
        "240.0.0.1",
        "255.255.255.255",
        "169.254.169.254",
        "169.254.170.2",
        "100.100.100.200",
        "192.0.0.192",
        "192.0.0.1",
        "::",
        "ff02::1",
        "fd00:ec2::254",
        "::ffff:169.254.169.254",
        "64:ff9b::169.254.169.254",
        "2002:a9fe:a9fe::1",
        "2001::1",
        "100::1",
        "::ffff:0.0.0.0",
    ];
    for host in never {
        assert!(!is_let(&none, host) && !is_let(&private, host), "{host}");
    }
    let listed = |network: &str| OutboundConfig { allow_private: false, allow: vec![network.parse().unwrap()] };
    assert!(is_let(&listed("169.254.169.254"), "169.254.169.254"));
    assert!(is_let(&listed("10.1.0.0/16"), "::ffff:10.1.2.3"));
    assert!(is_let(&listed("10.1.0.0/16"), "64:ff9b::10.1.2.3"));
    assert!(!is_let(&listed("10.1.0.0/16"), "10.2.0.1"));
    assert!(is_let(&listed("::1"), "::1"));
}

/// Answers one thing after the other.
struct Changing(Mutex<Vec<Vec<SocketAddr>>>);

impl Resolver for Changing {
    fn look_up(&self, _: &str, _: u16, _: Duration) -> io::Result<Vec<SocketAddr>> {
        Ok(self.0.lock().unwrap().remove(0))
    }
}

#[test]
fn each_answer_is_checked_and_only_what_was_checked_is_returned() {
    let public: SocketAddr = "203.0.113.1:80".parse().unwrap();
    let private: SocketAddr = "127.0.0.1:80".parse().unwrap();
    let answers = vec![vec![public], vec![private, public], vec![private], vec![]];
    let egress = EgressPolicy::with_resolver(OutboundConfig::default(), Arc::new(Changing(Mutex::new(answers))));
    let ask = || egress.addresses("rebind.example", 80, SECOND);
    assert_eq!(ask().unwrap(), [public]);
    assert_eq!(ask().unwrap(), [public]);
    let why = ask().unwrap_err();
    assert_eq!(why.kind(), io::ErrorKind::PermissionDenied);
    assert!(why.to_string().contains("127.0.0.1 is loopback"), "{why}");
    assert_eq!(ask().unwrap_err().kind(), io::ErrorKind::NotFound);
}
