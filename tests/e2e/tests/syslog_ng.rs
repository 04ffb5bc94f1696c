//! A real syslog-ng sends RFC 5424 over TCP, with a buffer on disk while the host is away. Every numbered line arrives.
#![allow(clippy::unwrap_used)]

use std::{
    fs,
    io::Write,
    ops::Range,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use lifesigns_artifacts as artifacts;
use lifesigns_e2e::{
    folders::{free_port, keyword_folder, log_numbers},
    host::{PATIENCE, Running},
};
use serde_json::Value;

/// Where `.ci/run` unpacks it: Debian's packages of rsyslog and syslog-ng exclude each other.
fn unpacked() -> Option<PathBuf> {
    let root = artifacts::root().join("target/senders/syslog-ng");
    if root.join("usr/sbin/syslog-ng").is_file() {
        return Some(root);
    }
    let text = "skipped: there is no syslog-ng in target/senders; `.ci/run` unpacks it on Debian\n";
    let _ = std::io::stderr().write_all(text.as_bytes());
    None
}

/// A syslog-ng with a socket that programs log to; it forwards all.
struct SyslogNg {
    folder: PathBuf,
    child: Child,
}

impl SyslogNg {
    fn start(root: &Path, folder: &Path, port: u16) -> Self {
        let shown = folder.display();
        fs::create_dir_all(folder.join("spool")).unwrap();
        let config = format!(
            "@version: 3.35\noptions {{ keep-hostname(yes); stats-freq(0); time-reopen(1); }};\n\
             source local {{ unix-dgram(\"{shown}/dev-log\" so-rcvbuf(1048576)); }};\n\
             destination host {{ syslog(\"127.0.0.1\" port({port}) transport(\"tcp\") disk-buffer(reliable(yes)\n\
             disk-buf-size(4194304) mem-buf-size(1048576) dir(\"{shown}/spool\"))); }};\n\
             log {{ source(local); destination(host); flags(flow-control); }};\n"
        );
        fs::write(folder.join("syslog-ng.conf"), config).unwrap();
        let log = fs::File::create(folder.join("syslog-ng.log")).unwrap();
        let libraries = ["usr/lib/syslog-ng", "usr/lib/x86_64-linux-gnu", "lib/x86_64-linux-gnu"];
        let libraries: Vec<String> = libraries.iter().map(|name| root.join(name).display().to_string()).collect();
        let modules: Vec<PathBuf> =
            fs::read_dir(root.join("usr/lib/syslog-ng")).unwrap().map(|entry| entry.unwrap().path()).collect();
        let modules = modules.iter().find(|path| path.is_dir()).unwrap();
        let child = Command::new(root.join("usr/sbin/syslog-ng"))
            .args(["--foreground", "--no-caps", "--stderr"])
            .arg(format!("--module-path={}", modules.display()))
            .arg(format!("--cfgfile={shown}/syslog-ng.conf"))
            .arg(format!("--persist-file={shown}/persist"))
            .arg(format!("--pidfile={shown}/pid"))
            .arg(format!("--control={shown}/control"))
            .env("LD_LIBRARY_PATH", libraries.join(":"))
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .stdin(Stdio::null())
            .spawn()
            .unwrap();
        let sender = Self { folder: folder.to_owned(), child };
        let begun = Instant::now();
        while !folder.join("dev-log").exists() {
            assert!(begun.elapsed() < PATIENCE, "{}", sender.said());
            thread::sleep(Duration::from_millis(20));
        }
        sender
    }

    fn said(&self) -> String {
        fs::read_to_string(self.folder.join("syslog-ng.log")).unwrap_or_default()
    }

    /// Logs numbered lines as a program does.
    fn log(&self, numbers: Range<u32>) {
        log_numbers(&self.folder.join("dev-log"), numbers);
    }
}

impl Drop for SyslogNg {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn source(status: &Value) -> &Value {
    &status["sources"][0]
}

#[test]
fn lines_wait_in_its_buffer_while_the_host_is_away() {
    let Some(root) = unpacked() else { return };
    let port = free_port();
    let mut host = Running::start(keyword_folder("KWMARK-", &format!("[[source]]\nsyslog = 'tcp://127.0.0.1:{port}'")));
    host.until("a source that listens", |status| source(status)["state"] == "reading");
    let place = tempfile::tempdir().unwrap();
    let sender = SyslogNg::start(&root, place.path(), port);
    sender.log(0..500);
    let status = host.until("500 lines", |status| source(status)["lines"] == 500);
    let traffic = &source(&status)["traffic"];
    let expected = (&Value::from(0), &Value::from(1), &Value::from(0));
    assert_eq!((&traffic["malformed"], &traffic["connections"], &traffic["cut"]), expected, "{traffic}");
    host.signal("-TERM");
    assert!(host.wait_for_end().success());
    sender.log(500..1000);
    host.restart();
    // It sees that the connection was closed: nothing is lost.
    let status = host.until("the lines of the time between", |status| source(status)["lines"] == 1000);
    assert_eq!(source(&status)["traffic"]["malformed"], 0, "{}", sender.said());
    host.signal("-TERM");
    assert!(host.wait_for_end().success());
}
