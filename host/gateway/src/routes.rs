//! Which path and method is which request.

use std::sync::Arc;

use axum::{
    Router,
    extract::Request,
    middleware::from_fn,
    response::{IntoResponse, Response},
    routing::{delete, get, post},
};
use lifesigns_api::{
    AgentCredentials, AlertHistoryQuery, ApiError, AuditTrailQuery, BadgeHistoryQuery, EventQuery, NewToken,
    NoticeSelection, OutboxFilter, Problem,
};
use lifesigns_compliance::{
    BadgeOwner, CommandAction,
    query::{AlertFilter, ObjectFilter, Query},
};

use crate::{
    answer::{ErrorResponse, Json, ListOrder, Params, PathParam, RouterState, Session, Text, described, problem},
    body::{
        AlertIds, AlertsOwner, AlertsReason, BackupTo, DecisionParams, HistoryParams, LimitParams, MarkParams,
        MatcherList, NewSilence, NoteText, Owner, Reason, SilencePatch,
    },
    etag, events,
    paths::BASE,
    probes, report_route, rule_routes,
};

pub(crate) type Routes = Router<Arc<RouterState>>;

/// The whole API, with what else is mounted.
pub(crate) fn api(shared: Arc<RouterState>, suite_api: Option<Routes>, mounted: Router) -> Router {
    let all = alerts().merge(silences()).merge(objects()).merge(groups()).merge(store()).merge(host());
    let all = all.merge(rule_routes::rules());
    let own =
        Router::new().nest(BASE, all.merge(report_route::report())).merge(for_machines()).layer(from_fn(etag::tag));
    let own = own.merge(suite_api.unwrap_or_default()).with_state(shared);
    own.merge(mounted).fallback(unknown).method_not_allowed_fallback(other_method)
}

/// Answers every request with the same error: for connections that are one too many.
pub(crate) fn refusing(error: ApiError) -> Router {
    Router::new().fallback(move || async move { ErrorResponse(error) })
}

async fn unknown(request: Request) -> ErrorResponse {
    let (version, path) = (env!("CARGO_PKG_VERSION"), request.uri().path());
    let path = &path[..path.floor_char_boundary(200)];
    ErrorResponse(ApiError::Unknown(format!(
        "this host (lifesigns {version}) has no {path}; its paths begin with {BASE}/"
    )))
}

async fn other_method(request: Request) -> Response {
    let detail = format!("this path does not take {}", request.method());
    problem(&Problem::new(405, "Method not allowed", detail))
}

/// What machines look at, at the paths where they look.
fn for_machines() -> Routes {
    Router::new()
        .route("/livez", get(probes::live))
        .route("/readyz", get(probes::ready))
        .route("/metrics", get(probes::metrics))
        .route("/badge/{file}", get(probes::badge))
}

