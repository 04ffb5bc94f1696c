//! VMware's scripts against a host: the requests that public clients send, and what they read of the answers.
#![allow(clippy::unwrap_used)]

use std::{
    fs,
    io::{Read, Write},
    net::{Shutdown, TcpStream},
    path::Path,
    process::Command,
};

use lifesigns_artifacts as artifacts;
use lifesigns_e2e::{
    binary::lifesigns,
    host::{PATIENCE, Running},
};
use serde_json::{Value, json};

const CONFIG: &str = r#"
rules = "rules"
inventory = "inventory.toml"

[server]
listen = "127.0.0.1:0"
suite-api = true

[output]
file = "out.ndjson"

[[source]]
http = ["events"]

[[group]]
name = "production"
title = "All of production"
objects = ["vm-*"]

[[alert]]
name = "two-words"
title = "Two words"
kinds = ["vm"]
wait = "7m"
criticality = "critical"
recommendations = ["Say less"]
all = [{ symptom = "word/*" }, { fact = 'properties.env == "production"' }]
"#;
const INVENTORY: &str = r#"
[[object]]
id = "vm-1"
kind = "vm"
properties = { env = "lab" }

[[object]]
id = "esx-1"
kind = "host"
"#;

struct SuiteHost {
    host: Running,
    port: u16,
    token: String,
}

