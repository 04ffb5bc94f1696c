//! The API of a running host as a program sees it that is not the command line: HTTP over the socket.

use std::{
    io::{Read, Write},
    os::unix::net::UnixStream,
    time::Duration,
};

use serde_json::{Value, json};

use super::{Place, ids};

impl Place {
    /// Sends a request as `curl --unix-socket` does; returns the status and the body.
    pub(super) fn http(&self, method: &str, path: &str, body: &str) -> (u16, Value) {
        let (head, body) = self.raw(method, path, "", body);
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
        (status, serde_json::from_str(&body).expect("JSON"))
    }

    /// Sends a request with headers; returns the head and the body of the answer.
    fn raw(&self, method: &str, path: &str, headers: &str, body: &str) -> (String, String) {
        let mut stream = UnixStream::connect(self.path("lifesigns.sock")).expect("a host listens");
        stream.set_read_timeout(Some(Duration::from_secs(60))).expect("a timeout");
        let length = body.len();
        let request = format!(
            "{method} /api/v1/{path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n{body}"
        );
        // An answer may come before all of a long request is sent.
        let _ = stream.write_all(request.as_bytes());
        let mut answer = Vec::new();
        // A host that does not read all of a long request resets the connection after its answer.
        let _ = stream.read_to_end(&mut answer);
        let answer = String::from_utf8(answer).expect("UTF-8");
        let (head, body) = answer.split_once("\r\n\r\n").expect("a head and a body");
        (head.to_owned(), body.to_owned())
    }

    #[track_caller]
    fn refuses(&self, status: u16, method: &str, path: &str, body: &str) -> String {
        let (seen, problem) = self.http(method, path, body);
        assert_eq!(seen, status, "{method} {path}: {problem}");
        assert_eq!(problem["status"], status, "{problem}");
        problem["detail"].as_str().expect("a sentence").to_owned()
    }
}

#[test]
fn what_a_client_has_is_not_sent_again() {
    let place = Place::new();
    let _host = place.host();
    let (head, _) = place.raw("GET", "groups", "", "");
    let tag = head.lines().find_map(|line| line.strip_prefix("etag: ")).expect("a tag");
    let (same, body) = place.raw("GET", "groups", &format!("If-None-Match: {tag}\r\n"), "");
    assert!(same.starts_with("HTTP/1.1 304 ") && same.contains(tag) && body.is_empty(), "{same}{body}");
    let (_, open) = place.http("GET", "alerts", "");
    let id = open["alerts"][0]["id"].as_str().expect("an id");
    let (head, _) = place.raw("GET", "alerts", "", "");
    let tag = head.lines().find_map(|line| line.strip_prefix("etag: ")).expect("a tag");
    place.http("POST", &format!("alerts/{id}/acknowledge"), "{}");
    let (other, _) = place.raw("GET", "alerts", &format!("If-None-Match: {tag}\r\n"), "");
    assert!(other.starts_with("HTTP/1.1 200 ") && !other.contains(tag), "{other}");
}

#[test]
fn lists_of_the_past_come_in_pages_that_miss_nothing() {
    let place = Place::new();
    let _host = place.host();
    let (_, open) = place.http("GET", "alerts?allowed=true", "");
    for id in ids_of(&open["alerts"], "id") {
        place.http("POST", &format!("alerts/{id}/cancel"), "{\"why\":\"a test\"}");
    }
    for (path, name, key) in [("history/alerts", "alerts", "id"), ("audit", "audit", "number")] {
        let (_, whole) = place.http("GET", path, "");
        let mut wanted = ids_of(&whole[name], key);
        assert!(wanted.len() > 1, "{whole}");
        let (mut seen, mut cursor) = (Vec::new(), String::new());
        loop {
            let (status, page) = place.http("GET", &format!("{path}?limit=1{cursor}"), "");
            assert_eq!(status, 200, "{page}");
            seen.extend(ids_of(&page[name], key));
            let Some(next) = page["next"].as_str() else { break };
            cursor = format!("&cursor={next}");
        }
        if name == "audit" {
            wanted.reverse();
        }
        assert_eq!(seen, wanted, "{path}");
        place.refuses(400, "GET", &format!("{path}?cursor=nonsense"), "");
    }
    let (status, outbox) = place.http("GET", "outbox?limit=1&cursor=7", "");
    assert_eq!((status, &outbox), (200, &json!({ "outbox": [] })));
    // The command line asks with limits too, and reads an answer that is cut short.
    assert_eq!(place.json(&["alerts", "history", "--limit", "1"]).as_array().map(Vec::len), Some(1));
}

/// The members of the rows of a list, as text.
fn ids_of(rows: &Value, key: &str) -> Vec<String> {
    let text = |row: &Value| row[key].as_str().map_or_else(|| row[key].to_string(), str::to_owned);
    rows.as_array().expect("a list").iter().map(text).collect()
}

#[test]
fn a_report_comes_as_it_is_asked_for() {
    let place = Place::new();
    let _host = place.host();
    let path = "groups/production/report";
    let (head, page) = place.raw("GET", path, "Accept: text/html,*/*;q=0.8\r\n", "");
    assert!(head.contains("content-type: text/html; charset=utf-8") && page.starts_with("<!"), "{head}{page:.200}");
    let (head, table) = place.raw("GET", &format!("{path}?format=csv"), "Accept: text/html\r\n", "");
    assert!(head.contains("content-type: text/csv") && table.contains("vm-1"), "{head}{table:.200}");
    let (_, json) = place.http("GET", &format!("{path}?from_ns=1"), "");
    assert!(json["report"]["period"]["opened"].is_array(), "{json}");
    place.refuses(400, "GET", &format!("{path}?format=pdf"), "");
    place.refuses(400, "GET", &format!("{path}?to_ns=1"), "");
    place.refuses(404, "GET", "groups/none/report?format=html", "");
}

