//! Runs all receivers, each on a thread of its own, so that a slow one delays no other.

use std::{
    fmt, io,
    sync::{Arc, atomic::Ordering},
    thread::{Builder, JoinHandle},
    time::{Duration, Instant},
};

use lifesigns_model::{SharedClock, Wakeup};

use crate::{
    status::DeliveryStatus,
    worker::{DeliveryWorker, WorkerLink},
    worker_spec::{DeliverySink, WorkerSpec},
};

/// Delivers notices to all receivers.
///
/// Notices are read from the [`Outbox`](crate::Outbox) of each receiver, bundled into messages by their
/// grouping, and delivered. The result of each notice is passed to the [`DeliverySink`]. A notice that failed
/// is kept in memory and retried; one that was delivered or given up is not read again, unless
/// [`reread`](Self::reread) is called because a dead letter may have been revived. All results of one
/// dispatcher must be stored before the next one starts; otherwise some notices are delivered twice.
pub struct Dispatcher {
    workers: Vec<WorkerHandle>,
}

struct WorkerHandle {
    link: WorkerLink,
    thread: Option<JoinHandle<()>>,
}

impl Dispatcher {
    /// Starts all threads. Back-off, pauses and repeats go by `clock`; the same `seed` gives the same waits
    /// between tries.
    ///
    /// # Errors
    /// A thread cannot be started; those that run are stopped.
    pub fn start(specs: Vec<WorkerSpec>, settle: &DeliverySink, clock: &SharedClock, seed: u64) -> io::Result<Self> {
        let mut dispatcher = Self { workers: Vec::with_capacity(specs.len()) };
        for (number, spec) in specs.into_iter().enumerate() {
            let link = WorkerLink::default();
            *link.status.lock() =
                DeliveryStatus { receiver: spec.name.clone(), more: true, ..DeliveryStatus::default() };
            let seed = seed.wrapping_add(number as u64);
            // The system shows 15 bytes of a thread's name, which must not contain NUL.
            let name: String = format!("to-{}", spec.name).chars().filter(|character| *character != '\0').collect();
            let worker = DeliveryWorker::new(spec, link.clone(), Arc::clone(settle), Arc::clone(clock), seed);
            let thread = Some(Builder::new().name(name).spawn(move || worker.run())?);
            dispatcher.workers.push(WorkerHandle { link, thread });
        }
        Ok(dispatcher)
    }

    /// Wakes all threads, because there are new notices in the outbox.
    pub fn wake(&self) {
        for worker in &self.workers {
            worker.link.signal.wake();
        }
    }

    /// Has all threads read their outboxes from the start, because dead letters may have been revived.
    pub fn reread(&self) {
        for worker in &self.workers {
            worker.link.reread.store(true, Ordering::SeqCst);
            worker.link.signal.wake();
        }
    }

    /// Returns the status of all receivers, in the order in which they were given.
    pub fn status(&self) -> Vec<DeliveryStatus> {
        let status = |worker: &WorkerHandle| worker.link.status.lock().clone();
        self.workers.iter().map(status).collect()
    }

    /// Ends all threads, after the deliveries that are under way; notices that wait stay in the outbox.
    /// Waits at most `grace`. Returns `false` if a receiver has not returned by then; its thread ends with
    /// the time-out of the receiver.
    #[must_use]
    pub fn stop(mut self, grace: Duration) -> bool {
        self.signal_stop();
        let deadline = Instant::now() + grace;
        let mut all = true;
        for worker in &mut self.workers {
            let Some(thread) = worker.thread.take() else { continue };
            let left = deadline.saturating_duration_since(Instant::now());
            if worker.link.ended.wait(left) == Wakeup::Stopped {
                // A worker does not panic; a panic of the sink is reported by the panic hook.
                let _ = thread.join();
            } else {
                all = false;
            }
        }
        all
    }

    fn signal_stop(&self) {
        for worker in &self.workers {
            worker.link.signal.stop();
        }
    }
}

impl Drop for Dispatcher {
    fn drop(&mut self) {
        self.signal_stop();
    }
}

impl fmt::Debug for Dispatcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.status()).finish()
    }
}

#[cfg(test)]
mod simulated;
#[cfg(test)]
mod tests;