fn token(folder: &Path, name: &str, role: &str) -> String {
    let mut command = Command::new(lifesigns());
    command.args(["token", "add", name, "--role", role, "--config"]).arg(folder.join("lifesigns.toml"));
    let output = command.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

impl SuiteHost {
    fn start(config: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let rules = folder.path().join("rules");
        fs::create_dir_all(rules.join("modules")).unwrap();
        fs::copy(artifacts::rule("keyword"), rules.join("modules/keyword.wasm")).unwrap();
        for (name, word) in [("word", "a keyword"), ("other", "another")] {
            let rule = format!(
                "module = \"modules/keyword.wasm\"\n[settings]\ncontains = [\"{word}\"]\ntitle = \"A {name}\"\n"
            );
            fs::write(rules.join(format!("{name}.toml")), rule).unwrap();
        }
        fs::write(folder.path().join("inventory.toml"), INVENTORY).unwrap();
        fs::write(folder.path().join("lifesigns.toml"), config).unwrap();
        let token = token(folder.path(), "scripts", "admin");
        let host = Running::start(folder);
        host.until("it answers", |status| status["rules"].as_array().is_some_and(|rules| rules.len() == 2));
        let port = host.port();
        Self { host, port, token }
    }

    /// What the host answers: the status and the body.
    fn ask(&self, method: &str, path: &str, authorization: &str, body: &str) -> (u16, Value) {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut head =
            format!("{method} {path} HTTP/1.1\r\nHost: h\r\nConnection: close\r\nAccept: application/json\r\n");
        head.push_str(&format!("Content-Type: application/json\r\nContent-Length: {}\r\n", body.len()));
        if !authorization.is_empty() {
            head.push_str(&format!("Authorization: {authorization}\r\n"));
        }
        stream.write_all(format!("{head}\r\n{body}").as_bytes()).unwrap();
        let _ = stream.shutdown(Shutdown::Write);
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        let answer = String::from_utf8(answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let body =
            if head.to_lowercase().contains("transfer-encoding: chunked") { unchunked(body) } else { body.to_owned() };
        (head[9..12].parse().unwrap(), serde_json::from_str(&body).unwrap_or(Value::Null))
    }

    #[track_caller]
    fn get(&self, path: &str) -> Value {
        let (status, body) = self.ask("GET", path, &format!("vRealizeOpsToken {}", self.token), "");
        assert_eq!(status, 200, "{path}: {body}");
        body
    }

    #[track_caller]
    fn post(&self, path: &str, body: &Value) -> Value {
        let (status, answer) = self.ask("POST", path, &format!("OpsToken {}", self.token), &body.to_string());
        assert_eq!(status, 200, "{path}: {answer}");
        answer
    }
}

fn unchunked(mut body: &str) -> String {
    let mut whole = String::new();
    while let Some((length, rest)) = body.split_once("\r\n") {
        let length = usize::from_str_radix(length, 16).unwrap();
        if length == 0 {
            break;
        }
        whole.push_str(&rest[..length]);
        body = &rest[length + 2..];
    }
    whole
}

#[test]
fn scripts_log_in_and_read_resources_groups_definitions_and_alerts() {
    let suite = SuiteHost::start(CONFIG);
    let events = [("vm-1", "a keyword and another"), ("vm-2", "another")].map(|(object, message)| {
        json!({ "object": object, "message": message, "time": "2026-11-23T22:00:00Z" }).to_string()
    });
    let (status, taken) = suite.ask("POST", "/api/v1/events", &format!("Bearer {}", suite.token), &events.join("\n"));
    assert_eq!((status, &taken["accepted"]), (200, &json!(2)), "{taken}");
    suite.host.until("alerts", |status| status["alerts"]["warning"] == 2);

    logs_in(&suite);
    let id = reads_resources(&suite);
    let definitions = reads_definitions(&suite);
    reads_alerts(&suite, &id, &definitions);
    suite.post("/suite-api/api/auth/token/release", &json!({}));
}

/// A token, as `curl` and PowerShell ask for it.
fn logs_in(suite: &SuiteHost) {
    let login = |name: &str, password: &str| {
        let body = json!({ "username": name, "password": password, "authSource": "local" }).to_string();
        suite.ask("POST", "/suite-api/api/auth/token/acquire", "", &body)
    };
    let (status, answer) = login("scripts", &suite.token);
    assert_eq!((status, answer["token"].as_str()), (200, Some(&*suite.token)));
    assert!(answer["validity"].as_u64() > Some(1_700_000_000_000), "{answer}");
    for (name, password) in [("scripts", "wrong"), ("other", &*suite.token), ("", "")] {
        let (status, answer) = login(name, password);
        assert_eq!((status, &answer["httpStatusCode"]), (401, &json!(401)), "{answer}");
    }
}

/// Resources by name and kind, then one with its properties; groups and their members. Returns the id of the first.
fn reads_resources(suite: &SuiteHost) -> String {
    let found = suite.get("/suite-api/api/resources?adapterKind=VMWARE&resourceKind=VirtualMachine&name=VM-1");
    assert_eq!(found["pageInfo"], json!({ "totalCount": 1, "page": 0, "pageSize": 1000 }));
    let resource = &found["resourceList"][0];
    assert_eq!(resource["resourceKey"]["name"], "vm-1");
    assert_eq!(resource["resourceHealth"], "YELLOW");
    let id = resource["identifier"].as_str().unwrap();
    assert_eq!(
        suite.get(&format!("/suite-api/api/resources/{id}"))["resourceKey"]["resourceKindKey"],
        "VirtualMachine"
    );
    let properties = suite.get(&format!("/suite-api/api/resources/{id}/properties"));
    assert_eq!(properties["property"], json!([{ "name": "env", "value": "lab" }]));
    let hosts = suite.post("/suite-api/api/resources/query?pageSize=1", &json!({ "resourceKind": ["HostSystem"] }));
    assert_eq!(hosts["resourceList"][0]["resourceKey"]["name"], "esx-1");
    let second = suite.get("/suite-api/api/resources?page=1&pageSize=2&_no_links=true");
    assert_eq!((second["resourceList"].as_array().unwrap().len(), &second["pageInfo"]["totalCount"]), (1, &json!(3)));
    follows_links(suite);

    let groups = suite.get("/suite-api/api/resources/groups?pageSize=5000");
    assert_eq!(groups["groups"][0]["resourceKey"]["name"], "production");
    let group = groups["groups"][0]["id"].as_str().unwrap();
    let members = suite.get(&format!("/suite-api/api/resources/groups/{group}/members"));
    assert_eq!(members["resourceList"].as_array().unwrap().len(), 2, "{members}");
    id.to_owned()
}

/// The next page of a filtered list is filtered too; a query by a body is asked again with the same one.
fn follows_links(suite: &SuiteHost) {
    let next = |page: &Value| {
        let links = page["links"].as_array().unwrap();
        links.iter().find(|link| link["name"] == "next").map(|link| link["href"].as_str().unwrap().to_owned())
    };
    let names = |page: &Value| page["resourceList"][0]["resourceKey"]["name"].as_str().unwrap().to_owned();
    let first = suite.get("/suite-api/api/resources?name=vm-&pageSize=1");
    let second = suite.get(&next(&first).unwrap());
    assert_eq!(second["pageInfo"], json!({ "totalCount": 2, "page": 1, "pageSize": 1 }));
    assert_eq!((names(&first), names(&second), next(&second)), ("vm-1".to_owned(), "vm-2".to_owned(), None));
    let body = json!({ "name": ["VM-"] });
    let first = suite.post("/suite-api/api/resources/query?pageSize=1", &body);
    let second = suite.post(&next(&first).unwrap(), &body);
    assert_eq!((names(&second), next(&second)), ("vm-2".to_owned(), None));
    assert_eq!(second["resourceList"][0]["resourceStatusStates"], json!([]));
}

/// Every page of symptoms by id, then of definitions, as exports do. Returns the definitions.
fn reads_definitions(suite: &SuiteHost) -> Vec<Value> {
    let symptoms = suite.get("/suite-api/api/symptomdefinitions?page=0&pageSize=500");
    assert_eq!(symptoms["symptomDefinitions"].as_array().unwrap().len(), 2);
    let definitions = suite.get("/suite-api/api/alertdefinitions?page=0&pageSize=500");
    let all = definitions["alertDefinitions"].as_array().unwrap();
    assert_eq!(all.len(), 2, "{definitions}");
    let two = &all[0];
    assert_eq!(
        (&two["name"], &two["waitCycles"], &two["resourceKindKey"]),
        (&json!("Two words"), &json!(2), &json!("VirtualMachine"))
    );
    assert_eq!(two["states"][0]["severity"], "CRITICAL");
    let of = &two["states"][0]["base-symptom-set"]["symptomDefinitionIds"];
    let word = symptoms["symptomDefinitions"].as_array().unwrap().iter().find(|one| one["id"] == of[0]).unwrap();
    assert!(word["description"].as_str().unwrap().starts_with("word/"), "{word}");
    let one = suite.get(&format!("/suite-api/api/alertdefinitions/{}", all[1]["id"].as_str().unwrap()));
    assert!(one["description"].as_str().unwrap().starts_with("other/"), "{one}");
    all.clone()
}

/// Alerts by a filter, of a resource, and one.
fn reads_alerts(suite: &SuiteHost, id: &str, all: &[Value]) {
    let query = json!({ "activeOnly": true, "alertCriticality": ["WARNING", "CRITICAL"], "resource-query": { "name": ["vm-1"] } });
    let alerts = suite.post("/suite-api/api/alerts/query", &query);
    let alert = &alerts["alerts"][0];
    assert_eq!(alerts["pageInfo"]["totalCount"], 1, "{alerts}");
    assert_eq!(
        (&alert["resourceId"], &alert["status"], &alert["controlState"]),
        (&json!(id), &json!("ACTIVE"), &json!("OPEN"))
    );
    assert_eq!((&alert["alertDefinitionId"], &alert["startTimeUTC"]), (&all[1]["id"], &json!(1_795_471_200_000_u64)));
    assert_eq!(alert["alertDefinitionName"], all[1]["name"]);
    let same = suite.get(&format!("/suite-api/api/alerts?resourceId={id}&activeOnly=true"));
    assert_eq!(same["alerts"][0], *alert);
    let path = format!("/suite-api/api/alerts/{}", alert["alertId"].as_str().unwrap());
    let listed: Value =
        serde_json::from_str(&suite.host.ask(&["alerts", "--object", "vm-1", "--output", "json"])).unwrap();
    suite.host.ask(&["alerts", "ack", listed[0]["id"].as_str().unwrap()]);
    assert_eq!(suite.get(&path)["controlState"], "ASSIGNED");
    let none = suite.post("/suite-api/api/alerts/query", &json!({ "alertCriticality": ["IMMEDIATE"] }));
    assert_eq!((&none["alerts"], &none["pageInfo"]["totalCount"]), (&json!([]), &json!(0)));
}

#[test]
fn the_subset_is_off_unless_it_is_asked_for_and_says_what_it_does_not_have() {
    let suite = SuiteHost::start(CONFIG);
    let bearer = format!("vRealizeOpsToken {}", suite.token);
    for (method, path, body, wanted) in [
        ("GET", "/suite-api/api/resources?regex=x", "", "there is no parameter \"regex\""),
        ("GET", "/suite-api/api/resources?pageSize=0", "", "`pageSize` is 0"),
        ("POST", "/suite-api/api/alerts/query", "{\"alertTypes\":[]}", "unknown field `alertTypes`"),
        ("POST", "/suite-api/api/alerts/query", "{\"alertCriticality\":[\"bad\"]}", "unknown variant `bad`"),
    ] {
        let (status, said) = suite.ask(method, path, &bearer, body);
        assert!(status == 400 && said["message"].as_str().unwrap().contains(wanted), "{path}: {status} {said}");
    }
    let (status, said) = suite.ask("GET", "/suite-api/api/resources/8f14e45f-ceea-467a-a8ba-1a0d6f4a0b11", &bearer, "");
    assert!(status == 404 && said["message"].as_str().unwrap().contains("no resource"), "{status} {said}");
    let (status, said) = suite.ask("GET", "/suite-api/api/adapters", &bearer, "");
    assert_eq!((status, &said["httpStatusCode"]), (404, &json!(404)), "{said}");
    assert!(said["message"].as_str().unwrap().contains("/suite-api/api/adapters"), "{said}");
    let many = json!({ "resourceId": vec!["x"; 1001] }).to_string();
    let (status, said) = suite.ask("POST", "/suite-api/api/resources/query", &bearer, &many);
    assert!(status == 400 && said["message"].as_str().unwrap().contains("at most 1000"), "{status} {said}");
    assert_eq!(suite.ask("GET", "/suite-api/api/resources", "", "").0, 401);
    let ingest = token(suite.host.path("").as_path(), "shippers", "ingest");
    assert_eq!(suite.ask("GET", "/suite-api/api/resources", &format!("OpsToken {ingest}"), "").0, 403);

    let plain = SuiteHost::start(&CONFIG.replace("suite-api = true", ""));
    let bearer = format!("Bearer {}", plain.token);
    let (status, said) = plain.ask("GET", "/suite-api/api/resources", &bearer, "");
    assert_eq!((status, &said["httpStatusCode"]), (404, &Value::Null), "{said}");
}
