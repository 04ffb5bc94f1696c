//! Refusals of calls by gRPC: in its own terms, because its clients read no other body.

use axum::{
    body::Body,
    http::{HeaderMap, HeaderName, HeaderValue, header::CONTENT_TYPE},
    response::Response,
};
use lifesigns_api::Problem;
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

const MEDIA_TYPE: &str = "application/grpc";
static STATUS: HeaderName = HeaderName::from_static("grpc-status");
static MESSAGE: HeaderName = HeaderName::from_static("grpc-message");
/// What is escaped in a message, beside what is not ASCII.
const ESCAPED: &AsciiSet = &CONTROLS.add(b'%');

/// Whether a request is a call by gRPC.
pub(crate) fn is_call(headers: &HeaderMap) -> bool {
    headers.get(CONTENT_TYPE).is_some_and(|value| value.as_bytes().starts_with(MEDIA_TYPE.as_bytes()))
}

/// Returns a problem as gRPC has it: a status of HTTP that is always 200, and the code in a header.
pub(crate) fn refusal(problem: &Problem) -> Response {
    let mut response = Response::new(Body::empty());
    let text = utf8_percent_encode(&problem.detail, ESCAPED).to_string();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
    headers.insert(STATUS.clone(), HeaderValue::from(code(problem.status)));
    if let Ok(text) = HeaderValue::from_str(&text) {
        headers.insert(MESSAGE.clone(), text);
    }
    response
}

/// Returns the code of gRPC for a status of HTTP.
const fn code(status: u16) -> u16 {
    match status {
        400 => 3,
        401 => 16,
        403 => 7,
        404 | 405 => 12,
        429 | 503 => 14,
        500 => 13,
        _ => 2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_is_a_code_and_an_escaped_text() {
        let response = refusal(&Problem::new(401, "Unauthorized", "no token: 100 % wrong, “x”\n".to_owned()));
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["grpc-status"], "16");
        assert_eq!(response.headers()["grpc-message"], "no token: 100 %25 wrong, %E2%80%9Cx%E2%80%9D%0A");
    }

    #[test]
    fn calls_are_known_by_their_media_type() {
        let call = |value| is_call(&HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static(value))]));
        assert!(call("application/grpc") && call("application/grpc+proto"));
        assert!(!call("application/json") && !is_call(&HeaderMap::new()));
    }
}
