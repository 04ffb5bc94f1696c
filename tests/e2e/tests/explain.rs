//! The real binary: an alert and a failure are explained by running the rule again from what was kept, over a swap and
//! a restart; a line is held against all rules.

use std::fs;

use lifesigns_e2e::{folders::keyword, host::Running};
use serde_json::Value;

const WATCH: &str = "[settings]\ncontains = ['Failed']\nthreshold = 3\nwindow = '1h'\n[settings.properties]\n\
                     env = ['production']\n[limits]\ndeadline-ms = 10000\n";
const POISON: &str = "[settings]\ndo = 'panic'\ncontains = ['poison']\n[limits]\ndeadline-ms = 10000\n";

const INVENTORY: &str = "[[object]]\nid = 'vm-1'\n[object.properties]\nenv = 'production'\n";

fn start() -> Running {
    start_with(WATCH, INVENTORY, "")
}

/// Starts a host with this manifest, this inventory, and this at the end of its configuration.
fn start_with(watch: &str, inventory: &str, more: &str) -> Running {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name);
    fs::create_dir(at("rules")).expect("the rules folder");
    fs::write(at("rules/watch.wasm"), keyword()).expect("the module");
    fs::write(at("rules/watch.toml"), watch).expect("the manifest");
    fs::copy(lifesigns_artifacts::guest("hostile"), at("rules/sick.wasm")).expect("the module");
    fs::write(at("rules/sick.toml"), POISON).expect("the manifest");
    fs::write(at("rules/off.wasm"), keyword()).expect("the module");
    fs::write(at("rules/off.toml"), "enabled = false\n").expect("the manifest");
    fs::write(at("app.log"), "").expect("the log");
    fs::write(at("inventory.toml"), inventory).expect("the inventory");
    let config = "rules = 'rules'\ncache = 'cache'\nstore = 'lifesigns.db'\ninventory = 'inventory.toml'\n\
                  [[source]]\nfile = 'app.log'\nobject = 'vm-1'\n";
    fs::write(at("lifesigns.toml"), format!("{config}{more}")).expect("the configuration");
    Running::start(folder)
}

fn json(running: &Running, args: &[&str]) -> Value {
    let answer = running.ask(&[args, &["--output", "json"]].concat());
    serde_json::from_str(&answer).unwrap_or_else(|error| panic!("{args:?}: {error}: {answer}"))
}

/// Whether one alert is open.
fn is_open(status: &Value) -> bool {
    let levels = ["critical", "immediate", "warning", "information"];
    levels.iter().any(|level| status["alerts"][level] == 1)
}

/// The id of the one alert that is open.
fn alert(running: &Running) -> String {
    let alerts = json(running, &["alerts"]);
    assert_eq!(alerts.as_array().map(Vec::len), Some(1), "{alerts:#}");
    alerts[0]["id"].as_str().expect("an id").to_owned()
}

#[test]
fn alerts_and_failures_are_run_again_from_what_was_kept() {
    let mut running = start();
    running.until("both run", |status| status["rules"].as_array().is_some_and(|rules| rules.len() == 2));
    for number in 1..=4 {
        running.log(&format!("Failed login {number}"));
    }
    running.log("poison trigger");
    running.until("the alert is open", |status| {
        is_open(status) && status["rules"].as_array().is_some_and(|all| all[0]["failed"] == 1)
    });
    let id = alert(&running);
    let explained = json(&running, &["explain", &id]);
    let call = &explained["calls"][0];
    assert_eq!(call["verdict"], "reproduced", "{explained:#}");
    assert_eq!((&call["rule"], &call["line"], &call["live"]), (&"watch".into(), &3.into(), &"".into()));
    let given = call["given"].as_array().expect("events");
    assert_eq!(given[given.len() - 1]["message"], "Failed login 3");
    assert_eq!(call["interests"][0]["matched"], true, "the property is known though the rule does not read it");
    let page = running.ask(&["explain", &id[..6]]);
    assert!(page.contains("watch/keyword: reproduced") && page.contains("let in by   interest 1"), "{page}");

    let failures = json(&running, &["explain", "--poison", "sick"]);
    assert_eq!((&failures[0]["verdict"], failures.as_array().map(Vec::len)), (&"reproduced".into(), Some(1)));
    assert!(failures[0]["error"].as_str().is_some_and(|error| error.contains("trapped")), "{failures:#}");

    // Another build of the rule, and a restart: the old one comes from the cache, its settings from the store.
    let other = [keyword(), vec![0, 3, 1, b'v', b'2']].concat();
    fs::write(running.path("new.wasm"), other).expect("the module");
    let new = running.path("new.wasm");
    running.ask(&["rule", "load", new.to_str().expect("a path"), "watch"]);
    running.signal("-TERM");
    assert!(running.wait_for_end().success(), "{}", running.read("err.txt"));
    running.restart();
    running.until("both run", |status| status["rules"].as_array().is_some_and(|rules| rules.len() == 2));
    let explained = json(&running, &["explain", &id]);
    let call = &explained["calls"][0];
    assert_eq!(call["verdict"], "reproduced", "{explained:#}");
    assert!(call["live"].as_str().is_some_and(|live| live.ends_with("answers the same")), "{call:#}");
    assert_eq!(json(&running, &["explain", "--poison", "sick"])[0]["verdict"], "reproduced");
    running.signal("-TERM");
    assert!(running.wait_for_end().success());

    // Without a host: the store, and the rules as they lie in the folder, the old build among the versions.
    let at_rest = json(&running, &["explain", &id]);
    assert_eq!(at_rest, explained, "the same answer");
    assert_eq!(json(&running, &["explain", "--poison", "sick"])[0]["verdict"], "reproduced");
    let line = json(&running, &["explain", "--line", "Failed as root", "--object", "vm-1"]);
    assert_eq!(
        sights(&line)[2],
        ("watch".to_owned(), true, String::new()),
        "its environment is in the store: {line:#}"
    );
}

