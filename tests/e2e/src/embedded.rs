//! Hosts inside the test's own process: a folder with rules and a store, and questions to the host.

use std::{
    fs,
    path::PathBuf,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use lifesigns::{
    HostBuilder, RecorderConfig, RecordingHost, Sandbox,
    compliance::{
        Alert,
        query::{AlertFilter, Query, QueryAnswer},
    },
};

use crate::host::PATIENCE;

/// A folder with rules and a store.
pub struct Home(tempfile::TempDir);

impl Home {
    /// Returns a folder with these rules, each without settings.
    ///
    /// # Panics
    /// When a rule was not built, or a file cannot be written.
    pub fn with_rules(names: &[&str]) -> Self {
        let home = Self(tempfile::tempdir().expect("a temporary folder"));
        fs::create_dir(home.rules()).expect("it is new");
        for name in names {
            let module = home.rules().join(format!("{name}.wasm"));
            fs::copy(lifesigns_artifacts::rule(name), module).expect("it is built");
        }
        home
    }

    /// Returns a file of the folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Returns the rules folder.
    pub fn rules(&self) -> PathBuf {
        self.path("rules")
    }

    /// Returns the store's file.
    pub fn store(&self) -> PathBuf {
        self.path("lifesigns.db")
    }

    /// Returns a host with the folder's rules, which starts when all of them are compiled: a rule would not see earlier
    /// lines.
    ///
    /// # Panics
    /// When the machine cannot run rules.
    pub fn builder(&self, config: RecorderConfig) -> HostBuilder {
        let sandbox = Sandbox::new(None).expect("this machine runs it");
        HostBuilder::new(sandbox, self.rules()).recorder_config(config).start_wait(Duration::from_secs(600))
    }
}

/// All alerts of a host: also those that are cancelled, and those that are allowed.
///
/// # Panics
/// When the host does not answer.
pub fn alerts(host: &RecordingHost) -> Vec<Alert> {
    alerts_of(host, AlertFilter { cancelled: true, allowed: true, ..AlertFilter::default() })
}

/// Returns the alerts that a filter matches.
///
/// # Panics
/// When the host does not answer.
pub fn alerts_of(host: &RecordingHost, filter: AlertFilter) -> Vec<Alert> {
    match host.recorder().ask(&Query::Alerts(filter)) {
        Ok(QueryAnswer::Alerts(alerts)) => alerts.into_iter().map(Arc::unwrap_or_clone).collect(),
        other => panic!("alerts were asked for: {other:?}"),
    }
}

/// Waits until it is so.
///
/// # Panics
/// When it never is.
pub fn until(what: &str, is_so: impl Fn() -> bool) {
    until_some(what, || is_so().then_some(()));
}

/// Waits until there is something, and returns it.
///
/// # Panics
/// When there never is.
pub fn until_some<T>(what: &str, find: impl Fn() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(found) = find() {
            return found;
        }
        assert!(begun.elapsed() < PATIENCE, "never: {what}");
        thread::sleep(Duration::from_millis(20));
    }
}
