//! The way of a rule's author, with nothing but the binary: each template, the tutorial's commands, and what the
//! commands say when something is wrong.

use std::{
    fs,
    path::Path,
    process::{Child, Command, Output, Stdio},
    thread,
    time::{Duration, Instant},
};

use lifesigns_e2e::binary::lifesigns;

fn command(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(lifesigns());
    // The SDK comes along: nothing may be asked of a registry.
    command.args(arguments).current_dir(folder).env("CARGO_NET_OFFLINE", "true").env("XDG_CACHE_HOME", folder);
    command.output().expect("the binary starts")
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

#[track_caller]
fn fine(folder: &Path, arguments: &[&str]) -> String {
    let output = command(folder, arguments);
    assert!(output.status.success(), "{arguments:?}:\n{}", text(&output));
    text(&output)
}

#[track_caller]
fn fails(folder: &Path, arguments: &[&str], code: i32) -> String {
    let output = command(folder, arguments);
    assert_eq!(output.status.code(), Some(code), "{arguments:?}:\n{}", text(&output));
    text(&output)
}

#[track_caller]
fn says(said: &str, parts: &[&str]) {
    for part in parts {
        assert!(said.contains(part), "{part:?} is not in:\n{said}");
    }
}

/// A new rule, whose unit tests are not run again by each command.
fn new(folder: &Path, name: &str, template: &str) {
    fine(folder, &["rule", "new", name, "--template", template]);
}

#[test]
fn every_template_is_green_at_once() {
    let folder = tempfile::tempdir().expect("a folder");
    for template in ["keyword", "stateful", "facts"] {
        let name = format!("my-{template}");
        new(folder.path(), &name, template);
        let said = fine(folder.path(), &["rule", "test", &name]);
        says(&said, &["case first", "case refused", "2 cases: as expected"]);
        says(&fine(folder.path(), &["rule", "check", &name]), &["a host loads it; nothing to remark"]);
    }
}

#[test]
fn what_differs_is_shown_and_written_down() {
    let folder = tempfile::tempdir().expect("a folder");
    new(folder.path(), "logins", "stateful");
    let path = folder.path().join("logins/cases/first.case");
    let right = fs::read_to_string(&path).expect("the case");
    let wrong = right.replace("count=\"3\"", "count=\"4\"");
    fs::write(&path, &wrong).expect("it is written");
    let junit = folder.path().join("cases.xml").display().to_string();
    let test = ["rule", "test", "logins", "--no-unit-tests"];
    let arguments = [&test[..], &["--junit", &junit]].concat();
    let said = fails(folder.path(), &arguments, 1);
    says(
        &said,
        &[
            "first.case:10: log vm-1",
            "    - raise many-failed-logins vm-1",
            "count=\"4\"",
            "    + raise",
            "1 of 2 cases",
        ],
    );
    says(&fs::read_to_string(&junit).expect("the results"), &["failures=\"1\"", "name=\"refused\""]);
    fine(folder.path(), &[&test[..], &["--update"]].concat());
    assert_eq!(fs::read_to_string(&path).expect("the case"), right);
    says(&fine(folder.path(), &test), &["2 cases: as expected"]);
    says(
        &fails(folder.path(), &[&test[..], &["--case", "frist"]].concat(), 2),
        &["no case `frist`", "did you mean `first`"],
    );
}

#[test]
fn a_panic_names_its_place_and_the_line_that_caused_it() {
    let folder = tempfile::tempdir().expect("a folder");
    new(folder.path(), "logins", "keyword");
    let source = folder.path().join("logins/src/lib.rs");
    let text = fs::read_to_string(&source).expect("the source");
    let text = text.replace(
        "        let user = rest",
        "        assert!(!rest.contains(\"eve\"), \"no user {rest}\");\n        let user = rest",
    );
    let line = 1 + text.lines().position(|line| line.contains("no user")).expect("the line");
    fs::write(&source, text).expect("it is written");
    let log = "2026-11-27T09:00:00Z Failed password for root\n2026-11-27T09:00:01Z Failed password for eve\n";
    fs::write(folder.path().join("auth.log"), log).expect("the log");
    let said = fails(folder.path(), &["rule", "try", "logins", "auth.log"], 1);
    let place = format!("it panicked at src/lib.rs:{line}:9: no user eve");
    says(
        &said,
        &["A login of root failed on auth", "auth.log:1", &place, "auth.log:2: \"2026-11-27T09:00:01Z", "1 raise"],
    );

    // Without the grant of the log it is loaded, and says so too.
    let rules = folder.path().join("rules.d");
    fine(folder.path(), &["rule", "build", "logins", "--out", "rules.d"]);
    fs::write(rules.join("logins.toml"), "grants = []\n").expect("the manifest");
    says(&fine(folder.path(), &["replay", "--rules", "rules.d", "auth.log"]), &["1 raise or clear", &place]);
}

#[test]
fn a_bench_counts_what_a_rule_sees_and_costs_and_runs_it_natively_too() {
    let folder = tempfile::tempdir().expect("a folder");
    new(folder.path(), "logins", "keyword");
    let lines = (0..1000).map(|number| match number % 4 {
        0 => format!("2026-11-27T09:00:00Z Failed password for user{number}\n"),
        _ => format!("2026-11-27T09:00:00Z session {number} opened\n"),
    });
    fs::write(folder.path().join("auth.log"), lines.collect::<String>()).expect("the log");
    let json = |rule: &str| {
        let bench = ["rule", "bench", rule, "auth.log", "--rounds", "3", "--output", "json"];
        let output = command(folder.path(), &bench);
        assert!(output.status.success(), "{}", text(&output));
        serde_json::from_slice::<serde_json::Value>(&output.stdout).expect("figures")
    };
    let figures = json("logins");
    let counts = ["lines", "events", "alerts", "rounds"].map(|name| figures[name].as_u64().expect(name));
    assert_eq!((counts, figures["delivered_percent"].as_f64()), ([1000, 250, 250, 3], Some(25.0)), "{figures:#}");
    assert!(figures["memory_bytes"].as_u64() > Some(100_000), "{figures:#}");
    for build in ["module", "native"] {
        let speed = |name: &str| figures[build][name].as_f64().is_some_and(|figure| figure > 0.0);
        let all = ["events_per_s", "ns_per_event", "p50_call_ns", "p99_call_ns"];
        assert!(all.into_iter().all(speed), "{figures:#}");
    }
    let figures = json("logins/target/lifesigns/logins.wasm");
    assert_eq!((&figures["native"], figures["events"].as_u64()), (&serde_json::Value::Null, Some(250)));
    says(figures["not_native"].as_str().unwrap_or_default(), &["name its crate"]);
    fs::write(folder.path().join("other.log"), "nothing\n").expect("the log");
    says(
        &fails(folder.path(), &["rule", "bench", "logins", "other.log"], 1),
        &["none of 1 line is one that the rule sees"],
    );
    says(&fails(folder.path(), &["rule", "bench", "logins", "-"], 2), &["a bench reads files"]);
}

#[test]
fn wrong_commands_name_the_fix() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    says(&fails(at, &["rule", "new", "My Rule"], 1), &["lower-case letters"]);
    says(&fails(at, &["rule", "test"], 1), &["no Cargo.toml in it", "lifesigns rule new"]);
    says(&fails(at, &["rule", "build", "."], 1), &["there is no rule crate in it"]);
    let module = lifesigns_artifacts::rule("keyword").display().to_string();
    fs::write(at.join("x.log"), "x\n").expect("a log");
    says(
        &fails(at, &["rule", "try", &module, "--set", "contain=x", "x.log"], 1),
        &["`contain` is no setting of this rule; did you mean `contains`?", "`contains` is missing"],
    );
    says(&fails(at, &["rule", "try", &module, "--set", "contains", "x.log"], 2), &["write NAME=VALUE"]);
    says(&fails(at, &["rule", "try", &module, "--until", "noon", "x.log"], 2), &["is no RFC 3339 time"]);
    says(&fine(at, &["rule", "inspect", &module]), &["setting   contains", "must be given", "\"warning\""]);
    says(&fine(at, &["rule", "try", &module, "--set", "contains=x", "x.log"]), &["1 raise, 0 clears"]);
}

