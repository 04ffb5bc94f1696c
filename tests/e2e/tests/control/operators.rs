//! An operator's day at a host that runs: names that are wrong, several alerts at once, silences to
//! come, who is notified, and what an edit would change.

use std::fs;

use serde_json::Value;

use super::{Place, ids};

/// A host whose alerts go to a file, with a policy that has hours somewhere else.
const MORE: &str = r#"
[[receiver]]
name = "desk"
ndjson = { file = "notified.ndjson" }

[[route]]
groups = ["production"]
receivers = ["desk"]
group-by = []

[[policy]]
name = "by-day"
groups = ["production"]
hours = [{ days = "mon-fri", from = "08:00", to = "18:00" }]
zone = "Europe/Berlin"
disable = ["never/raised"]
"#;

fn place() -> Place {
    let place = Place::new();
    let config = fs::read_to_string(place.path("lifesigns.toml")).expect("a file");
    fs::write(place.path("lifesigns.toml"), config + MORE).expect("a file");
    place
}

#[test]
fn an_operators_day() {
    let place = place();
    let host = place.host();
    typing_errors(&place);
    errors_for_programs(&place);
    several_at_once(&place);
    silences(&place);
    decisions(&place);
    what_if(&place);
    host.stop();
    at_rest(&place);
}

/// A name of nothing is never answered with an empty list.
fn typing_errors(place: &Place) {
    let cases: [(&[&str], &str); 11] = [
        (&["alerts", "--group", "prodution"], "did you mean `production`?"),
        (&["alerts", "--object", "nosuch"], "there is no object \"nosuch\""),
        (&["alerts", "--object", "host*"], "there is no object that matches"),
        (&["alerts", "--alert", "nosuch"], "there is no alert \"nosuch\""),
        (&["alerts", "--symptom", "word/keywrd"], "did you mean `word/keyword`?"),
        (&["alerts", "history", "--object", "nosuch"], "there is no object \"nosuch\""),
        (&["objects", "--kind", "vn"], "did you mean `vm`?"),
        (&["silence", "add", "grup!=production", "--for", "1h", "--why", "w"], "did you mean `group`?"),
        (&["silence", "preview", "group!=prodution"], "did you mean `production`?"),
        (&["outbox", "resend", "--receiver", "desc"], "did you mean `desk`?"),
        (&["outbox", "dead", "--receiver", "desc"], "did you mean `desk`?"),
    ];
    for (arguments, expected) in cases {
        let (code, why) = place.fails(arguments);
        assert!(code == 1 && why.contains(expected), "{arguments:?}: {code} {why}");
    }
    assert!(place.fails(&["silence", "add", "object=~vm.*", "--for", "1h", "--why", "w"]).1.contains("\"vm*\""));
    assert_eq!(place.json(&["silence"]), Value::Array(Vec::new()), "nothing was silenced by any of it");
    assert!(place.says(&["outbox", "dead"]).contains("no notice was given up"));
    let none = place.says(&["alerts", "--object", "vm-*", "--at-least", "critical", "--state", "silenced"]);
    assert!(none.contains("no alerts (3 objects matched)"), "{none}");
    assert_eq!(ids(&place.json(&["alerts", "--object", "vm-*", "--group", "prod*"])), ["vm-1"]);
}

/// What programs read is JSON in every case, with the same exit codes.
fn errors_for_programs(place: &Place) {
    let cases: [(&[&str], i32, &str); 4] = [
        (&["alerts", "--object", "nosuch", "-o", "json"], 1, "failed"),
        (&["alerts", "--at-leats", "critical", "--output", "json"], 2, "usage"),
        (&["alerts", "ack", "-o", "json"], 2, "usage"),
        (&["alerts", "--config", "nowhere.toml", "-o", "json"], 78, "configuration"),
    ];
    for (arguments, code, kind) in cases {
        let (exit, text) = place.fails(arguments);
        let error: Value = serde_json::from_str(&text).unwrap_or_else(|why| panic!("{arguments:?}: {why}: {text}"));
        assert_eq!((exit, &error["error"]["kind"], &error["error"]["code"]), (code, &kind.into(), &code.into()));
        assert!(error["error"]["message"].as_str().is_some_and(|message| !message.is_empty()), "{error}");
    }
}

fn several_at_once(place: &Place) {
    let (code, why) = place.fails(&["alerts", "ack", "--object", "vm-*"]);
    assert!(code == 1 && why.contains("nothing was done: 2 alerts are matched"), "{why}");
    assert_eq!(ids(&place.json(&["alerts", "--state", "acknowledged"])), [""; 0]);
    let done = place.says(&["alerts", "ack", "--object", "vm-*", "--owner", "alice", "--yes"]);
    assert!(done.contains("2 alerts are acknowledged"), "{done}");
    assert_eq!(ids(&place.json(&["alerts", "--owner", "al*"])).len(), 2);
    let open = place.json(&["alerts", "--object", "vm-3"]);
    let id = open[0]["id"].as_str().expect("an id");
    place.says(&["alerts", "unack", id]);
    assert_eq!(ids(&place.json(&["alerts", "--state", "unacknowledged"])), ["vm-3"]);
    assert!(place.fails(&["alerts", "unack", id]).1.contains("is not acknowledged"));
    let audit = place.json(&["audit", "--subject", id]);
    let unacknowledged = |entry: &Value| entry["what"] == "alert unacknowledged";
    assert!(audit.as_array().is_some_and(|entries| entries.iter().any(unacknowledged)), "{audit}");
    assert_eq!(place.fails(&["alerts", "cancel", "--why", "w"]).0, 2, "of everything is not a filter");
}

