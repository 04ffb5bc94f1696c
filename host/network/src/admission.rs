//! How many connections a source has, of all peers and of each.

use std::{
    cell::RefCell,
    collections::HashMap,
    net::IpAddr,
    rc::Rc,
    sync::{Arc, atomic::Ordering},
};

use lifesigns_listen::peer_network;

use crate::counters::Counters;

/// Admits connections up to the limits.
#[derive(Debug)]
pub(crate) struct Admissions {
    most: usize,
    most_of_peer: usize,
    counters: Arc<Counters>,
    open: RefCell<HashMap<Option<IpAddr>, usize>>,
}

/// An admitted connection; dropped at its end.
#[derive(Debug)]
pub(crate) struct Admission {
    of: Rc<Admissions>,
    peer: Option<IpAddr>,
}

impl Admissions {
    /// Admits `most` connections, and of one peer `most_of_peer`. Those that are open are counted in `counters`.
    pub(crate) fn new(most: usize, most_of_peer: usize, counters: Arc<Counters>) -> Rc<Self> {
        Rc::new(Self { most, most_of_peer, counters, open: RefCell::default() })
    }

    /// Whether a connection is open.
    pub(crate) fn are_open(&self) -> bool {
        !self.open.borrow().is_empty()
    }

    /// Admits a connection; `None` if there are too many. Peers without an address are bounded together only.
    pub(crate) fn admit(self: &Rc<Self>, peer: Option<IpAddr>) -> Option<Admission> {
        let peer = peer.map(peer_network);
        let mut open = self.open.borrow_mut();
        let of_peer = open.get(&peer).copied().unwrap_or_default();
        let all = self.counters.connections.load(Ordering::Relaxed) as usize;
        if all >= self.most || (peer.is_some() && of_peer >= self.most_of_peer) {
            return None;
        }
        open.insert(peer, of_peer + 1);
        self.counters.connections.fetch_add(1, Ordering::Relaxed);
        Some(Admission { of: Rc::clone(self), peer })
    }
}

impl Drop for Admission {
    fn drop(&mut self) {
        self.of.counters.connections.fetch_sub(1, Ordering::Relaxed);
        let mut open = self.of.open.borrow_mut();
        match open.get_mut(&self.peer) {
            Some(count) if *count > 1 => *count -= 1,
            _ => _ = open.remove(&self.peer),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_are_bounded_together_and_by_peer() {
        let admissions = Admissions::new(3, 2, Arc::default());
        let peer = |text: &str| Some(text.parse::<IpAddr>().expect("an address"));
        let one = admissions.admit(peer("10.0.0.1"));
        let two = admissions.admit(peer("::ffff:10.0.0.1"));
        assert!(one.is_some() && two.is_some());
        assert!(admissions.admit(peer("10.0.0.1")).is_none(), "the peer has enough");
        let other = admissions.admit(peer("2001:db8::1"));
        assert!(other.is_some() && admissions.admit(peer("10.0.0.2")).is_none(), "all have enough");
        drop((one, two, other));
        assert!(admissions.open.borrow().is_empty());
        let _same = [admissions.admit(peer("2001:db8::1")), admissions.admit(peer("2001:db8::2"))];
        assert!(admissions.admit(peer("2001:db8::3")).is_none(), "one network is one peer");
        assert!(admissions.admit(None).is_some());
    }
}
