//! Answers that all protocols make alike.

use axum::{
    body::Body,
    http::{
        HeaderValue, StatusCode,
        header::{CONTENT_TYPE, RETRY_AFTER},
    },
    response::Response,
};
use serde_json::Value;

use crate::error::IngestError;

/// Returns an answer with a body of this type.
pub(crate) fn answer(status: StatusCode, media_type: &'static str, body: impl Into<Body>) -> Response {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    response
}

/// Returns an answer in JSON.
pub(crate) fn json(status: StatusCode, body: &Value) -> Response {
    answer(status, "application/json", body.to_string())
}

/// Returns an answer with a text for a person.
pub(crate) fn plain(status: StatusCode, text: impl Into<String>) -> Response {
    answer(status, "text/plain; charset=utf-8", text.into())
}

pub(crate) fn empty(status: StatusCode) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}

/// Adds to the answer of a refusal when the sender should try again.
pub(crate) fn refusal(error: &IngestError, mut response: Response) -> Response {
    if let Some(seconds) = error.retry_after_s() {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}
