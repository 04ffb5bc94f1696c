//! The part of Elasticsearch's API that shippers use: the bulk API, single documents, and what they ask and set up
//! before they send. Nothing is stored but events: templates and policies are answered and not kept.

use std::{borrow::Cow, sync::Arc};

use axum::{
    Router,
    body::Body,
    extract::{Path, Request, State},
    http::{HeaderValue, Method, StatusCode},
    middleware::map_response,
    response::Response,
    routing::{get, post},
};
use lifesigns_intake::HttpProtocol;
use serde_json::{Value, json};

use crate::{
    answers::{self, refusal},
    batch::EventBatch,
    decode::{
        DecodeContext, DecodeError,
        elastic::{self, BulkItem},
    },
    error::IngestError,
    incoming::IncomingRequest,
    ingest::Ingest,
};

/// The version that shippers are answered with: clients refuse servers that are older than they are.
const VERSION: &str = "8.19.0";
/// A prefix under which all paths are too, for servers whose root is something else.
const PREFIX: &str = "/elasticsearch";

pub(super) fn routes() -> Router<Arc<Ingest>> {
    let paths = Router::new()
        .route("/_bulk", post(bulk).put(bulk))
        .route("/{index}/_bulk", post(bulk_of_index).put(bulk_of_index))
        .route("/{index}/_doc", post(document))
        .route("/{index}/_doc/{id}", post(document_with_id).put(document_with_id))
        .route("/{index}/_create/{id}", post(document_with_id).put(document_with_id))
        .route("/_license", get(license))
        .route("/_xpack", get(license))
        .route("/_cluster/health", get(cluster_health))
        .route("/_cluster/health/{index}", get(cluster_health))
        .route("/_nodes", get(nodes))
        .route("/_nodes/{*what}", get(nodes))
        .route("/_index_template/{name}", get(set_up).put(set_up))
        .route("/_component_template/{name}", get(set_up).put(set_up))
        .route("/_template/{name}", get(set_up).put(set_up))
        .route("/_ilm/policy/{name}", get(set_up).put(set_up))
        .route("/_data_stream/{name}", get(set_up).put(set_up))
        .route("/_ingest/pipeline/{name}", get(set_up).put(set_up))
        .layer(map_response(with_product));
    let root = Router::new().route("/", get(info)).layer(map_response(with_product));
    let prefixed = Router::new().nest(PREFIX, paths.clone()).merge(root_under(PREFIX));
    root.merge(paths).merge(prefixed)
}

/// The root under a prefix, with and without its slash.
fn root_under(prefix: &str) -> Router<Arc<Ingest>> {
    let root = Router::new().route(prefix, get(info)).route(&format!("{prefix}/"), get(info));
    root.layer(map_response(with_product))
}

/// Clients refuse servers that do not say this.
async fn with_product(mut response: Response) -> Response {
    response.headers_mut().insert("x-elastic-product", HeaderValue::from_static("Elasticsearch"));
    response
}

async fn info() -> Response {
    let version = json!({
        "number": VERSION,
        "build_flavor": "default",
        "build_type": "docker",
        "build_hash": "0000000000000000000000000000000000000000",
        "build_date": "2026-01-01T00:00:00.000000000Z",
        "build_snapshot": false,
        "lucene_version": "9.12.0",
        "minimum_wire_compatibility_version": "7.17.0",
        "minimum_index_compatibility_version": "7.0.0",
    });
    let body = json!({
        "name": "lifesigns",
        "cluster_name": "lifesigns",
        "cluster_uuid": "bGlmZXNpZ25zLWluZ2VzdA",
        "version": version,
        "tagline": "You Know, for Search",
    });
    answers::json(StatusCode::OK, &body)
}

async fn license() -> Response {
    let license = json!({
        "status": "active",
        "uid": "00000000-0000-4000-8000-000000000000",
        "type": "basic",
        "issue_date": "2026-01-01T00:00:00.000Z",
        "issue_date_in_millis": 1_767_225_600_000_u64,
        "max_nodes": 1000,
        "issued_to": "lifesigns",
        "issuer": "lifesigns",
        "start_date_in_millis": -1,
    });
    answers::json(StatusCode::OK, &json!({"license": license}))
}

async fn cluster_health() -> Response {
    let body = json!({
        "cluster_name": "lifesigns",
        "status": "green",
        "timed_out": false,
        "number_of_nodes": 1,
        "number_of_data_nodes": 1,
        "active_primary_shards": 1,
        "active_shards": 1,
        "relocating_shards": 0,
        "initializing_shards": 0,
        "unassigned_shards": 0,
        "number_of_pending_tasks": 0,
        "active_shards_percent_as_number": 100.0,
    });
    answers::json(StatusCode::OK, &body)
}

