//! Backpressure in bytes: a source waits for a permit before it hands in a chunk, and the bytes come
//! back when everything in the chunk has been evaluated.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Waker},
};

use parking_lot::{Condvar, Mutex, MutexGuard};

/// A semaphore of bytes. Its lock is a leaf.
pub(crate) struct ByteSemaphore {
    state: Mutex<SemaphoreState>,
    more: Condvar,
    total: usize,
    /// Closed: no further permits are granted.
    closed: AtomicBool,
}

struct SemaphoreState {
    /// Negative while more bytes are overdrawn than were free.
    free: isize,
    /// Tasks that wait for bytes: all are woken when some come back, and try again.
    wakers: Vec<Waker>,
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
            state: Mutex::new(SemaphoreState { free: signed(total_bytes), wakers: Vec::new() }),
            more: Condvar::new(),
            total: total_bytes,
            closed: AtomicBool::new(false),
        })
    }

    /// Waits until `bytes` are free. A request for more than all bytes waits for all of them. `on_wait`
    /// runs before it waits, without the lock. Returns `None` once the semaphore is closed.
    pub(crate) fn acquire(self: &Arc<Self>, bytes: usize, on_wait: impl FnOnce()) -> Option<BytePermit> {
        let bytes = bytes.min(self.total);
        let mut state = self.lock();
        if state.free < signed(bytes) {
            drop(state);
            on_wait();
            let must_wait = |state: &mut SemaphoreState| state.free < signed(bytes) && !self.is_closed();
            state = self.lock();
            self.more.wait_while(&mut state, must_wait);
        }
        if self.is_closed() {
            return None;
        }
        state.free -= signed(bytes);
        Some(BytePermit { semaphore: Arc::clone(self), bytes })
    }

    /// As [`Self::acquire`], but does not wait.
    pub(crate) fn try_acquire(self: &Arc<Self>, bytes: usize) -> Result<BytePermit, TryAcquireError> {
        let bytes = bytes.min(self.total);
        let mut state = self.lock();
        if self.is_closed() {
            return Err(TryAcquireError::Closed);
        }
        if state.free < signed(bytes) {
            return Err(TryAcquireError::NoRoom);
        }
        state.free -= signed(bytes);
        Ok(BytePermit { semaphore: Arc::clone(self), bytes })
    }

    /// As [`Self::acquire`] for a task, which is woken when bytes come back. `on_wait` runs whenever it has to wait.
    pub(crate) fn poll_acquire(
        self: &Arc<Self>,
        bytes: usize,
        context: &mut Context<'_>,
        on_wait: impl FnOnce(),
    ) -> Poll<Option<BytePermit>> {
        match self.try_acquire(bytes) {
            Ok(permit) => return Poll::Ready(Some(permit)),
            Err(TryAcquireError::Closed) => return Poll::Ready(None),
            Err(TryAcquireError::NoRoom) => {}
        }
        let mut state = self.lock();
        if !state.wakers.iter().any(|waker| waker.will_wake(context.waker())) {
            state.wakers.push(context.waker().clone());
        }
        drop(state);
        // Bytes that came back in between woke no task.
        match self.try_acquire(bytes) {
            Ok(permit) => Poll::Ready(Some(permit)),
            Err(TryAcquireError::Closed) => Poll::Ready(None),
            Err(TryAcquireError::NoRoom) => {
                on_wait();
                Poll::Pending
            }
        }
    }

    /// Grants no further permits, and wakes all that wait for one.
    pub(crate) fn close(&self) {
        let mut state = self.lock();
        self.closed.store(true, Ordering::Relaxed);
        let wakers = std::mem::take(&mut state.wakers);
        drop(state);
        self.wake(wakers);
    }

    /// Wakes all that wait, without the lock.
    fn wake(&self, wakers: Vec<Waker>) {
        self.more.notify_all();
        wakers.into_iter().for_each(Waker::wake);
    }

    fn lock(&self) -> MutexGuard<'_, SemaphoreState> {
        self.state.lock()
    }

    /// Only under the lock, which orders it before or after [`Self::close`].
    fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Relaxed)
    }

    /// Takes bytes whether or not they are free; requests that wait are delayed by it.
    pub(crate) fn overdraw(self: &Arc<Self>, bytes: usize) -> BytePermit {
        self.lock().free -= signed(bytes);
        BytePermit { semaphore: Arc::clone(self), bytes }
    }

    /// Whether more than half of the bytes are taken.
    pub(crate) fn is_short(&self) -> bool {
        self.used() > self.total / 2
    }

    /// Waits until all permits are back.
    pub(crate) fn wait_empty(&self) {
        self.more.wait_while(&mut self.lock(), |state| state.free < signed(self.total));
    }

    /// Returns the bytes of all permits.
    pub(crate) fn used(&self) -> usize {
        let free = self.lock().free;
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
        let mut state = self.semaphore.lock();
        state.free += signed(self.bytes);
        let wakers = std::mem::take(&mut state.wakers);
        drop(state);
        self.semaphore.wake(wakers);
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

    /// Counts how often a task is woken.
    #[derive(Default)]
    struct Woken(std::sync::atomic::AtomicUsize);

    impl std::task::Wake for Woken {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    #[test]
    fn a_task_is_woken_when_bytes_come_back_and_when_it_is_closed() {
        let semaphore = ByteSemaphore::new(10);
        let woken = Arc::<Woken>::default();
        let times = || woken.0.load(Ordering::SeqCst);
        let waker = Waker::from(Arc::clone(&woken));
        let mut context = Context::from_waker(&waker);
        let all = semaphore.acquire(10, || ()).expect("there is room");
        let mut asked_for_room = 0;
        for _ in 0..3 {
            assert!(semaphore.poll_acquire(4, &mut context, || asked_for_room += 1).is_pending());
        }
        assert_eq!((asked_for_room, times()), (3, 0));
        drop(all);
        assert_eq!(times(), 1, "however often it was polled");
        let Poll::Ready(Some(permit)) = semaphore.poll_acquire(4, &mut context, || ()) else { panic!("there is room") };
        assert!(semaphore.poll_acquire(7, &mut context, || ()).is_pending());
        semaphore.close();
        assert_eq!(times(), 2);
        assert!(matches!(semaphore.poll_acquire(1, &mut context, || ()), Poll::Ready(None)));
        drop(permit);
        assert_eq!((semaphore.used(), times()), (0, 2));
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
