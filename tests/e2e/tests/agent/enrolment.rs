//! A token enrols one agent, whatever crashes on the way; its credentials are for its name alone, and can be revoked. What
//! is known of agents outlasts the host.

use std::{
    fs,
    io::{Read as _, Write as _},
    net::TcpStream,
    os::unix::fs::PermissionsExt as _,
};

use serde_json::Value;

use super::{Fleet, GROUPS, INI};

/// Answers of a host to a bearer of a token.
fn post(fleet: &Fleet, token: &str, path: &str, body: &str) -> String {
    let mut stream = TcpStream::connect(fleet.url.strip_prefix("http://").unwrap()).unwrap();
    let length = body.len();
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: h\r\nConnection: close\r\nAuthorization: Bearer {token}\r\nContent-Length: {length}\r\n\r\n"
    );
    stream.write_all(format!("{head}{body}").as_bytes()).unwrap();
    let mut said = String::new();
    stream.read_to_string(&mut said).unwrap();
    said
}

/// The credentials that an agent keeps, as it shows them.
fn credentials(fleet: &Fleet, name: &str) -> String {
    let path = fleet.host.path(&format!("{name}.state/credentials.json"));
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let kept: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    format!("lifesigns_{}_{}", kept["id"].as_str().unwrap(), kept["secret"].as_str().unwrap())
}

#[test]
fn a_token_enrols_one_agent_which_speaks_for_itself_until_it_is_revoked() {
    let fleet = Fleet::start(GROUPS, &[("linux.ini", INI)]);
    fleet.enrol_token("setup");
    fleet.append("a/app.log", "a keyword one\n");
    let live = ["--tag", "stage=live"];
    let _agent = fleet.enrolled_agent("vm-a", "setup", &live);
    fleet.until_alerted(&["vm-a"]);
    let agents = fleet.until("it reports", &["agents"], |agents| agents[0]["is_current"] == true);
    assert_eq!(agents[0]["token"], "token agent-vm-a");
    // The token is used up.
    let _other = fleet.enrolled_agent("vm-b", "setup", &[]);
    fleet.until_said("vm-b", "the token setup was used up by the agent vm-a");
    // The credentials are those of one agent, on its own paths.
    let token = credentials(&fleet, "vm-a");
    let line = "{\"source\":\"/x.log\",\"line\":1,\"object\":\"vm-b\",\"text\":\"a keyword of another\"}\n";
    for (path, body) in [
        ("/api/v1/agents/vm-b", "{}"),
        ("/api/v1/agents/vm-b/events", line),
        ("/api/v1/events", "{\"object\":\"vm-b\",\"message\":\"a keyword\"}"),
        ("/api/v1/agents/vm-b/enrol", "{}"),
    ] {
        let said = post(&fleet, &token, path, body);
        assert!(said.starts_with("HTTP/1.1 403"), "{path}: {said}");
    }
    assert!(post(&fleet, &token, "/api/v1/agents/vm-b", "{}").contains("credentials of the agent"));
    // On its own path it cannot speak about another object that no group names.
    assert!(post(&fleet, &token, "/api/v1/agents/vm-a/events", line).contains("\"accepted\":1"));
    fleet.until("the event is about the agent", &["query", "a keyword of another"], |found| {
        found["events"][0]["object"] == "vm-a" && found["events"][0]["fields"]["claimed-object"] == "vm-b"
    });
    fleet.until_alerted(&["vm-a"]);

    let said = fleet.host.ask(&["agents", "revoke", "vm-a"]);
    assert!(said.contains("revoked"), "{said}");
    fleet.until_said("vm-a", "the credentials of this agent were revoked");
    fleet.until("it is shown", &["agents"], |agents| {
        agents[0]["revoked_ns"].is_u64() && agents[0]["refused_ns"].is_u64()
    });
    assert!(fleet.host.ask(&["agents"]).contains("revoked"));
    let doctor = fleet.host.ask(&["doctor"]);
    assert!(doctor.contains("agent vm-a was revoked and still asks"), "{doctor}");
    // Nothing is lost meanwhile, and another token enrols it again, without a restart.
    fleet.append("a/app.log", "a keyword after it\n");
    fleet.enrol_token("again");
    fs::copy(fleet.host.path("again.enrol"), fleet.host.path("setup.enrol")).unwrap();
    fleet.until("it reports again", &["agents"], |agents| {
        agents[0]["revoked_ns"].is_null() && agents[0]["is_current"] == true && agents[0]["is_away"] == false
    });
    fleet.until("the line came", &["query", "a keyword after it"], |found| found["events"][0]["object"] == "vm-a");
    assert_ne!(credentials(&fleet, "vm-a"), token);
    let audit = fleet.host.ask(&["audit", "--subject", "vm-a", "--output", "json"]);
    for what in ["agent enrolled", "credentials of an agent revoked", "token setup", "token again"] {
        assert!(audit.contains(what), "{what}: {audit}");
    }
    let tokens = fleet.host.ask(&["token", "list"]);
    assert!(tokens.contains("used up") && tokens.contains("agent-vm-a"), "{tokens}");
}