/// The blocks of a page: language, title and content.
fn blocks(page: &str) -> Vec<(String, Option<String>, String)> {
    let mut blocks = Vec::new();
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        let Some(info) = line.strip_prefix("```") else { continue };
        let (language, rest) = info.split_once(' ').unwrap_or((info, ""));
        let title = rest.strip_prefix("title=\"").and_then(|rest| rest.strip_suffix('"'));
        let content: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
        blocks.push((language.to_owned(), title.map(str::to_owned), content.join("\n") + "\n"));
    }
    blocks
}

#[test]
fn the_commands_of_the_tutorial_run() {
    let page = fs::read_to_string(lifesigns_artifacts::root().join("docs/writing-rules.md")).expect("the page");
    let folder = tempfile::tempdir().expect("a folder");
    let binaries = lifesigns().parent().expect("the binary lies in a folder").display().to_string();
    let path = format!("{binaries}:{}", std::env::var("PATH").unwrap_or_default());
    let mut said = String::new();
    let mut host = None;
    for (language, title, content) in blocks(&page) {
        if let Some(title) = title {
            fs::write(folder.path().join(title), content).expect("a file of the page");
        } else if language == "sh" {
            // Each line of its own, as a person types it.
            for line in content.lines() {
                if line == "lifesigns run" {
                    host = Some(Host::start(folder.path()));
                    continue;
                }
                let mut shell = Command::new("sh");
                shell.args(["-ec", line]).current_dir(folder.path()).env("PATH", &path);
                let output = shell
                    .env("CARGO_NET_OFFLINE", "true")
                    .env("XDG_CACHE_HOME", folder.path())
                    .output()
                    .expect("a shell");
                assert!(output.status.success(), "{line}:\n{}", text(&output));
                said.push_str(&text(&output));
            }
        }
    }
    says(
        &said,
        &[
            "=> raise too-many-containers vm-1 \"3 different containers on vm-1 within 1h\" count=\"3\"",
            "=> 2026-11-27T10:01:00Z clear too-many-containers vm-1",
            "=> refused: `windw` is no setting of this rule; did you mean `window`?",
            "=> refused: `at-least` is 0: give a whole number from 1 to 4096",
            "2 cases: as expected",
            "raise  too-many-containers  docker  2 different containers on docker within 1h  docker.log:2",
            "1 raise, 1 clear",
            "setting   at-least",
            "3 lines, 2 seen by the rule (66.67 %)",
            "times native",
            "containers-per-hour  would not see it",
            "no   the field \"namespace\" is \"moby\": it is \"k8s.io\"",
            "containers-per-hour 0.1.0 runs beside containers-per-hour",
            "with the state that its shadow had",
            "promoted",
            "is version 1 (containers-per-hour 0.1.0) again, with the state that it had",
            "rule rolled back to 1",
        ],
    );
    drop(host.expect("the page starts a host"));
}

