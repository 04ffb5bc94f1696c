//! The API described as OpenAPI 3.1, made from the table of routes and from the types of parameters and bodies.

use lifesigns_api::{Role, RouteRule};
use serde_json::{Map, Value, json};

use crate::{
    described_errors::{self, ErrorForm},
    described_paths,
    paths::{BASE, SUITE_BASE},
    schemas::Schemas,
};

/// The paths of gRPC, which this document has no words for.
const GRPC: &str = "/opentelemetry.proto.";
/// What the document says of all routes.
const ABOUT: &str = "The API of a lifesigns host; docs/api.md says more. An answer is a JSON object with one member, \
    named after what it holds; members that a client does not know are to be ignored. Times are nanoseconds since 1970 \
    where a name ends with `_ns`. An answer of up to 64 KiB has an `ETag`; sent back as `If-None-Match`, it is answered \
    with 304 while nothing has changed. Errors are `application/problem+json` unless a protocol has its own form. Every \
    answer has the header `X-Request-Id`, which the host's log has too.";

/// Returns the description of these routes.
pub(crate) fn document(rules: &[RouteRule]) -> Value {
    let mut paths: Map<String, Value> = Map::new();
    let mut schemas = Schemas::new();
    for rule in rules.iter().filter(|rule| !rule.path.starts_with(GRPC)) {
        // A parameter is one segment here, whatever the router allows.
        let path = rule.path.replace("{*", "{");
        let item = paths.entry(path).or_insert_with(|| json!({}));
        item[rule.method.to_ascii_lowercase()] = operation(rule, &mut schemas);
    }
    let responses = described_errors::responses(&schemas.problem());
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "lifesigns",
            "version": env!("CARGO_PKG_VERSION"),
            "description": ABOUT,
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
        },
        "servers": [{ "url": "/" }],
        "paths": paths,
        "components": {
            "securitySchemes": {
                "token": { "type": "http", "scheme": "bearer", "description": "A token of `lifesigns token add`." },
                "password": {
                    "type": "http", "scheme": "basic",
                    "description": "The same token as the password, with any user name.",
                },
            },
            "parameters": { "IfNoneMatch": {
                "name": "If-None-Match", "in": "header", "required": false, "schema": { "type": "string" },
                "description": "The `ETag` of an answer that the client has.",
            } },
            "schemas": schemas.definitions(),
            "responses": responses,
        },
        "security": [{ "token": [] }, { "password": [] }],
    })
}

fn operation(rule: &RouteRule, schemas: &mut Schemas) -> Value {
    let needs = rule.needs.map_or("nothing", Role::as_str);
    let mut parameters: Vec<Value> = described_paths::parameters(rule.path).collect();
    parameters.extend(schemas.parameters(rule.method, rule.path));
    parameters.extend(wire_parameters(rule));
    let body = request_body(rule, schemas);
    let has_tag = has_etag(rule);
    if has_tag {
        parameters.push(json!({ "$ref": "#/components/parameters/IfNoneMatch" }));
    }
    let mut responses = successes(rule, schemas);
    if has_tag {
        responses["304"] = json!({ "description": "The client has this answer already." });
    }
    for (status, response) in described_errors::of(rule, form(rule), !parameters.is_empty(), body.is_some()) {
        responses[status] = response;
    }
    let mut described = json!({
        "operationId": name(rule),
        "tags": [tag(rule)],
        "summary": rule.summary,
        "description": format!("Needs the role {needs}."),
        "x-role": needs,
        "parameters": parameters,
        "responses": responses,
    });
    if let Some(body) = body {
        described["requestBody"] = body;
    }
    if rule.needs.is_none() {
        described["security"] = json!([]);
    }
    described
}

/// Returns whether answers of a route have an `ETag`: those of the API's own questions. Agents are listed by a router that is
/// mounted.
fn has_etag(rule: &RouteRule) -> bool {
    let is_own = rule.path.starts_with(BASE) && rule.wire.is_none();
    rule.method == "GET" && is_own && !matches!(rule.path, "/api/v1/stream" | "/api/v1/agents")
}

