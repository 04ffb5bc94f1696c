//! Backpressure in bytes: a source waits for a permit before it hands in a chunk, and the bytes come
//! back when everything in the chunk has been evaluated.

use std::sync::{
    Arc, Condvar, Mutex, PoisonError,
    atomic::{AtomicBool, Ordering},
};

/// A semaphore of bytes. Its lock is a leaf.
pub(crate) struct ByteSemaphore {
    /// Negative while more bytes are overdrawn than were free.
    free: Mutex<isize>,
    more: Condvar,
    total: usize,
    /// Closed: no further permits are granted.
    closed: AtomicBool,
}

/// Why no permit is granted at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TryAcquireError {
    /// Not enough bytes are free.
    NoRoom,
    /// The semaphore is closed.
    Closed,
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

    /// Waits until `bytes` are free. A request for more than all bytes waits for all of them. `on_wait`
    /// runs before it waits, without the lock. Returns `None` once the semaphore is closed.
    pub(crate) fn acquire(self: &Arc<Self>, bytes: usize, on_wait: impl FnOnce()) -> Option<BytePermit> {
        let bytes = bytes.min(self.total);
        let mut free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        if *free < signed(bytes) {
            drop(free);
            on_wait();
            free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
            let must_wait = |free: &mut isize| *free < signed(bytes) && !self.is_closed();
            free = self.more.wait_while(free, must_wait).unwrap_or_else(PoisonError::into_inner);
        }
        if self.is_closed() {
            return None;
        }
        *free -= signed(bytes);
        Some(BytePermit { semaphore: Arc::clone(self), bytes })
    }

    /// As [`Self::acquire`], but does not wait.
    pub(crate) fn try_acquire(self: &Arc<Self>, bytes: usize) -> Result<BytePermit, TryAcquireError> {
        let bytes = bytes.min(self.total);
        let mut free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        if self.is_closed() {
            return Err(TryAcquireError::Closed);
        }
        if *free < signed(bytes) {
            return Err(TryAcquireError::NoRoom);
        }
        *free -= signed(bytes);
        Ok(BytePermit { semaphore: Arc::clone(self), bytes })
    }

    /// Grants no further permits, and wakes all that wait for one.
    pub(crate) fn close(&self) {
        let _free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        self.closed.store(true, Ordering::Relaxed);
        self.more.notify_all();
    }

    /// Only under the lock, which orders it before or after [`Self::close`].
    fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Relaxed)
    }

    /// Takes bytes whether or not they are free; requests that wait are delayed by it.
    pub(crate) fn overdraw(self: &Arc<Self>, bytes: usize) -> BytePermit {
        *self.free.lock().unwrap_or_else(PoisonError::into_inner) -= signed(bytes);
        BytePermit { semaphore: Arc::clone(self), bytes }
    }

    /// Whether more than half of the bytes are taken.
    pub(crate) fn is_short(&self) -> bool {
        self.used() > self.total / 2
    }

    /// Waits until all permits are back.
    pub(crate) fn wait_empty(&self) {
        let free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        drop(self.more.wait_while(free, |free| *free < signed(self.total)));
    }

    /// Returns the bytes of all permits.
    pub(crate) fn used(&self) -> usize {
        let free = *self.free.lock().unwrap_or_else(PoisonError::into_inner);
        usize::try_from(signed(self.total) - free).unwrap_or_default()
    }
}

/// Byte counts are far below half the range of `usize`.
fn signed(bytes: usize) -> isize {
    isize::try_from(bytes).unwrap_or(isize::MAX)
}

/// A number of bytes of a semaphore, given back when it is dropped.
pub(crate) struct BytePermit {
    semaphore: Arc<ByteSemaphore>,
    bytes: usize,
}

impl BytePermit {
    pub(crate) const fn bytes(&self) -> usize {
        self.bytes
    }

    /// Takes `bytes` out of this permit, or all that it has if that is less, as a permit of their own.
    pub(crate) fn split(&mut self, bytes: usize) -> Self {
        let bytes = bytes.min(self.bytes);
        self.bytes -= bytes;
        Self { semaphore: Arc::clone(&self.semaphore), bytes }
    }

    /// Merges two permits of one semaphore.
    pub(crate) fn merge(mut self, mut other: Self) -> Self {
        self.bytes += std::mem::take(&mut other.bytes);
        self
    }
}

impl Drop for BytePermit {
    fn drop(&mut self) {
        *self.semaphore.free.lock().unwrap_or_else(PoisonError::into_inner) += signed(self.bytes);
        self.semaphore.more.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_come_back_and_let_the_next_one_in() {
        let semaphore = ByteSemaphore::new(10);
        let first = semaphore.acquire(6, || ()).expect("there is room");
        let other = Arc::clone(&semaphore);
        let waiter = std::thread::spawn(move || drop(other.acquire(1000, || ())));
        assert_eq!(semaphore.used(), 6);
        drop(first);
        waiter.join().expect("the waiter gets in once everything is free");
        semaphore.wait_empty();
        assert_eq!(semaphore.used(), 0);
    }

    #[test]
    fn closing_wakes_those_that_wait_and_refuses_those_that_come() {
        let semaphore = ByteSemaphore::new(10);
        let all = semaphore.acquire(10, || ());
        let (other, (sender, full)) = (Arc::clone(&semaphore), std::sync::mpsc::channel());
        let waiter = std::thread::spawn(move || other.acquire(1, || sender.send(()).expect("it is awaited")).is_none());
        full.recv().expect("it says that it must wait");
        semaphore.close();
        assert!(waiter.join().expect("it goes on"));
        drop(all);
        assert!(semaphore.acquire(1, || ()).is_none(), "room makes no difference");
        semaphore.wait_empty();
    }

    #[test]
    fn trying_never_waits() {
        let semaphore = ByteSemaphore::new(10);
        let most = semaphore.try_acquire(8).expect("there is room");
        assert_eq!(semaphore.try_acquire(3).err(), Some(TryAcquireError::NoRoom));
        let rest = semaphore.try_acquire(2).expect("there is room for two");
        drop((most, rest));
        drop(semaphore.try_acquire(1000).expect("more than all is all"));
        semaphore.close();
        assert_eq!(semaphore.try_acquire(1).err(), Some(TryAcquireError::Closed));
        assert_eq!(semaphore.used(), 0);
    }

    #[test]
    fn what_is_charged_may_be_more_than_there_is() {
        let semaphore = ByteSemaphore::new(10);
        let charged = semaphore.overdraw(7).merge(semaphore.overdraw(8));
        assert_eq!(semaphore.used(), 15);
        let mut charged = charged;
        drop(charged.split(1000).split(4));
        assert_eq!(semaphore.used(), 0);
        let charged = semaphore.overdraw(15);
        let (other, (sender, full)) = (Arc::clone(&semaphore), std::sync::mpsc::channel());
        let waiter = std::thread::spawn(move || drop(other.acquire(1, || sender.send(()).expect("it is awaited"))));
        full.recv().expect("it says that it must wait");
        drop(charged);
        waiter.join().expect("there is room");
        assert_eq!(semaphore.used(), 0);
    }
}
