//! Routes about rules: what they do, their versions, and changes of them.

use std::sync::Arc;

use axum::{
    Router,
    extract::{FromRequest, Request},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use lifesigns_api::{ApiError, LineQuestion, RuleChange, RuleUpload, TapQuery};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::answer::{ErrorResponse, Json, Params, PathParam, RouterState, Session};

/// The longest body with a module: the module in base64, and a manifest as JSON.
pub(crate) const UPLOAD_BYTES: usize = 28 << 20;

/// What can be done with a rule.
const KNOWN: [&str; 8] = ["load", "unload", "enable", "disable", "quarantine", "release", "promote", "rollback"];

/// The members that changes of a rule have; each change takes its own.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct ChangeBody {
    /// The module, in base64.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) module: Option<String>,
    /// The manifest's text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) manifest: Option<String>,
    /// Whether it is the shadow.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) shadow: bool,
    /// The version to go back to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) to: Option<u64>,
}

impl ChangeBody {
    /// Returns the body of a change.
    pub(crate) fn of(change: &RuleChange) -> Self {
        match change {
            RuleChange::Load(upload) => Self {
                module: Some(STANDARD.encode(&upload.module)),
                manifest: upload.manifest.clone(),
                shadow: upload.shadow,
                to: None,
            },
            RuleChange::Rollback(to) => Self { to: *to, ..Self::default() },
            _ => Self::default(),
        }
    }

    /// Returns the change of that name.
    ///
    /// # Errors
    /// There is none, or it does not take these members.
    pub(crate) fn change(self, name: &str) -> Result<RuleChange, ApiError> {
        let is_load = name == "load";
        if !KNOWN.contains(&name) {
            let known = KNOWN.join(", ");
            return Err(ApiError::Unknown(format!("nothing called {name:?} can be done with a rule: {known}")));
        }
        if !is_load && (self.module.is_some() || self.manifest.is_some() || self.shadow) {
            return Err(ApiError::Invalid(format!("`{name}` takes no module")));
        }
        if self.to.is_some() && name != "rollback" {
            return Err(ApiError::Invalid(format!("`{name}` takes no `to`")));
        }
        Ok(match name {
            "load" => {
                let module = self.module.ok_or_else(|| ApiError::Invalid("`module` is missing".to_owned()))?;
                let module = STANDARD.decode(module);
                let module = module.map_err(|error| ApiError::Invalid(format!("`module` is no base64: {error}")))?;
                RuleChange::Load(Box::new(RuleUpload { module, manifest: self.manifest, shadow: self.shadow }))
            }
            "unload" => RuleChange::Unload,
            "enable" => RuleChange::Enable,
            "disable" => RuleChange::Disable,
            "quarantine" => RuleChange::Quarantine,
            "release" => RuleChange::Release,
            "promote" => RuleChange::Promote,
            _ => RuleChange::Rollback(self.to),
        })
    }
}

/// A body that may hold a module. One at a time is read, so that many cannot fill the memory.
struct Upload(ChangeBody);

impl FromRequest<Arc<RouterState>> for Upload {
    type Rejection = Response;

    async fn from_request(request: Request, shared: &Arc<RouterState>) -> Result<Self, Response> {
        let Ok(_one) = shared.uploads.try_acquire() else {
            let busy = "another module is on its way to this host: try again".to_owned();
            return Err(ErrorResponse(ApiError::Unavailable(busy)).into_response());
        };
        let larger = Arc::new(RouterState { body_bytes: UPLOAD_BYTES, ..RouterState::clone(shared) });
        Json::from_request(request, &larger).await.map(|Json(body)| Self(body))
    }
}

/// What is asked about rules, and what changes them.
pub(crate) fn rules() -> Router<Arc<RouterState>> {
    Router::new()
        .route("/symptoms", get(|s: Session| s.member("symptoms", |service| service.symptoms())))
        .route(
            "/rules/{name}/diff",
            get(|s: Session, PathParam(name): PathParam<String>| {
                s.member("diff", move |service| service.rule_diff(&name))
            }),
        )
        .route(
            "/rules/{name}/history",
            get(|s: Session, PathParam(name): PathParam<String>| {
                s.member("versions", move |service| service.rule_history(&name))
            }),
        )
        .route(
            "/rules/{name}/tap",
            get(|s: Session, PathParam(name): PathParam<String>, Params(query): Params<TapQuery>| {
                s.member("tap", move |service| service.tap_rule(&name, &query))
            }),
        )
        .route(
            "/rules/{name}/failures",
            get(|s: Session, PathParam(name): PathParam<String>| {
                s.member("failures", move |service| service.explain_failures(&name))
            }),
        )
        .route(
            "/explain",
            post(|s: Session, Json(question): Json<LineQuestion>| {
                s.member("explained", move |service| service.explain_line(&question))
            }),
        )
        .route(
            "/rules/{name}/load",
            post(|s: Session, PathParam(name): PathParam<String>, Upload(body): Upload| {
                change(s, name, "load".to_owned(), body)
            }),
        )
        .route(
            "/rules/{name}/{act}",
            post(|s: Session, PathParam((name, act)): PathParam<(String, String)>, Json(body): Json<ChangeBody>| {
                change(s, name, act, body)
            }),
        )
        .route("/reload", post(|s: Session| s.done(|service| service.reload())))
}

async fn change(session: Session, name: String, act: String, body: ChangeBody) -> Response {
    match body.change(&act) {
        Ok(change) => session.done(move |service| service.change_rule(&name, &change)).await,
        Err(error) => ErrorResponse(error).into_response(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_survives_the_way_over_the_wire() {
        let upload = RuleUpload { module: vec![0, 255, 7], manifest: Some("enabled = true".into()), shadow: true };
        for change in [
            RuleChange::Load(Box::new(upload)),
            RuleChange::Unload,
            RuleChange::Enable,
            RuleChange::Disable,
            RuleChange::Quarantine,
            RuleChange::Release,
            RuleChange::Promote,
            RuleChange::Rollback(None),
            RuleChange::Rollback(Some(3)),
        ] {
            let body = serde_json::to_vec(&ChangeBody::of(&change)).expect("plain data");
            let body: ChangeBody = serde_json::from_slice(&body).expect("what was written");
            assert_eq!(body.change(change.as_str()), Ok(change));
        }
    }

    #[test]
    fn members_that_a_change_does_not_take_are_refused() {
        let to = || ChangeBody { to: Some(1), ..ChangeBody::default() };
        let module = || ChangeBody { module: Some("!".into()), ..ChangeBody::default() };
        assert!(matches!(to().change("promote"), Err(ApiError::Invalid(_))));
        assert!(matches!(module().change("unload"), Err(ApiError::Invalid(_))));
        assert!(matches!(module().change("load"), Err(ApiError::Invalid(_))));
        assert!(matches!(ChangeBody::default().change("load"), Err(ApiError::Invalid(_))));
        assert!(matches!(ChangeBody::default().change("explode"), Err(ApiError::Unknown(_))));
    }
}
