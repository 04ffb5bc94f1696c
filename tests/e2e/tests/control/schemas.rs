//! What a running host answers is what its OpenAPI document says.

use serde_json::{Value, json};

use super::{Place, json_schema};

/// Makes a member that no schema names a mistake: an answer is described wholly.
fn close(schema: &mut Value) {
    match schema {
        Value::Object(members) => {
            if members.get("properties").is_some_and(Value::is_object) && members.get("type") == Some(&json!("object"))
            {
                members.entry("additionalProperties").or_insert(json!(false));
            }
            members.values_mut().for_each(close);
        }
        Value::Array(items) => items.iter_mut().for_each(close),
        _ => {}
    }
}

/// What of an answer its schema does not allow. The document is the root, so that references lead into it.
fn errors(document: &Value, route: (&str, &str), status: u16, answer: &Value) -> Vec<String> {
    let (method, path) = route;
    let operation = &document["paths"][path][method.to_ascii_lowercase()];
    let schema = match status {
        200 | 201 => &operation["responses"][status.to_string()]["content"]["application/json"]["schema"],
        _ => &document["components"]["responses"]["Problem"]["content"]["application/problem+json"]["schema"],
    };
    assert!(schema.is_object(), "{method} {path} has no schema for {status}: {operation}");
    let mut root = document.clone();
    root["schema"] = schema.clone();
    close(&mut root["schema"]);
    json_schema::errors_at(&root, &root["schema"], answer)
}

#[test]
fn answers_of_a_host_satisfy_the_schemas_that_it_serves() {
    let place = Place::new();
    let _host = place.host();
    let (_, mut document) = place.http("GET", "openapi.json", "");
    close(&mut document["components"]["schemas"]);
    let (_, open) = place.http("GET", "alerts", "");
    let id = open["alerts"][0]["id"].as_str().expect("an id").to_owned();
    let definition = open["alerts"][0]["definition"].as_str().expect("a name").replace('/', "%2F");
    let silence = json!({
        "matchers": [{ "name": "object", "pattern": "vm-*" }], "until_ns": 4_000_000_000_000_000_000u64, "why": "a test",
    });
    let ask = |method: &str, route: &str, path: &str, body: &str, wanted: u16| {
        let (status, answer) = place.http(method, path, body);
        assert_eq!(status, wanted, "{method} {path}: {answer}");
        let wrong = errors(&document, (method, &format!("/api/v1/{route}")), status, &answer);
        assert_eq!(wrong, Vec::<String>::new(), "{method} {path}: {answer:#}");
        answer
    };
    let made = ask("POST", "silences", "silences", &silence.to_string(), 201);
    let silence = made["silence"]["silence"]["id"].as_str().expect("an id");
    for (route, path) in [
        ("status", "status".to_owned()),
        ("alerts", "alerts?limit=1".to_owned()),
        ("alerts", "alerts?cancelled=true&allowed=true".to_owned()),
        ("alerts/{id}", format!("alerts/{id}")),
        ("alerts/{id}/route", format!("alerts/{id}/route")),
        ("pending", "pending".to_owned()),
        ("matches", "matches?object=vm-*".to_owned()),
        ("silences", "silences".to_owned()),
        ("silences/{id}", format!("silences/{silence}")),
        ("objects", "objects?limit=1".to_owned()),
        ("objects/{id}", "objects/vm-1".to_owned()),
        ("objects/{id}/badges", "objects/vm-1/badges".to_owned()),
        ("groups", "groups".to_owned()),
        ("groups/{name}", "groups/production".to_owned()),
        ("groups/{name}/badges", "groups/production/badges".to_owned()),
        ("groups/{name}/report", "groups/production/report".to_owned()),
        ("badges", "badges?limit=1".to_owned()),
        ("definitions", "definitions".to_owned()),
        ("symptoms", "symptoms".to_owned()),
        ("policies", "policies".to_owned()),
        ("policies/why", format!("policies/why?object=vm-1&alert={definition}")),
        ("rules/{name}/history", "rules/word/history".to_owned()),
        ("rules/{name}/tap", "rules/word/tap".to_owned()),
        ("findings", "findings".to_owned()),
        ("history/alerts", "history/alerts".to_owned()),
        ("audit", "audit?limit=3".to_owned()),
        ("audit/verify", "audit/verify".to_owned()),
        ("outbox", "outbox".to_owned()),
        ("agents", "agents".to_owned()),
        ("tokens", "tokens".to_owned()),
    ] {
        ask("GET", route, &path, "", 200);
    }
    ask("POST", "alerts/{id}/acknowledge", &format!("alerts/{id}/acknowledge"), "{}", 200);
    ask("POST", "matches", "matches", "{\"matchers\":[{\"name\":\"object\",\"pattern\":\"vm-*\"}]}", 200);
    ask("POST", "tokens", "tokens", "{\"name\":\"a\",\"roles\":[\"viewer\"]}", 201);
    ask("POST", "query", "query", "{\"limit\":2}", 200);
    ask("POST", "config/validate", "config/validate", "[[group]]", 200);
    ask("POST", "reload", "reload", "", 200);
    ask("DELETE", "silences/{id}", &format!("silences/{silence}"), "", 200);
    ask("GET", "alerts/{id}", "alerts/ffff", "", 404);
    ask("DELETE", "agents/{name}/credentials", "agents/web-9/credentials", "", 404);
    ask("GET", "alerts", "alerts?grup=x", "", 400);
    // The check can say no.
    let (_, mut answer) = place.http("GET", "groups", "");
    answer["groups"][0]["members"] = json!("many");
    assert!(!errors(&document, ("GET", "/api/v1/groups"), 200, &answer).is_empty());
}
