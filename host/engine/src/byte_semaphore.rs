//! Backpressure in bytes: whoever brings a chunk waits until there is room, and the room comes back
//! when everything in the chunk has been evaluated.

use std::sync::{
    Arc, Condvar, Mutex, PoisonError,
    atomic::{AtomicBool, Ordering},
};

/// Room for so many bytes.
pub(crate) struct ByteSemaphore {
    /// Less than nothing when somebody was not asked to wait.
    free: Mutex<isize>,
    more: Condvar,
    total: usize,
    /// Nobody gets any any more.
    closed: AtomicBool,
}

impl ByteSemaphore {
    pub(crate) fn new(total_bytes: usize) -> Arc<Self> {
        Arc::new(Self {
            free: Mutex::new(signed(total_bytes)),
            more: Condvar::new(),
            total: total_bytes,
            closed: AtomicBool::new(false),
        })
    }

    /// Waits for room. What is larger than everything waits for everything. `full` runs when there is
    /// none at once. `None` once it is closed.
    pub(crate) fn acquire(self: &Arc<Self>, bytes: usize, full: impl FnOnce()) -> Option<BytePermit> {
        let bytes = bytes.min(self.total);
        let mut free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        if *free < signed(bytes) {
            drop(free);
            full();
            free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
            let wait = |free: &mut isize| *free < signed(bytes) && !self.is_closed();
            free = self.more.wait_while(free, wait).unwrap_or_else(PoisonError::into_inner);
        }
        if self.is_closed() {
            return None;
        }
        *free -= signed(bytes);
        Some(BytePermit { budget: Arc::clone(self), bytes })
    }

    /// Whoever waits for room goes on without, and so does whoever comes later.
    pub(crate) fn close(&self) {
        let _free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        self.closed.store(true, Ordering::Relaxed);
        self.more.notify_all();
    }

    /// Under the lock: it was closed before or is closed after.
    fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Relaxed)
    }

    /// Takes room that may not be there: those who acquire some wait the longer for it.
    pub(crate) fn charge(self: &Arc<Self>, bytes: usize) -> BytePermit {
        *self.free.lock().unwrap_or_else(PoisonError::into_inner) -= signed(bytes);
        BytePermit { budget: Arc::clone(self), bytes }
    }

    /// Whether more than half of it is taken.
    pub(crate) fn is_short(&self) -> bool {
        self.used() > self.total / 2
    }

    /// Waits until nothing is in flight.
    pub(crate) fn wait_empty(&self) {
        let free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        drop(self.more.wait_while(free, |free| *free < signed(self.total)));
    }

    /// Bytes in flight.
    pub(crate) fn used(&self) -> usize {
        let free = *self.free.lock().unwrap_or_else(PoisonError::into_inner);
        usize::try_from(signed(self.total) - free).unwrap_or_default()
    }
}

/// Bytes never come near a half of all numbers.
fn signed(bytes: usize) -> isize {
    isize::try_from(bytes).unwrap_or(isize::MAX)
}

/// So many bytes in flight.
pub(crate) struct BytePermit {
    budget: Arc<ByteSemaphore>,
    bytes: usize,
}

impl BytePermit {
    pub(crate) const fn bytes(&self) -> usize {
        self.bytes
    }

    /// Both as one.
    pub(crate) fn and(mut self, mut other: Self) -> Self {
        self.bytes += std::mem::take(&mut other.bytes);
        self
    }
}

impl Drop for BytePermit {
    fn drop(&mut self) {
        *self.budget.free.lock().unwrap_or_else(PoisonError::into_inner) += signed(self.bytes);
        self.budget.more.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_come_back_and_let_the_next_one_in() {
        let budget = ByteSemaphore::new(10);
        let first = budget.acquire(6, || ()).expect("there is room");
        let other = Arc::clone(&budget);
        let waiter = std::thread::spawn(move || drop(other.acquire(1000, || ())));
        assert_eq!(budget.used(), 6);
        drop(first);
        waiter.join().expect("the waiter gets in once everything is free");
        budget.wait_empty();
        assert_eq!(budget.used(), 0);
    }

    #[test]
    fn a_closed_one_lets_nobody_wait_and_nobody_in() {
        let budget = ByteSemaphore::new(10);
        let all = budget.acquire(10, || ());
        let (other, (sender, full)) = (Arc::clone(&budget), std::sync::mpsc::channel());
        let waiter = std::thread::spawn(move || other.acquire(1, || sender.send(()).expect("it is awaited")).is_none());
        full.recv().expect("it says that it must wait");
        budget.close();
        assert!(waiter.join().expect("it goes on"));
        drop(all);
        assert!(budget.acquire(1, || ()).is_none(), "room makes no difference");
        budget.wait_empty();
    }

    #[test]
    fn what_is_charged_may_be_more_than_there_is() {
        let budget = ByteSemaphore::new(10);
        let charged = budget.charge(7).and(budget.charge(8));
        assert_eq!(budget.used(), 15);
        let (other, (sender, full)) = (Arc::clone(&budget), std::sync::mpsc::channel());
        let waiter = std::thread::spawn(move || drop(other.acquire(1, || sender.send(()).expect("it is awaited"))));
        full.recv().expect("it says that it must wait");
        drop(charged);
        waiter.join().expect("there is room");
        assert_eq!(budget.used(), 0);
    }
}
