//! The host that is measured: the binary with a store, 100 rules, a listener for syslog and the receivers of HTTP.

use std::{
    cell::Cell,
    fs,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use lifesigns_bench::rules_folder;
use serde_json::Value;

use super::{client::Client, load::Load};
use crate::program::{Program, Usage};

/// Only a fault makes anything take as long.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);
/// Time between two questions how far it is.
const STEP: Duration = Duration::from_millis(20);
/// What has not come when a figure has stood still for so long is lost.
const STILL: Duration = Duration::from_secs(10);

/// A figure of the status that grows no more.
pub(crate) struct Settled {
    pub(crate) status: Value,
    pub(crate) figure: u64,
    /// When it was first seen.
    pub(crate) at: Instant,
}

/// See the module. It is killed when this is dropped.
pub(crate) struct Host {
    folder: tempfile::TempDir,
    program: Program,
    /// Where syslog goes by TCP, and by UDP.
    pub(crate) syslog: SocketAddr,
    /// Where HTTP goes.
    pub(crate) http: SocketAddr,
}

impl Host {
    /// Starts it, with its compiled rules from `cache`. `keys` are further keys of the file, before its tables.
    pub(crate) fn start(binary: &Path, load: &Load, cache: &Path, keys: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        rules_folder(&folder.path().join("rules"), &load.words);
        let (syslog, http) = (free_address(), free_address());
        let limits = "limits = { connections = 20000, connections-per-peer = 20000 }";
        let config = format!(
            "rules = 'rules'\ncache = '{}'\nstore = 'lifesigns.db'\n{keys}\n\
             [server]\nlisten = '{http}'\nanonymous = ['ingest', 'viewer']\n\
             connections = 20000\nconnections-per-address = 20000\n\
             [[source]]\nname = 'syslog'\nsyslog = 'tcp://{syslog}'\n{limits}\n\
             [[source]]\nname = 'datagrams'\nsyslog = 'udp://{syslog}'\n\
             [[source]]\nhttp = ['events', 'otlp']\n",
            cache.display(),
        );
        fs::write(folder.path().join("lifesigns.toml"), config).expect("the configuration");
        let program = Program::start(binary, folder.path(), &["run"]);
        let host = Self { folder, program, syslog, http };
        host.until("sources that read", |status| {
            let sources = status["sources"].as_array();
            sources.is_some_and(|all| all.len() == 4 && all.iter().all(|source| source["state"] == "reading"))
        });
        host
    }

    /// Returns a file of its folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Returns the file of its alerts.
    pub(crate) fn output(&self) -> PathBuf {
        self.path("out.txt")
    }

    /// Returns what it has taken so far.
    pub(crate) fn usage(&self) -> Usage {
        self.program.usage()
    }

    /// Returns its status; nothing while it does not answer.
    pub(crate) fn status(&self) -> Value {
        let answer = Client::connect(self.http).and_then(|mut client| client.get("/api/v1/status"));
        let body = answer.map(|answer| answer.body).unwrap_or_default();
        let mut answer: Value = serde_json::from_slice(&body).unwrap_or_default();
        answer["status"].take()
    }

    /// Waits until its status is as wanted.
    ///
    /// # Panics
    /// When it never is.
    pub(crate) fn until(&self, what: &str, is_so: impl Fn(&Value) -> bool) -> Value {
        let begun = Instant::now();
        loop {
            let status = self.status();
            if is_so(&status) {
                return status;
            }
            let log = fs::read_to_string(self.path("log.txt")).unwrap_or_default();
            // A process that has ended has no memory.
            assert!(self.usage().peak_bytes > 0, "it has ended: {log}");
            assert!(begun.elapsed() < PATIENCE, "never: {what}: {}\n{log}", status["sources"]);
            thread::sleep(STEP);
        }
    }

    /// Waits until a figure of its status is as large as wanted, or has stood still for some seconds.
    ///
    /// # Panics
    /// When neither happens.
    pub(crate) fn settled(&self, what: &str, wanted: u64, figure: impl Fn(&Value) -> u64) -> Settled {
        let seen = Cell::new((0, Instant::now()));
        let status = self.until(what, |status| {
            // Without an answer nothing is known.
            if status.is_null() {
                return false;
            }
            let (now, (last, since)) = (figure(status), seen.get());
            if now != last {
                seen.set((now, Instant::now()));
            }
            now >= wanted || now == last && since.elapsed() >= STILL
        });
        let (figure, at) = seen.get();
        Settled { status, figure, at }
    }

    /// Waits until this many lines of a source are committed, or no more come.
    pub(crate) fn committed(&self, name: &str, lines: u64) -> Settled {
        let of = |status: &Value| source(status, name)["lines"].as_u64().unwrap_or_default();
        self.settled(&format!("{lines} lines of {name}"), lines, of)
    }
}

/// Returns a source of a status.
pub(crate) fn source(status: &Value, name: &str) -> Value {
    let sources = status["sources"].as_array().map(Vec::as_slice).unwrap_or_default();
    sources.iter().find(|source| source["name"] == name).cloned().unwrap_or_default()
}

/// Returns an address of this machine that nothing listens at.
pub(crate) fn free_address() -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    listener.local_addr().expect("its address")
}
