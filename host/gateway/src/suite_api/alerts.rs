//! Alerts.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use axum::{
    Router,
    extract::RawQuery,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use lifesigns_api::{ApiError, Service};
use lifesigns_compliance::{
    Alert,
    query::{AlertFilter, Query, QueryAnswer},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    definitions::{SUB_TYPE, TYPE},
    filters::{WordSet, bounded, exact},
    page::PageRequest,
    resources::{self, PageParams, ResourceFilter, ResourceQuery},
    words::{AlertLevel, IdKind, ImpactWord, StatusWord, control_state, id, ms, unknown},
};
use crate::answer::{ErrorResponse, Json, Params, PathParam, RouterState, Session};

/// Which alerts; what is absent or empty matches all.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct AlertsQuery {
    /// Leaves out those that are over.
    active_only: bool,
    /// Ids.
    #[schemars(length(max = 1000))]
    alert_id: Vec<String>,
    /// Ids of definitions.
    #[schemars(length(max = 1000))]
    alert_definition_id: Vec<String>,
    /// How bad they are.
    #[schemars(length(max = 1000))]
    alert_criticality: Vec<AlertLevel>,
    /// Whether they are open; `NEW` and `UPDATED` are the same as `ACTIVE`.
    #[schemars(length(max = 1000))]
    alert_status: Vec<StatusWord>,
    /// What suffers.
    #[schemars(length(max = 1000))]
    alert_impact: Vec<ImpactWord>,
    /// A piece of the definition's name; capital and small letters are alike.
    alert_name: Option<String>,
    /// Only those of these resources.
    #[serde(rename = "resource-query")]
    resource_query: Option<ResourceQuery>,
    /// When they opened.
    start_time_range: Option<MillisRange>,
    /// When they changed last.
    update_time_range: Option<MillisRange>,
    /// When they ended; those that are open do not match.
    cancel_time_range: Option<MillisRange>,
}

/// A time from and to, in milliseconds since 1970, both inclusive.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
struct MillisRange {
    start_time: Option<u64>,
    end_time: Option<u64>,
}

/// The parameters of the list, and the page.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct AlertsParams {
    /// Leaves out those that are over.
    active_only: bool,
    /// Ids.
    alert_id: Vec<String>,
    /// Ids of definitions.
    alert_definition_id: Vec<String>,
    /// How bad they are.
    alert_criticality: Vec<AlertLevel>,
    /// Whether they are open; `NEW` and `UPDATED` are the same as `ACTIVE`.
    alert_status: Vec<StatusWord>,
    /// What suffers.
    alert_impact: Vec<ImpactWord>,
    /// Ids of resources.
    resource_id: Vec<String>,
    /// The page, from 0.
    page: Option<u64>,
    /// Items of a page, 1000 without it.
    #[schemars(range(min = 1, max = 10000))]
    page_size: Option<u64>,
    /// Leaves links out.
    #[serde(rename = "_no_links")]
    no_links: bool,
}

pub(super) fn routes() -> Router<Arc<RouterState>> {
    Router::new()
        .route("/alerts", get(by_params))
        .route(
            "/alerts/query",
            post(|s: Session, Params(page): Params<PageParams>, Json(query): Json<AlertsQuery>| {
                answered(s, "/alerts/query", query, page.request())
            }),
        )
        .route(
            "/alerts/{id}",
            get(|s: Session, PathParam(id): PathParam<String>| s.run(move |service| one(service, &id))),
        )
}

async fn by_params(session: Session, RawQuery(raw): RawQuery, Params(params): Params<AlertsParams>) -> Response {
    let page = PageRequest::new(params.page, params.page_size, params.no_links);
    let page = page.map(|page| page.within(raw.as_deref()));
    let resource_query = Some(ResourceQuery::of_ids(params.resource_id));
    let query = AlertsQuery {
        active_only: params.active_only,
        alert_id: params.alert_id,
        alert_definition_id: params.alert_definition_id,
        alert_criticality: params.alert_criticality,
        alert_status: params.alert_status,
        alert_impact: params.alert_impact,
        resource_query,
        ..AlertsQuery::default()
    };
    answered(session, "/alerts", query, page).await
}

async fn answered(
    session: Session,
    path: &'static str,
    query: AlertsQuery,
    page: Result<PageRequest, ApiError>,
) -> Response {
    match page.and_then(|page| Ok((page, query.filter()?))) {
        Ok((page, filter)) => session.run(move |service| list(service, path, &filter, &page)).await,
        Err(error) => ErrorResponse(error).into_response(),
    }
}

fn list(service: &dyn Service, path: &str, filter: &AlertsFilter, page: &PageRequest) -> Result<Value, ApiError> {
    let objects = filter.objects(service)?;
    let mut alerts = all(service, filter.query.active_only)?;
    alerts.retain(|alert| filter.matches(alert) && objects.has(alert));
    let suspended = suspended(service)?;
    Ok(page.of(path, "alerts", &alerts, |alert| shown(alert, &suspended)))
}

fn one(service: &dyn Service, wanted: &str) -> Result<Value, ApiError> {
    let alerts = all(service, false)?;
    let found = alerts.iter().find(|alert| id(IdKind::Alert, &alert.id) == wanted);
    let alert = found.ok_or_else(|| unknown("alert", wanted))?;
    Ok(shown(alert, &suspended(service)?))
}