#[test]
fn a_symptom_of_a_child_explains_the_alert_of_its_parent() {
    let running = start_with(
        WATCH,
        "[[object]]\nid = 'host-1'\n[[object]]\nid = 'vm-1'\nparent = 'host-1'\n\
         [object.properties]\nenv = 'production'\n",
        "[[alert]]\nname = 'below'\nall = [{ symptom = 'watch/keyword', scope = 'children' }]\n",
    );
    for number in 1..=3 {
        running.log(&format!("Failed login {number}"));
    }
    running.until("the alert is open", is_open);
    let explained = json(&running, &["explain", &alert(&running)]);
    let call = &explained["calls"][0];
    assert_eq!((&explained["object"], &call["object"]), (&"host-1".into(), &"vm-1".into()), "{explained:#}");
    assert_eq!((&call["verdict"], &explained["not_kept"]), (&"reproduced".into(), &serde_json::json!([])));
    let page = running.ask(&["explain", &alert(&running)]);
    assert!(page.contains("watch/keyword on vm-1: reproduced"), "{page}");
}

#[test]
fn an_alert_that_waits_to_be_cancelled_is_explained_by_the_symptom_that_has_ceased() {
    for (object, inventory, scope) in [
        ("vm-1", INVENTORY, "own"),
        (
            "host-1",
            "[[object]]\nid = 'host-1'\n[[object]]\nid = 'vm-1'\nparent = 'host-1'\n\
             [object.properties]\nenv = 'production'\n",
            "children",
        ),
    ] {
        let running = start_with(
            &WATCH.replace("window = '1h'\n", "window = '1h'\nhold = '1s'\n"),
            inventory,
            &format!(
                "[[alert]]\nname = 'waits'\nall = [{{ symptom = 'watch/keyword', scope = '{scope}' }}]\ncancel = '10m'\n"
            ),
        );
        for number in 1..=3 {
            running.log(&format!("Failed login {number}"));
        }
        running.until("the alert is open", is_open);
        running.until("the symptom has ceased", |_| {
            json(&running, &["objects", "show", "vm-1"]).to_string().contains("\"active\":false")
        });
        let explained = json(&running, &["explain", &alert(&running)]);
        let call = &explained["calls"][0];
        assert_eq!((&explained["object"], &call["object"]), (&object.into(), &"vm-1".into()), "{explained:#}");
        assert_eq!((&call["verdict"], &explained["not_kept"]), (&"reproduced".into(), &serde_json::json!([])));
    }
}

/// Whether each rule would see the line, and why not.
fn sights(explained: &Value) -> Vec<(String, bool, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let rules = explained["rules"].as_array().expect("rules").iter();
    rules.map(|rule| (text(&rule["rule"]), rule["sees"] == true, text(&rule["state"]))).collect()
}

#[test]
fn a_line_is_held_against_every_rule() {
    let running = start();
    running.until("both run", |status| status["rules"].as_array().is_some_and(|rules| rules.len() == 2));
    let explain = |more: &[&str]| json(&running, &[&["explain", "--line", "Failed as root"], more].concat());
    let row = |name: &str, sees, state: &str| (name.to_owned(), sees, state.to_owned());
    let off = row("off", false, "disabled in its manifest");
    let of_vm = explain(&["--object", "vm-1"]);
    assert_eq!(sights(&of_vm), [off.clone(), row("sick", false, ""), row("watch", true, "")], "{of_vm:#}");
    assert_eq!(sights(&explain(&["--object", "vm-2"]))[2], row("watch", false, ""), "its environment is not known");
    assert_eq!(sights(&explain(&["--property", "env=production"]))[2], row("watch", true, ""));
    running.ask(&["rule", "quarantine", "watch"]);
    let quarantined = sights(&explain(&["--object", "vm-1"]));
    assert_eq!(quarantined[2], row("watch", false, "in quarantine until it is released"));

    let folder = running.path("rules");
    let folder = folder.to_str().expect("a path");
    let local = explain(&["--rules", folder, "--property", "env=production"]);
    assert_eq!(sights(&local)[2], row("watch", false, "in quarantine, as its manifest says"), "{local:#}");
    let page = running.ask(&["explain", "--line", "a line", "--rules", folder]);
    assert!(page.contains("no   the message contains \"Failed\"") && page.contains("0 of 3 rules"), "{page}");
}
