//! The real binary with rules that stay within every limit of one call and yet are too much: each is
//! held to its budget and that is said with a figure, in the status, by `doctor` and in the log; no line
//! of the rule beside them is lost, memory stays within its bound, and the host ends when it shall.

use std::{
    fmt::Write as _,
    fs,
    io::Write as _,
    path::Path,
    thread,
    time::{Duration, Instant},
};

use lifesigns_e2e::host::{PATIENCE, Running};
use lifesigns_model::limits::{INFLIGHT_BYTES, OBSERVATIONS_MAX_BYTES};
use serde_json::Value;

/// What a host may have beside what is in flight, whatever its rules do.
const MOST_BYTES: u64 = (INFLIGHT_BYTES + 2 * OBSERVATIONS_MAX_BYTES) as u64;

/// Its rules folder has the modules, and the rule `good` beside what the test adds.
fn folder(config: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name);
    fs::create_dir_all(at("rules/modules")).expect("the rules folder");
    fs::copy(lifesigns_artifacts::rule("keyword"), at("rules/modules/keyword.wasm")).expect("the module");
    fs::copy(lifesigns_artifacts::guest("hostile"), at("rules/modules/hostile.wasm")).expect("the module");
    manifest(folder.path(), "good", "keyword", "contains = ['neighbour']");
    for log in ["good.log", "evil.ndjson"] {
        fs::write(at(log), "").expect("a log");
    }
    let config = format!(
        "rules = 'rules'\ncache = 'cache'\nstore = 'lifesigns.db'\n{config}\n[output]\nfile = 'out.ndjson'\n\
         [[source]]\nfile = 'good.log'\nobject = 'vm-good'\n[[source]]\nfile = 'evil.ndjson'\nobject = 'vm-evil'\n"
    );
    fs::write(at("lifesigns.toml"), config).expect("the configuration");
    folder
}

fn manifest(folder: &Path, name: &str, module: &str, settings: &str) {
    let text = format!("module = 'modules/{module}.wasm'\n[settings]\n{settings}\n[limits]\ndeadline-ms = 10000\n");
    fs::write(folder.join(format!("rules/{name}.toml")), text).expect("a manifest");
}

fn append(running: &Running, log: &str, text: &str) {
    let mut file = fs::OpenOptions::new().append(true).open(running.path(log)).expect("the log");
    file.write_all(text.as_bytes()).expect("it takes lines");
}

/// Lines about this many objects, each with its message and fields.
fn events(lines: usize, objects: usize, message: &str, fields: &str) -> String {
    let mut text = String::new();
    for line in 0..lines {
        let object = line % objects;
        let _ = writeln!(text, r#"{{"object":"vm-{object}","message":"{message}","fields":{{{fields}}}}}"#);
    }
    text
}

fn rule<'a>(status: &'a Value, name: &str) -> &'a Value {
    let rules = status["rules"].as_array().expect("a list");
    rules.iter().find(|rule| rule["name"] == name).unwrap_or(&Value::Null)
}