fn silences(place: &Place) {
    let preview = place.says(&["silence", "preview", "object=vm-*"]);
    assert!(preview.contains("it would match 3 objects, 3 open alerts now"), "{preview}");
    let made = place.command(&["silence", "add", "object=vm-9", "--from", "8h", "--for", "2h", "--why", "window"]);
    let (said, warned) = (String::from_utf8_lossy(&made.stdout), String::from_utf8_lossy(&made.stderr));
    assert!(made.status.success() && said.contains("comes into force at"), "{said}");
    assert!(warned.contains("matches no object that is known") && warned.contains("did you mean `vm-"), "{warned}");
    let all = place.json(&["silence"]);
    let id = all[0]["id"].as_str().expect("an id");
    let changed = place.says(&["silence", "edit", id, "object=vm-3"]);
    assert!(changed.contains("it matches 1 object, 1 open alert now"), "{changed}");
    let until = all[0]["until_ns"].as_u64().expect("a time");
    place.says(&["silence", "extend", id, "--for", "30m"]);
    let page = place.json(&["silence", "show", &id[..8]]);
    assert_eq!(page["silence"]["until_ns"], until + 1_800_000_000_000);
    assert_eq!((&page["in_force"], ids(&page["matches"]["alerts"])), (&Value::from(false), vec!["vm-3"]));
    place.says(&["silence", "expire", id]);
}

fn decisions(place: &Place) {
    let policies = place.says(&["policy", "list"]);
    assert!(policies.contains("1. play") && policies.contains("mon-fri 08:00-18:00 Europe/Berlin"), "{policies}");
    let id = |object: &str| place.json(&["alerts", "--object", object])[0]["id"].as_str().expect("an id").to_owned();
    let routed = place.json(&["route", "why", &id("vm-1")]);
    assert_eq!(
        (&routed["receivers"][0]["receiver"], &routed["routes"][0]["outcome"]),
        (&"desk".into(), &"taken".into())
    );
    assert!(routed["receivers"][0]["notified_ns"].is_u64(), "{routed}");
    let page = place.says(&["route", "why", &id("vm-3")]);
    assert!(page.contains("no receiver is notified") && page.contains("vm-3 is not in production"), "{page}");
    let shown = place.says(&["alerts", "show", &id("vm-1")]);
    assert!(shown.contains("Notified\n  desk"), "{shown}");
    assert!(place.says(&["alerts", "show", &id("vm-3")]).contains("route why"));
    assert!(place.says(&["alerts", "--pending"]).contains("nothing waits"));
    place.says(&[
        "report",
        "--group",
        "production",
        "--from",
        "2026-11-01",
        "--format",
        "csv",
        "--out",
        "november.csv",
    ]);
    let csv = fs::read_to_string(place.path("november.csv")).expect("it was written");
    assert!(csv.contains("opened-in-period,vm-1") && csv.contains("badge,"), "{csv}");
}

/// An edited copy says what it would change, and changes nothing.
fn what_if(place: &Place) {
    let config = fs::read_to_string(place.path("lifesigns.toml")).expect("a file");
    let edited = config.replace("env == \"playground\"", "env == \"production\"");
    fs::write(place.path("edited.toml"), edited).expect("a file");
    let before = place.json(&["alerts", "--allowed"]);
    let effect = place.json(&["validate", "--what-if", "--config", "edited.toml"]);
    assert_eq!((ids(&effect["allowed"]), ids(&effect["forbidden"])), (vec!["vm-1"], vec!["vm-2"]), "{effect}");
    assert!(effect["badges"].as_array().is_some_and(|badges| !badges.is_empty()), "{effect}");
    assert!(place.says(&["validate", "--what-if", "--config", "edited.toml"]).contains("would be allowed"));
    assert!(place.says(&["validate", "--what-if"]).contains("would change nothing"));
    assert_eq!(place.json(&["alerts", "--allowed"]), before);
}

fn at_rest(place: &Place) {
    assert_eq!(place.json(&["policy", "list"])[0]["name"], "play");
    assert!(place.fails(&["alerts", "--group", "prodution"]).1.contains("did you mean `production`?"));
    // What was decided by files that have been edited since is said to be.
    let edited = fs::read_to_string(place.path("edited.toml")).expect("a file");
    fs::write(place.path("lifesigns.toml"), edited).expect("a file");
    let output = place.command(&["alerts"]);
    let warned = String::from_utf8_lossy(&output.stderr);
    let said = warned.matches("the configuration has changed since the host stopped").count();
    assert!(output.status.success() && said == 1, "{warned}");
}
