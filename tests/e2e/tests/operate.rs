//! Rules of a running host, changed over its API with the real binary: loaded, compared, promoted, rolled
//! back, paused, over restarts.

use std::{fs, path::Path, process::Command};

use lifesigns_e2e::{binary, folders::keyword, host::Running};
use serde_json::Value;

/// Raises at the third line of an object.
const LIVE: &str = "# ours\nmodule = 'watch.wasm'\n[settings]\ncontains = ['Failed']\nthreshold = 3\nwindow = '1h'\n\
                    [limits]\ndeadline-ms = 10000\n";

/// Another build of the same module: with a custom section at its end.
fn build(number: u8) -> Vec<u8> {
    let mut bytes = keyword();
    bytes.extend([0, 3, 1, b'v', number]);
    bytes
}

fn start() -> Running {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name);
    fs::create_dir(at("rules")).expect("the rules folder");
    fs::write(at("rules/watch.wasm"), keyword()).expect("the module");
    fs::write(at("rules/watch.toml"), LIVE).expect("the manifest");
    fs::write(at("next.wasm"), build(b'2')).expect("the module");
    fs::write(at("app.log"), "").expect("the log");
    let config = "rules = 'rules'\ncache = 'cache'\nstore = 'lifesigns.db'\n[output]\nfile = 'out.ndjson'\n\
                  [[source]]\nfile = 'app.log'\nobject = 'vm-1'\n";
    fs::write(at("lifesigns.toml"), config).expect("the configuration");
    Running::start(folder)
}

/// Says a line and waits until every version that is to see it has.
fn seen(running: &Running, line: &str, events: u64) {
    running.log(line);
    running.until("it was seen", |status| {
        let rules = status["rules"].as_array();
        rules.is_some_and(|rules| !rules.is_empty() && rules.iter().all(|rule| rule["events"].as_u64() >= Some(events)))
    });
}

/// What a command says, and whether it went well.
fn tried(running: &Running, args: &[&str]) -> (bool, String) {
    let mut command = Command::new(binary::lifesigns());
    let command = command.args(args).arg("--config").arg(running.path("lifesigns.toml"));
    let output = command.output().expect("the binary starts");
    let said = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&said).into_owned())
}

fn done(running: &Running, args: &[&str]) -> String {
    let (ok, said) = tried(running, args);
    assert!(ok, "{args:?}: {said}\n{}", running.read("err.txt"));
    said
}

fn refused(running: &Running, args: &[&str], why: &str) {
    let (ok, said) = tried(running, args);
    assert!(!ok && said.contains(why), "{args:?}: {said}");
}

fn json(running: &Running, args: &[&str]) -> Value {
    let said = done(running, &[args, &["--output", "json"]].concat());
    serde_json::from_str(&said).unwrap_or_else(|error| panic!("{args:?}: {error}: {said}"))
}

fn text(path: &Path) -> String {
    path.to_str().expect("UTF-8").to_owned()
}

fn ready(running: &Running) {
    running.until("the rule runs", |status| status["rules"][0]["name"] == "watch");
}

fn raises(running: &Running) -> usize {
    running.read("out.ndjson").lines().count()
}

