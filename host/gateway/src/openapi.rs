//! The API described as OpenAPI 3.1, made from the table of routes and from the types of parameters and bodies.

use lifesigns_api::{NoticeSelection, OutboxFilter, PastAlerts, PastAudit, Role, RouteRule};
use lifesigns_compliance::query::{AlertFilter, ObjectFilter};
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::body::{DecisionParams, HistoryParams, LimitParams, MarkParams, Owner, Reason, SilencePatch};

/// Parameters that may be repeated.
const LISTS: [&str; 2] = ["states", "configured"];
/// Parameters that are numbers though they may be absent.
const NUMBERS: [&str; 7] = ["since_ns", "until_ns", "from_ns", "before", "number", "limit", "after"];

/// Returns the description of these routes.
pub(crate) fn document(rules: &[RouteRule]) -> Value {
    let mut paths: Map<String, Value> = Map::new();
    for rule in rules {
        // A parameter is one segment here, whatever the router allows.
        let path = rule.path.replace("{*", "{");
        let item = paths.entry(path).or_insert_with(|| json!({}));
        item[rule.method.to_ascii_lowercase()] = operation(rule);
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "lifesigns",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "The API of a lifesigns host. An answer is an object with one member, named after what it \
                            holds; members that a client does not know are to be ignored. docs/api.md says more.",
        },
        "paths": paths,
        "components": {
            "securitySchemes": { "token": { "type": "http", "scheme": "bearer" } },
            "schemas": { "Problem": problem() },
            "responses": { "Problem": {
                "description": "What is wrong.",
                "content": { "application/problem+json": { "schema": { "$ref": "#/components/schemas/Problem" } } },
            } },
        },
        "security": [{ "token": [] }],
    })
}

fn problem() -> Value {
    json!({
        "type": "object",
        "required": ["status", "title", "detail"],
        "properties": {
            "status": { "type": "integer", "description": "The HTTP status." },
            "title": { "type": "string", "description": "The kind of error." },
            "detail": { "type": "string", "description": "What is wrong with this request, for a person." },
            "request_id": { "type": "string", "description": "The id of the request, as in the host's log." },
        },
    })
}

fn operation(rule: &RouteRule) -> Value {
    let needs = rule.needs.map_or("nothing", Role::as_str);
    let mut parameters: Vec<Value> = segments(rule.path).map(in_path).collect();
    parameters.extend(in_query(rule.method, rule.path));
    let (media_type, schema) = answer(rule.path);
    let mut described = json!({
        "operationId": name(rule),
        "summary": rule.summary,
        "description": format!("Needs the role {needs}."),
        "x-role": needs,
        "parameters": parameters,
        "responses": {
            success(rule): { "description": "It is done, or found.", "content": { media_type: { "schema": schema } } },
            "default": { "$ref": "#/components/responses/Problem" },
        },
    });
    if let Some(schema) = body(rule.method, rule.path) {
        described["requestBody"] = json!({ "required": true, "content": { "application/json": { "schema": schema } } });
    }
    if rule.needs.is_none() {
        described["security"] = json!([]);
    }
    described
}

fn success(rule: &RouteRule) -> &'static str {
    let makes = rule.method == "POST" && matches!(rule.path, "/api/v1/silences" | "/api/v1/tokens");
    if makes { "201" } else { "200" }
}

/// Returns the media type and the schema of an answer.
fn answer(path: &str) -> (&'static str, Value) {
    match path {
        "/metrics" => ("text/plain", json!({ "type": "string" })),
        "/badge/{file}" => ("image/svg+xml", json!({ "type": "string" })),
        "/api/v1/stream" => ("text/event-stream", json!({ "type": "string" })),
        _ => ("application/json", json!({ "type": "object" })),
    }
}

/// Returns a name that no other operation has: `get_alerts_id_route`.
fn name(rule: &RouteRule) -> String {
    let words = rule.path.split(['/', '{', '}', '*', '.']).filter(|word| !matches!(*word, "" | "api" | "v1"));
    words.fold(rule.method.to_ascii_lowercase(), |name, word| format!("{name}_{}", word.replace(['-', ' '], "_")))
}

/// Returns the names of a path's parameters.
fn segments(path: &str) -> impl Iterator<Item = &str> {
    path.split('{').skip(1).filter_map(|rest| rest.split_once('}')).map(|(name, _)| name.trim_start_matches('*'))
}

fn in_path(name: &str) -> Value {
    json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string", "minLength": 1 } })
}

