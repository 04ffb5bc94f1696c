//! Receivers, each with a thread of its own: a slow one delays nobody else.

use std::{
    fmt, io,
    sync::{Arc, Mutex, PoisonError},
    thread::{Builder, JoinHandle},
    time::{Duration, Instant},
};

use crate::{
    endpoint::{DeliverySink, Endpoint},
    notify::Notify,
    status::DeliveryStatus,
    worker::DeliveryWorker,
};

/// How often a thread that is to end is looked at.
const LOOK: Duration = Duration::from_millis(5);

/// All receivers at work.
///
/// Notices are read from each receiver's [`Outbox`], put together into messages as their grouping
/// says, and delivered. Every notice is told of by `settle`: one that failed is kept here and tried
/// again, one that was delivered or given up is not looked at again, unless
/// [`reread`](Self::reread) says that a dead letter may have been revived. Whoever writes outcomes down
/// has written those of one dispatcher before the next one starts; else some are delivered twice.
pub struct Dispatcher {
    workers: Vec<WorkerHandle>,
}

struct WorkerHandle {
    notify: Arc<Notify>,
    status: Arc<Mutex<DeliveryStatus>>,
    thread: Option<JoinHandle<()>>,
}

impl Dispatcher {
    /// Starts all threads. The same `seed` gives the same waits between tries.
    ///
    /// # Errors
    /// A thread cannot be started; those that were are stopped.
    pub fn start(endpoints: Vec<Endpoint>, settle: &DeliverySink, seed: u64) -> io::Result<Self> {
        let mut dispatcher = Self { workers: Vec::with_capacity(endpoints.len()) };
        for (number, endpoint) in endpoints.into_iter().enumerate() {
            let notify = Arc::new(Notify::default());
            let status = DeliveryStatus { receiver: endpoint.name.clone(), more: true, ..DeliveryStatus::default() };
            let status = Arc::new(Mutex::new(status));
            let seed = seed.wrapping_add(number as u64);
            // A thread's name is shown by the system, which knows 15 bytes of it and no NUL.
            let name: String = format!("to-{}", endpoint.name).chars().filter(|letter| *letter != '\0').collect();
            let worker =
                DeliveryWorker::new(endpoint, Arc::clone(&notify), Arc::clone(&status), Arc::clone(settle), seed);
            let thread = Some(Builder::new().name(name).spawn(move || worker.run())?);
            dispatcher.workers.push(WorkerHandle { notify, status, thread });
        }
        Ok(dispatcher)
    }

    /// There are new notices in the outbox.
    pub fn wake(&self) {
        for worker in &self.workers {
            worker.notify.ring(|signals| signals.new = true);
        }
    }

    /// Old notices may be there reread: dead letters that a person revived.
    pub fn reread(&self) {
        for worker in &self.workers {
            worker.notify.ring(|signals| signals.reread = true);
        }
    }

    /// How all receivers stand, in the order in which they were given.
    pub fn status(&self) -> Vec<DeliveryStatus> {
        let status = |worker: &WorkerHandle| worker.status.lock().unwrap_or_else(PoisonError::into_inner).clone();
        self.workers.iter().map(status).collect()
    }

    /// Ends all threads. Deliveries that are under way are ended first and told of; what waits stays in
    /// the outbox. Waits at most `grace`; a receiver that has not returned by then ends with its own
    /// time-out, and the answer is `false`.
    pub fn stop(mut self, grace: Duration) -> bool {
        self.ring_off();
        let deadline = Instant::now() + grace;
        let mut all = true;
        for worker in &mut self.workers {
            let Some(thread) = worker.thread.take() else { continue };
            while !thread.is_finished() && Instant::now() < deadline {
                std::thread::sleep(LOOK);
            }
            if thread.is_finished() {
                // A worker does not panic; if `settle` does, that is the caller's to know already.
                let _ = thread.join();
            } else {
                all = false;
            }
        }
        all
    }

    fn ring_off(&self) {
        for worker in &self.workers {
            worker.notify.ring(|signals| signals.stop = true);
        }
    }
}

impl Drop for Dispatcher {
    fn drop(&mut self) {
        self.ring_off();
    }
}

impl fmt::Debug for Dispatcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.status()).finish()
    }
}

#[cfg(test)]
mod tests;
