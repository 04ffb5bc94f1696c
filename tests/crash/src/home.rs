//! A host's folder: rules, configuration, the log files that it follows, and its output.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use serde_json::Value;

use crate::binary::lifesigns;

/// The rules, all of them the keyword rule: each event is an alert, all are counted in one alert, and
/// the tenth of each ten is found by counting in the rule's state.
const RULES: [(&str, &str); 3] = [("numbered", ""), ("counted", ""), ("tenth", "threshold = 10\nwindow = '7d'\n")];

/// A folder with rules, a configuration and log files.
#[derive(Debug)]
pub struct Home {
    folder: tempfile::TempDir,
    store: PathBuf,
    cache: PathBuf,
}

impl Home {
    /// A folder that is ready for a host. Its store is `lifesigns.db` in `disk`, or in the folder;
    /// compiled modules are kept in `cache`.
    ///
    /// # Panics
    /// When the folder cannot be made.
    pub fn new(cache: &Path, disk: Option<&Path>) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let store = disk.unwrap_or(folder.path()).join("lifesigns.db");
        let home = Self { folder, store, cache: cache.to_owned() };
        fs::create_dir_all(home.path("rules.d/modules")).expect("a folder");
        fs::copy(lifesigns_artifacts::rule("keyword"), home.path("rules.d/modules/keyword.wasm")).expect("the module");
        for (rule, more) in RULES {
            let text = format!(
                "module = 'modules/keyword.wasm'\n[settings]\ncontains = ['{rule} ']\ntitle = '{rule}'\n{more}"
            );
            fs::write(home.path(&format!("rules.d/{rule}.toml")), text).expect("a manifest");
        }
        home.configure(0);
        home
    }

    /// Returns the path of a name in the folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Returns the path of the store.
    pub fn store(&self) -> &Path {
        &self.store
    }

    /// Returns the log files that the host follows.
    pub fn logs(&self) -> [PathBuf; 2] {
        [self.path("a.log"), self.path("b.log")]
    }

    /// Returns the file that the receiver writes.
    pub fn notified(&self) -> PathBuf {
        self.path("notified.ndjson")
    }

    /// Writes the configuration. Versions differ in one recommendation only.
    ///
    /// # Panics
    /// When it cannot be written.
    pub fn configure(&self, version: u64) {
        let mut text = format!(
            "rules = 'rules.d'\nstore = '{}'\ncontrol = 'host.sock'\n[output]\nfile = 'symptoms.ndjson'\n\
             [engine]\nscanners = 1\nshards = 2\npin = false\n",
            self.store.display()
        );
        for log in ["a", "b"] {
            text += &format!("[[source]]\nfile = '{log}.log'\nname = '{log}'\nformat = 'ndjson'\n");
        }
        text += &format!("[[policy]]\nname = 'advice'\nrecommendations = {{ '*' = ['advice {version}'] }}\n");
        text += "[[receiver]]\nname = 'file'\nndjson = { file = 'notified.ndjson' }\n[[route]]\nreceivers = ['file']\n";
        // As people do it: a new file in the place of the old one.
        let new = self.path("lifesigns.toml.new");
        fs::write(&new, text).expect("the configuration");
        fs::rename(new, self.path("lifesigns.toml")).expect("the configuration");
    }

    /// Returns a command of `lifesigns` to run in this folder.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(lifesigns());
        command
            .args(arguments)
            .args(["--config", "lifesigns.toml"])
            .current_dir(self.folder.path())
            .env("LIFESIGNS_CACHE", &self.cache)
            // The host refuses variables that it does not know.
            .env_remove("LIFESIGNS_CRASH_KILLS")
            .env_remove("LIFESIGNS_CRASH_SEED");
        command
    }

    /// Runs a command and returns its output.
    ///
    /// # Panics
    /// When the binary does not start.
    pub fn output(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().expect("the binary starts")
    }

    /// Runs a command with `--output json` and returns its answer.
    ///
    /// # Panics
    /// When the command fails.
    #[track_caller]
    pub fn json(&self, arguments: &[&str]) -> Value {
        let output = self.output(&[arguments, &["--output", "json"]].concat());
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).expect("JSON")
    }

    /// Runs a command that must fail and returns its standard error.
    ///
    /// # Panics
    /// When the command succeeds.
    #[track_caller]
    pub fn fails(&self, arguments: &[&str]) -> String {
        let output = self.output(arguments);
        assert!(!output.status.success(), "{arguments:?} should fail");
        String::from_utf8_lossy(&output.stderr).into_owned()
    }
}
