//! A value that one thread hands to a future, for whatever runtime polls it.

use std::{
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, Waker},
};

use parking_lot::{Mutex, MutexGuard};

enum Handed<T> {
    /// The giver still has it.
    Awaited(Option<Waker>),
    Given(T),
    /// The giver was dropped without it, or the value was taken.
    Gone,
}

struct Slot<T>(Mutex<Handed<T>>);

impl<T> Slot<T> {
    fn lock(&self) -> MutexGuard<'_, Handed<T>> {
        self.0.lock()
    }

    fn end(&self, with: Handed<T>) {
        let before = std::mem::replace(&mut *self.lock(), with);
        if let Handed::Awaited(Some(waker)) = before {
            waker.wake();
        }
    }
}

/// Gives the value. Dropped without it, the taker learns that none comes.
pub(crate) struct Giver<T>(Option<Arc<Slot<T>>>);

/// A future of the value; `None` if none comes.
pub(crate) struct Taker<T>(Arc<Slot<T>>);

/// Returns the two ends.
pub(crate) fn handoff<T>() -> (Giver<T>, Taker<T>) {
    let slot = Arc::new(Slot(Mutex::new(Handed::Awaited(None))));
    (Giver(Some(Arc::clone(&slot))), Taker(slot))
}

impl<T> Giver<T> {
    /// Gives the value, and wakes who waits for it.
    pub(crate) fn give(mut self, value: T) {
        if let Some(slot) = self.0.take() {
            slot.end(Handed::Given(value));
        }
    }
}

impl<T> Drop for Giver<T> {
    fn drop(&mut self) {
        if let Some(slot) = self.0.take() {
            slot.end(Handed::Gone);
        }
    }
}

impl<T> Future for Taker<T> {
    type Output = Option<T>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let mut handed = self.0.lock();
        if let Handed::Awaited(waker) = &mut *handed {
            *waker = Some(context.waker().clone());
            return Poll::Pending;
        }
        match std::mem::replace(&mut *handed, Handed::Gone) {
            Handed::Given(value) => Poll::Ready(Some(value)),
            _ => Poll::Ready(None),
        }
    }
}
