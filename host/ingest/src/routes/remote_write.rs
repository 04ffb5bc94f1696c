//! Prometheus remote write.

use std::sync::Arc;

use axum::{
    Router,
    extract::{Request, State},
    http::{HeaderValue, StatusCode},
    response::Response,
    routing::post,
};
use lifesigns_intake::HttpProtocol;

use crate::{
    answers::{empty, plain, refusal},
    batch::EventBatch,
    body::BodyEncoding,
    decode::{DecodeContext, remote_write},
    incoming::IncomingRequest,
    ingest::Ingest,
};

/// The message of version 2.0, as the media type names it.
const V2: &str = "io.prometheus.write.v2.Request";

pub(super) fn routes() -> Router<Arc<Ingest>> {
    Router::new().route("/api/v1/write", post(take))
}

async fn take(State(ingest): State<Arc<Ingest>>, request: Request) -> Response {
    let receiver = match ingest.receiver(HttpProtocol::Prometheus) {
        Ok(receiver) => receiver,
        Err(error) => return refusal(&error, plain(error.status(), error.to_string())),
    };
    let mut incoming = IncomingRequest::new(request);
    let is_v2 = incoming.content_type().contains(V2);
    incoming.expect_encoding(BodyEncoding::Snappy);
    let label = receiver.metric_object.clone();
    let decode = move |body: &[u8], context: &DecodeContext<'_>, batch: &mut EventBatch| {
        remote_write::decode(body, is_v2, &label, context, batch)
    };
    match receiver.receive(incoming, decode).await {
        Ok(received) => {
            let mut response = empty(StatusCode::NO_CONTENT);
            let written = [
                ("x-prometheus-remote-write-samples-written", received.outcome.samples),
                ("x-prometheus-remote-write-histograms-written", 0),
                ("x-prometheus-remote-write-exemplars-written", 0),
            ];
            for (name, count) in written {
                response.headers_mut().insert(name, HeaderValue::from(count));
            }
            response
        }
        Err(error) => refusal(&error, plain(error.status(), error.to_string())),
    }
}
