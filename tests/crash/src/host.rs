//! Starts `lifesigns run`, waits for it, and kills it.

use std::{
    fs::{self, File},
    os::unix::process::ExitStatusExt,
    path::PathBuf,
    process::{Child, Command, ExitStatus, Stdio},
    thread,
    time::{Duration, Instant},
};

use crate::home::Home;

/// How long to wait for anything.
const DEADLINE: Duration = Duration::from_secs(60);
/// How often a condition is checked while waiting.
const LOOK: Duration = Duration::from_millis(2);

/// Waits until `so` returns true.
///
/// # Panics
/// When it never is.
#[track_caller]
pub fn wait_until(what: &str, mut so: impl FnMut() -> bool) {
    let deadline = Instant::now() + DEADLINE;
    while !so() {
        assert!(Instant::now() < deadline, "it never came: {what}");
        thread::sleep(LOOK);
    }
}

/// A running host.
#[derive(Debug)]
pub struct Host {
    child: Child,
    errors: PathBuf,
}

impl Host {
    /// Starts a host. With a `point` (`NAME:N`) it aborts when it passes `NAME` for the `N`th time.
    ///
    /// # Panics
    /// When the binary does not start.
    pub fn start(home: &Home, point: Option<&str>) -> Self {
        let errors = home.path("errors.txt");
        let mut command = home.command(&["run"]);
        command.stdout(Stdio::null()).stderr(File::create(&errors).expect("a file for standard error"));
        if let Some(point) = point {
            command.env("RECORDER_CRASH_AT", point);
        }
        Self { child: command.spawn().expect("the binary starts"), errors }
    }

    /// Returns what it wrote to standard error.
    pub fn errors(&self) -> String {
        fs::read_to_string(&self.errors).unwrap_or_default()
    }

    /// Returns its exit status, if it has ended.
    ///
    /// # Panics
    /// When the system does not know.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().expect("it is our child")
    }

    /// Kills it with SIGKILL.
    ///
    /// # Panics
    /// When it had ended before, or panicked.
    pub fn kill(mut self) {
        self.child.kill().expect("it is our child");
        let status = self.child.wait().expect("it is our child");
        assert_eq!(status.signal(), Some(9), "it ended by itself, {status}: {}", self.errors());
        self.has_not_panicked();
    }

    /// Waits until it aborts at `point`.
    ///
    /// # Panics
    /// When it does not come to that point.
    pub fn dies(mut self, point: &str) {
        wait_until(&format!("{point}; it said {}", self.errors()), || self.ended().is_some());
        let status = self.child.wait().expect("it is our child");
        assert_eq!(status.signal(), Some(6), "{point}: {status}: {}", self.errors());
        self.has_not_panicked();
    }

    /// Waits until it runs, stops it with SIGTERM and waits for a successful exit. Its files can be
    /// read while it still starts, so a condition on them does not show that it runs.
    ///
    /// # Panics
    /// When it does not end well.
    pub fn stop(mut self) {
        wait_until("the host runs", || self.errors().contains("running: ") || self.ended().is_some());
        let signalled = Command::new("kill").arg(self.child.id().to_string()).status().expect("kill");
        assert!(signalled.success());
        wait_until("its end", || self.ended().is_some());
        let status = self.child.wait().expect("it is our child");
        assert!(status.success(), "{status}: {}", self.errors());
        self.has_not_panicked();
    }

    fn has_not_panicked(&self) {
        let errors = self.errors();
        assert!(!errors.contains("panicked"), "{errors}");
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        // Only a failed test leaves it running.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
