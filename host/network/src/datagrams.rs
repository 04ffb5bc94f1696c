//! Datagrams: a line each. UDP loses what comes while the socket has no room; the kernel counts it.

use std::{collections::HashMap, io, net::IpAddr, rc::Rc, sync::Arc};

use tokio::{
    net::{UdpSocket, UnixDatagram},
    sync::watch,
    task::yield_now,
};

use crate::{
    batch::{LineBatch, ReceivedLine},
    counters::{Counters, add},
    race::{First, race, stopped},
};

/// Datagrams that are read in one turn.
const TURN_DATAGRAMS: usize = 512;
/// The longest datagram that is read whole: what a Unix socket takes at most, unless the system is set otherwise.
const DATAGRAM_BYTES: usize = 256 << 10;
/// Addresses of peers whose texts are kept.
const PEERS: usize = 4096;

/// Reads datagrams.
pub(crate) struct Datagrams {
    pub(crate) batch: Rc<LineBatch>,
    pub(crate) counters: Arc<Counters>,
    pub(crate) line_bytes: usize,
}

impl Datagrams {
    /// Reads until the source is stopped, and then what has arrived.
    pub(crate) async fn read_udp(self, socket: UdpSocket, mut stop: watch::Receiver<bool>) {
        self.counters.open_socket(rustix::fs::fstat(&socket).map_or(0, |stat| stat.st_ino));
        let (mut buffer, mut peers) = (vec![0; DATAGRAM_BYTES], PeerNames::default());
        let mut turn = || {
            for _ in 0..TURN_DATAGRAMS {
                match socket.try_recv_from(&mut buffer) {
                    Ok((bytes, peer)) => self.push(peers.name(peer.ip()), &buffer[..bytes]),
                    Err(error) => return self.is_over(&error),
                }
            }
            false
        };
        while let First::One(ready) = race(socket.readable(), stopped(&mut stop)).await {
            if ready.is_err() {
                break;
            }
            turn();
            yield_now().await;
        }
        while !turn() {}
        self.counters.close_socket();
    }

    /// As [`Self::read_udp`].
    pub(crate) async fn read_unix(self, socket: UnixDatagram, mut stop: watch::Receiver<bool>) {
        let mut buffer = vec![0; DATAGRAM_BYTES];
        let mut turn = || {
            for _ in 0..TURN_DATAGRAMS {
                match socket.try_recv(&mut buffer) {
                    Ok(bytes) => self.push("", &buffer[..bytes]),
                    Err(error) => return self.is_over(&error),
                }
            }
            false
        };
        while let First::One(ready) = race(socket.readable(), stopped(&mut stop)).await {
            if ready.is_err() {
                break;
            }
            turn();
            yield_now().await;
        }
        while !turn() {}
    }

    /// Whether a turn ends with this error: anything but what a peer's refusal brings.
    fn is_over(&self, error: &io::Error) -> bool {
        if error.kind() != io::ErrorKind::WouldBlock {
            self.counters.note(format!("a datagram cannot be read: {error}"));
        }
        true
    }

    fn push(&self, object: &str, datagram: &[u8]) {
        add(&self.counters.bytes, datagram.len() as u64);
        let is_cut = datagram.len() > self.line_bytes;
        let bytes = &datagram[..datagram.len().min(self.line_bytes)];
        self.batch.push(object, ReceivedLine { bytes, is_cut, is_malformed: false });
    }
}

/// The texts of peers' addresses.
#[derive(Default)]
struct PeerNames(HashMap<IpAddr, String>);

impl PeerNames {
    fn name(&mut self, peer: IpAddr) -> &str {
        if self.0.len() >= PEERS && !self.0.contains_key(&peer) {
            self.0.clear();
        }
        self.0.entry(peer).or_insert_with(|| peer.to_canonical().to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_peers_are_bounded() {
        let mut peers = PeerNames::default();
        assert_eq!(peers.name("::ffff:10.0.0.7".parse().expect("an address")), "10.0.0.7");
        for number in 0..=PEERS as u32 {
            peers.name(IpAddr::V4(number.into()));
        }
        assert!(peers.0.len() <= PEERS);
    }
}