async fn nodes() -> Response {
    let node = json!({"name": "lifesigns", "version": VERSION, "roles": ["data", "ingest", "master"]});
    answers::json(StatusCode::OK, &json!({"cluster_name": "lifesigns", "nodes": {"lifesigns": node}}))
}

/// Templates, policies and pipelines: whatever is asked for is there, and whatever is set is well.
async fn set_up(method: Method, Path(name): Path<String>) -> Response {
    match method {
        Method::HEAD => answers::empty(StatusCode::OK),
        Method::GET => answers::json(StatusCode::OK, &json!({name: {}})),
        _ => answers::json(StatusCode::OK, &json!({"acknowledged": true})),
    }
}

async fn bulk(State(ingest): State<Arc<Ingest>>, request: Request) -> Response {
    take_bulk(&ingest, request, String::new()).await
}

async fn bulk_of_index(State(ingest): State<Arc<Ingest>>, Path(index): Path<String>, request: Request) -> Response {
    take_bulk(&ingest, request, index).await
}

async fn take_bulk(ingest: &Ingest, request: Request, index: String) -> Response {
    let decode = move |body: &[u8], context: &DecodeContext<'_>, batch: &mut EventBatch| {
        elastic::bulk(body, &index, context, batch)
    };
    match ingest.receive(HttpProtocol::Elasticsearch, IncomingRequest::new(request), decode).await {
        Ok(received) => {
            let has_errors = received.outcome.iter().any(|item| item.error.is_some());
            let items: Value = received.outcome.iter().map(|item| json!({item.action: result(item)})).collect();
            answers::json(StatusCode::OK, &json!({"took": 0, "errors": has_errors, "items": items}))
        }
        Err(error) => refused(&error),
    }
}

/// What became of a document.
fn result(item: &BulkItem) -> Value {
    let mut result = json!({"_index": item.index, "_id": item.id.as_deref().unwrap_or("lifesigns")});
    let parts = match item.error {
        None => json!({
            "_version": 1,
            "result": "created",
            "_shards": {"total": 1, "successful": 1, "failed": 0},
            "_seq_no": 0,
            "_primary_term": 1,
            "status": 201,
        }),
        Some(reason) => json!({"status": 400, "error": {"type": "document_parsing_exception", "reason": reason}}),
    };
    if let (Value::Object(result), Value::Object(parts)) = (&mut result, parts) {
        result.extend(parts);
    }
    result
}

async fn document(State(ingest): State<Arc<Ingest>>, Path(index): Path<String>, request: Request) -> Response {
    take_document(&ingest, index, None, request).await
}

async fn document_with_id(
    State(ingest): State<Arc<Ingest>>,
    Path((index, id)): Path<(String, String)>,
    request: Request,
) -> Response {
    take_document(&ingest, index, Some(id), request).await
}

async fn take_document(ingest: &Ingest, index: String, id: Option<String>, request: Request) -> Response {
    match ingest.receive(HttpProtocol::Elasticsearch, IncomingRequest::new(request), decode_document).await {
        Ok(_) => answers::json(StatusCode::CREATED, &result(&BulkItem { action: "index", index, id, error: None })),
        Err(error) => refused(&error),
    }
}

fn decode_document(body: &[u8], context: &DecodeContext<'_>, batch: &mut EventBatch) -> Result<(), DecodeError> {
    let document = elastic::check(body.trim_ascii()).map_err(DecodeError::malformed)?;
    let mut line: Cow<'_, str> = document.into();
    if line.contains('\n') {
        line = line.replace(['\n', '\r'], " ").into();
    }
    if !batch.line(0, context.object, &line) {
        return Err(DecodeError::malformed("the document is too large for an event"));
    }
    Ok(())
}

fn refused(error: &IngestError) -> Response {
    let kind = match error {
        IngestError::Busy => "es_rejected_execution_exception",
        IngestError::Stopping | IngestError::NotCommitted => "unavailable_shards_exception",
        _ => "illegal_argument_exception",
    };
    let cause = json!({"type": kind, "reason": error.to_string()});
    let status = error.status();
    let body =
        json!({"error": {"root_cause": [cause], "type": kind, "reason": error.to_string()}, "status": status.as_u16()});
    refusal(error, answers::json(status, &body).map(Body::new))
}
