//! Loki's push.

use std::sync::Arc;

use axum::{
    Router,
    extract::{Request, State},
    http::StatusCode,
    response::Response,
    routing::post,
};
use lifesigns_intake::HttpProtocol;

use crate::{
    answers::{empty, plain, refusal},
    batch::EventBatch,
    body::BodyEncoding,
    decode::{DecodeContext, loki},
    incoming::IncomingRequest,
    ingest::Ingest,
};

pub(super) fn routes() -> Router<Arc<Ingest>> {
    Router::new().route("/loki/api/v1/push", post(take))
}

async fn take(State(ingest): State<Arc<Ingest>>, request: Request) -> Response {
    let mut incoming = IncomingRequest::new(request);
    let is_json = incoming.media_type() == "application/json";
    if !is_json {
        // The message is a block of Snappy, and clients do not say so.
        incoming.expect_encoding(BodyEncoding::Snappy);
    }
    let decode = move |body: &[u8], context: &DecodeContext<'_>, batch: &mut EventBatch| {
        if is_json {
            loki::json(&String::from_utf8_lossy(body), context, batch)
        } else {
            loki::protobuf(body, context, batch)
        }
    };
    match ingest.receive(HttpProtocol::Loki, incoming, decode).await {
        Ok(received) => match received.counts.errors.first() {
            Some(error) => plain(StatusCode::BAD_REQUEST, format!("entry {}: {}", error.item, error.detail)),
            None => empty(StatusCode::NO_CONTENT),
        },
        Err(error) => refusal(&error, plain(error.status(), error.to_string())),
    }
}
