//! The real binary with a rule and its shadow, as an operator tries a new version: compared under
//! traffic, over a restart, with a broken file, until it is promoted.

use std::{fs, process::Command};

use lifesigns_e2e::{binary, folders::keyword, host::Running};
use serde_json::Value;

/// The live version raises at the third line of an object, the shadow at the second.
const SHADOWED: &str = "module = 'watch-1.wasm'\nshadow = 'watch-2.wasm'\n[settings]\ncontains = ['Failed']\n\
                        threshold = 3\nwindow = '1h'\n[shadow-settings]\ncontains = ['Failed']\nthreshold = 2\n\
                        window = '1h'\n[limits]\ndeadline-ms = 10000\n";
/// The new version in the place of the live one; it raises at the fourth line.
const PROMOTED: &str = "module = 'watch-1.wasm'\n[settings]\ncontains = ['Failed']\nthreshold = 4\nwindow = '1h'\n\
                        [limits]\ndeadline-ms = 10000\n";

/// Another build of the same module: with a custom section at its end.
fn next_module() -> Vec<u8> {
    let mut bytes = keyword();
    bytes.extend([0, 3, 1, b'v', b'2']);
    bytes
}

fn start() -> Running {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name);
    fs::create_dir(at("rules")).expect("the rules folder");
    fs::write(at("rules/watch-1.wasm"), keyword()).expect("the module");
    fs::write(at("rules/watch-2.wasm"), next_module()).expect("the module");
    fs::write(at("rules/watch.toml"), SHADOWED).expect("the manifest");
    fs::write(at("app.log"), "").expect("the log");
    let config = "rules = 'rules'\ncache = 'cache'\nstore = 'lifesigns.db'\n[output]\nfile = 'out.ndjson'\n\
                  [[source]]\nfile = 'app.log'\nobject = 'vm-1'\n";
    fs::write(at("lifesigns.toml"), config).expect("the configuration");
    Running::start(folder)
}

fn of_lane<'a>(status: &'a Value, lane: &str) -> &'a Value {
    let all = status["rules"].as_array().expect("a list");
    all.iter().find(|rule| rule["lane"] == lane).unwrap_or(&Value::Null)
}

fn both_run(running: &Running) -> Value {
    running.until("both versions run", |status| {
        status["rules"].as_array().is_some_and(|rules| rules.len() == 2) && status["compiling"] == Value::Array(vec![])
    })
}

fn diff(running: &Running) -> Value {
    serde_json::from_str(&running.ask(&["rule", "diff", "watch", "--output", "json"])).expect("a comparison")
}

/// Raises by both, by the live version alone, by the shadow alone.
fn raises(diff: &Value) -> [u64; 3] {
    ["both", "only_live", "only_shadow"].map(|by| diff["diff"][by]["raises"].as_u64().expect("a number"))
}

#[test]
fn a_new_version_is_compared_and_promoted() {
    let mut running = start();
    let status = both_run(&running);
    let digests = ["live", "shadow"].map(|lane| of_lane(&status, lane)["digest"].clone());
    assert_ne!(digests[0], digests[1]);
    running.log("Failed one");
    running.until("both have seen it", |status| {
        let seen = ["live", "shadow"].iter().all(|lane| of_lane(status, lane)["events"] == 1);
        seen && status["sources"][0]["lines"] == 1
    });
    running.signal("-TERM");
    assert!(running.wait_for_end().success(), "{}", running.read("err.txt"));

    running.restart();
    both_run(&running);
    running.log("Failed two");
    running.until("the shadow has counted on", |_| raises(&diff(&running)) == [0, 0, 1]);
    let answer = diff(&running);
    let example = &answer["diff"]["examples"][0];
    assert_eq!((example["lane"].as_str(), example["line"].as_u64()), (Some("shadow"), Some(2)), "{answer:#}");
    assert_eq!(example["text"], "Failed two", "{answer:#}");
    assert_eq!((&answer["diff"]["live"]["events"], &answer["diff"]["shadow"]["events"]), (&1.into(), &1.into()));
    assert!(answer["diff"]["shadow"]["cpu_ns"].as_u64() > Some(0), "{answer:#}");
    assert_eq!(running.read("out.ndjson"), "", "what the shadow says goes nowhere");
    assert_eq!(running.ask(&["alerts", "--output", "json"]).trim(), "[]");

    running.log("Failed three");
    running.until("the live version has counted on", |_| raises(&diff(&running)) == [0, 1, 1]);
    let status = running.until("its alert is open", |status| status["alerts"]["warning"] == 1);
    assert_eq!((&status["engine"]["signs"], running.read("out.ndjson").lines().count()), (&1.into(), 1));
    let page = running.ask(&["rule", "diff", "watch"]);
    assert!(page.contains("only the shadow") && page.contains("app.log:2 Failed two"), "{page}");
    assert!(running.ask(&["status"]).contains("watch (shadow)"));
    refused_and_promoted(&running, &digests[1]);
}

