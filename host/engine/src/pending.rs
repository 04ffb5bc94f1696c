//! The bytes that shards have been handed and have not evaluated.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

/// A share of the bytes that shards have not evaluated; given back when it is dropped.
pub(crate) struct PendingBytes {
    all: Arc<AtomicUsize>,
    bytes: usize,
}

impl PendingBytes {
    /// Adds `bytes` to `all` until it is dropped.
    pub(crate) fn new(all: &Arc<AtomicUsize>, bytes: usize) -> Self {
        all.fetch_add(bytes, Ordering::SeqCst);
        Self { all: Arc::clone(all), bytes }
    }
}

impl Drop for PendingBytes {
    fn drop(&mut self) {
        self.all.fetch_sub(self.bytes, Ordering::SeqCst);
    }
}
