//! What the gateway counts of requests.

use std::sync::atomic::{AtomicU64, Ordering};

use axum::http::StatusCode;

/// Counts since the start.
#[derive(Debug, Default)]
pub(crate) struct Requests {
    by_class: [AtomicU64; 5],
    unauthorized: AtomicU64,
}

/// The same at one moment.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct RequestCounts {
    /// By class of status: 1xx to 5xx.
    pub(crate) by_class: [u64; 5],
    /// Requests without a valid token.
    pub(crate) unauthorized: u64,
}

impl Requests {
    /// Notes an answer.
    pub(crate) fn note(&self, status: StatusCode) {
        if let Some(count) = self.by_class.get(usize::from(status.as_u16() / 100).wrapping_sub(1)) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Notes a failed authentication.
    pub(crate) fn note_unauthorized(&self) {
        self.unauthorized.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn counts(&self) -> RequestCounts {
        let by_class = std::array::from_fn(|class| self.by_class[class].load(Ordering::Relaxed));
        RequestCounts { by_class, unauthorized: self.unauthorized.load(Ordering::Relaxed) }
    }
}