/// The host of the page, in a terminal of its own.
struct Host(Child);

impl Host {
    fn start(folder: &Path) -> Self {
        let log = folder.join("run.log");
        let mut run = Command::new(lifesigns());
        run.arg("run").current_dir(folder).env("XDG_CACHE_HOME", folder).stdout(Stdio::null());
        let host = Self(run.stderr(fs::File::create(&log).expect("a log")).spawn().expect("it starts"));
        let begun = Instant::now();
        while !fs::read_to_string(&log).is_ok_and(|log| log.contains("running: 1 rule")) {
            assert!(begun.elapsed() < Duration::from_secs(60), "{}", fs::read_to_string(&log).unwrap_or_default());
            thread::sleep(Duration::from_millis(20));
        }
        host
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_save_is_built_tested_and_put_in_place() {
    let folder = tempfile::tempdir().expect("a folder");
    new(folder.path(), "logins", "stateful");
    let module = folder.path().join("rules.d/logins.wasm");
    let mut dev = Command::new(lifesigns());
    dev.args(["rule", "dev", "logins", "--out", "rules.d"]).current_dir(folder.path());
    let mut dev = dev.env("CARGO_NET_OFFLINE", "true").env("XDG_CACHE_HOME", folder.path()).spawn().expect("it starts");
    let wait = |is: &dyn Fn() -> bool| {
        let started = std::time::Instant::now();
        while !is() && started.elapsed().as_secs() < 300 {
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
        is()
    };
    let first = wait(&|| module.is_file());
    let before = fs::read(&module).unwrap_or_default();
    let source = folder.path().join("logins/src/lib.rs");
    let text = fs::read_to_string(&source).expect("the source").replace("Many logins fail", "Many logins are refused");
    fs::write(&source, text).expect("a save");
    let second = wait(&|| fs::read(&module).is_ok_and(|now| now != before));
    dev.kill().expect("it runs");
    dev.wait().expect("it ends");
    assert!(first && second, "{first} {second}");
}
