//! What machines look at: whether the host makes progress, whether it is ready, its metrics, and badges as pictures.

use std::{sync::Arc, time::Duration};

use axum::{
    body::Body,
    extract::State,
    http::{
        HeaderValue, StatusCode,
        header::{CACHE_CONTROL, CONTENT_TYPE},
    },
    response::{IntoResponse, Response},
};
use lifesigns_api::{ApiError, HostStatus, Service, StoreState};
use lifesigns_compliance::query::{GroupRow, Query, QueryAnswer};
use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    answer::{PathParam, RouterState, Session},
    exposition::TEXT,
    metrics,
};

/// A turn of the recorder that takes longer than this is stuck, unless the store takes no commits.
const STUCK: Duration = Duration::from_secs(120);
/// A status that is not there within this time counts as none.
const PROBE_DEADLINE: Duration = Duration::from_secs(10);
/// The caller that probes ask as.
const PROBE: &str = "probe";

/// The answer to `/livez` and `/readyz`.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Verdict {
    /// Whether it is so.
    ok: bool,
    /// Why not, in a word each; `lifesigns status` says more.
    reasons: Vec<String>,
}

impl IntoResponse for Verdict {
    fn into_response(self) -> Response {
        let status = if self.ok { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
        let body = serde_json::to_vec(&self).unwrap_or_default();
        plain(status, "application/json", body)
    }
}

fn plain(status: StatusCode, media_type: &'static str, body: impl Into<Body>) -> Response {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response
}

/// Asks for the status beside all other requests: a host that is busy is not dead.
async fn status(shared: &RouterState) -> Option<HostStatus> {
    let service = (shared.services)(PROBE);
    let work = async {
        let _turn = Arc::clone(&shared.probing).acquire_owned().await.ok()?;
        tokio::task::spawn_blocking(move || service.status()).await.ok()?.ok()
    };
    tokio::time::timeout(PROBE_DEADLINE, work).await.ok().flatten()
}

/// Whether the host makes progress.
pub(crate) async fn live(State(shared): State<Arc<RouterState>>) -> Response {
    let reasons = match status(&shared).await {
        None => vec!["no-status".to_owned()],
        Some(status) => stuck(&status),
    };
    Verdict { ok: reasons.is_empty(), reasons }.into_response()
}

/// Whether the host takes events and commits them.
pub(crate) async fn ready(State(shared): State<Arc<RouterState>>) -> Response {
    let reasons = match status(&shared).await {
        None => vec!["no-status".to_owned()],
        Some(status) => unready(&status),
    };
    Verdict { ok: reasons.is_empty(), reasons }.into_response()
}

fn stuck(status: &HostStatus) -> Vec<String> {
    let is_stuck = status.store.state == StoreState::Ok && status.recorder.running_ns > STUCK.as_nanos() as u64;
    let mut reasons = Vec::new();
    if status.store.state == StoreState::Ended {
        reasons.push("recorder-ended".to_owned());
    }
    if is_stuck {
        reasons.push("recorder-stuck".to_owned());
    }
    reasons
}

fn unready(status: &HostStatus) -> Vec<String> {
    let mut reasons = stuck(status);
    if !matches!(status.store.state, StoreState::Ok | StoreState::Ended) {
        reasons.push(format!("store-{}", status.store.state.as_str()));
    }
    reasons
}

/// The metrics of the host.
pub(crate) async fn metrics(session: Session, State(shared): State<Arc<RouterState>>) -> Response {
    let requests = shared.requests.counts();
    let text = session.asked(move |service| {
        let QueryAnswer::Groups(groups) = service.query(&Query::Groups)? else { return Err(other()) };
        let tokens = service.tokens()?;
        Ok(metrics::text(&service.status()?, &groups, &tokens, requests))
    });
    match text.await {
        Ok(text) => plain(StatusCode::OK, TEXT, text),
        Err(refusal) => refusal.into_response(),
    }
}

fn other() -> ApiError {
    ApiError::Internal("the host answered another question than was asked".to_owned())
}

/// A group's badge as a picture, for pages that show one.
pub(crate) async fn badge(session: Session, PathParam(file): PathParam<String>) -> Response {
    let found = session.asked(move |service: &dyn Service| {
        let unknown = || ApiError::Unknown(format!("there is no badge {file:?}; write /badge/GROUP.svg"));
        let name = file.strip_suffix(".svg").ok_or_else(unknown)?;
        let QueryAnswer::Groups(groups) = service.query(&Query::Groups)? else { return Err(other()) };
        groups.into_iter().find(|group| group.name == name).ok_or_else(unknown)
    });
    match found.await {
        Ok(group) => plain(StatusCode::OK, "image/svg+xml", picture(&group)),
        Err(refusal) => refusal.into_response(),
    }
}

/// Draws a badge: the group's name, and its score on the colour of its band. A name has no characters that XML escapes.
fn picture(group: &GroupRow) -> String {
    let colour = match group.badge.score {
        0..=24 => "#c0392b",
        25..=49 => "#e67e22",
        50..=74 => "#d4ac0d",
        _ => "#2e8b57",
    };
    let name: String = group.name.chars().filter(|c| c.is_ascii_alphanumeric() || "-_.".contains(*c)).collect();
    let (left, score) = (name.chars().count() * 7 + 12, group.badge.score);
    let (width, middle, right) = (left + 40, left / 2, left + 20);
    format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="20" role="img" aria-label="{name}: {score}">
<title>{name}: {score} of 100</title>
<rect width="{width}" height="20" rx="3" fill="#444"/>
<rect x="{left}" width="40" height="20" rx="3" fill="{colour}"/>
<g fill="#fff" text-anchor="middle" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11">
<text x="{middle}" y="14">{name}</text>
<text x="{right}" y="14">{score}</text>
</g>
</svg>
"##
    )
}

#[cfg(test)]
mod tests {
    use lifesigns_api::{RecorderStatus, StoreStatus};

    use super::*;

    fn of(state: StoreState, running_s: u64) -> HostStatus {
        HostStatus {
            store: StoreStatus { state, ..StoreStatus::default() },
            recorder: RecorderStatus { running_ns: running_s * 1_000_000_000, ..RecorderStatus::default() },
            ..HostStatus::default()
        }
    }

    #[test]
    fn a_full_disk_is_not_ready_and_not_dead() {
        assert!(stuck(&of(StoreState::Full, 500)).is_empty());
        assert_eq!(unready(&of(StoreState::Full, 500)), ["store-full"]);
        assert_eq!(stuck(&of(StoreState::Ok, 500)), ["recorder-stuck"]);
        assert_eq!(unready(&of(StoreState::Ended, 0)), ["recorder-ended"]);
        assert!(unready(&of(StoreState::Ok, 5)).is_empty());
    }
}
