//! Hostile text from everywhere at once: logs, inventory, manifest, configuration, file names, people.
//! No command writes a character that acts, nor does a report.

use std::fs;

use lifesigns_text::is_unsafe;
use serde_json::{Value, json};

use super::Place;

/// All texts of the corpus, one after the other, without what no file system or TOML takes.
fn hostile() -> String {
    let corpus = include_str!("../../../grammar/hostile-texts.txt").lines().filter(|line| !line.starts_with('#'));
    let text: String = corpus.flat_map(|line| [line, "|"]).collect();
    let mut parts = text.split("\\u{");
    let mut whole = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (digits, rest) = part.split_once('}').expect("a brace that closes");
        whole.extend(u32::from_str_radix(digits, 16).ok().and_then(char::from_u32).filter(|it| *it != '\0'));
        whole.push_str(rest);
    }
    whole
}

/// A folder in which everything that can be named has a hostile name.
fn place(hostile: &str) -> Place {
    let place = Place::new();
    let quoted = json!(hostile).to_string().replace('\u{7f}', "\\u007f");
    // Control characters in names of files are refused.
    let file = "evil-\u{202e}gol.log";
    let record = json!({ "time": "2026-11-23T22:00:00Z", "host": "vm-1", "message": format!("a keyword {hostile}"), "app": hostile });
    let unknown =
        json!({ "time": "2026-11-23T22:00:01Z", "host": format!("vm\u{1b}[2J\u{202e}9"), "message": "a keyword" });
    fs::write(place.path(file), format!("{record}\n{unknown}\n")).expect("a file");
    let config = fs::read_to_string(place.path("lifesigns.toml")).expect("a file");
    let more = format!(
        r#"
[[source]]
file = {file}

[[receiver]]
name = "desk"
ndjson = {{ file = "notified.ndjson" }}

[[route]]
receivers = ["desk"]

[[alert]]
name = "evil"
title = {quoted}
all = [{{ symptom = "word/*" }}]
recommendations = [{quoted}]
controls = [{quoted}]
"#,
        file = json!(file)
    );
    let config = config.replace("title = \"Production\"", &format!("title = {quoted}"));
    fs::write(place.path("lifesigns.toml"), config + &more).expect("a file");
    let rule = format!(
        "module = \"modules/keyword.wasm\"\n[settings]\ncontains = [\"a keyword\"]\ntitle = {quoted}\nrecommendation = {quoted}\n"
    );
    fs::write(place.path("rules/word.toml"), rule).expect("a file");
    let objects = json!({ "object": [
        { "id": "vm-1", "kind": "vm", "properties": { "env": "production", "note": hostile } },
        { "id": "vm-2", "kind": hostile, "properties": { hostile: hostile } },
    ] });
    fs::remove_file(place.path("inventory.toml")).expect("a file");
    fs::write(place.path("inventory.json"), objects.to_string()).expect("a file");
    let config = fs::read_to_string(place.path("lifesigns.toml")).expect("a file");
    fs::write(place.path("lifesigns.toml"), config.replace("inventory.toml", "inventory.json")).expect("a file");
    place
}

/// What a command writes, whether it ends well or not.
#[track_caller]
fn harmless(place: &Place, arguments: &[&str]) -> String {
    let output = place.command(arguments);
    let text = String::from_utf8(output.stdout).expect("UTF-8") + &String::from_utf8(output.stderr).expect("UTF-8");
    let acts = |character: char| is_unsafe(character) && character != '\n';
    assert!(!text.contains(acts), "{arguments:?} writes what acts: {text:?}");
    text
}

const COMMANDS: [&[&str]; 22] = [
    &["alerts", "--allowed", "--cancelled"],
    &["alerts", "--pending"],
    &["alerts", "history"],
    &["silence"],
    &["silence", "preview", "object=*"],
    &["objects"],
    &["objects", "show", "vm-1"],
    &["objects", "show", "vm-2"],
    &["groups"],
    &["groups", "show", "production"],
    &["badge"],
    &["badge", "vm-1"],
    &["policy", "list"],
    &["policy", "why", "vm-1", "evil"],
    &["policy", "why", "vm-1", "word/keyword"],
    &["audit"],
    &["outbox"],
    &["report", "--group", "production"],
    &["report", "--group", "production", "--format", "csv"],
    &["doctor"],
    &["validate"],
    &["rule", "list", "rules"],
];

#[test]
fn no_text_from_outside_drives_a_terminal_or_a_page() {
    let hostile = hostile();
    let place = place(&hostile);
    let evil = |alert: &&Value| alert["definition"] == "evil" && alert["object"] == "vm-1";
    let host = place.host_until(|alerts| alerts.iter().any(|alert| evil(&alert)));
    let alerts = place.json(&["alerts"]);
    let id = alerts.as_array().and_then(|all| all.iter().find(evil)).expect("an alert")["id"].as_str().expect("an id");
    let noted = place.command(&["alerts", "note", id, &hostile]);
    assert!(noted.status.success(), "{}", String::from_utf8_lossy(&noted.stderr));
    harmless(&place, &["silence", "add", "object=vm-2", "--for", "1h", "--why", &hostile]);
    for command in COMMANDS.into_iter().chain([&["status"][..], &["alerts", "show", id], &["route", "why", id]]) {
        assert!(!harmless(&place, command).is_empty(), "{command:?}");
        harmless(&place, &[command, &["--output", "json"]].concat());
    }
    host.stop();
    for command in COMMANDS.into_iter().chain([&["alerts", "show", id][..], &["route", "why", id]]) {
        assert!(!harmless(&place, command).is_empty(), "{command:?}");
        harmless(&place, &[command, &["--output", "json"]].concat());
    }
    // Arguments and mistakes are repeated in messages.
    harmless(&place, &["alerts", "--object", &hostile]);
    harmless(&place, &["alerts", "show", &hostile]);
    harmless(&place, &["policy", "why", &hostile, &hostile]);
    harmless(&place, &[&hostile]);
    harmless(&place, &["validate", "--config", &hostile]);
    fs::write(place.path("wrong.toml"), format!("{} = 1\n", json!(hostile).to_string().replace('\u{7f}', "\\u007f")))
        .expect("a file");
    harmless(&place, &["validate", "--config", "wrong.toml"]);
    fs::write(place.path("raw.toml"), format!("rules = \"{hostile}\n")).expect("a file");
    harmless(&place, &["validate", "--config", "raw.toml"]);
}
