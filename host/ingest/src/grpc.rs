//! What gRPC puts around messages: a call with one message in, and an answer with one message or a status out
//! (<https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md>).

use axum::{
    body::Body,
    http::{HeaderMap, HeaderName, HeaderValue, header::CONTENT_TYPE},
    response::Response,
};
use base64::{Engine, engine::general_purpose::STANDARD_NO_PAD};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

use crate::{body::BodyEncoding, error::IngestError, protobuf::WireWriter};

/// The media type of calls and answers.
pub(crate) const MEDIA_TYPE: &str = "application/grpc";
/// The head of a message: whether it is compressed, and its length.
const HEAD_BYTES: usize = 5;
/// What is escaped in the text of a status, beside what is not ASCII.
const ESCAPED: &AsciiSet = &CONTROLS.add(b'%');
/// The type of the detail that says when to try again.
const RETRY_INFO: &[u8] = b"type.googleapis.com/google.rpc.RetryInfo";

static STATUS: HeaderName = HeaderName::from_static("grpc-status");
static STATUS_MESSAGE: HeaderName = HeaderName::from_static("grpc-message");
static STATUS_DETAILS: HeaderName = HeaderName::from_static("grpc-status-details-bin");
static ACCEPTED: HeaderName = HeaderName::from_static("grpc-accept-encoding");

/// Returns the one message of a call, and how it is compressed: as the call says, unless the message says that it is not.
pub(crate) fn message(mut body: Vec<u8>, encoding: BodyEncoding) -> Result<(Vec<u8>, BodyEncoding), IngestError> {
    let Some((head, message)) = body.split_first_chunk::<HEAD_BYTES>() else {
        return Err(IngestError::malformed("the call ends before its message"));
    };
    let [flag, length @ ..] = *head;
    let length = u32::from_be_bytes(length) as usize;
    if length != message.len() {
        let have = message.len();
        return Err(IngestError::malformed(format!("a call has one message: of {length} bytes, and {have} came")));
    }
    let encoding = match flag {
        0 => BodyEncoding::Plain,
        1 if encoding == BodyEncoding::Plain => {
            return Err(IngestError::malformed("the message is compressed, and grpc-encoding does not say how"));
        }
        1 => encoding,
        _ => return Err(IngestError::malformed("the head of the message is none of gRPC")),
    };
    body.drain(..HEAD_BYTES);
    Ok((body, encoding))
}

/// Returns an answer with a message.
pub(crate) fn answer(message: &WireWriter) -> Response {
    let mut body = vec![0];
    // An answer has a few hundred bytes.
    body.extend((message.0.len() as u32).to_be_bytes());
    body.extend_from_slice(&message.0);
    let trailers = HeaderMap::from_iter([(STATUS.clone(), HeaderValue::from_static("0"))]);
    let body = Full::new(Bytes::from(body)).with_trailers(std::future::ready(Some(Ok(trailers))));
    let mut response = Response::new(Body::new(body));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
    response
}

/// Returns the answer of a refusal: a code, a text, and when to try again.
pub(crate) fn refusal(error: &IngestError) -> Response {
    let (code, text) = (code(error), error.to_string());
    let mut response = Response::new(Body::empty());
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
    headers.insert(STATUS.clone(), HeaderValue::from(code));
    if let Ok(escaped) = HeaderValue::from_str(&utf8_percent_encode(&text, ESCAPED).to_string()) {
        headers.insert(STATUS_MESSAGE.clone(), escaped);
    }
    if *error == IngestError::Encoding {
        headers.insert(ACCEPTED.clone(), HeaderValue::from_static("identity, gzip, deflate, zstd, snappy"));
    }
    if let Some(seconds) = error.retry_after_s() {
        let details = STANDARD_NO_PAD.encode(details(code, &text, seconds));
        if let Ok(details) = HeaderValue::from_str(&details) {
            headers.insert(STATUS_DETAILS.clone(), details);
        }
    }
    response
}

/// Returns a `google.rpc.Status` with a `RetryInfo`, without which senders may take a refusal as final.
fn details(code: u16, text: &str, seconds: u32) -> Vec<u8> {
    let (mut duration, mut retry) = (WireWriter::default(), WireWriter::default());
    duration.varint(1, seconds.into());
    retry.bytes(1, &duration.0);
    let mut any = WireWriter::default();
    any.bytes(1, RETRY_INFO);
    any.bytes(2, &retry.0);
    let mut status = WireWriter::default();
    status.varint(1, code.into());
    status.bytes(2, text.as_bytes());
    status.bytes(3, &any.0);
    status.0
}

/// Returns the code of an error; those that may be tried again are such that senders of OTLP do so.
const fn code(error: &IngestError) -> u16 {
    match error {
        IngestError::Malformed(_)
        | IngestError::TooLarge { .. }
        | IngestError::TooManyItems(_)
        | IngestError::MediaType(_) => 3,
        IngestError::Slow => 4,
        IngestError::Busy => 8,
        IngestError::KeyOfOther => 9,
        IngestError::KeyInUse => 10,
        IngestError::Off(_) | IngestError::Encoding => 12,
        IngestError::Internal => 13,
        IngestError::Stopping | IngestError::NotCommitted => 14,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_has_one_message_and_says_whether_it_is_compressed() {
        let gzip = BodyEncoding::Gzip;
        assert_eq!(message(vec![0, 0, 0, 0, 2, 7, 8], gzip), Ok((vec![7, 8], BodyEncoding::Plain)));
        assert_eq!(message(vec![1, 0, 0, 0, 2, 7, 8], gzip), Ok((vec![7, 8], gzip)));
        assert_eq!(message(vec![0; 5], BodyEncoding::Plain), Ok((Vec::new(), BodyEncoding::Plain)));
        let wrong: [&[u8]; 6] = [
            &[],
            &[0, 0, 0, 0],
            &[0, 0, 0, 0, 2, 7],
            &[0, 0, 0, 0, 0, 7],
            &[2, 0, 0, 0, 0],
            &[0, 255, 255, 255, 255, 7],
        ];
        for wrong in wrong {
            assert!(matches!(message(wrong.to_vec(), gzip), Err(IngestError::Malformed(_))), "{wrong:?}");
        }
        assert!(message(vec![1, 0, 0, 0, 0], BodyEncoding::Plain).is_err());
    }

    #[test]
    fn a_refusal_that_may_be_tried_again_says_when() {
        let response = refusal(&IngestError::Busy);
        assert_eq!((response.status().as_u16(), &response.headers()["grpc-status"]), (200, &HeaderValue::from(8)));
        let details = STANDARD_NO_PAD.decode(&response.headers()["grpc-status-details-bin"]).expect("base64");
        assert!(details.ends_with(b"google.rpc.RetryInfo\x12\x04\x0a\x02\x08\x01"), "{details:?}");
        let response = refusal(&IngestError::malformed("it is not ∎"));
        assert_eq!(response.headers()["grpc-message"], "it is not %E2%88%8E");
        assert!(!response.headers().contains_key("grpc-status-details-bin"));
    }
}
