//! Receivers, each with a thread of its own: a slow one delays nobody else.

use std::{
    fmt, io,
    sync::{Arc, Mutex, PoisonError},
    thread::{Builder, JoinHandle},
    time::{Duration, Instant},
};

use crate::{
    anchor::Anchoring,
    bell::Bell,
    config::Retry,
    courier::Courier,
    message::Receiver,
    outbox::{OpenAlerts, Outbox, Settled},
    status::Status,
};

/// Told what became of each notice, on the receiver's thread. It hands that on to the one who writes.
pub type Settle = Arc<dyn Fn(Settled) + Send + Sync>;

/// How often a thread that is to end is looked at.
const LOOK: Duration = Duration::from_millis(5);

/// A receiver and all that its thread needs.
pub struct Post {
    /// The receiver's name.
    pub name: String,
    /// How often a message is tried, and when.
    pub retry: Retry,
    /// The receiver.
    pub receiver: Box<dyn Receiver>,
    /// Where its notices wait.
    pub outbox: Box<dyn Outbox>,
    /// Whether it is sent the head of the audit log, and how often.
    pub anchoring: Option<Anchoring>,
    /// Asked before each notice goes out; `()` lets every notice go.
    pub alerts: Box<dyn OpenAlerts>,
}

/// All receivers at work.
///
/// Notices are read from each receiver's [`Outbox`], put together into messages as their grouping
/// says, and delivered. Every notice is told of by `settle`: one that failed is kept here and tried
/// again, one that was delivered or given up is not looked at again, unless
/// [`again`](Self::again) says that a dead letter may have been revived. Whoever writes outcomes down
/// has written those of one dispatcher before the next one starts; else some are delivered twice.
pub struct Dispatcher {
    desks: Vec<Desk>,
}

struct Desk {
    bell: Arc<Bell>,
    status: Arc<Mutex<Status>>,
    thread: Option<JoinHandle<()>>,
}

impl Dispatcher {
    /// Starts all threads. The same `seed` gives the same waits between tries.
    ///
    /// # Errors
    /// A thread cannot be started; those that were are stopped.
    pub fn start(posts: Vec<Post>, settle: &Settle, seed: u64) -> io::Result<Self> {
        let mut dispatcher = Self { desks: Vec::with_capacity(posts.len()) };
        for (number, post) in posts.into_iter().enumerate() {
            let bell = Arc::new(Bell::default());
            let status = Status { receiver: post.name.clone(), more: true, ..Status::default() };
            let status = Arc::new(Mutex::new(status));
            let seed = seed.wrapping_add(number as u64);
            // A thread's name is shown by the system, which knows 15 bytes of it and no NUL.
            let name: String = format!("to-{}", post.name).chars().filter(|letter| *letter != '\0').collect();
            let courier = Courier::new(post, Arc::clone(&bell), Arc::clone(&status), Arc::clone(settle), seed);
            let thread = Some(Builder::new().name(name).spawn(move || courier.run())?);
            dispatcher.desks.push(Desk { bell, status, thread });
        }
        Ok(dispatcher)
    }

    /// There are new notices in the outbox.
    pub fn nudge(&self) {
        for desk in &self.desks {
            desk.bell.ring(|rung| rung.new = true);
        }
    }

    /// Old notices may be there again: dead letters that a person revived.
    pub fn again(&self) {
        for desk in &self.desks {
            desk.bell.ring(|rung| rung.again = true);
        }
    }

    /// How all receivers stand, in the order in which they were given.
    pub fn status(&self) -> Vec<Status> {
        let status = |desk: &Desk| desk.status.lock().unwrap_or_else(PoisonError::into_inner).clone();
        self.desks.iter().map(status).collect()
    }

    /// Ends all threads. Deliveries that are under way are ended first and told of; what waits stays in
    /// the outbox. Waits at most `grace`; a receiver that has not returned by then ends with its own
    /// time-out, and the answer is `false`.
    pub fn stop(mut self, grace: Duration) -> bool {
        self.ring_off();
        let deadline = Instant::now() + grace;
        let mut all = true;
        for desk in &mut self.desks {
            let Some(thread) = desk.thread.take() else { continue };
            while !thread.is_finished() && Instant::now() < deadline {
                std::thread::sleep(LOOK);
            }
            if thread.is_finished() {
                // A courier does not panic; if `settle` does, that is the caller's to know already.
                let _ = thread.join();
            } else {
                all = false;
            }
        }
        all
    }

    fn ring_off(&self) {
        for desk in &self.desks {
            desk.bell.ring(|rung| rung.stop = true);
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
