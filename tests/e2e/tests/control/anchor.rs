//! The head of the audit log, kept by a receiver: it shows what the log alone cannot.

use std::{
    fs,
    time::{Duration, Instant},
};

use serde_json::Value;

use super::{Place, ids};

const AUDITOR: &str = r#"
[[receiver]]
name = "auditor"
ndjson = { file = "heads.ndjson" }
anchor-audit = "1d"
"#;

/// The heads that the receiver has, as `audit verify --known` takes them.
fn heads(place: &Place) -> Vec<String> {
    let text = fs::read_to_string(place.path("heads.ndjson")).unwrap_or_default();
    let heads = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    heads
        .filter(|head| head["happened"] == "audit-head")
        .map(|head| format!("{}:{}", head["number"], head["hash"].as_str().expect("a hash")))
        .collect()
}

/// Runs the host until the receiver has one more head than before, doing this meanwhile.
fn one_run(place: &Place, act: impl FnOnce()) {
    let before = heads(place).len();
    let host = place.host();
    act();
    let until = Instant::now() + Duration::from_secs(60);
    // The receiver has it a moment before the host says so.
    let is_said = || place.json(&["status"])["receivers"][0]["anchored_entry"].is_u64();
    while heads(place).len() == before || !is_said() {
        assert!(Instant::now() < until, "no head was sent, or that is not said: {}", place.json(&["status"]));
        std::thread::sleep(Duration::from_millis(20));
    }
    assert!(place.says(&["status"]).contains("audit log anchored"));
    host.stop();
}

#[test]
fn a_store_that_was_put_back_does_not_fit_the_head_that_a_receiver_keeps() {
    let place = Place::new();
    let config = fs::read_to_string(place.path("lifesigns.toml")).expect("a file");
    fs::write(place.path("lifesigns.toml"), config + AUDITOR).expect("a file");
    one_run(&place, || {});
    fs::copy(place.path("lifesigns.db"), place.path("old.db")).expect("a copy");
    one_run(&place, || {
        let open = place.json(&["alerts"]);
        assert_eq!(ids(&open), ["vm-1", "vm-3"]);
        place.says(&["alerts", "ack", open[0]["id"].as_str().expect("an id")]);
    });
    // The head that is sent at the next start covers what was done before it.
    one_run(&place, || {});
    let known = heads(&place).pop().expect("a head");
    place.says(&["audit", "verify", "--known", &known]);
    for rest in ["lifesigns.db-wal", "lifesigns.db-shm"] {
        let _ = fs::remove_file(place.path(rest));
    }
    fs::copy(place.path("old.db"), place.path("lifesigns.db")).expect("a copy");
    place.says(&["audit", "verify"]);
    let refused = place.command(&["audit", "verify", "--known", &known]);
    let said = String::from_utf8_lossy(&refused.stdout);
    assert!(refused.status.code() == Some(1) && said.contains("was noted down and is not there"), "{said}");
}

#[test]
fn an_alertmanager_keeps_no_heads_and_a_second_is_too_often() {
    let place = Place::new();
    let config = fs::read_to_string(place.path("lifesigns.toml")).expect("a file");
    let wrong =
        "\n[[receiver]]\nname = \"am\"\nalertmanager = { url = \"http://127.0.0.1:9\" }\nanchor-audit = \"1h\"\n";
    fs::write(place.path("lifesigns.toml"), format!("{config}{wrong}")).expect("a file");
    let (code, why) = place.fails(&["validate"]);
    assert!(
        code == 78 && why.contains("an Alertmanager keeps alerts only") && why.contains("lifesigns.toml:"),
        "{why}"
    );
    fs::write(place.path("lifesigns.toml"), config + &AUDITOR.replace("1d", "1s")).expect("a file");
    let (code, why) = place.fails(&["validate"]);
    assert!(code == 78 && why.contains("anchor-audit"), "{why}");
}
