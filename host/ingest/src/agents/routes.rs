//! `POST /api/v1/agents/{name}`, where an agent reports and gets its configuration, and the list of all of them.

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::{Path, Request, State},
    http::StatusCode,
    response::Response,
    routing::{get, post},
};
use lifesigns_api::{AgentReport, Caller, Role, RouteRule, SenderAddress};
use serde_json::json;

use super::registry::{AgentRegistry, Reporter};
use crate::answers::{self, answer};

/// A report, in bytes.
const REPORT_BYTES: usize = 512 << 10;
/// The longest wait for it.
const READ: Duration = Duration::from_secs(10);
/// The name of an agent, in bytes.
const NAME_BYTES: usize = 255;

/// Returns the routes of agents. The server that mounts them decides who may ask ([`agent_route_rules`]), and adds
/// [`Caller`] and [`SenderAddress`] to requests.
pub fn agent_router(registry: &Arc<AgentRegistry>) -> Router {
    Router::new()
        .route("/api/v1/agents", get(list))
        .route("/api/v1/agents/{name}", post(report))
        .with_state(Arc::clone(registry))
}

const RULES: &[RouteRule] = &[
    RouteRule::new("GET", "/api/v1/agents", Role::Viewer, "agents that have reported, by name"),
    RouteRule::new("POST", "/api/v1/agents/{name}", Role::Agent, "report as an agent, and get its configuration"),
];

/// Returns the rules of the paths of [`agent_router`].
pub const fn agent_route_rules() -> &'static [RouteRule] {
    RULES
}

async fn list(State(registry): State<Arc<AgentRegistry>>) -> Response {
    answers::json(StatusCode::OK, &json!({ "agents": registry.list() }))
}

async fn report(State(registry): State<Arc<AgentRegistry>>, Path(name): Path<String>, request: Request) -> Response {
    if name.is_empty() || name.len() > NAME_BYTES || name.chars().any(char::is_control) {
        let why = format!("the name of an agent has 1 to {NAME_BYTES} bytes and no control characters");
        return refused(StatusCode::BAD_REQUEST, &why);
    }
    let extensions = request.extensions();
    let token = extensions.get::<Caller>().map(|caller| caller.name.clone()).unwrap_or_default();
    let address = extensions.get::<SenderAddress>().map(|address| address.0);
    let reporter = Reporter { name, token, address };
    match read(request.into_body()).await {
        Ok(report) => match serde_json::to_value(registry.take(reporter, report)) {
            Ok(orders) => answers::json(StatusCode::OK, &orders),
            Err(_) => refused(StatusCode::INTERNAL_SERVER_ERROR, "the answer cannot be written"),
        },
        Err((status, why)) => refused(status, &why),
    }
}

async fn read(body: Body) -> Result<AgentReport, (StatusCode, String)> {
    let Ok(bytes) = tokio::time::timeout(READ, to_bytes(body, REPORT_BYTES)).await else {
        return Err((StatusCode::REQUEST_TIMEOUT, "the report stopped coming".to_owned()));
    };
    let bytes = bytes.map_err(|_| {
        (StatusCode::PAYLOAD_TOO_LARGE, format!("a report has at most {REPORT_BYTES} bytes, and has to come whole"))
    })?;
    let report: AgentReport = serde_json::from_slice(&bytes)
        .map_err(|error| (StatusCode::BAD_REQUEST, format!("this is no report of an agent: {error}")))?;
    Ok(report)
}

fn refused(status: StatusCode, why: &str) -> Response {
    let problem = json!({"status": status.as_u16(), "title": status.canonical_reason(), "detail": why});
    answer(status, "application/problem+json", problem.to_string())
}
