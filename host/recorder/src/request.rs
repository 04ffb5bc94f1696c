//! Requests to the recorder, the only thread that changes the book and writes the store.

use std::time::Duration;

use crossbeam_channel::{RecvTimeoutError, Sender, bounded};
use lifesigns_api::ApiError;
use lifesigns_compliance::Command;
use lifesigns_model::ObjectFacts;
use lifesigns_notifications::DeliveryReport;

use crate::config::{ConfigureError, RecorderConfig};

/// Work for the recorder's next turn. The reply is sent after that turn's commit.
pub(crate) enum RecorderRequest {
    /// Applies an operator's command to the book.
    Command(Command, Sender<Result<(), ApiError>>),
    /// Replaces the configuration.
    Configure(Box<RecorderConfig>, Sender<Result<(), ConfigureError>>),
    /// Replaces the whole inventory.
    Inventory(Vec<ObjectFacts>, Sender<Result<(), ApiError>>),
    /// Records the result of a delivery.
    Settled(DeliveryReport),
    /// Sends dead letters again: those with these numbers, or all of a receiver.
    Resend(Vec<u64>, Option<String>, Sender<Result<usize, ApiError>>),
    /// Drops dead letters: those with these numbers, or all of a receiver; the last text names the requester.
    Drop(Vec<u64>, Option<String>, String, Sender<Result<usize, ApiError>>),
    /// Commits everything that was submitted, then ends the recorder.
    Stop,
}

impl RecorderRequest {
    /// Returns whether a caller waits for the reply, so that the turn should not wait for more.
    pub(crate) const fn has_caller(&self) -> bool {
        !matches!(self, Self::Settled(_))
    }
}

/// How long a caller waits for the commit that completes its request.
const DEADLINE: Duration = Duration::from_secs(30);

/// Sends requests to the recorder and waits for their replies.
#[derive(Clone)]
pub(crate) struct RequestSender(pub(crate) Sender<RecorderRequest>);

impl RequestSender {
    /// Sends a request and waits until it is committed.
    ///
    /// # Errors
    /// The recorder has stopped, or did not commit within [`DEADLINE`].
    pub(crate) fn ask<T>(&self, request: impl FnOnce(Sender<T>) -> RecorderRequest) -> Result<T, ApiError> {
        let (to, answer) = bounded(1);
        self.0.send(request(to)).map_err(|_| stopping())?;
        answer.recv_timeout(DEADLINE).map_err(|error| match error {
            RecvTimeoutError::Disconnected => stopping(),
            RecvTimeoutError::Timeout => {
                let seconds = DEADLINE.as_secs();
                let text = format!("not done within {seconds} s; it may still be, see `lifesigns status`");
                ApiError::Unavailable(text)
            }
        })
    }
}

fn stopping() -> ApiError {
    ApiError::Unavailable("the host is stopping".to_owned())
}
