//! Entity tags (RFC 9110, 8.8.3): an answer that a client has already is not sent again.

use axum::{
    body::{Body, HttpBody as _, to_bytes},
    extract::Request,
    http::{
        HeaderMap, HeaderValue, Method, StatusCode,
        header::{CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, ETAG, IF_NONE_MATCH},
    },
    middleware::Next,
    response::Response,
};
use sha2::{Digest as _, Sha256};

/// Answers that are longer have no tag. Lists beyond 64 KiB are sent while they are written and have none either.
const TAGGED_BYTES: usize = 1 << 20;
/// Digits of a tag: 128 bits.
const TAG_DIGITS: usize = 32;

/// Tags answers to `GET` that are whole, and answers 304 if the client has the same one.
pub(crate) async fn tag(request: Request, next: Next) -> Response {
    let is_get = request.method() == Method::GET;
    let known = request.headers().get_all(IF_NONE_MATCH).iter().cloned().collect::<Vec<_>>();
    let response = next.run(request).await;
    let is_whole = response.body().size_hint().exact().is_some_and(|length| length <= TAGGED_BYTES as u64);
    if !is_get || !is_whole || response.status() != StatusCode::OK {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    // It is in memory: its length is known.
    let Ok(bytes) = to_bytes(body, TAGGED_BYTES).await else {
        parts.status = StatusCode::INTERNAL_SERVER_ERROR;
        return Response::from_parts(parts, Body::empty());
    };
    let mut digits = hex::encode(Sha256::digest(&bytes));
    digits.truncate(TAG_DIGITS);
    let tag = format!("\"{digits}\"");
    let is_known = known.iter().any(|known| names(known, &tag));
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        parts.headers.insert(ETAG, tag);
    }
    // A client that keeps it asks whether it is still so.
    parts.headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-cache"));
    if is_known {
        return unchanged(parts.headers);
    }
    Response::from_parts(parts, Body::from(bytes))
}

/// Returns the answer to a client that has it.
fn unchanged(mut headers: HeaderMap) -> Response {
    headers.remove(CONTENT_TYPE);
    headers.remove(CONTENT_LENGTH);
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NOT_MODIFIED;
    *response.headers_mut() = headers;
    response
}

/// Returns whether `If-None-Match` names a tag: the comparison is the weak one.
fn names(known: &HeaderValue, tag: &str) -> bool {
    let Ok(known) = known.to_str() else { return false };
    known.split(',').map(str::trim).any(|one| one == "*" || one.strip_prefix("W/").unwrap_or(one) == tag)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_found_in_lists_and_weak_ones() {
        let is = |text: &'static str| names(&HeaderValue::from_static(text), "\"a1\"");
        assert!(is("\"a1\"") && is("\"x\", W/\"a1\"") && is("*"));
        assert!(!is("\"a\"") && !is("a1") && !is(""));
    }
}
