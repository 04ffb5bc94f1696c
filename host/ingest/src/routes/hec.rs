//! Splunk's HTTP Event Collector. Events are committed before they are answered, so an acknowledgement asked for later
//! is true for every number that was given out, also after a restart.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use axum::{
    Extension, Router,
    extract::{Request, State},
    http::StatusCode,
    response::Response,
    routing::{get, post},
};
use http_body_util::{BodyExt, Limited};
use lifesigns_intake::{HttpProtocol, JsonReader};
use lifesigns_model::NS_PER_MS;
use serde_json::json;

use crate::{
    answers::{self, refusal},
    batch::EventBatch,
    decode::{
        DecodeContext,
        hec::{self, HecFault, HecOutcome},
        whole_of,
    },
    error::IngestError,
    incoming::IncomingRequest,
    ingest::Ingest,
    receiver::Received,
};

/// A question about acknowledgements, in bytes.
const ACK_BYTES: usize = 1 << 20;
/// Numbers in such a question.
const ACKS: usize = 10_000;

/// The numbers of acknowledgements. They begin with the time of the start in milliseconds: those of an earlier run are
/// lower.
#[derive(Clone, Debug)]
pub(super) struct HecAcks(Arc<AtomicU64>);

impl HecAcks {
    pub(super) fn new(now_ns: u64) -> Self {
        Self(Arc::new(AtomicU64::new(now_ns / NS_PER_MS)))
    }
}

pub(super) fn routes(acks: HecAcks) -> Router<Arc<Ingest>> {
    Router::new()
        .route("/services/collector", post(take_events))
        .route("/services/collector/event", post(take_events))
        .route("/services/collector/event/1.0", post(take_events))
        .route("/services/collector/raw", post(take_raw))
        .route("/services/collector/raw/1.0", post(take_raw))
        .route("/services/collector/ack", post(answer_acks))
        .route("/services/collector/health", get(health))
        .route("/services/collector/health/1.0", get(health))
        .layer(Extension(acks))
}

fn channel(incoming: &IncomingRequest) -> Option<String> {
    let header = incoming.header("x-splunk-request-channel").map(str::to_owned);
    header.or_else(|| incoming.parameter("channel")).filter(|channel| !channel.is_empty())
}

async fn take_events(
    State(ingest): State<Arc<Ingest>>,
    Extension(acks): Extension<HecAcks>,
    request: Request,
) -> Response {
    let decode = |body: &[u8], context: &DecodeContext<'_>, batch: &mut EventBatch| {
        hec::events(&String::from_utf8_lossy(body), context, batch)
    };
    take(&ingest, &acks, IncomingRequest::new(request), decode).await
}

async fn take_raw(
    State(ingest): State<Arc<Ingest>>,
    Extension(acks): Extension<HecAcks>,
    request: Request,
) -> Response {
    let incoming = IncomingRequest::new(request);
    let host = incoming.parameter("host");
    let decode = move |body: &[u8], context: &DecodeContext<'_>, batch: &mut EventBatch| {
        hec::raw(&String::from_utf8_lossy(body), host.as_deref(), context, batch)
    };
    take(&ingest, &acks, incoming, decode).await
}

async fn take(
    ingest: &Ingest,
    acks: &HecAcks,
    incoming: IncomingRequest,
    decode: impl FnOnce(&[u8], &DecodeContext<'_>, &mut EventBatch) -> HecOutcome + Send + 'static,
) -> Response {
    let channel = channel(&incoming);
    match ingest.receive(HttpProtocol::Hec, incoming, decode).await {
        Ok(Received { outcome: Some((fault, number)), .. }) => faulty(fault, number),
        Ok(_) => {
            let mut body = json!({"text": "Success", "code": 0});
            if channel.is_some() {
                body["ackId"] = acks.0.fetch_add(1, Ordering::Relaxed).into();
            }
            answers::json(StatusCode::OK, &body)
        }
        Err(error) => refused(&error),
    }
}

fn faulty(fault: HecFault, number: u64) -> Response {
    let (code, text) = fault.answer();
    let mut body = json!({"text": text, "code": code});
    if fault != HecFault::NoData {
        body["invalid-event-number"] = number.into();
    }
    answers::json(StatusCode::BAD_REQUEST, &body)
}

fn refused(error: &IngestError) -> Response {
    let (code, text) = match error {
        IngestError::Busy | IngestError::Stopping | IngestError::NotCommitted => (9, "Server is busy".to_owned()),
        IngestError::Internal => (8, "Internal server error".to_owned()),
        error => (6, format!("Invalid data format: {error}")),
    };
    refusal(error, answers::json(error.status(), &json!({"text": text, "code": code})))
}

async fn health() -> Response {
    answers::json(StatusCode::OK, &json!({"text": "HEC is healthy", "code": 17}))
}

async fn answer_acks(
    State(ingest): State<Arc<Ingest>>,
    Extension(acks): Extension<HecAcks>,
    request: Request,
) -> Response {
    let incoming = IncomingRequest::new(request);
    if channel(&incoming).is_none() {
        return answers::json(StatusCode::BAD_REQUEST, &json!({"text": "Data channel is missing", "code": 10}));
    }
    let next = acks.0.load(Ordering::Relaxed);
    let idle = ingest.limits.idle;
    let body = tokio::time::timeout(idle, Limited::new(incoming.body, ACK_BYTES).collect()).await;
    let Ok(Ok(body)) = body else { return faulty(HecFault::InvalidFormat, 0) };
    let Some(asked) = asked(&String::from_utf8_lossy(&body.to_bytes())) else {
        return faulty(HecFault::InvalidFormat, 0);
    };
    let acks = asked.into_iter().map(|number| (number.to_string(), (number < next).into()));
    answers::json(StatusCode::OK, &json!({"acks": acks.collect::<serde_json::Map<_, _>>()}))
}

/// Returns the numbers that are asked about.
fn asked(body: &str) -> Option<Vec<u64>> {
    let mut numbers = Vec::new();
    let mut json = JsonReader::new(body);
    json.members(|key, json| {
        if key != "acks" {
            return json.raw().map(drop);
        }
        json.elements(|json| {
            numbers.extend(whole_of(json)?.filter(|_| numbers.len() < ACKS));
            Ok(())
        })
    })
    .ok()?;
    json.end().ok()?;
    Some(numbers)
}
