//! `POST /api/v1/agents/{name}`, where an agent reports and gets its configuration, `…/events`, where it sends what it has
//! read, and the list of all agents.

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::{Path, Request, State},
    http::StatusCode,
    response::Response,
    routing::{get, post},
};
use lifesigns_api::{AgentReport, Caller, RevokedAgents, Role, RouteRule, SenderAddress};
use lifesigns_intake::HttpProtocol;
use serde_json::json;

use super::registry::{AgentRegistry, Reporter};
use crate::{
    answers::{self, answer},
    batch::EventBatch,
    decode::{
        DecodeContext, DecodeError,
        agent::{self, AgentSender},
    },
    incoming::IncomingRequest,
    ingest::Ingest,
    routes::{events::answered, wires},
};

/// A report, in bytes.
const REPORT_BYTES: usize = 512 << 10;
/// The longest wait for it.
const READ: Duration = Duration::from_secs(10);
/// The name of an agent, in bytes.
const NAME_BYTES: usize = 255;

/// What the routes of agents share.
#[derive(Clone)]
struct AgentRoutes {
    registry: Arc<AgentRegistry>,
    ingest: Arc<Ingest>,
    revoked: RevokedAgents,
}

/// Returns the routes of agents. The server that mounts them decides who may ask ([`agent_route_rules`]), and adds
/// [`Caller`] and [`SenderAddress`] to requests. What agents send goes to `ingest`; `revoked` finds those whose credentials
/// were revoked.
pub fn agent_router(registry: &Arc<AgentRegistry>, ingest: &Arc<Ingest>, revoked: RevokedAgents) -> Router {
    let (registry, ingest) = (Arc::clone(registry), Arc::clone(ingest));
    Router::new()
        .route("/api/v1/agents", get(list))
        .route("/api/v1/agents/{name}", post(report))
        .route("/api/v1/agents/{name}/events", post(events))
        .with_state(AgentRoutes { registry, ingest, revoked })
}

const RULES: &[RouteRule] = &[
    RouteRule::new("GET", "/api/v1/agents", Role::Viewer, "agents that have reported, by name"),
    RouteRule::new("POST", "/api/v1/agents/{name}", Role::Agent, "report as an agent, and get its configuration"),
    RouteRule::new("POST", "/api/v1/agents/{name}/events", Role::Agent, "send what an agent has read")
        .speaking(&wires::AGENT_EVENTS),
];

/// Returns the rules of the paths of [`agent_router`].
pub const fn agent_route_rules() -> &'static [RouteRule] {
    RULES
}

async fn list(State(routes): State<AgentRoutes>) -> Response {
    let mut list = routes.registry.list();
    list.note_revoked((routes.revoked)());
    match serde_json::to_value(list) {
        Ok(list) => answers::json(StatusCode::OK, &list),
        Err(_) => refused(StatusCode::INTERNAL_SERVER_ERROR, "the answer cannot be written"),
    }
}

async fn report(State(routes): State<AgentRoutes>, Path(name): Path<String>, request: Request) -> Response {
    if let Some(refusal) = refusal(&name, &request) {
        return refusal;
    }
    let extensions = request.extensions();
    let token = extensions.get::<Caller>().map(|caller| caller.name.clone()).unwrap_or_default();
    let address = extensions.get::<SenderAddress>().map(|address| address.0);
    let reporter = Reporter { name, token, address };
    match read(request.into_body()).await {
        Ok(report) => match serde_json::to_value(routes.registry.take(reporter, report)) {
            Ok(orders) => answers::json(StatusCode::OK, &orders),
            Err(_) => refused(StatusCode::INTERNAL_SERVER_ERROR, "the answer cannot be written"),
        },
        Err((status, why)) => refused(status, &why),
    }
}

async fn events(State(routes): State<AgentRoutes>, Path(name): Path<String>, request: Request) -> Response {
    if let Some(refusal) = refusal(&name, &request) {
        return refusal;
    }
    let incoming = IncomingRequest::new(request);
    let registry = routes.registry;
    let decode = move |body: &[u8], context: &DecodeContext<'_>, batch: &mut EventBatch| -> Result<(), DecodeError> {
        let sender = AgentSender { name: &name, may_name: &|object| registry.may_name(object) };
        agent::decode(body, sender, context, batch)
    };
    let received = routes.ingest.receive(HttpProtocol::Events, incoming, decode).await;
    answered(received.map(|received| received.counts))
}

/// Returns the answer to a caller who cannot be the agent `name`.
fn refusal(name: &str, request: &Request) -> Option<Response> {
    if name.is_empty() || name.len() > NAME_BYTES || name.chars().any(char::is_control) {
        let why = format!("the name of an agent has 1 to {NAME_BYTES} bytes and no control characters");
        return Some(refused(StatusCode::BAD_REQUEST, &why));
    }
    let why = request.extensions().get::<Caller>()?.refusal_as_agent(name)?;
    Some(refused(StatusCode::FORBIDDEN, &why))
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
