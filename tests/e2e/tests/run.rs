//! The real binary's `run`, as ops use it: rules dropped in, broken and removed while lines flow,
//! and a drain on SIGTERM.

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use lifesigns_e2e::binary;

/// A started `lifesigns run` in a folder of its own.
struct Running {
    folder: tempfile::TempDir,
    child: Child,
}

impl Running {
    fn start(rules: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name);
        fs::create_dir(at("rules.d")).expect("the rules folder");
        fs::create_dir(at("modules")).expect("the modules' folder");
        fs::copy(lifesigns_artifacts::rule("keyword"), at("modules/keyword.wasm")).expect("the module");
        for (name, literal) in rules {
            fs::write(at("rules.d").join(format!("{name}.toml")), manifest(literal)).expect("a manifest");
        }
        fs::write(at("app.log"), "").expect("the log");
        let config = "rules = 'rules.d'\nmodule-folders = 'modules'\ncache = 'cache'\n[output]\nfile = 'alerts.ndjson'\n[[source]]\nfile = 'app.log'\nobject = 'vm-1'\n";
        fs::write(at("lifesigns.toml"), config).expect("the configuration");
        let errors = fs::File::create(at("err.txt")).expect("a file for standard error");
        let child = Command::new(binary::lifesigns())
            .args(["run", "--config"])
            .arg(at("lifesigns.toml"))
            .stdout(Stdio::null())
            .stderr(errors)
            .spawn()
            .expect("the binary starts");
        Self { folder, child }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write_line(&self, line: &str) {
        let mut log = fs::OpenOptions::new().append(true).open(self.path("app.log")).expect("the log");
        writeln!(log, "{line}").expect("a line");
    }

    fn rule(&self, name: &str, text: &str) {
        fs::write(self.path("rules.d").join(format!("{name}.toml")), text).expect("a manifest");
    }

    fn wait_for(&self, file: &str, text: &str) {
        wait_for(&self.path(file), text);
    }

    /// SIGTERM; the alerts' evidence lines with their rules.
    fn stop(mut self) -> Vec<(String, String)> {
        let signalled = Command::new("kill").arg(self.child.id().to_string()).status().expect("kill");
        assert!(signalled.success());
        let status = self.child.wait().expect("the process ends");
        assert!(status.success(), "it drains and exits 0, not {status}");
        let alerts = fs::read_to_string(self.path("alerts.ndjson")).unwrap_or_default();
        let alert = |line: &str| {
            let alert: serde_json::Value = serde_json::from_str(line).expect("one alert, one line of JSON");
            let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
            (text(&alert["rule"]), text(&alert["evidence"][0]["text"]))
        };
        alerts.lines().map(alert).collect()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Only a failed test leaves it running.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn manifest(literal: &str) -> String {
    format!("module = '../modules/keyword.wasm'\n[settings]\ncontains = ['{literal}']\n")
}

fn wait_for(path: &Path, text: &str) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !fs::read_to_string(path).unwrap_or_default().contains(text) {
        assert!(Instant::now() < deadline, "{text:?} does not come in {}", path.display());
        thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn rules_come_change_break_and_go_while_lines_flow() {
    let running = Running::start(&[("steady", "line")]);
    running.wait_for("err.txt", "running: 1 rule");
    running.write_line("line 1 boom");
    running.wait_for("alerts.ndjson", "line 1");
    running.rule("late", &manifest("boom"));
    running.wait_for("err.txt", "late: loaded");
    running.write_line("line 2 boom");
    running.wait_for("alerts.ndjson", "\"rule\":\"late\"");
    running.rule("late", "module = '../modules/keyword.wasm'\n[settings]\ncontians = ['x']\n");
    running.wait_for("err.txt", "late: refused");
    running.wait_for("err.txt", "the old version keeps running");
    running.write_line("line 3 boom");
    running.wait_for("alerts.ndjson", "line 3");
    fs::write(running.path("rules.d/bad.wasm"), "garbage").expect("a bad module");
    running.wait_for("err.txt", "bad: refused");
    fs::remove_file(running.path("rules.d/late.toml")).expect("the manifest goes");
    running.wait_for("err.txt", "late: removed");
    running.write_line("line 4 boom");
    running.wait_for("alerts.ndjson", "line 4");
    let mut alerts = running.stop();
    alerts.sort();
    let of =
        |rule: &str| alerts.iter().filter(|(name, _)| name == rule).map(|(_, text)| text.as_str()).collect::<Vec<_>>();
    assert_eq!(
        of("steady"),
        ["line 1 boom", "line 2 boom", "line 3 boom", "line 4 boom"],
        "nothing lost, nothing twice"
    );
    assert_eq!(of("late"), ["line 2 boom", "line 3 boom"]);
}

#[test]
fn a_signal_drains_what_was_read() {
    let running = Running::start(&[("steady", "line")]);
    running.wait_for("err.txt", "running: 1 rule");
    let lines: String = (0..20_000).map(|number| format!("line {number}\n")).collect();
    running.write_line(lines.trim_end());
    running.wait_for("alerts.ndjson", "\"line 19999\"");
    let alerts = running.stop();
    assert_eq!(alerts.len(), 20_000);
    for (number, (_, text)) in alerts.iter().enumerate() {
        assert_eq!(*text, format!("line {number}"), "alerts of one object come in order");
    }
}
