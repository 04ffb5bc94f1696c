//! The real binary's `run` with its store: a full disk, a source that is started again, receivers that
//! come and go. Every line is evaluated once, every notice delivered once.

use std::{
    fs,
    io::Write,
    path::PathBuf,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use lifesigns_e2e::binary;
use serde_json::Value;

const PATIENCE: Duration = Duration::from_secs(60);

/// A folder with a rule that raises a symptom for every object that says `word`.
struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        let folder = Self(tempfile::tempdir().expect("a folder"));
        fs::create_dir_all(folder.path("rules/modules")).expect("the rules folder");
        fs::copy(lifesigns_artifacts::rule("keyword"), folder.path("rules/modules/keyword.wasm")).expect("the module");
        let rule =
            "module = 'modules/keyword.wasm'\n[settings]\ncontains = ['word']\nsymptom = 'word'\ntitle = 'A word'\n";
        fs::write(folder.path("rules/word.toml"), rule).expect("the rule");
        fs::write(folder.path("app.log"), "").expect("the log");
        folder
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// The configuration, whole: `rest` is what differs.
    fn configure(&self, object: &str, rest: &str) {
        let text = format!(
            "rules = 'rules'\nstore = 'a.db'\n[output]\nfile = 'alerts.ndjson'\n[engine]\ninflight-bytes = 1048576\n\
             [[source]]\nfile = 'app.log'\nobject = '{object}'\n{rest}"
        );
        fs::write(self.path("new"), text).expect("the configuration");
        fs::rename(self.path("new"), self.path("lifesigns.toml")).expect("in its place");
    }

    fn write(&self, text: &str) {
        let mut log = fs::OpenOptions::new().append(true).open(self.path("app.log")).expect("the log");
        log.write_all(text.as_bytes()).expect("lines");
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(binary::lifesigns());
        command.args(arguments).arg("--config").arg(self.path("lifesigns.toml"));
        command
    }

    fn ask(&self, arguments: &[&str]) -> Value {
        let output = self.command(arguments).args(["--output", "json"]).output().expect("the binary starts");
        serde_json::from_slice(&output.stdout).unwrap_or(Value::Null)
    }

    fn run(&self) -> Running<'_> {
        let errors = fs::OpenOptions::new().append(true).create(true).open(self.path("err.txt")).expect("a file");
        let child = self.command(&["run"]).stdout(Stdio::null()).stderr(errors).spawn().expect("the binary starts");
        let running = Running { folder: self, child };
        running.until("it answers", |status| status["pid"] == running.child.id());
        running
    }

    /// The keys of the notices that a receiver wrote.
    fn delivered(&self, file: &str) -> Vec<String> {
        let text = fs::read_to_string(self.path(file)).unwrap_or_default();
        let key = |line: &str| {
            let notice: Value = serde_json::from_str(line).expect("a line of JSON");
            notice["key"].as_str().expect("a key").to_owned()
        };
        text.lines().map(key).collect()
    }

    fn said(&self) -> String {
        fs::read_to_string(self.path("err.txt")).unwrap_or_default()
    }
}

struct Running<'a> {
    folder: &'a Folder,
    child: Child,
}