fn alerts() -> Routes {
    Router::new()
        .route("/alerts", get(|s: Session, Params(f): Params<AlertFilter>| s.query(Query::Alerts(f))))
        .route("/pending", get(|s: Session, Params(f): Params<AlertFilter>| s.query(Query::Pending(f))))
        .route(
            "/matches",
            get(|s: Session, Params(f): Params<AlertFilter>| s.query(Query::Matches(f)))
                .post(|s: Session, Json(body): Json<MatcherList>| s.query(Query::Preview(body.matchers))),
        )
        .route("/alerts/{id}", get(|s: Session, PathParam(id): PathParam<String>| s.query(Query::Alert(id))))
        .route(
            "/alerts/{id}/explanation",
            get(|s: Session, PathParam(id): PathParam<String>| {
                s.member("explanation", move |service| service.explain_alert(&id))
            }),
        )
        .route("/alerts/{id}/route", get(|s: Session, PathParam(id): PathParam<String>| s.query(Query::Route(id))))
        .route(
            "/alerts/{id}/acknowledge",
            post(|s: Session, PathParam(id): PathParam<String>, Json(body): Json<Owner>| {
                s.act(CommandAction::Acknowledge { alerts: vec![id], owner: body.owner })
            }),
        )
        .route(
            "/alerts/{id}/unacknowledge",
            post(|s: Session, PathParam(id): PathParam<String>| {
                s.act(CommandAction::Unacknowledge { alerts: vec![id] })
            }),
        )
        .route(
            "/alerts/{id}/cancel",
            post(|s: Session, PathParam(id): PathParam<String>, Json(body): Json<Reason>| {
                s.act(CommandAction::Cancel { alerts: vec![id], why: body.why })
            }),
        )
        .route(
            "/alerts/{id}/notes",
            post(|s: Session, PathParam(alert): PathParam<String>, Json(body): Json<NoteText>| {
                s.act(CommandAction::Note { alert, text: body.text })
            }),
        )
        .route(
            "/bulk/acknowledge",
            post(|s: Session, Json(body): Json<AlertsOwner>| {
                s.act(CommandAction::Acknowledge { alerts: body.alerts, owner: body.owner })
            }),
        )
        .route(
            "/bulk/unacknowledge",
            post(|s: Session, Json(body): Json<AlertIds>| s.act(CommandAction::Unacknowledge { alerts: body.alerts })),
        )
        .route(
            "/bulk/cancel",
            post(|s: Session, Json(body): Json<AlertsReason>| {
                s.act(CommandAction::Cancel { alerts: body.alerts, why: body.why })
            }),
        )
}

fn silences() -> Routes {
    Router::new().route("/silences", get(|s: Session| s.query(Query::Silences)).post(make_silence)).route(
        "/silences/{id}",
        get(|s: Session, PathParam(id): PathParam<String>| s.query(Query::Silence(id)))
            .patch(change_silence)
            .delete(|s: Session, PathParam(silence): PathParam<String>| s.act(CommandAction::Expire { silence })),
    )
}

async fn change_silence(
    s: Session,
    PathParam(silence): PathParam<String>,
    Json(body): Json<SilencePatch>,
) -> impl IntoResponse {
    let SilencePatch { matchers, from_ns, until_ns, why } = body;
    s.act(CommandAction::Edit { silence, matchers, from_ns, until_ns, why }).await
}

async fn make_silence(s: Session, Json(body): Json<NewSilence>) -> impl IntoResponse {
    let NewSilence { matchers, from_ns, until_ns, why } = body;
    s.act(CommandAction::Silence { matchers, from_ns, until_ns, why }).await
}

fn objects() -> Routes {
    Router::new()
        .route("/objects", get(|s: Session, Params(f): Params<ObjectFilter>| s.query(Query::Objects(f))))
        .route(
            "/objects/{id}",
            get(|s: Session, PathParam(id): PathParam<String>| s.query(Query::Object(id))).delete(forget_object),
        )
        .route("/objects/{id}/symptoms/{symptom}", delete(clear_symptom))
        .route("/objects/{id}/badges", badges(BadgeOwner::Object))
}

async fn clear_symptom(
    s: Session,
    PathParam((object, symptom)): PathParam<(String, String)>,
    Params(params): Params<Reason>,
) -> impl IntoResponse {
    s.act(CommandAction::ClearSymptom { object, symptom, why: params.why }).await
}

async fn forget_object(
    s: Session,
    PathParam(object): PathParam<String>,
    Params(params): Params<Reason>,
) -> impl IntoResponse {
    s.act(CommandAction::Forget { object, why: params.why }).await
}

fn groups() -> Routes {
    Router::new()
        .route("/groups", get(|s: Session| s.query(Query::Groups)))
        .route("/groups/{name}", get(|s: Session, PathParam(name): PathParam<String>| s.query(Query::Group(name))))
        .route("/groups/{name}/badges", badges(BadgeOwner::Group))
        .route(
            "/badges",
            get(|s: Session, Params(params): Params<LimitParams>| s.query(Query::Badges { limit: params.limit })),
        )
        .route("/definitions", get(|s: Session| s.query(Query::Definitions)))
        .route("/policies", get(|s: Session| s.query(Query::Policies)))
        .route(
            "/policies/why",
            get(|s: Session, Params(params): Params<DecisionParams>| {
                s.query(Query::Why { object: params.object, alert: params.alert })
            }),
        )
}

