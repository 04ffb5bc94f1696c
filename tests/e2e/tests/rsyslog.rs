//! A real rsyslogd sends: by TLS with certificates of both sides, and with a queue on disk while the host is away. Every
//! numbered line arrives.
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

use lifesigns_e2e::{
    folders::{free_port, keyword_folder, log_numbers},
    host::{PATIENCE, Running},
};
use serde_json::Value;

const RSYSLOGD: &str = "/usr/sbin/rsyslogd";
const GTLS: &str = "/usr/lib/x86_64-linux-gnu/rsyslog/lmnsd_gtls.so";

/// Returns why a test cannot run here.
fn missing(files: &[&str]) -> bool {
    let missing = files.iter().find(|file| !Path::new(file).exists());
    if let Some(file) = missing {
        let _ = writeln!(std::io::stderr(), "skipped: there is no {file}");
    }
    missing.is_some()
}

/// A host's folder with a source and a rule that says which lines it has seen.
fn source_folder(source: &str) -> tempfile::TempDir {
    keyword_folder("KWMARK-", &format!("[[source]]\nname = 'net'\n{source}"))
}

/// A rsyslogd with a socket that programs log to; it forwards all.
struct Rsyslog {
    folder: PathBuf,
    child: Child,
}

impl Rsyslog {
    fn start(folder: &Path, forward: &str) -> Self {
        let spool = folder.join("spool");
        fs::create_dir_all(&spool).unwrap();
        let config = format!(
            "global(workDirectory=\"{spool}\" maxMessageSize=\"64k\" processInternalMessages=\"off\" {head})\n\
             module(load=\"imuxsock\" SysSock.Use=\"off\")\n\
             input(type=\"imuxsock\" Socket=\"{socket}\" CreatePath=\"on\" RateLimit.Interval=\"0\")\n\
             *.* action(type=\"omfwd\" target=\"127.0.0.1\" protocol=\"tcp\" tcp_framing=\"octet-counted\"\n\
             template=\"RSYSLOG_SyslogProtocol23Format\" queue.type=\"LinkedList\" queue.filename=\"queue\"\n\
             queue.saveOnShutdown=\"on\" action.resumeRetryCount=\"-1\" action.resumeInterval=\"1\" {action})\n",
            spool = spool.display(),
            socket = folder.join("dev-log").display(),
            head = forward.split('|').next().unwrap(),
            action = forward.split('|').nth(1).unwrap(),
        );
        let path = folder.join("rsyslog.conf");
        fs::write(&path, config).unwrap();
        let log = fs::File::create(folder.join("rsyslog.log")).unwrap();
        let child = Command::new(RSYSLOGD)
            .args(["-n", "-f"])
            .arg(&path)
            .arg("-i")
            .arg(folder.join("rsyslog.pid"))
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .stdin(Stdio::null())
            .spawn()
            .unwrap();
        let rsyslog = Self { folder: folder.to_owned(), child };
        let begun = Instant::now();
        while !folder.join("dev-log").exists() {
            assert!(begun.elapsed() < PATIENCE, "{}", rsyslog.said());
            thread::sleep(Duration::from_millis(20));
        }
        rsyslog
    }

    fn said(&self) -> String {
        fs::read_to_string(self.folder.join("rsyslog.log")).unwrap_or_default()
    }

    /// Logs numbered lines as a program does.
    fn log(&self, numbers: Range<u32>) {
        log_numbers(&self.folder.join("dev-log"), numbers);
    }
}

impl Drop for Rsyslog {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn lines(host: &Running, what: &str, lines: u64) -> Value {
    let source = |status: &Value| status["sources"][0].clone();
    source(&host.until(what, |status| source(status)["lines"] == lines))
}

#[test]
fn lines_wait_on_the_senders_disk_while_the_host_is_away() {
    if missing(&[RSYSLOGD]) {
        return;
    }
    let port = free_port();
    let mut host = Running::start(source_folder(&format!("syslog = 'tcp://127.0.0.1:{port}'\n")));
    host.until("a source that listens", |status| status["sources"][0]["state"] == "reading");
    let sender = tempfile::tempdir().unwrap();
    let rsyslog = Rsyslog::start(sender.path(), &format!("|port=\"{port}\""));
    rsyslog.log(0..500);
    let source = lines(&host, "500 lines", 500);
    assert_eq!(
        (&source["traffic"]["malformed"], &source["traffic"]["connections"]),
        (&Value::from(0), &Value::from(1))
    );
    host.signal("-TERM");
    assert!(host.wait_for_end().success());
    rsyslog.log(500..1000);
    host.restart();
    // Plain TCP tells the sender late that the host has gone: its first line after that may be lost.
    let source = |status: &Value| status["sources"][0]["lines"].as_u64().unwrap_or_default();
    host.until("the lines of the time between", |status| source(status) >= 999);
    host.signal("-TERM");
    assert!(host.wait_for_end().success());
}

#[test]
fn rsyslog_and_the_host_know_each_other_by_their_certificates() {
    if missing(&[RSYSLOGD, GTLS, "/usr/bin/openssl"]) {
        return;
    }
    let port = free_port();
    let folder = source_folder(&format!(
        "syslog = 'tls://127.0.0.1:{port}'\ntls = {{ certificate = 'server.pem', key = 'server.key', client-ca = 'ca.pem' }}\n"
    ));
    certificates(folder.path());
    let pem = |name: &str| folder.path().join(name).display().to_string();
    let head = format!(
        "DefaultNetstreamDriverCAFile=\"{}\" DefaultNetstreamDriverCertFile=\"{}\" DefaultNetstreamDriverKeyFile=\"{}\"",
        pem("ca.pem"),
        pem("client.pem"),
        pem("client.key")
    );
    let action = format!(
        "port=\"{port}\" StreamDriver=\"gtls\" StreamDriverMode=\"1\" StreamDriverAuthMode=\"x509/name\" \
         StreamDriverPermittedPeers=\"server.example.com\""
    );
    let mut host = Running::start(folder);
    host.until("a source that listens", |status| status["sources"][0]["state"] == "reading");
    let sender = tempfile::tempdir().unwrap();
    let rsyslog = Rsyslog::start(sender.path(), &format!("{head}|{action}"));
    rsyslog.log(0..500);
    let source = lines(&host, &format!("500 lines; {}", rsyslog.said()), 500);
    assert_eq!(source["traffic"]["malformed"], 0);
    drop(rsyslog);
    host.signal("-TERM");
    assert!(host.wait_for_end().success());
}

/// A CA, and certificates of a server and a client.
fn certificates(folder: &Path) {
    let mut script = fs::File::create(folder.join("make.sh")).unwrap();
    let text = "set -e\n\
        new='-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes'\n\
        openssl req -x509 $new -days 2 -subj /CN=ca -addext keyUsage=critical,keyCertSign -keyout ca.key -out ca.pem\n\
        for name in server client; do\n\
        openssl req $new -subj /CN=$name.example.com -keyout $name.key -out $name.csr\n\
        echo \"subjectAltName=DNS:$name.example.com\" > $name.ext\n\
        openssl x509 -req -days 2 -in $name.csr -CA ca.pem -CAkey ca.key -CAcreateserial -extfile $name.ext -out $name.pem\n\
        done\n";
    script.write_all(text.as_bytes()).unwrap();
    let output = Command::new("sh").arg("make.sh").current_dir(folder).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