#[test]
fn a_shadow_is_promoted_with_its_state_and_rolled_back_to_the_state_before() {
    let mut running = start();
    ready(&running);
    seen(&running, "Failed one", 1);
    let next = text(&running.path("next.wasm"));
    done(&running, &["rule", "load", "--shadow", &next, "watch"]);
    running.until("both run", |status| status["rules"].as_array().is_some_and(|rules| rules.len() == 2));
    // The live version has counted one line, the shadow none.
    seen(&running, "Failed two", 1);
    assert_eq!(raises(&running), 0);
    let said = done(&running, &["rule", "promote", "watch"]);
    assert!(said.contains("with the state that its shadow had"), "{said}");
    let manifest = running.read("rules/watch.toml");
    assert!(manifest.contains("# ours") && !manifest.contains("shadow"), "{manifest}");
    running.until("one runs", |status| status["rules"].as_array().is_some_and(|rules| rules.len() == 1));
    // Its third line is the shadow's second: had the live version's state gone on, it would raise.
    running.log("Failed three");
    running.until("it was read", |status| status["sources"][0]["lines"] == 3);
    assert_eq!(raises(&running), 0, "the state is the shadow's");
    let history = json(&running, &["rule", "history", "watch"]);
    let live: Vec<bool> = history.as_array().expect("a list").iter().map(|one| one["live"] == true).collect();
    assert_eq!(live, [false, true], "{history:#}");
    assert_eq!((&history[0]["who"], &history[0]["has_state"]), (&"rules folder".into(), &true.into()));
    assert_eq!(history[1]["action"], "promoted");

    // What was set aside outlasts a restart, and waits for the rollback.
    running.signal("-TERM");
    assert!(running.wait_for_end().success(), "{}", running.read("err.txt"));
    running.restart();
    ready(&running);
    let said = done(&running, &["rule", "rollback", "watch"]);
    assert!(said.contains("version 1") && said.contains("with the state that it had"), "{said}");
    // One and two were counted when it was set aside; this is the third.
    running.log("Failed four");
    running.until("it goes on from where it was", |_| raises(&running) == 1);
    done(&running, &["rule", "rollback", "watch"]);
    running.log("Failed five");
    running.until("the promoted version goes on from where it was", |_| raises(&running) == 2);
    refused(&running, &["rule", "rollback", "watch", "--to", "77"], "no version 77");
    let audit = json(&running, &["audit", "--subject", "watch"]);
    let what: Vec<&str> = audit.as_array().expect("a list").iter().filter_map(|row| row["what"].as_str()).collect();
    assert_eq!(
        what,
        ["rule shadow loaded", "rule promoted", "rule rolled back to 1", "rule rolled back to 2"],
        "{audit:#}"
    );
}

#[test]
fn rules_are_loaded_paused_disabled_and_unloaded_and_stay_so_over_a_restart() {
    let mut running = start();
    ready(&running);
    let next = text(&running.path("next.wasm"));
    let before = running.read("rules/watch.toml");
    fs::write(running.path("bad.wasm"), "no module").expect("it is written");
    refused(&running, &["rule", "load", &text(&running.path("bad.wasm")), "watch"], "refused, nothing was changed");
    fs::write(running.path("bad.toml"), "[settings]\nnonsense = 3\n").expect("it is written");
    let bad = text(&running.path("bad.toml"));
    refused(&running, &["rule", "load", "--manifest", &bad, &next, "watch"], "refuses its settings");
    refused(&running, &["rule", "load", &next, "Not A Name"], "cannot be a rule's name");
    refused(&running, &["rule", "promote", "watch"], "has no shadow");
    refused(&running, &["rule", "promote", "wach"], "did you mean `watch`?");
    refused(&running, &["rule", "rollback", "watch"], "no version of watch before");
    assert_eq!(running.read("rules/watch.toml"), before, "nothing has changed");
    assert!(!running.path("rules/versions").join("watch/history.json").exists());

    // A new live version goes on with the state of the one before.
    seen(&running, "Failed one", 1);
    done(&running, &["rule", "load", &next, "watch"]);
    assert!(!running.path("rules/watch.wasm").exists(), "it is among the versions now");
    running.log("Failed two");
    running.log("Failed three");
    running.until("it counts on", |_| raises(&running) == 1);

    done(&running, &["rule", "quarantine", "watch"]);
    running.signal("-TERM");
    assert!(running.wait_for_end().success(), "{}", running.read("err.txt"));
    running.restart();
    ready(&running);
    running.log("Failed four");
    let status = running.until("it is counted as missed", |status| status["rules"][0]["missed"] == 1);
    assert_eq!((&status["rules"][0]["paused"], &status["rules"][0]["events"]), (&true.into(), &0.into()));
    assert!(done(&running, &["rule", "list"]).contains("quarantined by hand"));
    done(&running, &["rule", "release", "watch"]);
    running.log("Failed five");
    running.until("it is shown events again", |status| status["rules"][0]["events"] == 1);

    done(&running, &["rule", "disable", "watch"]);
    running.signal("-TERM");
    assert!(running.wait_for_end().success(), "{}", running.read("err.txt"));
    running.restart();
    let list = running.until("it is listed as disabled", |status| status["disabled"][0]["name"] == "watch");
    assert_eq!(list["rules"], Value::Array(vec![]));
    done(&running, &["rule", "enable", "watch"]);
    ready(&running);
    done(&running, &["rule", "unload", "watch"]);
    assert!(!running.path("rules/watch.toml").exists());
    assert_eq!(json(&running, &["rule", "list"])["rules"], Value::Array(vec![]));
    done(&running, &["rule", "load", "--manifest", &bad_to_good(&running), &next, "watch"]);
    ready(&running);
    assert_eq!(json(&running, &["rule", "history", "watch"])[2]["action"], "loaded");
}