fn refused_and_promoted(running: &Running, new: &Value) {
    let since = diff(running)["diff"]["since_ns"].clone();
    fs::write(running.path("rules/watch-2.wasm"), "no module").expect("it is written");
    let status = running.until("the shadow is refused", |status| status["refused"][0]["lane"] == "shadow");
    assert_eq!(status["refused"][0]["name"], "watch", "{status:#}");
    assert_eq!(of_lane(&status, "shadow")["digest"], *new, "its old version runs on");
    assert_eq!(diff(running)["diff"]["since_ns"], since, "nothing has begun again");

    fs::write(running.path("rules/watch.toml"), PROMOTED).expect("the manifest");
    fs::write(running.path("rules/watch-1.wasm"), next_module()).expect("the module");
    fs::remove_file(running.path("rules/watch-2.wasm")).expect("it is there");
    running.until("the new version is live, alone", |status| {
        status["rules"].as_array().is_some_and(|rules| rules.len() == 1) && of_lane(status, "live")["digest"] == *new
    });
    running.log("Failed four");
    running.until("it goes on with the state of the old one", |_| {
        let out = running.read("out.ndjson");
        out.lines().count() == 2 && out.contains("4 within 1h")
    });
    let mut none = Command::new(binary::lifesigns());
    none.args(["rule", "diff", "watch", "--config"]).arg(running.path("lifesigns.toml"));
    let none = none.output().expect("the binary starts");
    let error = String::from_utf8_lossy(&none.stderr);
    assert!(!none.status.success() && error.contains("rule watch has no shadow"), "{error}");
}

/// A replay of such a folder says the same, and writes what the live version says.
#[test]
fn a_replay_compares_them_too() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name);
    fs::create_dir(at("rules")).expect("the rules folder");
    fs::write(at("rules/watch-1.wasm"), keyword()).expect("the module");
    fs::write(at("rules/watch-2.wasm"), next_module()).expect("the module");
    fs::write(at("rules/watch.toml"), SHADOWED).expect("the manifest");
    let line = |second: u32| format!("2026-11-23T00:00:0{second}Z Failed {second}\n");
    fs::write(at("app.log"), (1..=3).map(line).collect::<String>()).expect("the log");
    let mut replay = Command::new(binary::lifesigns());
    let replay = replay.args(["replay", "--rules"]).arg(at("rules")).arg("--cache").arg(at("cache")).arg(at("app.log"));
    let output = replay.output().expect("the binary starts");
    let (said, summary) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{summary}");
    assert!(said.lines().count() == 1 && said.contains("Failed 3"), "{said}");
    let compared = "watch and its shadow: both 0 raises, 0 clears (0 reworded); only the live version 1 raise, \
                    0 clears; only the shadow 1 raise, 0 clears";
    assert!(summary.contains(compared), "{summary}");
    assert!(summary.contains("app.log:2)"), "{summary}");
}