#[test]
fn an_answer_that_was_lost_costs_nothing_and_agents_are_known_after_a_restart() {
    // The host ends between the commit and its answer, and the agent is killed, too.
    let folder = tempfile::tempdir().unwrap();
    let mut fleet = Fleet::begin(folder, "", GROUPS, &[("linux.ini", INI)], Some("enrolled:1"));
    fleet.enrol_token("setup");
    let agent = fleet.enrolled_agent("vm-a", "setup", &["--tag", "stage=live"]);
    assert!(!fleet.host.wait_for_end().success());
    drop(agent);
    let drawn = credentials(&fleet, "vm-a");
    fleet.host.restart();
    fleet.host.until("it answers again", |_| true);
    fleet.append("a/app.log", "a keyword one\n");
    let agent = fleet.enrolled_agent("vm-a", "setup", &["--tag", "stage=live"]);
    fleet.until_alerted(&["vm-a"]);
    assert_eq!(credentials(&fleet, "vm-a"), drawn);
    let tokens: Value = serde_json::from_str(&fleet.host.ask(&["token", "list", "--output", "json"])).unwrap();
    let own = tokens.as_array().unwrap().iter().filter(|token| token["name"].as_str().unwrap().starts_with("agent-"));
    assert_eq!(own.count(), 1, "{tokens}");

    let before = fleet.until("what it sent is known", &["agents"], |agents| {
        agents[0]["report"]["sent_lines"].as_u64().is_some_and(|lines| lines > 0) && agents[0]["group"] == "linux"
    });
    drop(agent);
    fleet.host.signal("-TERM");
    assert!(fleet.host.wait_for_end().success());
    let stopped: Value = serde_json::from_str(&fleet.host.ask(&["agents", "--output", "json"])).unwrap();
    assert!(stopped[0]["name"] == "vm-a" && stopped[0]["group"] == "linux", "{stopped}");
    assert_eq!(stopped[0]["report"]["version"], before[0]["report"]["version"]);
    fleet.host.restart();
    fleet.host.until("it answers again", |_| true);
    let after = fleet.until("the agent is known", &["agents"], |agents| agents[0]["name"] == "vm-a");
    for key in ["group", "token", "address"] {
        assert_eq!(after[0][key], before[0][key], "{key}");
    }
    assert_eq!(after[0]["report"]["version"], before[0]["report"]["version"]);
    let lines = |agents: &Value| agents[0]["report"]["sent_lines"].as_u64();
    assert!(lines(&after) >= lines(&before), "{after}");
    assert!(after[0]["seen_ns"].as_u64() >= before[0]["seen_ns"].as_u64(), "{after}");
}
