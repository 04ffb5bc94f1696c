//! Errors in the form that VMware's API gives them.

use axum::{
    body::Body,
    http::{HeaderValue, header::CONTENT_TYPE},
    response::Response,
};
use lifesigns_api::Problem;
use serde_json::json;

use crate::paths::{JSON, SUITE_BASE};

/// Returns whether a path is one of VMware's API.
pub(crate) fn is_suite_path(path: &str) -> bool {
    path.strip_prefix(SUITE_BASE).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Gives an error that form.
pub(crate) fn refuse(response: &mut Response, said: &Problem) {
    let body = json!({
        "message": said.detail, "httpStatusCode": said.status, "apiErrorCode": said.status, "requestId": said.request_id,
    });
    *response.body_mut() = Body::from(body.to_string());
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(JSON));
}
