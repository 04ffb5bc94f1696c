//! What a request, and all of them together, may take.

use std::time::Duration;

/// Bounds of receivers of events.
#[derive(Clone, Debug)]
pub struct IngestLimits {
    /// A body as it is sent, in bytes.
    pub body_bytes: usize,
    /// A body when it is no longer compressed, in bytes.
    pub decoded_bytes: usize,
    /// Bodies of all requests together, with what is made of them, in bytes: senders are asked to wait beyond it.
    pub held_bytes: usize,
    /// Items of one request.
    pub items: u64,
    /// The longest wait for the next piece of a body.
    pub idle: Duration,
    /// The longest wait for the commit of what was taken.
    pub commit: Duration,
}

impl Default for IngestLimits {
    /// Returns 16 MiB, 64 MiB, 256 MiB, 100 000, 10 s and 30 s.
    fn default() -> Self {
        Self {
            body_bytes: 16 << 20,
            decoded_bytes: 64 << 20,
            held_bytes: 256 << 20,
            items: 100_000,
            idle: Duration::from_secs(10),
            commit: Duration::from_secs(30),
        }
    }
}
