//! Changes of alerts and badges as they are committed. A client that comes back says where it was.

use std::sync::Arc;

use axum::{
    body::Body,
    extract::State,
    http::{HeaderMap, HeaderName, HeaderValue, header},
    response::{IntoResponse, Response},
};
use lifesigns_api::ApiError;

use crate::answer::{ErrorResponse, RouterState};

/// Where a client says what it had last.
static LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// Answers with the changes from now on, or from where the client was.
pub(crate) async fn changes(State(shared): State<Arc<RouterState>>, headers: HeaderMap) -> Response {
    let Some(streams) = shared.streams.clone() else {
        return ErrorResponse(ApiError::Unavailable("this host has no stream of changes".to_owned())).into_response();
    };
    match streams.open(headers.get(&LAST_EVENT_ID).and_then(|id| id.to_str().ok())) {
        Ok(body) => {
            let mut response = Response::new(Body::new(body));
            let headers = response.headers_mut();
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
            headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
            response
        }
        Err(error) => ErrorResponse(error).into_response(),
    }
}
