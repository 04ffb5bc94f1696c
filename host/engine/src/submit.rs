//! What comes of submitting: a chunk is taken, or the caller learns why it is not.

use lifesigns_model::Chunk;

use crate::byte_semaphore::{BytePermit, TryAcquireError};

/// The engine takes nothing any more: it was closed, or it has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the engine is closed")]
pub struct EngineClosed;

/// Why [`crate::Engine::try_reserve`] reserves nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReserveError {
    /// Too much is in flight: try again later.
    #[error("too much is in flight")]
    Full,
    /// See [`EngineClosed`].
    #[error("the engine is closed")]
    Closed,
}

/// Why [`crate::Engine::try_submit`] does not take a chunk, which it gives back.
#[derive(Debug, thiserror::Error)]
pub enum TrySubmitError {
    /// Too much is in flight: try again later.
    #[error("too much is in flight")]
    Full(Chunk),
    /// See [`EngineClosed`].
    #[error("the engine is closed")]
    Closed(Chunk),
}

/// Bytes that are reserved for a chunk; given back if it is dropped.
#[must_use = "a reservation that is dropped gives its bytes back"]
pub struct Reservation(pub(crate) BytePermit);

impl Reservation {
    /// The bytes that are reserved: as many as asked for, or all that may ever be in flight if that is
    /// less.
    pub const fn bytes(&self) -> usize {
        self.0.bytes()
    }

    /// Takes `bytes` out of this reservation, or all that it has if that is less: for one of several chunks.
    pub fn split(&mut self, bytes: usize) -> Self {
        Self(self.0.split(bytes))
    }
}

impl std::fmt::Debug for Reservation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Reservation").field(&self.bytes()).finish()
    }
}

impl From<TryAcquireError> for ReserveError {
    fn from(error: TryAcquireError) -> Self {
        match error {
            TryAcquireError::NoRoom => Self::Full,
            TryAcquireError::Closed => Self::Closed,
        }
    }
}