fn form(rule: &RouteRule) -> ErrorForm {
    match rule.wire.map(|wire| wire.errors) {
        Some(media_types) if !media_types.is_empty() => ErrorForm::Protocol(media_types),
        _ if rule.path.starts_with(SUITE_BASE) => ErrorForm::VmWare,
        _ => ErrorForm::Problem,
    }
}

/// Returns the name under which routes are listed together.
fn tag(rule: &RouteRule) -> &'static str {
    if let Some(wire) = rule.wire {
        return wire.protocol;
    }
    let own = rule.path.strip_prefix(BASE).map(|path| path.trim_start_matches('/'));
    match own.and_then(|path| path.split('/').next()) {
        None if rule.path.starts_with(SUITE_BASE) => "suite-api",
        None => "probes",
        Some("alerts" | "bulk" | "pending" | "matches" | "history") => "alerts",
        Some("silences") => "silences",
        Some("objects") => "objects",
        Some("groups" | "badges") => "groups",
        Some("policies" | "definitions" | "findings" | "config" | "reload") => "configuration",
        Some("rules" | "symptoms" | "explain") => "rules",
        Some("agents") => "agents",
        Some("audit" | "outbox" | "backup") => "record",
        Some("tokens") => "tokens",
        _ => "host",
    }
}

fn wire_parameters(rule: &RouteRule) -> Vec<Value> {
    let all = rule.wire.map(|wire| wire.parameters).unwrap_or_default();
    let describe = |parameter: &lifesigns_api::WireParameter| {
        json!({
            "name": parameter.name, "in": parameter.place, "required": false, "description": parameter.description,
            "schema": { "type": "string" },
        })
    };
    all.iter().map(describe).collect()
}

fn request_body(rule: &RouteRule, schemas: &mut Schemas) -> Option<Value> {
    if rule.path == "/api/v1/config/validate" {
        let text = json!({ "text/plain": { "schema": { "type": "string", "description": "A `lifesigns.toml`." } } });
        return Some(json!({ "required": true, "content": text }));
    }
    if let Some(schema) = schemas.body(rule.method, rule.path) {
        return Some(json!({ "required": true, "content": { "application/json": { "schema": schema } } }));
    }
    let takes = rule.wire.map(|wire| wire.takes).filter(|takes| !takes.is_empty())?;
    let mut content = Map::new();
    for body in takes {
        let schema: Value = serde_json::from_str(body.schema).unwrap_or_else(|_| json!({}));
        content.insert(body.media_type.to_owned(), json!({ "schema": schema }));
    }
    Some(json!({ "required": true, "content": content }))
}

fn successes(rule: &RouteRule, schemas: &mut Schemas) -> Value {
    let mut responses = json!({});
    if let Some(schema) = schemas.answer(rule.method, rule.path) {
        responses[success(rule)] = found(&[("application/json", schema)]);
        if rule.path == "/api/v1/groups/{name}/report" {
            for media_type in ["text/html", "text/csv"] {
                responses["200"]["content"][media_type] = json!({ "schema": { "type": "string" } });
            }
        }
        if matches!(rule.path, "/livez" | "/readyz") {
            responses["503"] = json!({ "description": "It does not.", "content": responses["200"]["content"] });
        }
        return responses;
    }
    if let Some(wire) = rule.wire {
        for answer in wire.answers {
            let response = &mut responses[answer.status.to_string()];
            if response.is_null() {
                *response = found(&[]);
            }
            if !answer.media_type.is_empty() {
                response["content"][answer.media_type] = json!({ "schema": described_errors::any(answer.media_type) });
            }
        }
        return responses;
    }
    let (media_type, schema) = match rule.path {
        "/metrics" => ("text/plain", json!({ "type": "string" })),
        "/badge/{file}" => ("image/svg+xml", json!({ "type": "string" })),
        "/api/v1/stream" => ("text/event-stream", json!({ "type": "string" })),
        "/suite-api/api/auth/token/release" => {
            responses["200"] = found(&[]);
            return responses;
        }
        _ => ("application/json", json!({ "type": "object" })),
    };
    responses[success(rule)] = found(&[(media_type, schema)]);
    responses
}