fn bad_to_good(running: &Running) -> String {
    fs::write(running.path("good.toml"), LIVE).expect("it is written");
    text(&running.path("good.toml"))
}

#[test]
fn a_rule_that_is_disabled_is_replaced_and_goes_on_from_its_state_when_it_is_enabled() {
    let running = start();
    ready(&running);
    seen(&running, "Failed one", 1);
    seen(&running, "Failed two", 2);
    done(&running, &["rule", "disable", "watch"]);
    for number in [b'2', b'3'] {
        fs::write(running.path("next.wasm"), build(number)).expect("the module");
        let said = done(&running, &["rule", "load", &text(&running.path("next.wasm")), "watch"]);
        assert!(said.contains("watch is keyword"), "{said}");
    }
    assert!(!running.path("rules/versions/watch/pending.json").exists(), "it is over");
    done(&running, &["rule", "enable", "watch"]);
    running.log("Failed three");
    running.until("it goes on from where it was", |_| raises(&running) == 1);
}

#[test]
fn cost_and_events_of_a_rule_are_shown_and_reloads_check_first() {
    let running = start();
    ready(&running);
    seen(&running, "Failed one", 1);
    let top = json(&running, &["top"]);
    assert_eq!((&top[0]["rule"], &top[0]["events"]), (&"watch".into(), &1.into()), "{top:#}");
    assert!(top[0]["ns_per_event"].as_u64() > Some(0), "{top:#}");
    assert!(done(&running, &["top", "--once"]).contains("NS/EVENT"));
    let config = running.path("lifesigns.toml");
    let tap = std::thread::spawn(move || {
        let mut command = Command::new(binary::lifesigns());
        let command = command.args(["tap", "watch", "-n", "1", "--output", "json", "--config"]).arg(config);
        String::from_utf8(command.output().expect("the binary starts").stdout).expect("UTF-8")
    });
    let mut number = 1;
    while !tap.is_finished() {
        number += 1;
        running.log(&format!("Failed {number}"));
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    let event: Value = serde_json::from_str(tap.join().expect("no panic").trim()).expect("an event");
    assert!(event["message"].as_str().is_some_and(|text| text.starts_with("Failed")), "{event:#}");
    assert_eq!(event["object"], "vm-1");
    refused(&running, &["tap", "wach"], "no rule wach runs");

    done(&running, &["reload"]);
    let config = running.read("lifesigns.toml");
    fs::write(running.path("lifesigns.toml.new"), format!("{config}\nunknown-key = 1\n")).expect("it is written");
    let socket = text(&running.path("lifesigns.sock"));
    fs::rename(running.path("lifesigns.toml.new"), running.path("lifesigns.toml")).expect("it is there");
    let mut reload = Command::new(binary::lifesigns());
    let output = reload.args(["reload", "--socket", &socket]).output().expect("the binary starts");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && said.contains("unknown-key"), "{said}");
    fs::write(running.path("lifesigns.toml"), config).expect("it is written");
    running.signal("-HUP");
    running.until("the signal is answered", |_| running.read("err.txt").contains("SIGHUP: "));
}
