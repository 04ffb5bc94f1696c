//! Objects as resources.

use std::sync::Arc;

use axum::{
    Router,
    extract::RawQuery,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use lifesigns_api::{ApiError, Service};
use lifesigns_compliance::query::{ObjectFilter, ObjectRow, Query, QueryAnswer};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    filters::{WordSet, caseless, exact},
    page::PageRequest,
    words::{IdKind, ResourceKind, colour, id, ms, unknown},
};
use crate::answer::{ErrorResponse, Json, Params, PathParam, RouterState, Session};

/// Objects that are looked at in one step.
const STEP: usize = 1000;
const PATH: &str = "/resources";
const LIST: &str = "resourceList";

/// Which resources; an empty list matches all.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct ResourceQuery {
    /// Pieces of the name, of which one has to be in it; capital and small letters are alike.
    #[schemars(length(max = 1000))]
    name: Vec<String>,
    /// Ids.
    #[schemars(length(max = 1000))]
    resource_id: Vec<String>,
    /// `VMWARE` or `LIFESIGNS`.
    #[schemars(length(max = 1000))]
    adapter_kind: Vec<String>,
    /// `VirtualMachine`, `HostSystem`, or a kind of the inventory.
    #[schemars(length(max = 1000))]
    resource_kind: Vec<String>,
}

/// The same as parameters, and the page.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct ResourceParams {
    /// Pieces of the name, of which one has to be in it; capital and small letters are alike.
    name: Vec<String>,
    /// Ids.
    resource_id: Vec<String>,
    /// `VMWARE` or `LIFESIGNS`.
    adapter_kind: Vec<String>,
    /// `VirtualMachine`, `HostSystem`, or a kind of the inventory.
    resource_kind: Vec<String>,
    /// The page, from 0.
    page: Option<u64>,
    /// Items of a page, 1000 without it.
    #[schemars(range(min = 1, max = 10000))]
    page_size: Option<u64>,
    /// Leaves links out.
    #[serde(rename = "_no_links")]
    no_links: bool,
}

/// The page of what a body asks for.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct PageParams {
    /// The page, from 0.
    pub(super) page: Option<u64>,
    /// Items of a page, 1000 without it.
    #[schemars(range(min = 1, max = 10000))]
    pub(super) page_size: Option<u64>,
    /// Leaves links out.
    #[serde(rename = "_no_links")]
    pub(super) no_links: bool,
}

impl PageParams {
    pub(super) fn request(&self) -> Result<PageRequest, ApiError> {
        PageRequest::new(self.page, self.page_size, self.no_links)
    }
}

pub(super) fn routes() -> Router<Arc<RouterState>> {
    Router::new()
        .route("/resources", get(by_params))
        .route(
            "/resources/query",
            post(|s: Session, Params(page): Params<PageParams>, Json(query): Json<ResourceQuery>| {
                answered(s, "/resources/query", query, page.request())
            }),
        )
        .route(
            "/resources/{id}",
            get(|s: Session, PathParam(id): PathParam<String>| {
                s.run(move |service| Ok(resource(&find(service, &id)?)))
            }),
        )
        .route(
            "/resources/{id}/properties",
            get(|s: Session, PathParam(id): PathParam<String>| {
                s.run(move |service| Ok(properties(&find(service, &id)?)))
            }),
        )
}

async fn by_params(s: Session, RawQuery(raw): RawQuery, Params(params): Params<ResourceParams>) -> Response {
    let ResourceParams { name, resource_id, adapter_kind, resource_kind, page, page_size, no_links } = params;
    let query = ResourceQuery { name, resource_id, adapter_kind, resource_kind };
    let page = PageRequest::new(page, page_size, no_links).map(|page| page.within(raw.as_deref()));
    answered(s, PATH, query, page).await
}

async fn answered(
    session: Session,
    path: &'static str,
    query: ResourceQuery,
    page: Result<PageRequest, ApiError>,
) -> Response {
    match page.and_then(|page| Ok((page, query.filter()?))) {
        Ok((page, filter)) => session.run(move |service| list(service, path, &filter, &page)).await,
        Err(error) => ErrorResponse(error).into_response(),
    }
}

