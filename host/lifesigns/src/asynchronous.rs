//! A host from asynchronous code, whatever runtime it has: submitting waits without a thread, and what blocks runs on
//! a thread of its own.

use std::{
    future::{Future, poll_fn},
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use lifesigns_engine::{Engine, EngineClosed};
use lifesigns_model::Chunk;

use crate::{
    handoff::{Taker, handoff},
    host::Host,
    recording_host::RecordingHost,
};

/// Resolves once everything that a submitted chunk says is evaluated and its alerts are out; in a recording host,
/// once all of it is committed. Dropping it changes nothing.
#[must_use = "the chunk is submitted; await this to know that it is done"]
pub struct Receipt(Taker<()>);

/// The host ended before a chunk was done, because its store took no commits: submit it again after the next start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the host ended before the lines were committed; submit them again after the next start")]
pub struct Unacknowledged;

impl Future for Receipt {
    type Output = Result<(), Unacknowledged>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        Poll::Ready(ready!(Pin::new(&mut self.0).poll(context)).ok_or(Unacknowledged))
    }
}

impl Host {
    /// As [`Host::submit`], but waits for room without a thread. The chunk's [`Receipt`] resolves once it is
    /// evaluated.
    ///
    /// # Errors
    /// The host was stopped.
    pub async fn submit_async(&self, chunk: Chunk) -> Result<Receipt, EngineClosed> {
        submit(&self.engine, chunk).await
    }
}

impl RecordingHost {
    /// As [`RecordingHost::submit`], but waits for room without a thread. The chunk's [`Receipt`] resolves once it is
    /// committed. Await one chunk of a source before the next is submitted.
    ///
    /// # Errors
    /// The host was stopped, or its intake closed.
    pub async fn submit_async(&self, chunk: Chunk) -> Result<Receipt, EngineClosed> {
        submit(&self.engine, chunk).await
    }
}

async fn submit(engine: &Engine, mut chunk: Chunk) -> Result<Receipt, EngineClosed> {
    let bytes = chunk.bytes.len();
    let reservation = poll_fn(|context| engine.poll_reserve(bytes, context)).await?;
    let (giver, taker) = handoff();
    let own = chunk.ack.take();
    chunk.ack = Some(Box::new(move || {
        own.into_iter().for_each(|ack| ack());
        giver.give(());
    }));
    engine.submit_reserved(reservation, chunk)?;
    Ok(Receipt(taker))
}

/// Why [`unblock`] has no result.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UnblockError {
    /// The system gave no thread.
    #[error("there is no thread for it: {0}")]
    Thread(#[from] io::Error),
    /// The work panicked.
    #[error("it panicked")]
    Panicked,
}

/// Runs work that blocks on a thread of its own, and resolves to its result: a host's `stop`, `wait_committed`,
/// `inventory`, or a recorder's `act` and `configure`. A runtime that has a pool for such work, as tokio's
/// `spawn_blocking`, does as well. The work begins when the future is polled first, and ends even if that is dropped.
///
/// # Errors
/// The system gave no thread, or the work panicked.
pub async fn unblock<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, UnblockError> {
    let (giver, taker) = handoff();
    std::thread::Builder::new().name("lifesigns-unblock".into()).spawn(move || giver.give(work()))?;
    taker.await.ok_or(UnblockError::Panicked)
}
