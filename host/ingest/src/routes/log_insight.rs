//! VMware's ingestion API.

use std::sync::Arc;

use axum::{
    Router,
    extract::{Path, Request, State},
    http::StatusCode,
    response::Response,
    routing::post,
};
use lifesigns_intake::HttpProtocol;
use serde_json::json;

use crate::{
    answers::{self, refusal},
    batch::EventBatch,
    decode::{
        DecodeContext,
        log_insight::{self, LogInsightAgent},
    },
    incoming::IncomingRequest,
    ingest::Ingest,
};

/// A body, in bytes; the API has the same bound.
const BODY_BYTES: usize = 4 << 20;

pub(super) fn routes() -> Router<Arc<Ingest>> {
    Router::new()
        .route("/api/v1/events/ingest/{agent}", post(take))
        .route("/api/v2/events/ingest/{agent}", post(take))
        .route("/api/v1/messages/ingest/{agent}", post(take_messages))
}

async fn take(state: State<Arc<Ingest>>, agent: Path<String>, request: Request) -> Response {
    ingest(state, agent, request, "events ingested").await
}

async fn take_messages(state: State<Arc<Ingest>>, agent: Path<String>, request: Request) -> Response {
    ingest(state, agent, request, "messages ingested").await
}

async fn ingest(
    State(ingest): State<Arc<Ingest>>,
    Path(agent): Path<String>,
    request: Request,
    done: &'static str,
) -> Response {
    let incoming = IncomingRequest::new(request);
    let is_authenticated = incoming.is_authenticated;
    let decode = move |body: &[u8], context: &DecodeContext<'_>, batch: &mut EventBatch| {
        if body.len() > BODY_BYTES {
            return Err(crate::decode::DecodeError::malformed("a body has at most 4 MB; send it in parts"));
        }
        let agent = LogInsightAgent { id: &agent, is_authenticated };
        log_insight::decode(&String::from_utf8_lossy(body), agent, context, batch)
    };
    match ingest.receive(HttpProtocol::LogInsight, incoming, decode).await {
        Ok(received) if received.counts.accepted == 0 && received.counts.refused > 0 => {
            let why = received.counts.errors.first().map(|error| error.detail.clone()).unwrap_or_default();
            answers::json(StatusCode::BAD_REQUEST, &json!({"errorMessage": why, "errorCode": "JSON_FORMAT_ERROR"}))
        }
        Ok(received) => {
            let body = json!({"status": "ok", "message": done, "ingested": received.counts.accepted});
            answers::json(StatusCode::OK, &body)
        }
        Err(error) => {
            let body = json!({"errorMessage": error.to_string(), "errorCode": "INGESTION_ERROR"});
            refusal(&error, answers::json(error.status(), &body))
        }
    }
}
