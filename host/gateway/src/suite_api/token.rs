//! Tokens as VMware's scripts get them: name and secret in, a token out. It is the API's own token that comes back:
//! there are no sessions.

use std::sync::Arc;

use axum::{
    Extension, Router,
    extract::{FromRequest, Request, State},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use lifesigns_api::{ApiError, Service};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::words::ms;
use crate::{
    access::{Access, Origin},
    answer::{ErrorResponse, Json, RouterState, Session},
};

/// After this time scripts show the token again, as after the six hours of VMware's.
const VALID_MS: u64 = 6 * 60 * 60 * 1000;

/// Who logs in.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Credentials {
    /// The name of a token.
    #[schemars(length(min = 1, max = 64))]
    username: String,
    /// The token.
    #[schemars(length(min = 1))]
    password: String,
    /// Not looked at: all tokens are the host's own.
    #[serde(default)]
    auth_source: Option<String>,
}

pub(super) fn routes(access: Arc<Access>) -> Router<Arc<RouterState>> {
    Router::new()
        .route("/auth/token/acquire", post(acquire).layer(Extension(access)))
        .route("/auth/token/release", post(release))
        .route("/versions/current", get(|s: Session| s.run(version)))
}

async fn acquire(
    State(shared): State<Arc<RouterState>>,
    Extension(access): Extension<Arc<Access>>,
    request: Request,
) -> Response {
    let Some(origin) = request.extensions().get::<Origin>().cloned() else {
        return ErrorResponse(ApiError::Internal("where the request comes from is not known".to_owned()))
            .into_response();
    };
    let Json(Credentials { username, password, .. }) = match Json::from_request(request, &shared).await {
        Ok(credentials) => credentials,
        Err(refusal) => return refusal,
    };
    let caller = match access.log_in(&origin, &username, &password) {
        Ok(caller) => caller,
        Err(refusal) => return *refusal,
    };
    // Only now: who is not known takes no turn.
    match Session::of(&caller, &shared).await {
        Ok(session) => session.run(move |service| acquired(service, &username, password)).await,
        Err(refusal) => refusal.into_response(),
    }
}

fn acquired(service: &dyn Service, name: &str, token: String) -> Result<Value, ApiError> {
    let now_ms = ms(service.status()?.now_ns);
    let all = service.tokens()?;
    let expires_ms = all.iter().find(|one| one.name == name).and_then(|one| one.expires_ns).map(ms);
    let validity = expires_ms.map_or(now_ms + VALID_MS, |expires_ms| expires_ms.min(now_ms + VALID_MS));
    Ok(json!({ "token": token, "validity": validity, "roles": [] }))
}

async fn release(_: Session) {
    // There is nothing to end; the token is revoked with `lifesigns token revoke`.
}

fn version(service: &dyn Service) -> Result<Value, ApiError> {
    let status = service.status()?;
    Ok(json!({
        "releaseName": format!("lifesigns {}", status.version), "buildNumber": 0, "releasedDate": 0,
        "humanlyReadableReleaseDate": "", "description": "lifesigns, a subset of this API",
    }))
}
