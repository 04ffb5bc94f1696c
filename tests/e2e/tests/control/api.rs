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
    fn http(&self, method: &str, path: &str, body: &str) -> (u16, Value) {
        let mut stream = UnixStream::connect(self.path("lifesigns.sock")).expect("a host listens");
        stream.set_read_timeout(Some(Duration::from_secs(60))).expect("a timeout");
        let length = body.len();
        let request = format!(
            "{method} /api/v1/{path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}"
        );
        // An answer may come before all of a long request is sent.
        let _ = stream.write_all(request.as_bytes());
        let mut answer = Vec::new();
        // A host that does not read all of a long request resets the connection after its answer.
        let _ = stream.read_to_end(&mut answer);
        let answer = String::from_utf8(answer).expect("UTF-8");
        let (head, body) = answer.split_once("\r\n\r\n").expect("a head and a body");
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
        (status, serde_json::from_str(body).expect("JSON"))
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