/// Returns the parameters that a path takes after `?`, from the types that read them.
fn in_query(method: &str, path: &str) -> Vec<Value> {
    let Some(path) = path.strip_prefix("/api/v1/") else { return Vec::new() };
    match (method, path) {
        ("GET", "alerts" | "pending" | "matches") => parameters(&AlertFilter::default()),
        ("GET", "objects") => parameters(&ObjectFilter::default()),
        ("GET", "history/alerts") => parameters(&PastAlerts::default()),
        ("GET", "audit") => parameters(&PastAudit::default()),
        ("GET", "audit/verify") => parameters(&MarkParams::default()),
        ("GET", "outbox") => parameters(&OutboxFilter::default()),
        ("GET", "badges") => parameters(&LimitParams::default()),
        ("GET", "policies/why") => parameters(&DecisionParams::default()),
        ("GET", "objects/{id}/badges" | "groups/{name}/badges") => parameters(&HistoryParams::default()),
        ("DELETE", "objects/{id}" | "objects/{id}/symptoms/{symptom}") => parameters(&Reason::default()),
        _ => Vec::new(),
    }
}

fn parameters(of: &impl Serialize) -> Vec<Value> {
    let known = serde_json::to_value(of).unwrap_or_default();
    let all = known.as_object().into_iter().flatten();
    let parameter = |(name, default): (&String, &Value)| json!({ "name": name, "in": "query", "required": false, "schema": schema(name, default) });
    all.map(parameter).collect()
}

/// Returns the schema of a member, from its name and its default.
fn schema(name: &str, default: &Value) -> Value {
    match default {
        Value::Array(_) => json!({ "type": "array", "items": { "type": "string" } }),
        Value::Bool(_) => json!({ "type": "boolean" }),
        Value::Number(_) => json!({ "type": "integer", "minimum": 0 }),
        _ if LISTS.contains(&name) => json!({ "type": "array", "items": { "type": "string" } }),
        _ if NUMBERS.contains(&name) => json!({ "type": "integer", "minimum": 0 }),
        _ => json!({ "type": "string" }),
    }
}

/// Returns the schema of a body; `None` if there is none to send.
fn body(method: &str, path: &str) -> Option<Value> {
    let path = path.strip_prefix("/api/v1/")?;
    let strings = json!({ "type": "array", "items": { "type": "string" } });
    let matchers = json!({ "type": "array", "items": {
        "type": "object",
        "required": ["name", "pattern"],
        "properties": {
            "name": { "type": "string" }, "pattern": { "type": "string" }, "negated": { "type": "boolean" },
        },
    } });
    let text = json!({ "type": "string" });
    let time = json!({ "type": "integer", "minimum": 0 });
    let needs = |required: &[&str], properties: Value| json!({ "type": "object", "required": required, "properties": properties });
    Some(match (method, path) {
        ("POST", "alerts/{id}/acknowledge") => members(&Owner::default()),
        ("POST", "alerts/{id}/cancel") => members(&Reason::default()),
        ("POST", "alerts/{id}/notes") => needs(&["text"], json!({ "text": text })),
        ("POST", "bulk/acknowledge") => needs(&["alerts"], json!({ "alerts": strings, "owner": text })),
        ("POST", "bulk/unacknowledge") => needs(&["alerts"], json!({ "alerts": strings })),
        ("POST", "bulk/cancel") => needs(&["alerts", "why"], json!({ "alerts": strings, "why": text })),
        ("POST", "matches") => needs(&["matchers"], json!({ "matchers": matchers })),
        ("POST", "silences") => needs(
            &["matchers", "until_ns"],
            json!({ "matchers": matchers, "from_ns": time, "until_ns": time, "why": text }),
        ),
        ("PATCH", "silences/{id}") => members(&SilencePatch::default()),
        ("POST", "outbox/resend" | "outbox/drop") => members(&NoticeSelection::default()),
        ("POST", "backup") => needs(&["path"], json!({ "path": text })),
        ("POST", "tokens") => needs(
            &["name", "roles"],
            json!({ "name": text, "roles": { "type": "array", "items": { "enum": Role::ALL } }, "expires_ns": time }),
        ),
        _ => return None,
    })
}

/// Returns the schema of a body all of whose members may be absent.
fn members(of: &impl Serialize) -> Value {
    let known = serde_json::to_value(of).unwrap_or_default();
    let all = known.as_object().into_iter().flatten();
    let properties: Map<String, Value> = all.map(|(name, default)| (name.clone(), schema(name, default))).collect();
    json!({ "type": "object", "properties": properties })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::table::ROUTES;

    #[test]
    fn every_route_is_described_once() {
        let document = document(ROUTES);
        let names: BTreeSet<String> = ROUTES.iter().map(name).collect();
        assert_eq!(names.len(), ROUTES.len());
        for rule in ROUTES {
            let operation = &document["paths"][rule.path][rule.method.to_ascii_lowercase()];
            assert_eq!(operation["operationId"], name(rule));
            assert!(operation["parameters"].as_array().map(Vec::len) >= Some(segments(rule.path).count()));
        }
        let alerts = document["paths"]["/api/v1/alerts"]["get"]["parameters"].to_string();
        assert!(alerts.contains("\"name\":\"at_least\"") && alerts.contains("\"cursor\""), "{alerts}");
        assert_eq!(document["paths"]["/livez"]["get"]["security"], json!([]));
    }
}