impl Running<'_> {
    /// Waits until `status` says so.
    fn until(&self, what: &str, enough: impl Fn(&Value) -> bool) -> Value {
        let begun = Instant::now();
        loop {
            let status = self.folder.ask(&["status"]);
            if enough(&status) {
                return status;
            }
            assert!(begun.elapsed() < PATIENCE, "never: {what}; {status:#}\n{}", self.folder.said());
            thread::sleep(Duration::from_millis(50));
        }
    }

    fn lines(&self, lines: u64) {
        self.until(&format!("{lines} lines"), |status| status["sources"][0]["lines"] == lines);
    }

    /// SIGTERM; how long it took.
    fn stop(mut self) -> Duration {
        let begun = Instant::now();
        let signalled = Command::new("kill").arg(self.child.id().to_string()).status().expect("kill");
        assert!(signalled.success());
        while self.child.try_wait().expect("a child").is_none() {
            assert!(begun.elapsed() < PATIENCE, "it does not end\n{}", self.folder.said());
            thread::sleep(Duration::from_millis(20));
        }
        begun.elapsed()
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        // Only a failed test leaves it running.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// More than may be in flight.
fn many(lines: u64) -> String {
    (0..lines)
        .map(|line| format!("2026-11-24T09:00:00Z app: line {line} of many, and so that it is long: {line:0>60}\n"))
        .collect()
}

#[test]
fn a_host_ends_while_its_store_takes_nothing_and_goes_on_where_it_was() {
    let folder = Folder::new();
    folder.configure("vm-1", "");
    let running = folder.run();
    folder.write("2026-11-24T09:00:00Z app: a word\n");
    running.lines(1);
    let store = rusqlite::Connection::open(folder.path("a.db")).expect("the store");
    store.execute_batch("BEGIN IMMEDIATE").expect("the store is held");
    folder.write(&many(30_000));
    // What was read first leaves no room for the next chunk.
    running.until("the source waits for room", |status| {
        status["engine"]["inflight_bytes"].as_u64() > Some(100_000) && status["store"]["state"] != "ok"
    });
    running.stop();
    store.execute_batch("ROLLBACK").expect("the store is free");
    drop(store);
    let running = folder.run();
    running.lines(30_001);
    running.stop();
    let alerts = folder.ask(&["alerts", "list"]);
    assert_eq!(alerts.as_array().map(Vec::len), Some(1), "{alerts:#}");
}

#[test]
fn a_source_that_is_changed_reads_every_line_once() {
    let folder = Folder::new();
    folder.configure("vm-0", "");
    let running = folder.run();
    let mut lines = 0;
    for turn in 1..=4 {
        folder.write(&many(20_000));
        lines += 20_000;
        // In the middle of it.
        running.until("some of it", |status| status["engine"]["lines"].as_u64() > Some(lines - 20_000));
        folder.configure(&format!("vm-{turn}"), "");
        running.until("in force", |_| folder.said().matches("configuration reloaded").count() == turn);
    }
    running.lines(lines);
    let status = running.until("all", |status| status["engine"]["inflight_bytes"] == 0);
    assert_eq!(status["engine"]["lines"], lines, "none is read twice");
    running.stop();
}

#[test]
fn receivers_that_stay_or_change_tell_nothing_twice_and_none_waits_for_one_that_is_gone() {
    let to = |file: &str, name: &str| {
        format!(
            "[[receiver]]\nname = '{name}'\nndjson = {{ file = '{file}' }}\n[[route]]\nreceivers = ['{name}']\ngroup-by = ['object']\n"
        )
    };
    let folder = Folder::new();
    folder.configure("vm-1", &to("one.ndjson", "one"));
    let running = folder.run();
    for number in 0..40 {
        folder.write(&format!("2026-11-24T09:00:00Z host-{number} app: a word\n"));
        match number {
            10 => folder.configure("vm-1", &to("two.ndjson", "one")),
            20 => folder.configure("vm-1", &(to("two.ndjson", "one") + "[[group]]\nname = 'g'\nobjects = ['vm-*']\n")),
            // Its notices cannot be delivered before it is removed.
            30 => folder.configure("vm-1", &to("nowhere/three.ndjson", "late")),
            _ => {}
        }
        if number % 10 == 0 && number > 0 {
            running.until("in force", |_| folder.said().matches("configuration reloaded").count() == number / 10);
        }
        running.lines(number as u64 + 1);
    }
    running.until("it waits", |status| status["receivers"][0]["pending"].as_u64() > Some(5));
    folder.configure("vm-1", &to("four.ndjson", "four"));
    let begun = Instant::now();
    while folder.ask(&["outbox", "dead"]).as_array().is_none_or(Vec::is_empty) {
        assert!(begun.elapsed() < PATIENCE, "what waits for one that is gone is given up\n{}", folder.said());
        thread::sleep(Duration::from_millis(50));
    }
    // They cannot be sent to one that is not there, and need not stay for ever.
    let receiver = ["--receiver", "late"];
    let again = folder.command(&["outbox", "resend"]).args(receiver).output().expect("it runs");
    let why = String::from_utf8_lossy(&again.stderr).into_owned();
    assert!(!again.status.success() && why.contains("no such receiver"), "{why}");
    let dropped = folder.command(&["outbox", "drop"]).args(receiver).output().expect("it runs");
    assert!(dropped.status.success(), "{}", String::from_utf8_lossy(&dropped.stderr));
    assert_eq!(folder.ask(&["outbox", "dead"]).as_array().map(Vec::len), Some(0));
    let audit = folder.ask(&["audit"]);
    let entry = audit.as_array().and_then(|all| all.iter().find(|entry| entry["what"] == "dead letters dropped"));
    assert_eq!(entry.map(|entry| entry["subject"].clone()), Some(Value::from("late")), "{audit:#}");
    // The new receiver is notified of all that is open; then nothing waits any more.
    while folder.ask(&["outbox", "list"]).as_array().is_none_or(|waiting| !waiting.is_empty()) {
        assert!(begun.elapsed() < PATIENCE, "nothing waits in the end\n{}", folder.said());
        thread::sleep(Duration::from_millis(50));
    }
    running.stop();
    let (one, two) = (folder.delivered("one.ndjson"), folder.delivered("two.ndjson"));
    let mut all = [one.clone(), two.clone()].concat();
    assert!(one.len() >= 10 && two.len() >= 15, "{one:?} {two:?}");
    let count = all.len();
    all.sort();
    all.dedup();
    assert_eq!(all.len(), count, "nothing is delivered twice");
}
