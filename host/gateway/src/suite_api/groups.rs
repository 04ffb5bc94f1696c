//! Groups as custom groups of resources.

use std::sync::Arc;

use axum::{
    Router,
    response::{IntoResponse, Response},
    routing::get,
};
use lifesigns_api::{ApiError, Service};
use lifesigns_compliance::query::{GroupRow, Query, QueryAnswer};
use serde_json::{Value, json};

use super::{
    page::PageRequest,
    resources::{PageParams, resource},
    words::{IdKind, colour, id, unknown},
};
use crate::answer::{ErrorResponse, Params, PathParam, RouterState, Session};

const PATH: &str = "/resources/groups";

pub(super) fn routes() -> Router<Arc<RouterState>> {
    Router::new()
        .route("/resources/groups", get(list))
        .route(
            "/resources/groups/{id}",
            get(|s: Session, PathParam(id): PathParam<String>| s.run(move |service| Ok(group(&find(service, &id)?)))),
        )
        .route("/resources/groups/{id}/members", get(members))
}

async fn list(session: Session, Params(page): Params<PageParams>) -> Response {
    let page = match page.request() {
        Ok(page) => page,
        Err(error) => return ErrorResponse(error).into_response(),
    };
    session.run(move |service| Ok(page.of(PATH, "groups", &all(service)?, group))).await
}

async fn members(session: Session, PathParam(id): PathParam<String>, Params(page): Params<PageParams>) -> Response {
    match page.request() {
        Ok(page) => session.run(move |service| members_of(service, &id, &page)).await,
        Err(error) => ErrorResponse(error).into_response(),
    }
}

fn members_of(service: &dyn Service, id: &str, page: &PageRequest) -> Result<Value, ApiError> {
    let QueryAnswer::Group(details) = service.query(&Query::Group(find(service, id)?.name))? else {
        return Err(other());
    };
    Ok(page.of(&format!("{PATH}/{id}/members"), "resourceList", &details.objects, resource))
}

fn all(service: &dyn Service) -> Result<Vec<GroupRow>, ApiError> {
    let QueryAnswer::Groups(groups) = service.query(&Query::Groups)? else { return Err(other()) };
    Ok(groups)
}

fn find(service: &dyn Service, wanted: &str) -> Result<GroupRow, ApiError> {
    let found = all(service)?.into_iter().find(|group| id(IdKind::Group, &group.name) == wanted);
    found.ok_or_else(|| unknown("group", wanted))
}

fn other() -> ApiError {
    ApiError::Internal("the host answered another question than was asked".to_owned())
}

fn group(group: &GroupRow) -> Value {
    json!({
        "id": id(IdKind::Group, &group.name),
        "resourceKey": {
            "name": group.name,
            "adapterKindKey": "Container",
            "resourceKindKey": "Environment",
            "resourceIdentifiers": [],
        },
        "description": group.title,
        "autoResolveMembership": true,
        "membershipDefinition": { "includedResources": [], "excludedResources": [], "rules": [] },
        "badges": [{ "type": "COMPLIANCE", "color": colour(&group.badge), "score": f64::from(group.badge.score) }],
    })
}
