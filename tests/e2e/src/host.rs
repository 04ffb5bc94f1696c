//! The real binary as a host in a folder of its own: started, asked, signalled, measured.

use std::{
    fs,
    io::Write as _,
    path::PathBuf,
    process::{Child, Command, ExitStatus, Stdio},
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::binary;

/// Long enough for anything that comes at all, however busy the machine is.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// `lifesigns run` with the `lifesigns.toml` of a folder. Dropping it ends the process.
pub struct Running {
    folder: tempfile::TempDir,
    child: Child,
}

impl Running {
    /// Starts the host. What it writes on standard error goes into `err.txt` of the folder.
    ///
    /// # Panics
    /// When it cannot be started.
    pub fn start(folder: tempfile::TempDir) -> Self {
        let child = spawn(&folder, None);
        Self { folder, child }
    }

    /// Starts the host, a debug build that aborts when it passes a point of its crash tests, such as `before-release:3`.
    ///
    /// # Panics
    /// When it cannot be started.
    pub fn start_crashing(folder: tempfile::TempDir, point: &str) -> Self {
        let child = spawn(&folder, Some(point));
        Self { folder, child }
    }

    /// Starts it again, after its end, as [`Self::start_crashing`] does.
    ///
    /// # Panics
    /// When it cannot be started.
    pub fn restart_crashing(&mut self, point: &str) {
        self.child = spawn(&self.folder, Some(point));
    }

    /// Starts it again, after its end.
    ///
    /// # Panics
    /// When it cannot be started.
    pub fn restart(&mut self) {
        self.child = spawn(&self.folder, None);
    }

    /// Returns a file of its folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Returns a file's text; empty if there is none.
    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_default()
    }

    /// Returns the port of 127.0.0.1 at which it said that it listens.
    ///
    /// # Panics
    /// When it has not said so.
    pub fn port(&self) -> u16 {
        let errors = self.read("err.txt");
        let found = errors.lines().find_map(|line| line.strip_prefix("listening: 127.0.0.1:"));
        let port = found.and_then(|port| port.parse().ok());
        port.unwrap_or_else(|| panic!("no port: {errors}"))
    }

    /// Adds a line to `app.log` in its folder.
    ///
    /// # Panics
    /// When there is no such file.
    pub fn log(&self, line: &str) {
        let log = fs::OpenOptions::new().append(true).open(self.path("app.log"));
        writeln!(log.expect("the log"), "{line}").expect("a line");
    }

    /// Returns the host's process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What a command about this host writes on standard output.
    ///
    /// # Panics
    /// When the binary does not start.
    pub fn ask(&self, args: &[&str]) -> String {
        let mut command = Command::new(binary::lifesigns());
        command.args(args).arg("--config").arg(self.path("lifesigns.toml"));
        String::from_utf8_lossy(&command.output().expect("the binary starts").stdout).into_owned()
    }

    /// Its status, once it is `enough`.
    ///
    /// # Panics
    /// When it never is.
    pub fn until(&self, what: &str, enough: impl Fn(&Value) -> bool) -> Value {
        let begun = Instant::now();
        loop {
            let status = serde_json::from_str(&self.ask(&["status", "--output", "json"])).unwrap_or(Value::Null);
            if status["pid"] == self.child.id() && enough(&status) {
                return status;
            }
            assert!(begun.elapsed() < PATIENCE, "never: {what}; {status:#}\n{}", self.read("err.txt"));
            thread::sleep(Duration::from_millis(50));
        }
    }

    /// Returns the processes that it has started and that have not been waited for.
    ///
    /// # Panics
    /// Where there is no `/proc`.
    pub fn children(&self) -> Vec<u32> {
        let parent = format!(" {} ", self.child.id());
        let processes = fs::read_dir("/proc").expect("/proc").flatten();
        let ids = processes.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
        ids.filter(|id| {
            let stat = fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
            // After the name in parentheses: the state, then the parent.
            stat.rsplit_once(')').is_some_and(|(_, rest)| rest[2..].starts_with(&parent))
        })
        .collect()
    }

    /// Returns the most memory that it had, in bytes.
    ///
    /// # Panics
    /// Where there is no `/proc`, or the process has ended.
    pub fn peak_bytes(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).expect("it runs");
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kib = peak.and_then(|peak| peak.trim().trim_end_matches("kB").trim().parse::<u64>().ok());
        kib.expect("a figure") << 10
    }

    /// Sends a signal such as `-TERM`.
    ///
    /// # Panics
    /// When that fails.
    pub fn signal(&self, signal: &str) {
        let sent = Command::new("kill").args([signal, &self.child.id().to_string()]).status().expect("kill");
        assert!(sent.success());
    }

    /// Waits for its end.
    ///
    /// # Panics
    /// When it does not end.
    pub fn wait_for_end(&mut self) -> ExitStatus {
        let begun = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().expect("a child") {
                return status;
            }
            assert!(begun.elapsed() < PATIENCE, "it does not end");
            thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Only a failed test leaves it running.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn spawn(folder: &tempfile::TempDir, point: Option<&str>) -> Child {
    let errors = fs::OpenOptions::new().append(true).create(true).open(folder.path().join("err.txt"));
    let mut command = Command::new(binary::lifesigns());
    if let Some(point) = point {
        command.env("RECORDER_CRASH_AT", point);
    }
    command
        .args(["run", "--config"])
        .arg(folder.path().join("lifesigns.toml"))
        .stdout(Stdio::null())
        .stderr(errors.expect("a file for standard error"))
        .spawn()
        .expect("the binary starts")
}