#[test]
fn events_that_rules_were_given_are_found_again() {
    let place = Place::new();
    let _host = place.host();
    let (status, answer) = place.http("POST", "query", "{\"object\":\"vm-1\",\"text\":\"A KEYWORD\"}");
    assert_eq!(status, 200, "{answer}");
    let events = answer["found"]["events"].as_array().expect("a list");
    assert!(!events.is_empty(), "{answer:#}");
    for event in events {
        assert_eq!(event["object"], "vm-1");
        assert!(event["text"].as_str().is_some_and(|text| text.contains("a keyword")), "{event}");
    }
    let kept = &answer["found"]["kept"];
    let (_, status) = place.http("GET", "status", "");
    assert_eq!(&status["status"]["engine"]["kept"], kept);
    assert!(kept["bytes"].as_u64() <= kept["limit_bytes"].as_u64() && kept["since_ns"].as_u64() > Some(0), "{kept}");
    for nothing in ["{\"object\":\"vm-9\"}", "{\"until_ns\":1}", "{\"fields\":[{\"name\":\"x\",\"pattern\":\"*\"}]}"] {
        let (_, answer) = place.http("POST", "query", nothing);
        assert_eq!(answer["found"]["events"], json!([]), "{nothing}");
    }
    place.refuses(400, "POST", "query", "{\"limit\":1001}");
    place.refuses(400, "POST", "query", "{\"txt\":\"x\"}");
    let found = place.json(&["query", "a keyword", "--object", "vm-*", "--limit", "1"]);
    assert_eq!((found["events"].as_array().map(Vec::len), &found["more"]), (Some(1), &json!(true)));
}

#[test]
fn a_configuration_is_checked_and_not_applied() {
    let place = Place::new();
    let _host = place.host();
    let sound = std::fs::read_to_string(place.path("lifesigns.toml")).expect("it is there");
    let (status, answer) = place.http("POST", "config/validate", &sound);
    assert_eq!((status, &answer), (200, &json!({ "mistakes": [] })));
    let wrong = format!("{sound}\n[[group]]\nname = \"third\"\n[[policy]]\nname = \"strict\"\nallow = 7\n");
    let (_, answer) = place.http("POST", "config/validate", &wrong);
    let mistakes = answer["mistakes"].as_array().expect("a list");
    let lines = sound.lines().count() as u64;
    assert!(mistakes.len() >= 2 && mistakes.iter().all(|one| one["line"].as_u64() > Some(lines)), "{answer:#}");
    assert!(mistakes.iter().all(|one| one["column"].as_u64() > Some(0) && one["message"] != ""), "{answer:#}");
    let (_, groups) = place.http("GET", "groups", "");
    assert_eq!(groups["groups"].as_array().map(Vec::len), Some(2), "nothing is applied: {groups}");
}

#[test]
fn programs_ask_and_act_over_http() {
    let place = Place::new();
    let host = place.host();
    let (status, answer) = place.http("GET", "status", "");
    assert_eq!((status, &answer["status"]["pid"]), (200, &Value::from(host.0.id())));
    let (_, open) = place.http("GET", "alerts?at_least=critical", "");
    assert_eq!(ids(&open["alerts"]), ["vm-1"]);
    let id = open["alerts"][0]["id"].as_str().expect("an id");
    let (status, done) = place.http("POST", &format!("alerts/{id}/acknowledge"), "{\"owner\":\"alice\"}");
    assert_eq!((status, &done["done"]), (200, &json!(format!("alert {id} is acknowledged"))));
    assert_eq!(place.json(&["alerts", "show", id])["owner"], "alice");
    place.http("POST", &format!("alerts/{id}/unacknowledge"), "");
    let why = place.refuses(409, "POST", &format!("alerts/{id}/unacknowledge"), "");
    assert!(why.contains("is not acknowledged"), "{why}");

    let silence = json!({
        "matchers": [{ "name": "object", "pattern": "vm-*" }], "until_ns": 4_000_000_000_000_000_000u64, "why": "a test",
    });
    let (status, made) = place.http("POST", "silences", &silence.to_string());
    assert_eq!(status, 201, "{made}");
    let path = format!("silences/{}", made["silence"]["silence"]["id"].as_str().expect("an id"));
    let (status, changed) = place.http("PATCH", &path, "{\"why\":\"a longer test\"}");
    assert_eq!((status, &changed["silence"]["silence"]["why"]), (200, &json!("a longer test")));
    assert_eq!(place.http("DELETE", &path, "").0, 200);

    place.refuses(404, "GET", "alerts/ffff", "");
    place.refuses(404, "GET", "objects/nothing", "");
    place.refuses(404, "GET", "nothing", "");
    place.refuses(400, "GET", "alerts?grup=production", "");
    place.refuses(400, "POST", "silences", "{\"matchers\":[],\"until_ns\":1}");
    place.refuses(405, "DELETE", "alerts", "");
    place.refuses(413, "POST", &format!("alerts/{id}/notes"), &"x".repeat(70_000));
    place.refuses(409, "POST", "backup", &json!({ "path": place.path("lifesigns.toml") }).to_string());
    host.stop();
}
