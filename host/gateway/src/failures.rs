//! Failed authentications by address: beyond a rate they are answered without a look at the token or a line in the
//! log, and counted.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    time::{Duration, Instant},
};

use lifesigns_listen::peer_network;
use parking_lot::Mutex;

/// Failures that an address may have at once.
const BURST: u32 = 20;
/// The time in which one of them is forgiven.
const FORGIVEN: Duration = Duration::from_secs(3);
/// Addresses that are remembered; if all of them have failed lately, further ones share one account.
const ADDRESSES: usize = 4096;

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct FailedLogins(Mutex<HashMap<IpAddr, Account>>);

#[derive(Clone, Copy, Debug)]
struct Account {
    failures: u32,
    /// Since when the failures count.
    since: Instant,
}

impl Account {
    fn forgive(&mut self, now: Instant) {
        let forgiven = now.saturating_duration_since(self.since).as_millis() / FORGIVEN.as_millis();
        let forgiven = u32::try_from(forgiven).unwrap_or(u32::MAX).min(self.failures);
        self.failures -= forgiven;
        self.since += FORGIVEN * forgiven;
        if self.failures == 0 {
            self.since = now;
        }
    }
}

impl FailedLogins {
    /// Notes a failure. Returns how long the address has to wait if it has had too many.
    pub(crate) fn note(&self, address: IpAddr, now: Instant) -> Option<Duration> {
        let mut accounts = self.0.lock();
        let mut key = peer_network(address);
        if accounts.len() >= ADDRESSES && !accounts.contains_key(&key) {
            accounts.retain(|_, account| {
                account.forgive(now);
                account.failures > 0
            });
            if accounts.len() >= ADDRESSES {
                key = IpAddr::V6(Ipv6Addr::UNSPECIFIED);
            }
        }
        let account = accounts.entry(key).or_insert(Account { failures: 0, since: now });
        account.forgive(now);
        if account.failures >= BURST {
            return Some(FORGIVEN);
        }
        account.failures += 1;
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    #[test]
    fn failures_are_limited_for_each_client_and_forgiven() {
        let (failed, now) = (FailedLogins::default(), Instant::now());
        for _ in 0..BURST {
            assert_eq!(failed.note(address("2001:db8::1"), now), None);
        }
        assert_eq!(failed.note(address("2001:db8::2"), now), Some(FORGIVEN), "it is the same client");
        assert_eq!(failed.note(address("192.0.2.7"), now), None);
        assert_eq!(failed.note(address("2001:db8::1"), now + FORGIVEN), None);
        assert_eq!(failed.note(address("2001:db8::1"), now + FORGIVEN), Some(FORGIVEN));
    }

    #[test]
    fn what_is_remembered_of_addresses_is_bounded() {
        let (failed, now) = (FailedLogins::default(), Instant::now());
        for number in 0..2 * ADDRESSES as u32 {
            failed.note(IpAddr::V4(number.into()), now);
        }
        assert!(failed.0.lock().len() <= ADDRESSES + 1);
        let later = now + FORGIVEN;
        assert_eq!(failed.note(address("192.0.2.7"), later), None);
        assert!(failed.0.lock().len() <= 2);
    }
}
