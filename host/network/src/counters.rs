//! What a listener counts.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use parking_lot::Mutex;

use lifesigns_sources::SourceTraffic;

use crate::kernel_drops::kernel_drops;

/// Counts what a listener receives. Shown while it changes.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    address: String,
    pub(crate) connections: AtomicU64,
    pub(crate) refused: AtomicU64,
    pub(crate) lines: AtomicU64,
    pub(crate) bytes: AtomicU64,
    pub(crate) malformed: AtomicU64,
    pub(crate) cut: AtomicU64,
    /// Dropped by sockets that are closed.
    dropped: AtomicU64,
    /// The inode of the open UDP socket, whose drops the kernel counts; 0 for none.
    socket: AtomicU64,
    problem: Mutex<String>,
}

impl Counters {
    /// Nothing yet, at this address.
    pub(crate) fn new(address: String) -> Self {
        Self { address, ..Self::default() }
    }

    /// Returns the present figures.
    pub(crate) fn traffic(&self) -> SourceTraffic {
        let socket = self.socket.load(Relaxed);
        let dropped = if socket == 0 { 0 } else { kernel_drops(socket) };
        SourceTraffic {
            address: self.address.clone(),
            connections: self.connections.load(Relaxed),
            refused: self.refused.load(Relaxed),
            lines: self.lines.load(Relaxed),
            bytes: self.bytes.load(Relaxed),
            dropped: self.dropped.load(Relaxed) + dropped,
            malformed: self.malformed.load(Relaxed),
            cut: self.cut.load(Relaxed),
            problem: self.problem.lock().clone(),
            ..SourceTraffic::default()
        }
    }

    /// Notes the socket whose drops the kernel counts.
    pub(crate) fn open_socket(&self, inode: u64) {
        self.socket.store(inode, Relaxed);
    }

    /// Notes what the kernel has dropped of a socket that is about to be closed.
    pub(crate) fn close_socket(&self) {
        let socket = self.socket.swap(0, Relaxed);
        if socket != 0 {
            self.dropped.fetch_add(kernel_drops(socket), Relaxed);
        }
    }

    /// Notes what went wrong last.
    pub(crate) fn note(&self, problem: String) {
        tracing::debug!(address = %self.address, "{problem}");
        *self.problem.lock() = problem;
    }
}

/// Adds to a counter.
pub(crate) fn add(counter: &AtomicU64, count: u64) {
    counter.fetch_add(count, Relaxed);
}
