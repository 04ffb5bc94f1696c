//! The real binary: what `lifesigns replay` writes, and how it ends.

use std::{
    fs,
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use lifesigns_artifacts as artifacts;
use lifesigns_e2e::binary::lifesigns;
use serde_json::Value;

/// A folder with rules, and files beside it.
struct Place(tempfile::TempDir);

impl Place {
    fn new(rules: &[(&str, &str)]) -> Self {
        let place = Self(tempfile::tempdir().expect("a folder"));
        fs::create_dir(place.path("rules")).expect("a folder");
        for module in ["keyword", "docker-keyword"] {
            let to = place.path(&format!("rules/modules/{module}.wasm"));
            fs::create_dir_all(to.parent().expect("it has one")).expect("a folder");
            fs::copy(artifacts::rule(module), to).expect("a copy");
        }
        rules.iter().for_each(|(name, manifest)| drop(place.write(&format!("rules/{name}.toml"), manifest)));
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        fs::write(self.path(name), text).expect("the test's own folder");
        self.path(name)
    }

    fn replay(&self) -> Command {
        let mut command = Command::new(lifesigns());
        command.arg("replay").arg("--rules").arg(self.path("rules")).current_dir(self.0.path());
        // One cache for all tests: compiling is what takes long.
        command.env("LIFESIGNS_CACHE", artifacts::root().join("target/tmp/e2e-cache")).stdin(Stdio::null());
        command
    }
}

const DOCKER: (&str, &str) = ("docker", "module = \"modules/docker-keyword.wasm\"\n");
const KEYWORD: (&str, &str) = ("word", "module = \"modules/keyword.wasm\"\n[settings]\ncontains = [\"a keyword\"]\n");

fn debug_log() -> PathBuf {
    artifacts::root().join("examples/fleet/logs/vm-play-01.log")
}

fn default_log() -> PathBuf {
    artifacts::root().join("rules/docker-keyword/cases/whole-life/vm-2.log")
}

fn run(command: &mut Command) -> Output {
    let output = command.output().expect("the binary starts");
    assert!(!String::from_utf8_lossy(&output.stderr).contains("panicked"), "{output:?}");
    output
}

fn alerts(output: &Output) -> Vec<Value> {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = std::str::from_utf8(&output.stdout).expect("UTF-8");
    text.lines().map(|line| serde_json::from_str(line).expect("one JSON object a line")).collect()
}

fn count(alerts: &[Value], symptom: &str) -> usize {
    alerts.iter().filter(|alert| alert["symptom"] == symptom).count()
}

fn fails(command: &mut Command, code: i32, parts: &[&str]) {
    let output = run(command);
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{text}");
    parts.iter().for_each(|part| assert!(text.contains(part), "{text:?} does not say {part:?}"));
    assert!(output.stdout.is_empty(), "{}", String::from_utf8_lossy(&output.stdout));
}

#[test]
fn a_real_daemons_log_gives_its_29_creations_and_at_the_default_level_its_starts() {
    let place = Place::new(&[DOCKER]);
    let debug = alerts(&run(place.replay().arg(debug_log())));
    assert_eq!(count(&debug, "container-created"), 29);
    for alert in debug.iter().filter(|alert| alert["symptom"] == "container-created") {
        let text = alert["evidence"][0]["text"].as_str().expect("a text");
        assert!(text.contains("Calling POST") && !text.contains("Registering"), "a look-alike: {text}");
        assert_eq!(alert["object"], "vm-play-01", "the file's stem");
        assert_eq!(alert["rule"], "docker");
        assert!(alert["module"].as_str().is_some_and(|module| module.starts_with("sha256:")));
    }
    let default = alerts(&run(place.replay().args(["--object", "vm-9"]).arg(default_log())));
    assert_eq!((count(&default, "container-created"), count(&default, "container-started")), (0, 28));
    assert!(default.iter().all(|alert| alert["object"] == "vm-9"));
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    let place = Place::new(&[DOCKER, KEYWORD]);
    let files = [debug_log(), default_log()];
    let outputs: Vec<Vec<u8>> =
        ["1", "2", "2", "4"].map(|threads| run(place.replay().args(["--threads", threads]).args(&files)).stdout).into();
    assert!(!outputs[0].is_empty());
    assert!(outputs.iter().all(|output| *output == outputs[0]));
    let times: Vec<String> = alerts(&run(place.replay().args(&files))).iter().map(|a| a["time"].to_string()).collect();
    assert!(
        times.is_sorted_by_key(|time| lifesigns_intake::parse_time(time.trim_matches('"'))),
        "merged by event time"
    );
}

#[test]
fn sources_are_merged_by_event_time_and_facts_hold_as_of_each_event() {
    let manifest = "module = \"modules/keyword.wasm\"\n[settings]\ncontains = [\"a keyword\"]\nproperties = { env = \"production\" }\n";
    let place = Place::new(&[("production", manifest)]);
    let event = |second: u32, object: &str| format!("2026-11-23T00:00:{second:02}Z {object} app: a keyword {second}\n");
    let fact = |second: u32, env: &str| {
        format!(
            "{{\"time\":\"2026-11-23T00:00:{second:02}Z\",\"object\":\"vm-1\",\"properties\":{{\"env\":\"{env}\"}}}}\n"
        )
    };
    let first = place.write("first.log", &[event(1, "vm-1"), event(3, "vm-1"), event(9, "vm-1")].concat());
    let other =
        place.write("other.log", &[event(2, "vm-2"), event(4, "vm-1"), event(6, "vm-1"), event(8, "vm-1")].concat());
    let facts = place.write("facts.ndjson", &[fact(4, "production"), fact(7, "test"), fact(9, "production")].concat());
    let inventory =
        place.write("inventory.toml", "[[object]]\nid = \"vm-2\"\n[object.properties]\nenv = \"production\"\n");
    // A tie at second 4: the facts are the first argument, so the line finds them; at second 9 too.
    let mut command = place.replay();
    let output = run(command.arg("--inventory").arg(inventory).arg(facts).arg(first).arg(other));
    let found: Vec<_> =
        alerts(&output).iter().map(|alert| alert["time"].as_str().expect("a time")[17..19].to_owned()).collect();
    assert_eq!(found, ["02", "04", "06", "09"]);
}

#[test]
fn standard_input_is_a_source() {
    let place = Place::new(&[KEYWORD]);
    let mut child = place
        .replay()
        .arg("-")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("starts");
    child
        .stdin
        .take()
        .expect("a pipe")
        .write_all(b"2026-11-23T00:00:01Z a keyword\nno time, a keyword")
        .expect("it reads");
    let alerts = alerts(&child.wait_with_output().expect("it ends"));
    let found: Vec<_> =
        alerts.iter().map(|alert| (&alert["evidence"][0]["source"], &alert["evidence"][0]["line"])).collect();
    assert_eq!(found, [(&Value::from("stdin"), &Value::from(1)), (&Value::from("stdin"), &Value::from(2))]);
    assert_eq!(alerts[1]["time"], "2026-11-23T00:00:01Z", "that of the line before it");
    assert_eq!(alerts[1]["object"], "stdin");
}

#[test]
fn a_date_that_could_be_two_is_read_as_the_user_says_and_is_never_guessed() {
    let place = Place::new(&[KEYWORD]);
    let log = place.write("spark.log", "17/06/09 20:10:40 INFO executor.Executor: a keyword\n");
    let times = |formats: &[&str]| {
        let output = run(place.replay().args(formats).arg(&log));
        let time = alerts(&output)[0]["time"].clone();
        (time, String::from_utf8_lossy(&output.stderr).contains("--time-format"))
    };
    assert_eq!(times(&["--time-format", "%y/%m/%d %T"]), (Value::from("2017-06-09T20:10:40Z"), false));
    let two = ["--time-format", "%Y/%m/%d %T", "--time-format", "%d/%m/%y %H:%M:%S"];
    assert_eq!(times(&two), (Value::from("2009-06-17T20:10:40Z"), false));
    assert_eq!(times(&[]), (Value::from("1970-01-01T00:00:00Z"), true), "the summary says what to do");
}

#[test]
fn what_the_command_line_gets_wrong_is_2() {
    let place = Place::new(&[KEYWORD]);
    fails(&mut place.replay(), 2, &["<FILE>"]);
    fails(place.replay().args(["--format", "xml", "a.log"]), 2, &["xml", "auto, plain, syslog, logfmt and ndjson"]);
    fails(place.replay().args(["--no-such-flag", "a.log"]), 2, &["--no-such-flag"]);
    fails(place.replay().arg(place.path("rules")), 2, &["is a folder; name its files"]);
    let log = place.write("a.log", "");
    fails(place.replay().args(["--time-format", "%H:%M"]).arg(&log), 2, &["%H:%M", "does not say the month"]);
    fails(place.replay().args(["--before", "yesterday"]).arg(log), 2, &["yesterday", "RFC 3339"]);
}

#[test]
fn bad_configuration_is_78_and_names_file_and_line() {
    let place = Place::new(&[KEYWORD]);
    let log = place.write("a.log", "2026-11-23T00:00:01Z a keyword\n");
    let inventory = place.write("fleet.toml", "[[object]]\nid = \"vm-1\"\nkindd = \"vm\"\n");
    fails(place.replay().arg("--inventory").arg(inventory).arg(&log), 78, &["fleet.toml:3", "kindd"]);
    fails(place.replay().args(["--inventory", "none.toml"]).arg(&log), 78, &["none.toml: the file does not exist"]);
    let bad = Place::new(&[KEYWORD, ("bad", "module = \"modules/keyword.wasm\"\n\n[setings]\ncontains = [\"x\"]\n")]);
    fails(bad.replay().arg(&log), 78, &["bad.toml:3", "setings"]);
    let unset = Place::new(&[("unset", "module = \"modules/keyword.wasm\"\n")]);
    fails(unset.replay().arg(&log), 78, &["unset.toml", "`contains` is missing"]);
    let mut nowhere = Command::new(lifesigns());
    fails(nowhere.args(["replay", "--rules", "/no/such/folder"]).arg(&log), 78, &["/no/such/folder", "is not there"]);
    let mut module = Command::new(lifesigns());
    let file = place.path("rules/modules/keyword.wasm");
    fails(module.args(["replay", "--rules"]).arg(file).arg(&log), 78, &["keyword.wasm is a file", "the folder"]);
}

#[test]
fn a_folder_without_a_rule_crate_is_not_built() {
    let (place, mut build) = (Place::new(&[]), Command::new(lifesigns()));
    fails(build.args(["rule", "build"]).arg(place.path("rules")), 1, &["rules: there is no rule crate in it"]);
}

#[test]
fn a_file_that_cannot_be_read_is_1() {
    let place = Place::new(&[KEYWORD]);
    fails(place.replay().arg("no-such.log"), 1, &["no-such.log cannot be read"]);
}

#[test]
fn a_reader_that_has_had_enough_ends_it_quietly() {
    let place = Place::new(&[KEYWORD]);
    let log = place.write("a.log", &"2026-11-23T00:00:01Z a keyword\n".repeat(20_000));
    let mut child =
        place.replay().arg(log).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary starts");
    let mut first = String::new();
    let mut reader = BufReader::new(child.stdout.take().expect("a pipe"));
    reader.read_line(&mut first).expect("a line");
    assert!(first.starts_with("{\"time\":"), "{first}");
    drop(reader);
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}

#[test]
fn what_is_not_utf8_and_what_is_too_long_is_counted() {
    let place = Place::new(&[KEYWORD]);
    let mut log = b"2026-11-23T00:00:01Z a keyword \xff\n".to_vec();
    log.extend(vec![b'x'; 100_000]);
    log.push(b'\n');
    fs::write(place.path("a.log"), log).expect("the test's own folder");
    let output = run(place.replay().arg(Path::new("a.log")));
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(text.contains("1 line longer than 64 KiB") && text.contains("1 decoded line not in UTF-8"), "{text}");
    assert_eq!(alerts(&output)[0]["evidence"][0]["text"], "2026-11-23T00:00:01Z a keyword \u{fffd}");
}
