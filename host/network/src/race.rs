//! The first of two futures.

use std::{
    future::{Future, poll_fn},
    pin::pin,
    task::Poll,
};

use tokio::sync::watch;

/// Which of two came first, and its value.
pub(crate) enum First<A, B> {
    One(A),
    Other(B),
}

/// Returns the value of the one that is ready first; of two that are ready, of `other`.
pub(crate) async fn race<A: Future, B: Future>(one: A, other: B) -> First<A::Output, B::Output> {
    let (mut one, mut other) = (pin!(one), pin!(other));
    poll_fn(|context| match other.as_mut().poll(context) {
        Poll::Ready(value) => Poll::Ready(First::Other(value)),
        Poll::Pending => one.as_mut().poll(context).map(First::One),
    })
    .await
}

/// Returns when the source is stopped.
pub(crate) async fn stopped(stop: &mut watch::Receiver<bool>) {
    // Without its sender it is stopped, too.
    let _ = stop.wait_for(|stopped| *stopped).await;
}
