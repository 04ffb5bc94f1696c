//! What `systemd-journal-upload` sends, answered as `systemd-journal-remote` does.

use std::sync::Arc;

use axum::{
    Router,
    extract::{Request, State},
    http::StatusCode,
    response::Response,
    routing::post,
};
use lifesigns_intake::HttpProtocol;

use crate::{
    answers::{plain, refusal},
    error::IngestError,
    incoming::IncomingRequest,
    ingest::Ingest,
};

const MEDIA_TYPE: &str = "application/vnd.fdo.journal";

pub(super) fn routes() -> Router<Arc<Ingest>> {
    Router::new().route("/upload", post(take))
}

async fn take(State(ingest): State<Arc<Ingest>>, request: Request) -> Response {
    match upload(&ingest, IncomingRequest::new(request)).await {
        Ok(()) => plain(StatusCode::ACCEPTED, "OK."),
        Err(error) => refusal(&error, plain(error.status(), error.to_string())),
    }
}

async fn upload(ingest: &Ingest, incoming: IncomingRequest) -> Result<(), IngestError> {
    let receiver = ingest.receiver(HttpProtocol::Journal)?;
    if incoming.media_type() != MEDIA_TYPE {
        let error = IngestError::MediaType("an upload of the journal is application/vnd.fdo.journal");
        receiver.counters.note_failure(&error);
        return Err(error);
    }
    receiver.receive_journal(incoming).await
}