/// Writes a line for the rule beside the others, and waits until it has raised something of it.
fn neighbour_raises(running: &Running, number: usize) {
    let begun = Instant::now();
    append(running, "good.log", &format!("neighbour number {number} of them\n"));
    while !running.read("out.ndjson").contains(&format!("neighbour number {number} of them")) {
        let status = || running.ask(&["status"]);
        assert!(begun.elapsed() < PATIENCE, "line {number} of the rule beside raises nothing; {}", status());
        thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn each_rule_that_uses_too_much_is_held_to_its_budget_and_that_is_said() {
    let folder = folder("");
    // The guest's deed, lines, objects, and what is said of it.
    let deeds = [
        ("slow", 200, 5, "ms of CPU in"),
        ("alerts", 3000, 1000, "bytes of raises and clears in"),
        ("hoard", 100, 100, "object-state-bytes"),
        ("counters", 10_000, 10, "ms of CPU in"),
        ("reminders", 2000, 2000, "raises and clears in"),
        ("trap", 2000, 10, "unreachable"),
    ];
    for (deed, ..) in deeds {
        manifest(folder.path(), deed, "hostile", &format!("do = '{deed}'\ncontains = ['trigger-{deed}-now']"));
    }
    let mut running = Running::start(folder);
    running.until("all rules run", |status| {
        rule(status, "trap")["name"] == "trap" && rule(status, "good") != &Value::Null
    });
    for (number, (deed, lines, objects, said)) in deeds.into_iter().enumerate() {
        append(&running, "evil.ndjson", &events(lines, objects, &format!("trigger-{deed}-now"), ""));
        neighbour_raises(&running, number);
        // A slow machine may make it a matter of time first.
        let says = |text: &str| [said, "ms of CPU in"].iter().any(|said| text.contains(said));
        let held = |status: &Value| {
            let rule = rule(status, deed);
            let is_held = rule["over_budget"].as_u64() > Some(0) || rule["failed"].as_u64() > Some(2);
            is_held && rule["last_error"].as_str().is_some_and(says)
        };
        running.until(&format!("{deed} is held, with {said:?}"), held);
        let doctor = running.ask(&["doctor"]);
        let line = doctor.lines().find(|line| line.contains(&format!("rule {deed} ")));
        assert!(line.is_some_and(says), "{deed}: {doctor}");
        let log = running.read("err.txt");
        let mut warnings = log.lines().filter(|line| line.contains("WARN") && line.contains(deed));
        assert!(warnings.any(says), "{deed}: {log}");
    }
    let status = running.until("it answers", |_| true);
    assert_eq!(
        (&rule(&status, "good")["missed"], &rule(&status, "good")["failed"]),
        (&0.into(), &0.into()),
        "{status:#}"
    );
    assert!(running.peak_bytes() < MOST_BYTES, "{} bytes", running.peak_bytes());
    running.signal("-TERM");
    assert!(running.wait_for_end().success());
}

#[test]
fn rules_that_keep_memory_stay_within_the_ceiling_of_all() {
    let folder = folder("");
    for number in 0..60 {
        let settings = "do = 'keeps-memory'\ncontains = ['trigger']";
        manifest(folder.path(), &format!("keeps-{number}"), "hostile", settings);
    }
    let mut running = Running::start(folder);
    running.until("all rules are there", |status| status["rules"].as_array().is_some_and(|rules| rules.len() == 61));
    append(&running, "evil.ndjson", &events(5, 5, "trigger", ""));
    neighbour_raises(&running, 0);
    let says = |rule: &Value| rule["last_error"].as_str().is_some_and(|error| error.contains("`rules-memory`"));
    let status = running
        .until("some find no room", |status| status["rules"].as_array().is_some_and(|rules| rules.iter().any(says)));
    let memory = &status["rules_memory"];
    assert!(memory["used_bytes"].as_u64() <= memory["ceiling_bytes"].as_u64(), "{memory}");
    assert!(running.ask(&["doctor"]).contains("`rules-memory`"), "doctor says so");
    assert!(running.peak_bytes() < MOST_BYTES, "{} bytes", running.peak_bytes());
    running.signal("-TERM");
    assert!(running.wait_for_end().success());
}

#[test]
fn what_the_host_does_for_a_rule_is_bounded_for_each_line() {
    let folder = folder("");
    let nested: Vec<String> = (7..1007).map(|len| format!("'{}'", "a".repeat(len))).collect();
    manifest(folder.path(), "nested", "keyword", &format!("contains = [{}]", nested.join(",")));
    manifest(folder.path(), "conditions", "hostile", "do = 'most-conditions'");
    let mut running = Running::start(folder);
    running.until("all rules run", |status| status["rules"].as_array().is_some_and(|rules| rules.len() == 3));
    append(&running, "evil.ndjson", &events(20, 5, &"a".repeat(60_000), ""));
    append(&running, "evil.ndjson", &events(20, 5, "long", &format!(r#""f":"{}value-63-1""#, "value-".repeat(9_500))));
    neighbour_raises(&running, 0);
    let status = running.until("all is evaluated", |status| {
        // What conditions cost is charged to their rule: it may miss some, and that is counted. A line that comes while
        // it is paused is not evaluated for it and counts too, so the neighbour's may be one more.
        let conditions = rule(status, "conditions");
        let of_conditions = conditions["events"].as_u64().zip(conditions["missed"].as_u64());
        status["engine"]["lines"] == 41
            && rule(status, "nested")["signs"] == 20
            && of_conditions.is_some_and(|(seen, missed)| matches!(seen + missed, 20 | 21))
    });
    assert_eq!(rule(&status, "nested")["failed"], 0, "{status:#}");
    assert!(running.peak_bytes() < MOST_BYTES, "{} bytes", running.peak_bytes());
    running.signal("-TERM");
    assert!(running.wait_for_end().success());
}

#[test]
fn an_expression_that_a_fact_makes_costly_is_cut_and_said() {
    let pairs = r#"tags.all(a, tags.all(b, a + b + a + b != "qqqq"))"#;
    let when = [pairs; 4].join(" && ");
    let folder = folder("");
    let config = folder.path().join("lifesigns.toml");
    let text = fs::read_to_string(&config).expect("the configuration");
    fs::write(&config, format!("{text}[[group]]\nname = 'costly'\nwhen = '{when}'\n")).expect("a group");
    let mut running = Running::start(folder);
    running.until("the rule runs", |status| rule(status, "good") != &Value::Null);
    let tags = "a,".repeat(2000);
    for object in 0..10 {
        append(
            &running,
            "evil.ndjson",
            &format!("{{\"object\":\"vm-{object}\",\"properties\":{{\"tags\":\"{tags}\"}}}}\n"),
        );
    }
    neighbour_raises(&running, 0);
    let status = running.until("it cannot be decided", |status| status["undecided"][0]["objects"] == 10);
    assert!(status["undecided"][0]["reason"].as_str().is_some_and(|why| why.contains("steps")), "{status:#}");
    assert!(running.ask(&["doctor"]).contains("group `costly`"), "doctor says so");
    running.signal("-TERM");
    assert!(running.wait_for_end().success());
}
