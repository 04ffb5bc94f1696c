//! OTLP over HTTP: logs and metrics, as protobuf or JSON. The answer is in the encoding of the request.

use std::sync::Arc;

use axum::{
    Router,
    extract::{Request, State},
    http::StatusCode,
    response::Response,
    routing::post,
};
use lifesigns_intake::HttpProtocol;
use serde_json::json;

use crate::{
    answers::{self, answer, refusal},
    batch::{EventBatch, ItemCounts},
    decode::{DecodeContext, DecodeError, otlp},
    error::IngestError,
    incoming::IncomingRequest,
    ingest::Ingest,
    protobuf::WireWriter,
};

const PROTOBUF: &str = "application/x-protobuf";

pub(super) fn routes() -> Router<Arc<Ingest>> {
    Router::new().route("/v1/logs", post(take_logs)).route("/v1/metrics", post(take_metrics))
}

/// What a request holds.
#[derive(Clone, Copy)]
pub(super) enum Signal {
    Logs,
    Metrics,
}

impl Signal {
    /// Decodes a request in protobuf.
    pub(super) fn decode(
        self,
        body: &[u8],
        context: &DecodeContext<'_>,
        batch: &mut EventBatch,
    ) -> Result<(), DecodeError> {
        match self {
            Self::Logs => otlp::protobuf::logs(body, context, batch),
            Self::Metrics => otlp::protobuf::metrics(body, context, batch),
        }
    }
}

async fn take_logs(State(ingest): State<Arc<Ingest>>, request: Request) -> Response {
    take(&ingest, request, Signal::Logs).await
}

async fn take_metrics(State(ingest): State<Arc<Ingest>>, request: Request) -> Response {
    take(&ingest, request, Signal::Metrics).await
}

async fn take(ingest: &Ingest, request: Request, signal: Signal) -> Response {
    let incoming = IncomingRequest::new(request);
    let is_json = match &*incoming.media_type() {
        "application/json" => true,
        PROTOBUF => false,
        _ => {
            let error = IngestError::MediaType("OTLP is application/x-protobuf or application/json");
            ingest.note_failure(HttpProtocol::Otlp, &error);
            return refused(&error, false);
        }
    };
    let decode = move |body: &[u8], context: &DecodeContext<'_>, batch: &mut EventBatch| {
        if !is_json {
            return signal.decode(body, context, batch);
        }
        let text = String::from_utf8_lossy(body);
        match signal {
            Signal::Logs => otlp::json::logs(&text, context, batch),
            Signal::Metrics => otlp::json::metrics(&text, context, batch),
        }
    };
    match ingest.receive(HttpProtocol::Otlp, incoming, decode).await {
        Ok(received) => taken(&received.counts, signal, is_json),
        Err(error) => refused(&error, is_json),
    }
}

fn taken(counts: &ItemCounts, signal: Signal, is_json: bool) -> Response {
    if is_json {
        let message = first_error(counts);
        let name = match signal {
            Signal::Logs => "rejectedLogRecords",
            Signal::Metrics => "rejectedDataPoints",
        };
        let body = match message {
            Some(message) => {
                json!({"partialSuccess": {name: counts.refused.to_string(), "errorMessage": message}})
            }
            None => json!({}),
        };
        return answers::json(StatusCode::OK, &body);
    }
    answer(StatusCode::OK, PROTOBUF, partial_success(counts).0)
}

fn first_error(counts: &ItemCounts) -> Option<String> {
    counts.errors.first().map(|error| format!("item {}: {}", error.item, error.detail))
}

/// Returns the answer in protobuf, which is empty if nothing was refused.
pub(super) fn partial_success(counts: &ItemCounts) -> WireWriter {
    let mut body = WireWriter::default();
    if let Some(message) = first_error(counts) {
        let mut partial = WireWriter::default();
        partial.varint(1, counts.refused);
        partial.bytes(2, message.as_bytes());
        body.bytes(1, &partial.0);
    }
    body
}

/// Answers with a `google.rpc.Status`.
fn refused(error: &IngestError, is_json: bool) -> Response {
    // Unavailable, or an invalid argument.
    let code = if error.retry_after_s().is_some() { 14 } else { 3 };
    let response = if is_json {
        answers::json(error.status(), &json!({"code": code, "message": error.to_string()}))
    } else {
        let mut status = WireWriter::default();
        status.varint(1, code);
        status.bytes(2, error.to_string().as_bytes());
        answer(error.status(), PROTOBUF, status.0)
    };
    refusal(error, response)
}
