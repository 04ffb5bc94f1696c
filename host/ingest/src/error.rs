//! Why a request brings nothing, whatever its protocol: each protocol answers it in its own words.

use axum::http::StatusCode;

use crate::decode::DecodeError;

/// Why nothing of a request counts, or is known to count.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum IngestError {
    #[error("{0}")]
    Malformed(String),
    #[error("a body has at most {most_bytes} bytes{when}; send it in parts")]
    TooLarge { most_bytes: usize, when: &'static str },
    #[error("a request has at most {0} items; send them in several")]
    TooManyItems(u64),
    #[error("the body has a Content-Encoding that is not known here; there are gzip, deflate, zstd and snappy")]
    Encoding,
    #[error("{0}")]
    MediaType(&'static str),
    #[error("the body stopped coming")]
    Slow,
    #[error("too much is on its way; send it again later")]
    Busy,
    #[error("this host takes no {0}; add a `[[source]]` with `http = [\"{0}\"]` to its configuration")]
    Off(&'static str),
    #[error("the host is stopping and takes nothing; send it again later")]
    Stopping,
    #[error("what was sent is not committed yet, because the store takes nothing now; send it again later")]
    NotCommitted,
    #[error("a request with this Idempotency-Key is being taken; send it again later")]
    KeyInUse,
    #[error("this Idempotency-Key came with another body before")]
    KeyOfOther,
    #[error("the request could not be carried out; the log of the host says more")]
    Internal,
}

impl IngestError {
    pub(crate) fn malformed(why: impl Into<String>) -> Self {
        Self::Malformed(why.into())
    }

    /// Returns the status of the answer, which is the same in every protocol.
    pub(crate) const fn status(&self) -> StatusCode {
        match self {
            Self::Malformed(_) => StatusCode::BAD_REQUEST,
            Self::TooLarge { .. } | Self::TooManyItems(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Off(_) => StatusCode::NOT_FOUND,
            Self::Encoding | Self::MediaType(_) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Slow => StatusCode::REQUEST_TIMEOUT,
            Self::Busy => StatusCode::TOO_MANY_REQUESTS,
            Self::Stopping | Self::NotCommitted => StatusCode::SERVICE_UNAVAILABLE,
            Self::KeyInUse => StatusCode::CONFLICT,
            Self::KeyOfOther => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// Returns after how many seconds the sender should try again, if that can help.
    pub(crate) const fn retry_after_s(&self) -> Option<u32> {
        match self {
            Self::Busy | Self::KeyInUse => Some(1),
            Self::Stopping | Self::NotCommitted => Some(5),
            _ => None,
        }
    }
}

impl From<DecodeError> for IngestError {
    fn from(error: DecodeError) -> Self {
        match error {
            DecodeError::Malformed(why) => Self::Malformed(why),
            DecodeError::TooManyItems(most) => Self::TooManyItems(most),
        }
    }
}
