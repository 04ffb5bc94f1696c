//! The signal that ends sources.

use std::{
    sync::{Arc, Condvar, Mutex, PoisonError},
    time::Duration,
};

/// A flag that stays set once it is set, and on which threads can wait. Clones share the flag.
#[derive(Clone, Debug, Default)]
pub struct Stop(Arc<(Mutex<bool>, Condvar)>);

impl Stop {
    /// Returns a flag that is not set.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the flag and wakes all who wait.
    pub fn stop(&self) {
        let (flag, waiting) = &*self.0;
        *flag.lock().unwrap_or_else(PoisonError::into_inner) = true;
        waiting.notify_all();
    }

    /// Whether the flag is set.
    pub fn is_stopped(&self) -> bool {
        *self.0.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until the flag is set, but no longer than `at_most`; returns whether it is set.
    pub fn wait(&self, at_most: Duration) -> bool {
        let (flag, waiting) = &*self.0;
        let flag = flag.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = waiting.wait_timeout_while(flag, at_most, |stopped| !*stopped);
        *waited.unwrap_or_else(PoisonError::into_inner).0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wakes_who_waits() {
        let stop = Stop::new();
        assert!(!stop.wait(Duration::ZERO) && !stop.is_stopped());
        let other = stop.clone();
        let waiter = std::thread::spawn(move || other.wait(Duration::from_secs(60)));
        stop.stop();
        assert!(waiter.join().expect("it returns") && stop.is_stopped() && stop.wait(Duration::from_secs(60)));
    }
}
