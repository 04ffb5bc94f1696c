//! Paths of each protocol, and how each answers.

mod elastic;
pub(crate) mod events;
mod hec;
mod journal;
mod log_insight;
mod loki;
mod otlp;
mod otlp_grpc;
mod remote_write;
mod table;
pub(crate) mod wires;

use std::sync::Arc;

use axum::Router;

pub use table::route_rules;

use self::hec::HecAcks;
use crate::ingest::Ingest;

/// Returns the paths of all protocols; those that are not on answer so. The server that mounts them decides who may
/// send ([`route_rules`]), and adds [`Caller`](lifesigns_api::Caller) and [`SenderAddress`](lifesigns_api::SenderAddress)
/// to requests.
pub fn router(ingest: &Arc<Ingest>) -> Router {
    let all = events::routes().merge(hec::routes(HecAcks::new(ingest.now_ns())));
    let all = all.merge(journal::routes());
    let all = all.merge(log_insight::routes()).merge(loki::routes()).merge(elastic::routes());
    all.merge(otlp::routes()).merge(otlp_grpc::routes()).merge(remote_write::routes()).with_state(Arc::clone(ingest))
}
