//! `POST /api/v1/events` and `PUT /api/v1/objects/{id}`: our own protocol.

use std::sync::Arc;

use axum::{
    Router,
    extract::{Path, Request, State},
    http::StatusCode,
    response::Response,
    routing::{post, put},
};
use lifesigns_intake::HttpProtocol;
use serde_json::{Value, json};

use crate::{
    answers::{self, answer, refusal},
    batch::{EventBatch, ItemCounts},
    decode::{DecodeContext, DecodeError, events, object_facts},
    error::IngestError,
    incoming::IncomingRequest,
    ingest::Ingest,
};

pub(super) fn routes() -> Router<Arc<Ingest>> {
    Router::new().route("/api/v1/events", post(take_events)).route("/api/v1/objects/{id}", put(take_facts))
}

async fn take_events(State(ingest): State<Arc<Ingest>>, request: Request) -> Response {
    let incoming = IncomingRequest::new(request);
    let object = incoming.parameter("object");
    let decode = move |body: &[u8], context: &DecodeContext<'_>, batch: &mut EventBatch| {
        let object = object.as_deref().unwrap_or(context.object);
        events::decode(body, &DecodeContext { object, ..*context }, batch)
    };
    answered(ingest.receive(HttpProtocol::Events, incoming, decode).await.map(|received| received.counts))
}

async fn take_facts(State(ingest): State<Arc<Ingest>>, Path(id): Path<String>, request: Request) -> Response {
    let incoming = IncomingRequest::new(request);
    let decode = move |body: &[u8], context: &DecodeContext<'_>, batch: &mut EventBatch| -> Result<(), DecodeError> {
        object_facts::decode(body, &id, context, batch)
    };
    answered(ingest.receive(HttpProtocol::Events, incoming, decode).await.map(|received| received.counts))
}

pub(crate) fn answered(result: Result<ItemCounts, IngestError>) -> Response {
    match result {
        Ok(counts) if counts.accepted == 0 && counts.refused > 0 => {
            let detail = "every item was refused; `errors` says why";
            let mut problem = problem(StatusCode::BAD_REQUEST, detail);
            problem["refused"] = counts.refused.into();
            problem["errors"] = errors(&counts);
            problem_answer(StatusCode::BAD_REQUEST, &problem)
        }
        Ok(counts) => {
            let body = json!({"accepted": counts.accepted, "refused": counts.refused, "errors": errors(&counts)});
            answers::json(StatusCode::OK, &body)
        }
        Err(error) => {
            let response = problem_answer(error.status(), &problem(error.status(), &error.to_string()));
            refusal(&error, response)
        }
    }
}

/// The first of the refused items, with the reason of each.
fn errors(counts: &ItemCounts) -> Value {
    counts.errors.iter().map(|error| json!({"item": error.item, "detail": error.detail})).collect()
}

fn problem(status: StatusCode, detail: &str) -> Value {
    json!({"status": status.as_u16(), "title": status.canonical_reason(), "detail": detail})
}

fn problem_answer(status: StatusCode, problem: &Value) -> Response {
    answer(status, "application/problem+json", problem.to_string())
}
