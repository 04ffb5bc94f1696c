//! OTLP over gRPC: logs and metrics, decoded and committed as over HTTP.

use std::sync::Arc;

use axum::{
    Router,
    extract::{Request, State},
    http::Version,
    response::Response,
    routing::post,
};
use lifesigns_intake::HttpProtocol;

use super::otlp::{Signal, partial_success};
use crate::{error::IngestError, grpc, incoming::IncomingRequest, ingest::Ingest};

/// The path of calls with logs.
pub(super) const LOGS: &str = "/opentelemetry.proto.collector.logs.v1.LogsService/Export";
/// The path of calls with metrics.
pub(super) const METRICS: &str = "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export";

pub(super) fn routes() -> Router<Arc<Ingest>> {
    Router::new().route(LOGS, post(take_logs)).route(METRICS, post(take_metrics))
}

async fn take_logs(State(ingest): State<Arc<Ingest>>, request: Request) -> Response {
    take(&ingest, request, Signal::Logs).await
}

async fn take_metrics(State(ingest): State<Arc<Ingest>>, request: Request) -> Response {
    take(&ingest, request, Signal::Metrics).await
}

async fn take(ingest: &Ingest, request: Request, signal: Signal) -> Response {
    let version = request.version();
    let mut incoming = IncomingRequest::new(request);
    if let Err(error) = check(&mut incoming, version) {
        ingest.note_failure(HttpProtocol::Otlp, &error);
        return grpc::refusal(&error);
    }
    let received =
        ingest.receive(HttpProtocol::Otlp, incoming, move |body, context, batch| signal.decode(body, context, batch));
    match received.await {
        Ok(received) => grpc::answer(&partial_success(&received.counts)),
        Err(error) => grpc::refusal(&error),
    }
}

fn check(incoming: &mut IncomingRequest, version: Version) -> Result<(), IngestError> {
    if version != Version::HTTP_2 {
        return Err(IngestError::MediaType("a call by gRPC comes by HTTP/2; over HTTP/1.1 there is /v1/logs"));
    }
    if !matches!(&*incoming.media_type(), grpc::MEDIA_TYPE | "application/grpc+proto") {
        return Err(IngestError::MediaType("a call by gRPC is application/grpc, its message protobuf"));
    }
    incoming.expect_call()
}
