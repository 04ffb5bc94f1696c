//! OpenTelemetry's SDK sends by gRPC to the address of the server, with a token, with TLS and without.
#![allow(clippy::unwrap_used)]

use std::{
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use lifesigns_artifacts as artifacts;
use lifesigns_e2e::{binary::lifesigns, folders::keyword_folder, host::Running};
use serde_json::Value;

/// Where `.ci/run` puts Python's clients; says that the test is skipped where they are not.
fn python() -> Option<PathBuf> {
    let path = artifacts::root().join("target/senders/bin/python");
    let mut probe = Command::new(&path);
    probe.args(["-c", "import opentelemetry.exporter.otlp.proto.grpc"]);
    if probe.output().is_ok_and(|output| output.status.success()) {
        return Some(path);
    }
    let text =
        "skipped: no exporter by gRPC in target/senders; `.ci/run` installs opentelemetry-exporter-otlp-proto-grpc\n";
    let _ = std::io::stderr().write_all(text.as_bytes());
    None
}

/// A folder with a rule, a server and a source of OTLP alone.
fn folder(server: &str) -> tempfile::TempDir {
    let server = format!("[server]\nlisten = '127.0.0.1:0'\n{server}\n[[source]]\nhttp = ['otlp']\n");
    keyword_folder("a keyword", &server)
}

fn token(folder: &Path, name: &str, role: &str) -> String {
    let mut command = Command::new(lifesigns());
    command.args(["token", "add", name, "--role", role, "--config"]).arg(folder.join("lifesigns.toml"));
    let output = command.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// Runs the sender; `certificate` is that of the server, empty without TLS.
fn send(python: &Path, host: &Running, scheme: &str, token: &str, certificate: &str) -> Output {
    let port = host.port();
    let script = artifacts::root().join("tests/e2e/tests/ingest/otlp_grpc.py");
    let address = format!("{scheme}://127.0.0.1:{port}");
    Command::new(python).arg(script).args([&address, token, certificate]).env_remove("http_proxy").output().unwrap()
}

fn source(status: &Value) -> Value {
    status["sources"][0].clone()
}

fn sends_all(server: &str, scheme: &str, prepare: impl FnOnce(&Path) -> String) {
    let Some(python) = python() else { return };
    let folder = folder(server);
    let certificate = prepare(folder.path());
    let (sender, viewer) = (token(folder.path(), "shop", "ingest"), token(folder.path(), "looks", "viewer"));
    let mut host = Running::start(folder);
    host.until("a source that takes calls", |status| source(status)["state"] == "reading");
    let output = send(&python, &host, scheme, &sender, &certificate);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && !said.contains("Failed"), "{said}");
    // The metric comes again at the sender's end.
    let taken = |status: &Value| source(status)["traffic"]["lines"].as_u64().unwrap_or_default();
    let status = host.until("1000 records and a metric", |status| taken(status) >= 1001);
    let lines = taken(&status);
    assert!(lines <= 1003, "{lines}");
    let traffic = &source(&status)["traffic"];
    assert_eq!((&traffic["rejected"], &traffic["malformed"]), (&0.into(), &0.into()), "{traffic}");
    let object = host.ask(&["objects", "show", "otel-1", "--output", "json"]);
    assert!(object.contains("load.1m") && object.contains("7.5"), "{object}");
    // Without the role, the answer is one that the sender understands.
    let refused = send(&python, &host, scheme, &viewer, &certificate);
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(said.contains("PERMISSION_DENIED"), "{said}");
    let status = host.until("an answer", |_| true);
    assert_eq!(taken(&status), lines);
    host.signal("-TERM");
    assert!(host.wait_for_end().success());
}

#[test]
fn the_sdk_sends_with_a_token() {
    sends_all("", "http", |_| String::new());
}

#[test]
fn the_sdk_sends_by_tls() {
    sends_all("tls-cert = 'server.pem'\ntls-key = 'server.key'", "https", |folder| {
        let output = Command::new("openssl")
            .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"])
            .args(["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"])
            .args(["-keyout", "server.key", "-out", "server.pem"])
            .current_dir(folder)
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        folder.join("server.pem").display().to_string()
    });
}
