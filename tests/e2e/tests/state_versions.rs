//! State outlasts a new version of its rule: brought along by the rule, or discarded where the manifest says so; else the
//! new version is refused. In the stream, and with the real binary, over a restart.

use std::{fs, io::Write as _, sync::Arc};

use lifesigns_e2e::{host::Running, modules, run::Input};
use lifesigns_engine::{Engine, EngineConfig, RuleSet};
use lifesigns_model::{Checkpoint, Chunk, DropKind, InitialState, Module, Observation, StateChange};
use serde_json::Value;

fn rules(module: &Arc<dyn Module>, settings: &str) -> Arc<RuleSet> {
    Arc::new(RuleSet::new(vec![modules::open("count", module, settings)], &[]).expect("few literals"))
}

fn start(rules: Arc<RuleSet>, states: Vec<StateChange>) -> Engine {
    let config = EngineConfig { scanners: 1, shards: 2, pin: false, checkpoints: true, ..EngineConfig::default() };
    let start = InitialState { states, ..InitialState::default() };
    Engine::start(&config, rules, start, Arc::new(|_| ())).expect("threads")
}

fn line(engine: &Engine, object: &str, text: &str) {
    let source = Input::new("a", "a", "").source(0);
    let bytes =
        format!(r#"{{"time":"2026-11-23T00:00:01Z","object":"{object}","message":"count this {text}"}}"#) + "\n";
    let chunk = Chunk { source, bytes: bytes.into_bytes(), arrived_ns: None, cursor: None, ack: None };
    assert!(engine.submit(chunk).is_ok(), "it is taken");
}

/// Returns what was said and what is committed of state since the last call.
fn committed(engine: &Engine) -> (Vec<String>, Vec<StateChange>) {
    let Checkpoint { states, observations, acks, .. } = engine.checkpoint();
    acks.release();
    let said = |one: &Observation| match one {
        Observation::RuleAlert(alert) => Some(format!("{}: {}", alert.object, alert.summary)),
        _ => None,
    };
    let mut said: Vec<String> = observations.iter().filter_map(said).collect();
    said.sort();
    (said, states)
}

#[test]
fn counts_go_on_in_a_new_version_and_what_it_cannot_take_over_is_counted() {
    let module = modules::guest("versioned");
    let engine = start(rules(&module, r#"{"version":1}"#), Vec::new());
    for object in ["vm-1", "vm-2", "vm-3"] {
        line(&engine, object, "once");
    }
    line(&engine, "vm-2", "poison");
    let (said, before) = committed(&engine);
    assert_eq!(said.len(), 4);
    assert!(before.iter().all(|state| state.version == 1 && state.key != "lines-2"), "{before:?}");

    engine.swap(rules(&module, r#"{"version":2,"from":1}"#));
    let (_, after) = committed(&engine);
    let now: Vec<(&str, &str, u32, bool)> =
        after.iter().map(|one| (&*one.object, &*one.key, one.version, one.entry.is_some())).collect();
    assert_eq!(
        now,
        [
            ("vm-1", "lines-1", 2, false),
            ("vm-1", "lines-2", 2, true),
            ("vm-2", "lines-1", 1, false),
            ("vm-2", "poison", 1, false),
            ("vm-3", "lines-1", 2, false),
            ("vm-3", "lines-2", 2, true),
        ],
        "all of it changes in one checkpoint"
    );
    for object in ["vm-1", "vm-2", "vm-3"] {
        line(&engine, object, "again");
    }
    let (said, states) = committed(&engine);
    assert_eq!(said, ["vm-1: 2 lines", "vm-2: 1 lines", "vm-3: 2 lines"]);
    let totals = engine.stop();
    let failures = totals.report.failures.values().next().expect("one rule").clone();
    assert_eq!(failures.failed, 1);
    assert!(
        failures.last_error.contains("the state of vm-2") && failures.last_error.contains("poison"),
        "{failures:?}"
    );
    assert_eq!(totals.report.dropped.count(DropKind::StateVersion), 2);

    // After a restart a still newer version takes over; one that takes nothing over begins with nothing.
    let engine = start(rules(&module, r#"{"version":3,"from":2}"#), states.clone());
    line(&engine, "vm-1", "after a restart");
    assert_eq!(committed(&engine).0, ["vm-1: 3 lines"]);
    engine.stop();
    let engine = start(rules(&module, r#"{"version":3}"#), states);
    line(&engine, "vm-1", "after a restart");
    assert_eq!(committed(&engine).0, ["vm-1: 1 lines"]);
    assert_eq!(engine.stop().report.dropped.count(DropKind::StateVersion), 3);
}

#[test]
fn what_a_crash_left_in_two_versions_becomes_one() {
    let module = modules::guest("versioned");
    let engine = start(rules(&module, r#"{"version":1}"#), Vec::new());
    line(&engine, "vm-1", "once");
    line(&engine, "vm-2", "once");
    let (_, old) = committed(&engine);
    engine.swap(rules(&module, r#"{"version":2,"from":1}"#));
    let (_, new) = committed(&engine);
    engine.stop();
    let of = |states: Vec<StateChange>, object: &str| -> Vec<StateChange> {
        states.into_iter().filter(|one| one.object == object).collect()
    };
    let mixed: Vec<StateChange> = [of(old, "vm-1"), of(new, "vm-2")].concat();
    let engine = start(rules(&module, r#"{"version":2,"from":1}"#), mixed);
    line(&engine, "vm-1", "again");
    line(&engine, "vm-2", "again");
    assert_eq!(committed(&engine).0, ["vm-1: 2 lines", "vm-2: 2 lines"]);
    assert_eq!(engine.stop().report.drops().total(), 0);
}

fn host(settings: &str) -> Running {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name);
    fs::create_dir(at("rules")).expect("the rules folder");
    fs::copy(lifesigns_artifacts::guest("versioned"), at("rules/count.wasm")).expect("the module");
    fs::write(at("rules/count.toml"), settings).expect("the manifest");
    fs::write(at("app.log"), "").expect("the log");
    let config = "rules = 'rules'\ncache = 'cache'\nstore = 'lifesigns.db'\n[output]\nfile = 'out.ndjson'\n\
                  [[source]]\nfile = 'app.log'\nobject = 'vm-1'\n";
    fs::write(at("lifesigns.toml"), config).expect("the configuration");
    Running::start(folder)
}

fn manifest(running: &Running, text: &str) {
    fs::write(running.path("count.new"), text).expect("it is written");
    fs::rename(running.path("count.new"), running.path("rules/count.toml")).expect("it is there");
}

/// Says a line, and waits for the count that it is answered with.
fn counted(running: &Running, lines: &str) {
    let before = running.read("out.ndjson").lines().count();
    let mut log = fs::OpenOptions::new().append(true).open(running.path("app.log")).expect("the log");
    writeln!(log, "count this").expect("a line");
    running.until("it is counted", |_| running.read("out.ndjson").lines().count() > before);
    let out = running.read("out.ndjson");
    let last: Value = serde_json::from_str(out.lines().next_back().unwrap_or_default()).expect("JSON");
    assert_eq!(last["summary"], format!("{lines} lines"), "{}", running.read("err.txt"));
}

fn runs(running: &Running) {
    running.until("the rule runs", |status| {
        status["rules"][0]["name"] == "count" && !running.ask(&["rule", "list"]).contains("refused")
    });
}

fn settings(version: u32, from: Option<u32>) -> String {
    let from = from.map(|from| format!("from = {from}\n")).unwrap_or_default();
    format!("[settings]\nversion = {version}\n{from}[limits]\ndeadline-ms = 10000\n")
}

fn refused(running: &Running, why: &str) {
    running
        .until("it is refused", |status| status["refused"][0]["why"].as_str().is_some_and(|text| text.contains(why)));
}

#[test]
fn a_running_host_takes_state_along_refuses_or_discards_as_the_manifest_says() {
    let mut running = host(&settings(1, None));
    runs(&running);
    counted(&running, "1");
    manifest(&running, &settings(2, Some(1)));
    running.until("the new version", |_| running.read("err.txt").matches("count: loaded").count() >= 2);
    counted(&running, "2");

    // What takes nothing over is refused, and the old version goes on.
    manifest(&running, &settings(3, None));
    refused(&running, "state of version 2; that of this module is version 3, and it has no `migrate`");
    counted(&running, "3");

    // It is refused after a restart too, and nothing is lost.
    running.signal("-TERM");
    assert!(running.wait_for_end().success(), "{}", running.read("err.txt"));
    running.restart();
    refused(&running, "state of version 2; that of this module is version 3");
    manifest(&running, &settings(3, Some(1)));
    runs(&running);
    counted(&running, "4");

    manifest(&running, &format!("state = 'discard'\n{}", settings(4, None)));
    running.until("the new version", |_| running.read("err.txt").contains("state of another version discarded"));
    counted(&running, "1");
    let status = running.until("it is counted", |status| {
        status["dropped"].as_array().is_some_and(|all| all.iter().any(|one| one["kind"] == "state-version"))
    });
    assert_eq!(status["dropped"][0]["count"], 1, "{status:#}");
    // Version 4 is newer than what this module has.
    manifest(&running, &settings(2, Some(1)));
    refused(&running, "state of version 4; that of this module is version 2, which is newer");
}
