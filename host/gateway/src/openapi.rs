//! The API described as OpenAPI 3.1, made from the table of routes and from the types of parameters and bodies.

use lifesigns_api::{Role, RouteRule};
use serde_json::{Map, Value, json};

use crate::schemas::Schemas;

/// Returns the description of these routes.
pub(crate) fn document(rules: &[RouteRule]) -> Value {
    let mut paths: Map<String, Value> = Map::new();
    let mut schemas = Schemas::new();
    for rule in rules {
        // A parameter is one segment here, whatever the router allows.
        let path = rule.path.replace("{*", "{");
        let item = paths.entry(path).or_insert_with(|| json!({}));
        item[rule.method.to_ascii_lowercase()] = operation(rule, &mut schemas);
    }
    let problem = schemas.problem();
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
            "schemas": schemas.definitions(),
            "responses": { "Problem": {
                "description": "What is wrong.",
                "content": { "application/problem+json": { "schema": problem } },
            } },
        },
        "security": [{ "token": [] }],
    })
}

fn operation(rule: &RouteRule, schemas: &mut Schemas) -> Value {
    let needs = rule.needs.map_or("nothing", Role::as_str);
    let mut parameters: Vec<Value> = segments(rule.path).map(in_path).collect();
    parameters.extend(schemas.parameters(rule.method, rule.path));
    let (media_type, schema) = answer(rule, schemas);
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
    if let Some(schema) = schemas.body(rule.method, rule.path) {
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

/// Returns the media type and the schema of an answer. Routes that are mounted answer objects of their protocols.
fn answer(rule: &RouteRule, schemas: &mut Schemas) -> (&'static str, Value) {
    match rule.path {
        "/metrics" => ("text/plain", json!({ "type": "string" })),
        "/badge/{file}" => ("image/svg+xml", json!({ "type": "string" })),
        "/api/v1/stream" => ("text/event-stream", json!({ "type": "string" })),
        path => {
            let schema = schemas.answer(rule.method, path);
            ("application/json", schema.unwrap_or_else(|| json!({ "type": "object" })))
        }
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
        assert!(alerts.contains("\"immediate\""), "values of a list: {alerts}");
        assert_eq!(document["paths"]["/livez"]["get"]["security"], json!([]));
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
