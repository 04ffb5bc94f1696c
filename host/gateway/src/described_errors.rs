//! The errors of routes, described: which a route can answer, and their form.

use lifesigns_api::RouteRule;
use serde_json::{Map, Value, json};

use crate::paths::{JSON, PROBLEM_JSON};

/// The form of a route's errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ErrorForm {
    /// That of the API.
    Problem,
    /// That of VMware's.
    VmWare,
    /// A protocol's own, of these media types; what is refused before it gets there has that of the API.
    Protocol(&'static [&'static str]),
}

/// Statuses and what they mean.
const STATUSES: [(&str, &str, &str); 12] = [
    (
        "400",
        "Invalid",
        "The request makes no sense: a body, a member or a parameter that is not known, or an act that \
        means nothing.",
    ),
    ("401", "Unauthorized", "No token, or one that is not known, was revoked or has expired."),
    ("403", "Forbidden", "The caller has not the role that it needs."),
    ("404", "Unknown", "There is no such thing."),
    ("408", "Slow", "The body was not whole in time."),
    ("409", "Conflict", "It does not fit to how things are."),
    ("413", "TooLarge", "The body is too long."),
    ("415", "MediaType", "The body has a type or an encoding that is not taken."),
    ("422", "OtherBody", "The `Idempotency-Key` came with another body before."),
    (
        "429",
        "TooMany",
        "Too many failed authentications, or too much is on its way; `Retry-After` says when to try again.",
    ),
    ("500", "Internal", "The host failed; its log says more."),
    (
        "503",
        "Unavailable",
        "Not now: the host is stopping, or its store takes no commits. What was asked was not done.",
    ),
];

/// Returns the descriptions that routes refer to.
pub(crate) fn responses(problem: &Value) -> Value {
    let mut all = Map::new();
    for (status, name, description) in STATUSES {
        let mut response = described(description, &[(PROBLEM_JSON, problem.clone())]);
        if status == "401" {
            response["headers"] = header("WWW-Authenticate", "How to authenticate.", "string");
        }
        if matches!(status, "429" | "503") {
            response["headers"] = header("Retry-After", "Seconds to wait before the next attempt.", "integer");
        }
        all.insert(name.to_owned(), response);
    }
    all.insert("Problem".to_owned(), described("What is wrong.", &[(PROBLEM_JSON, problem.clone())]));
    all.into()
}

fn header(name: &str, description: &str, kind: &str) -> Value {
    json!({ name: { "description": description, "schema": { "type": kind } } })
}

fn described(description: &str, content: &[(&str, Value)]) -> Value {
    let mut response = json!({ "description": description, "content": {} });
    for (media_type, schema) in content {
        response["content"][*media_type] = json!({ "schema": schema });
    }
    response
}

/// Returns the errors that a route can answer.
pub(crate) fn of(
    rule: &RouteRule,
    form: ErrorForm,
    has_parameters: bool,
    has_body: bool,
) -> Vec<(&'static str, Value)> {
    let logs_in = rule.path.ends_with("/auth/token/acquire");
    let changes = rule.method != "GET";
    let can_be = |status: &str| match status {
        "400" => has_parameters || has_body,
        "401" | "429" => rule.needs.is_some() || logs_in,
        "403" => rule.needs.is_some(),
        "404" => rule.path.contains('{') || rule.wire.is_some(),
        "408" | "413" => has_body,
        "409" => changes || rule.path.contains('{'),
        "415" | "422" => rule.wire.is_some() && has_body,
        // Probes have a 503 of their own.
        "503" => rule.needs.is_some() || !matches!(rule.path, "/livez" | "/readyz"),
        _ => true,
    };
    let possible = STATUSES.into_iter().filter(|(status, ..)| can_be(status));
    let mut all: Vec<(&str, Value)> =
        possible.map(|(status, name, description)| (status, response(form, name, description))).collect();
    all.push(("default", response(form, "Problem", "What is wrong.")));
    all
}

fn response(form: ErrorForm, name: &str, description: &str) -> Value {
    match form {
        ErrorForm::Problem => json!({ "$ref": format!("#/components/responses/{name}") }),
        ErrorForm::VmWare => described(description, &[(JSON, vmware())]),
        ErrorForm::Protocol(media_types) => {
            let problem = json!({ "$ref": "#/components/schemas/Problem" });
            let own = media_types.iter().map(|media_type| (*media_type, any(media_type)));
            let all: Vec<(&str, Value)> = own.chain([(PROBLEM_JSON, problem)]).collect();
            described(description, &all)
        }
    }
}

/// Returns the schema of what a protocol answers in a media type: any JSON, or text.
pub(crate) fn any(media_type: &str) -> Value {
    if media_type.contains("json") { json!({}) } else { json!({ "type": "string" }) }
}

fn vmware() -> Value {
    json!({ "type": "object", "required": ["message", "httpStatusCode"], "properties": {
        "message": { "type": "string" }, "httpStatusCode": { "type": "integer" }, "apiErrorCode": { "type": "integer" },
        "requestId": { "type": ["string", "null"] },
    } })
}
