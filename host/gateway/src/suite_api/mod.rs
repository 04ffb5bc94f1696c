//! A subset of the API of VMware's operations manager under `/suite-api`, for scripts that exist: tokens, resources, groups,
//! definitions and alerts, all of it read only, in JSON
//! (<https://developer.broadcom.com/xapis/vcf-operations-api/latest/>).

mod alerts;
mod definitions;
mod filters;
mod groups;
mod page;
mod resources;
mod schemas;
mod token;
mod words;

use std::sync::Arc;

use axum::{
    Router,
    extract::Request,
    http::{HeaderMap, header::ACCEPT},
    middleware::{Next, from_fn},
    response::Response,
};
use lifesigns_api::{Problem, Role, RouteRule};

use crate::{
    access::Access,
    answer::{RouterState, problem},
    paths::SUITE_BASE,
};
pub(crate) use schemas::{body, parameters};

use Role::Viewer;

/// The routes of the subset and the roles that they need, in the order of the documentation.
#[rustfmt::skip]
pub const SUITE_API_ROUTES: &[RouteRule] = &[
    RouteRule::open("POST", "/suite-api/api/auth/token/acquire", "show a token, and get it back as VMware's scripts do"),
    RouteRule::new("POST", "/suite-api/api/auth/token/release", Viewer, "end a session; there are none"),
    RouteRule::new("GET", "/suite-api/api/versions/current", Viewer, "the version of the host"),
    RouteRule::new("GET", "/suite-api/api/resources", Viewer, "objects"),
    RouteRule::new("POST", "/suite-api/api/resources/query", Viewer, "objects, by a filter in the body"),
    RouteRule::new("GET", "/suite-api/api/resources/{id}", Viewer, "an object"),
    RouteRule::new("GET", "/suite-api/api/resources/{id}/properties", Viewer, "an object's properties"),
    RouteRule::new("GET", "/suite-api/api/resources/groups", Viewer, "groups"),
    RouteRule::new("GET", "/suite-api/api/resources/groups/{id}", Viewer, "a group"),
    RouteRule::new("GET", "/suite-api/api/resources/groups/{id}/members", Viewer, "a group's members"),
    RouteRule::new("GET", "/suite-api/api/symptomdefinitions", Viewer, "symptoms that rules can raise"),
    RouteRule::new("GET", "/suite-api/api/symptomdefinitions/{id}", Viewer, "a symptom that a rule can raise"),
    RouteRule::new("GET", "/suite-api/api/alertdefinitions", Viewer, "alert definitions"),
    RouteRule::new("GET", "/suite-api/api/alertdefinitions/{id}", Viewer, "an alert definition"),
    RouteRule::new("GET", "/suite-api/api/alerts", Viewer, "alerts, the worst first"),
    RouteRule::new("POST", "/suite-api/api/alerts/query", Viewer, "alerts, by a filter in the body"),
    RouteRule::new("GET", "/suite-api/api/alerts/{id}", Viewer, "an alert"),
];

/// Returns the routes of the subset.
pub(crate) fn routes(access: Arc<Access>) -> Router<Arc<RouterState>> {
    let all = token::routes(access).merge(resources::routes()).merge(groups::routes());
    let all = all.merge(definitions::routes()).merge(alerts::routes());
    Router::new().nest(SUITE_BASE, all).layer(from_fn(only_json))
}

/// Refuses clients that read XML alone, which VMware's API has too.
async fn only_json(request: Request, next: Next) -> Response {
    if wants_xml_alone(request.headers()) {
        let detail = "answers are JSON here: send `Accept: application/json`".to_owned();
        return problem(&Problem::new(406, "Not acceptable", detail));
    }
    next.run(request).await
}

fn wants_xml_alone(headers: &HeaderMap) -> bool {
    let kinds = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok()).flat_map(|text| text.split(','));
    let mut kinds = kinds.map(|kind| kind.split(';').next().unwrap_or_default().trim()).peekable();
    kinds.peek().is_some() && kinds.all(|kind| kind.ends_with("/xml"))
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn a_client_that_reads_xml_alone_is_refused() {
        let of = |text| wants_xml_alone(&HeaderMap::from_iter([(ACCEPT, HeaderValue::from_static(text))]));
        assert!(of("application/xml") && of("text/xml, application/xml;q=0.5"));
        assert!(!of("application/json") && !of("application/xml, */*") && !wants_xml_alone(&HeaderMap::new()));
    }
}