/// A badge over time.
fn badges(of: BadgeOwner) -> axum::routing::MethodRouter<Arc<RouterState>> {
    get(move |s: Session, PathParam(name): PathParam<String>, Params(params): Params<HistoryParams>| {
        let which = BadgeHistoryQuery { of, name, since_ns: params.since_ns, limit: params.limit };
        s.member("badges", move |service| service.past_badges(&which))
    })
}

fn store() -> Routes {
    Router::new()
        .route(
            "/history/alerts",
            get(|s: Session, Params(which): Params<AlertHistoryQuery>| {
                s.listed("alerts", which.limit, ListOrder::Onward(AlertHistoryQuery::cursor), move |service, limit| {
                    service.past_alerts(&AlertHistoryQuery { limit, ..which })
                })
            }),
        )
        .route(
            "/audit",
            get(|s: Session, Params(which): Params<AuditTrailQuery>| {
                s.listed("audit", which.limit, ListOrder::Backward(AuditTrailQuery::cursor), move |service, limit| {
                    service.audit(&AuditTrailQuery { limit, ..which })
                })
            }),
        )
        .route(
            "/audit/verify",
            get(|s: Session, Params(params): Params<MarkParams>| {
                s.member("verified", move |service| service.verify_audit(params.mark()?.as_ref()))
            }),
        )
        .route(
            "/outbox",
            get(|s: Session, Params(which): Params<OutboxFilter>| {
                s.listed("outbox", which.limit, ListOrder::Onward(OutboxFilter::cursor), move |service, limit| {
                    service.outbox(&OutboxFilter { limit, ..which })
                })
            }),
        )
        .route(
            "/outbox/resend",
            post(|s: Session, Json(which): Json<NoticeSelection>| s.done(move |service| service.resend(&which))),
        )
        .route(
            "/outbox/drop",
            post(|s: Session, Json(which): Json<NoticeSelection>| s.done(move |service| service.drop_dead(&which))),
        )
        .route(
            "/backup",
            post(|s: Session, Json(body): Json<BackupTo>| s.done(move |service| service.backup(&body.path))),
        )
}

fn host() -> Routes {
    let revoke = |s: Session, PathParam(name): PathParam<String>| s.done(move |service| service.revoke_token(&name));
    let add = |s: Session, Json(new): Json<NewToken>| s.made("token", move |service| service.add_token(&new));
    let enrol = |s: Session, PathParam(name): PathParam<String>, Json(credentials): Json<AgentCredentials>| {
        s.done(move |service| service.enrol_agent(&name, &credentials))
    };
    let exclude = |s: Session, PathParam(name): PathParam<String>| s.done(move |service| service.revoke_agent(&name));
    Router::new()
        .route("/agents/{name}/enrol", post(enrol))
        .route("/agents/{name}/credentials", delete(exclude))
        .route("/tokens", get(|s: Session| s.member("tokens", |service| service.tokens())).post(add))
        .route("/tokens/{name}", delete(revoke))
        .route("/status", get(|s: Session| s.member("status", |service| service.status())))
        .route("/stream", get(events::changes))
        .route("/openapi.json", get(described))
        .route(
            "/query",
            post(|s: Session, Json(query): Json<EventQuery>| {
                s.member("found", move |service| service.find_events(&query))
            }),
        )
        .route(
            "/config/validate",
            post(|s: Session, Text(text): Text| s.member("mistakes", move |service| service.validate_config(&text))),
        )
        .route("/findings", get(|s: Session| s.query(Query::Findings)))
}
