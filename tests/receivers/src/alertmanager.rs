//! Debian's own Alertmanager, in a folder and on a port of its own.

use std::{
    fs, io,
    path::PathBuf,
    process::{Command, Stdio},
};

use serde_json::Value;
use tempfile::TempDir;

use crate::{
    process::{Process, Unavailable, free_port, program},
    rig::wait_until,
};

const CONFIG: &str = "route: {receiver: none}\nreceivers: [{name: none}]\n";

/// See the module.
pub struct AlertmanagerProcess {
    program: PathBuf,
    port: u16,
    folder: TempDir,
    process: Option<Process>,
}

impl AlertmanagerProcess {
    /// Starts one and waits until it is ready.
    ///
    /// # Errors
    /// When it is not installed.
    pub fn start() -> Result<Self, Unavailable> {
        let program = program("prometheus-alertmanager", "prometheus-alertmanager")?;
        let folder = tempfile::tempdir()?;
        fs::write(folder.path().join("alertmanager.yml"), CONFIG)?;
        let mut one = Self { program, port: free_port()?, folder, process: None };
        one.run()?;
        Ok(one)
    }

    /// Ends it and starts it again, on the same port and without state.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn restart(&mut self) -> io::Result<()> {
        self.process = None;
        self.run()
    }

    fn run(&mut self) -> io::Result<()> {
        let data = tempfile::tempdir_in(self.folder.path())?.keep();
        let mut command = Command::new(&self.program);
        command
            .arg(format!("--config.file={}", self.folder.path().join("alertmanager.yml").display()))
            .arg(format!("--storage.path={}", data.display()))
            .arg(format!("--web.listen-address=127.0.0.1:{}", self.port))
            .arg("--cluster.listen-address=")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(fs::File::create(data.join("log"))?);
        self.process = Some(Process::start(&mut command)?);
        wait_until("the Alertmanager is ready", || self.get("/-/ready").is_ok());
        Ok(())
    }

    /// Its base.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The alerts that it takes for active.
    ///
    /// # Panics
    /// When it does not answer with a list.
    pub fn active(&self) -> Vec<Value> {
        let text = self.get("/api/v2/alerts?active=true").expect("an answer");
        serde_json::from_str(&text).expect("a list")
    }

    fn get(&self, path: &str) -> Result<String, ureq::Error> {
        ureq::get(format!("{}{path}", self.url())).call()?.body_mut().read_to_string()
    }
}