/// Describes an answer when all is well.
fn found(content: &[(&str, Value)]) -> Value {
    let mut described = json!({ "description": "It is done, or found." });
    for (media_type, schema) in content {
        described["content"][*media_type] = json!({ "schema": schema });
    }
    described
}

fn success(rule: &RouteRule) -> &'static str {
    let makes = rule.method == "POST" && matches!(rule.path, "/api/v1/silences" | "/api/v1/tokens");
    if makes { "201" } else { "200" }
}

/// Returns a name that no other operation has: `get_alerts_id_route`.
fn name(rule: &RouteRule) -> String {
    let words = rule.path.split(['/', '{', '}', '*', '.']).filter(|word| !matches!(*word, "" | "api" | "v1"));
    words.fold(rule.method.to_ascii_lowercase(), |name, word| format!("{name}_{}", word.replace(['-', ' '], "_")))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::{suite_api::SUITE_API_ROUTES, table::ROUTES};

    fn all() -> Vec<RouteRule> {
        ROUTES.iter().chain(SUITE_API_ROUTES).copied().collect()
    }

    #[test]
    fn every_route_is_described_once() {
        let document = document(&all());
        let names: BTreeSet<String> = all().iter().map(name).collect();
        assert_eq!(names.len(), all().len());
        for rule in &all() {
            let operation = &document["paths"][rule.path][rule.method.to_ascii_lowercase()];
            assert_eq!(operation["operationId"], name(rule));
            let parameters = operation["parameters"].as_array().expect("a list");
            assert!(parameters.len() >= described_paths::parameters(rule.path).count());
            for parameter in parameters.iter().filter(|parameter| parameter.get("$ref").is_none()) {
                assert!(parameter["description"].is_string(), "{} {}: {parameter}", rule.method, rule.path);
            }
            assert!(operation["responses"]["503"].is_object(), "{operation}");
            assert_eq!(
                operation["responses"]["401"].is_object(),
                rule.needs.is_some() || rule.path.ends_with("acquire")
            );
        }
        let alerts = document["paths"]["/api/v1/alerts"]["get"]["parameters"].to_string();
        assert!(alerts.contains("\"name\":\"at_least\"") && alerts.contains("\"cursor\""), "{alerts}");
        assert!(alerts.contains("\"immediate\""), "values of a list: {alerts}");
        assert!(alerts.contains("18446744073709551615"), "bounds: {alerts}");
        assert_eq!(document["paths"]["/livez"]["get"]["security"], json!([]));
    }

    #[test]
    fn what_is_mounted_has_no_tags() {
        let agents = RouteRule::new("GET", "/api/v1/agents", Role::Viewer, "agents that have reported, by name");
        let document = document(&[&all()[..], &[agents]].concat());
        let responses = |path: &str| document["paths"][path]["get"]["responses"].clone();
        assert!(responses("/api/v1/alerts")["304"].is_object());
        assert!(responses("/api/v1/agents")["200"].is_object() && responses("/api/v1/agents")["304"].is_null());
    }

    #[test]
    fn every_answer_and_body_has_the_schema_of_a_type() {
        let document = document(ROUTES);
        for rule in ROUTES {
            let operation = &document["paths"][rule.path][rule.method.to_ascii_lowercase()];
            let answer = &operation["responses"][success(rule)]["content"]["application/json"]["schema"];
            let is_open = rule.path == "/api/v1/openapi.json" || answer.is_null();
            assert!(is_open || answer != &json!({ "type": "object" }), "{} {}", rule.method, rule.path);
        }
        assert!(references(&document).iter().all(|target| document.pointer(&target[1..]).is_some()));
    }

    /// Returns what is referred to anywhere in a document.
    fn references(value: &Value) -> Vec<String> {
        match value {
            Value::Object(members) => {
                let own = members.get("$ref").and_then(Value::as_str).map(str::to_owned);
                own.into_iter().chain(members.values().flat_map(references)).collect()
            }
            Value::Array(items) => items.iter().flat_map(references).collect(),
            _ => Vec::new(),
        }
    }
}
