//! `lifesigns run`, started, awaited, killed.

use std::{
    fs::{self, File},
    os::unix::process::ExitStatusExt,
    path::PathBuf,
    process::{Child, Command, ExitStatus, Stdio},
    thread,
    time::{Duration, Instant},
};

use crate::Home;

/// What takes longer does not come.
const DEADLINE: Duration = Duration::from_secs(60);
/// How often it is looked at.
const LOOK: Duration = Duration::from_millis(2);

/// Waits until it is so.
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
    /// Starts one, which dies by itself at `point` if there is one: `NAME:N`.
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

    /// What it said on standard error.
    pub fn errors(&self) -> String {
        fs::read_to_string(&self.errors).unwrap_or_default()
    }

    /// How it ended, if it did.
    ///
    /// # Panics
    /// When the system does not know.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().expect("it is our child")
    }

    /// SIGKILL.
    ///
    /// # Panics
    /// When it had ended before, or panicked.
    pub fn kill(mut self) {
        self.child.kill().expect("it is our child");
        let status = self.child.wait().expect("it is our child");
        assert_eq!(status.signal(), Some(9), "it ended by itself, {status}: {}", self.errors());
        self.has_not_panicked();
    }

    /// Waits for its death at the point that was asked for.
    ///
    /// # Panics
    /// When it does not come to that point.
    pub fn dies(mut self, point: &str) {
        wait_until(&format!("{point}; it said {}", self.errors()), || self.ended().is_some());
        let status = self.child.wait().expect("it is our child");
        assert_eq!(status.signal(), Some(6), "{point}: {status}: {}", self.errors());
        self.has_not_panicked();
    }

    /// SIGTERM, and a good end.
    ///
    /// # Panics
    /// When it does not end well.
    pub fn stop(mut self) {
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
