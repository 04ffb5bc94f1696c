//! Backpressure in bytes: whoever brings a chunk waits until there is room, and the room comes back
//! when everything in the chunk has been evaluated.

use std::sync::{Arc, Condvar, Mutex, PoisonError};

/// Room for so many bytes.
pub(crate) struct Budget {
    free: Mutex<usize>,
    more: Condvar,
    total: usize,
}

impl Budget {
    pub(crate) fn new(total_bytes: usize) -> Arc<Self> {
        Arc::new(Self { free: Mutex::new(total_bytes), more: Condvar::new(), total: total_bytes })
    }

    /// Waits for room. What is larger than everything waits for everything.
    pub(crate) fn acquire(self: &Arc<Self>, bytes: usize) -> Permit {
        let bytes = bytes.min(self.total);
        let free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        let mut free = self.more.wait_while(free, |free| *free < bytes).unwrap_or_else(PoisonError::into_inner);
        *free -= bytes;
        Permit { budget: Arc::clone(self), bytes }
    }

    /// Waits until nothing is in flight.
    pub(crate) fn wait_empty(&self) {
        let free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        drop(self.more.wait_while(free, |free| *free < self.total));
    }

    /// Bytes in flight.
    pub(crate) fn used(&self) -> usize {
        self.total - *self.free.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// So many bytes in flight.
pub(crate) struct Permit {
    budget: Arc<Budget>,
    bytes: usize,
}

impl Drop for Permit {
    fn drop(&mut self) {
        *self.budget.free.lock().unwrap_or_else(PoisonError::into_inner) += self.bytes;
        self.budget.more.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_come_back_and_let_the_next_one_in() {
        let budget = Budget::new(10);
        let first = budget.acquire(6);
        let other = Arc::clone(&budget);
        let waiter = std::thread::spawn(move || drop(other.acquire(1000)));
        assert_eq!(budget.used(), 6);
        drop(first);
        waiter.join().expect("the waiter gets in once everything is free");
        budget.wait_empty();
        assert_eq!(budget.used(), 0);
    }
}