/// Returns the violations that are open, and those that are over.
fn all(service: &dyn Service, active_only: bool) -> Result<Vec<Arc<Alert>>, ApiError> {
    let filter = AlertFilter { cancelled: !active_only, ..AlertFilter::default() };
    match service.query(&Query::Alerts(filter))? {
        QueryAnswer::Alerts(alerts) => Ok(alerts),
        _ => Err(other()),
    }
}

/// Returns when silences end, in milliseconds, by id.
fn suspended(service: &dyn Service) -> Result<BTreeMap<String, u64>, ApiError> {
    let QueryAnswer::Silences(silences) = service.query(&Query::Silences)? else { return Err(other()) };
    Ok(silences.into_iter().map(|silence| (silence.id, ms(silence.until_ns))).collect())
}

fn other() -> ApiError {
    ApiError::Internal("the host answered another question than was asked".to_owned())
}

/// The objects whose alerts are meant.
enum MeantObjects<'q> {
    All,
    WithIds(&'q ResourceFilter),
    These(BTreeSet<String>),
}

impl MeantObjects<'_> {
    fn has(&self, alert: &Alert) -> bool {
        match self {
            Self::All => true,
            Self::WithIds(query) => query.has_id(&alert.object),
            Self::These(names) => names.contains(&*alert.object),
        }
    }
}

/// A query that is read, with what it needs for each alert.
struct AlertsFilter {
    alert_ids: WordSet,
    definition_ids: WordSet,
    /// In small letters.
    name: Option<String>,
    resources: Option<ResourceFilter>,
    /// The rest.
    query: AlertsQuery,
}

impl AlertsQuery {
    fn filter(mut self) -> Result<AlertsFilter, ApiError> {
        bounded("alertCriticality", &self.alert_criticality)?;
        bounded("alertStatus", &self.alert_status)?;
        bounded("alertImpact", &self.alert_impact)?;
        Ok(AlertsFilter {
            alert_ids: exact("alertId", std::mem::take(&mut self.alert_id))?,
            definition_ids: exact("alertDefinitionId", std::mem::take(&mut self.alert_definition_id))?,
            name: self.alert_name.take().map(|piece| piece.to_lowercase()),
            resources: self.resource_query.take().map(ResourceQuery::filter).transpose()?,
            query: self,
        })
    }
}

impl AlertsFilter {
    fn objects(&self, service: &dyn Service) -> Result<MeantObjects<'_>, ApiError> {
        let Some(filter) = &self.resources else { return Ok(MeantObjects::All) };
        if filter.is_of_ids() {
            return Ok(MeantObjects::WithIds(filter));
        }
        let mut names = BTreeSet::new();
        resources::each(service, |row| {
            if filter.matches(&row) {
                names.insert(row.object.id.to_string());
            }
            true
        })?;
        Ok(MeantObjects::These(names))
    }

    fn matches(&self, alert: &Alert) -> bool {
        let query = &self.query;
        let is_id = |wanted: &WordSet, kind, name: &str| wanted.is_empty() || wanted.has(&id(kind, name));
        let (level, impact) = (AlertLevel::from(alert.criticality), ImpactWord::from(alert.impact));
        let status = StatusWord::of(alert);
        let has_name = |piece: &String| alert.title.to_lowercase().contains(piece);
        let in_time = |range: &Option<MillisRange>, time_ns: Option<u64>| range.is_none_or(|range| range.has(time_ns));
        is_id(&self.alert_ids, IdKind::Alert, &alert.id)
            && is_id(&self.definition_ids, IdKind::AlertDefinition, &alert.definition)
            && (query.alert_criticality.is_empty() || query.alert_criticality.contains(&level))
            && (query.alert_impact.is_empty() || query.alert_impact.contains(&impact))
            && (query.alert_status.is_empty() || query.alert_status.iter().any(|wanted| wanted.means(status)))
            && self.name.as_ref().is_none_or(has_name)
            && in_time(&query.start_time_range, Some(alert.opened_ns))
            && in_time(&query.update_time_range, Some(alert.last_ns))
            && in_time(&query.cancel_time_range, alert.cancelled_ns)
    }
}

impl MillisRange {
    fn has(self, time_ns: Option<u64>) -> bool {
        let Some(time_ms) = time_ns.map(ms) else { return false };
        self.start_time.is_none_or(|start| start <= time_ms) && self.end_time.is_none_or(|end| time_ms <= end)
    }
}

fn shown(alert: &Alert, suspended: &BTreeMap<String, u64>) -> Value {
    let until_ms = alert.silenced_by.as_ref().and_then(|silence| suspended.get(silence)).copied();
    let is_over = StatusWord::of(alert) == StatusWord::Canceled;
    json!({
        "alertId": id(IdKind::Alert, &alert.id),
        "resourceId": id(IdKind::Object, &alert.object),
        "alertLevel": AlertLevel::from(alert.criticality),
        "type": TYPE.to_string(),
        "subType": SUB_TYPE.to_string(),
        "status": StatusWord::of(alert),
        "controlState": control_state(alert),
        "startTimeUTC": ms(alert.opened_ns),
        "updateTimeUTC": ms(alert.last_ns),
        "cancelTimeUTC": if is_over { ms(alert.cancelled_ns.unwrap_or(alert.last_ns)) } else { 0 },
        "suspendUntilTimeUTC": until_ms.unwrap_or(0),
        "alertDefinitionId": id(IdKind::AlertDefinition, &alert.definition),
        "alertDefinitionName": alert.title,
        "alertImpact": ImpactWord::from(alert.impact),
    })
}