fn list(service: &dyn Service, path: &str, filter: &ResourceFilter, page: &PageRequest) -> Result<Value, ApiError> {
    let (mut items, mut total) = (Vec::new(), 0);
    each(service, |row| {
        if filter.matches(&row) {
            if page.has(total) {
                items.push(resource(&row));
            }
            total += 1;
        }
        true
    })?;
    Ok(page.answer(path, LIST, items, total))
}

/// Calls `look` for each object, by id, until it returns false.
pub(super) fn each(service: &dyn Service, mut look: impl FnMut(ObjectRow) -> bool) -> Result<(), ApiError> {
    let mut filter = ObjectFilter { limit: STEP, ..ObjectFilter::default() };
    loop {
        let part = service.page(&Query::Objects(filter.clone()))?;
        let QueryAnswer::Objects(rows) = part.answer else {
            return Err(ApiError::Internal("the host answered another question than was asked".to_owned()));
        };
        if !rows.into_iter().all(&mut look) {
            return Ok(());
        }
        filter.cursor = part.next;
        if filter.cursor.is_none() {
            return Ok(());
        }
    }
}

fn find(service: &dyn Service, wanted: &str) -> Result<ObjectRow, ApiError> {
    let mut found = None;
    each(service, |row| {
        let is_it = id(IdKind::Object, &row.object.id) == wanted;
        if is_it {
            found = Some(row);
        }
        !is_it
    })?;
    found.ok_or_else(|| unknown("resource", wanted))
}

/// A query that is read, with what it needs for each object.
pub(super) struct ResourceFilter {
    /// In small letters.
    names: Vec<String>,
    ids: WordSet,
    /// In small letters.
    adapter_kinds: WordSet,
    /// In small letters.
    resource_kinds: WordSet,
}

impl ResourceQuery {
    /// Reads the query.
    ///
    /// # Errors
    /// A list is too long.
    pub(super) fn filter(self) -> Result<ResourceFilter, ApiError> {
        Ok(ResourceFilter {
            names: caseless("name", self.name)?,
            ids: exact("resourceId", self.resource_id)?,
            adapter_kinds: caseless("adapterKind", self.adapter_kind)?,
            resource_kinds: caseless("resourceKind", self.resource_kind)?,
        })
    }

    /// Returns the query for these ids.
    pub(super) fn of_ids(resource_id: Vec<String>) -> Self {
        Self { resource_id, ..Self::default() }
    }
}

impl ResourceFilter {
    pub(super) fn matches(&self, row: &ObjectRow) -> bool {
        let kind = ResourceKind::of_object(row);
        let has_name = || {
            let name = row.object.id.to_lowercase();
            self.names.iter().any(|piece| name.contains(piece))
        };
        self.adapter_kinds.has(&kind.adapter.to_lowercase())
            && self.resource_kinds.has(&kind.resource.to_lowercase())
            && (self.names.is_empty() || has_name())
            && self.has_id(&row.object.id)
    }

    /// Returns whether the ids alone decide.
    pub(super) fn is_of_ids(&self) -> bool {
        self.names.is_empty() && self.adapter_kinds.is_empty() && self.resource_kinds.is_empty()
    }

    /// Returns whether the object has one of the ids, if there are any.
    pub(super) fn has_id(&self, object: &str) -> bool {
        self.ids.is_empty() || self.ids.has(&id(IdKind::Object, object))
    }
}

/// Returns an object as a resource.
pub(super) fn resource(row: &ObjectRow) -> Value {
    let (kind, colour) = (ResourceKind::of_object(row), colour(&row.badge));
    json!({
        "identifier": id(IdKind::Object, &row.object.id),
        "creationTime": ms(row.object.first_ns),
        "resourceKey": {
            "name": row.object.id,
            "adapterKindKey": kind.adapter,
            "resourceKindKey": kind.resource,
            "resourceIdentifiers": [],
        },
        "resourceStatusStates": [],
        "resourceHealth": colour,
        "resourceHealthValue": f64::from(row.badge.score),
        "dtEnabled": false,
        "badges": [{ "type": "COMPLIANCE", "color": colour, "score": f64::from(row.badge.score) }],
        "relatedResources": [],
    })
}

fn properties(row: &ObjectRow) -> Value {
    let known = row.object.properties.iter().filter_map(|(name, fact)| Some((name, fact.value.as_ref()?)));
    let property: Vec<Value> = known.map(|(name, value)| json!({ "name": name, "value": value })).collect();
    json!({ "resourceId": id(IdKind::Object, &row.object.id), "property": property })
}
