//! The real binary in the network: tokens, TLS, what is refused, probes and metrics.
#![allow(clippy::unwrap_used)]

use std::{
    fs,
    io::{Read, Write},
    net::{Shutdown, TcpStream},
    path::Path,
    process::{Command, Output, Stdio},
    thread,
    time::{Duration, Instant},
};

use lifesigns_e2e::{
    binary::lifesigns,
    folders::certificate,
    host::{PATIENCE, Running},
};

/// A folder with a configuration of a server and nothing else.
fn folder(server: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("rules")).unwrap();
    let groups = "[[group]]\nname = \"production\"\nobjects = [\"vm-*\"]\n";
    fs::write(folder.path().join("lifesigns.toml"), format!("rules = \"rules\"\n[server]\n{server}\n{groups}"))
        .unwrap();
    folder
}

/// Runs a command about the host of a folder.
fn command(folder: &Path, args: &[&str]) -> Output {
    let mut command = Command::new(lifesigns());
    command.args(args).arg("--config").arg(folder.join("lifesigns.toml")).stdin(Stdio::null());
    command.env_remove("LIFESIGNS_TOKEN").output().unwrap()
}

fn stdout(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

/// Starts the host, and returns it with its port once it answers.
fn start(folder: tempfile::TempDir) -> (Running, u16) {
    let host = Running::start(folder);
    host.until("it answers", |_| true);
    let port = host.port();
    (host, port)
}

/// What the host answers to a request, head and body.
fn ask(port: u16, method: &str, path: &str, token: &str) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let head = format!("{method} {path} HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: 2\r\n");
    let token = if token.is_empty() { String::new() } else { format!("Authorization: Bearer {token}\r\n") };
    stream.write_all(format!("{head}{token}\r\n{{}}").as_bytes()).unwrap();
    let _ = stream.shutdown(Shutdown::Write);
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

#[track_caller]
fn answers(port: u16, method: &str, path: &str, token: &str, status: u16) -> String {
    let answer = ask(port, method, path, token);
    assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{method} {path}: {answer}");
    answer
}

#[test]
fn a_token_is_shown_once_works_at_once_and_ends_when_it_is_revoked() {
    let folder = folder("listen = \"127.0.0.1:0\"");
    // No host has run here yet: the store is made for it.
    let viewer = stdout(&command(folder.path(), &["token", "add", "grafana", "--role", "viewer"]));
    assert!(viewer.starts_with("lifesigns_") && viewer.len() > 80, "{viewer}");
    let (host, port) = start(folder);
    answers(port, "GET", "/api/v1/status", &viewer, 200);
    answers(port, "GET", "/api/v1/status", "", 401);
    answers(port, "GET", "/api/v1/status", &format!("{viewer}0"), 401);
    assert!(answers(port, "POST", "/api/v1/bulk/cancel", &viewer, 403).contains("token grafana has viewer"));
    answers(port, "GET", "/api/v1/tokens", &viewer, 403);

    let admin = host.ask(&["token", "add", "ops", "--role", "admin", "--expires", "never"]);
    let admin = admin.trim();
    let made = answers(port, "GET", "/api/v1/tokens", admin, 200);
    assert!(made.contains("grafana") && made.contains("\"used_ns\":1"), "{made}");
    let again = command(host.path("").as_path(), &["token", "add", "ops", "--role", "admin"]);
    assert!(String::from_utf8_lossy(&again.stderr).contains("there is a token ops already"), "{again:?}");

    // The command line in the network acts in the name of the token.
    let (url, file) = (format!("http://127.0.0.1:{port}"), host.path("ops.token"));
    fs::write(&file, format!("{admin}\n")).unwrap();
    let remote = |args: &[&str]| {
        let mut command = Command::new(lifesigns());
        command.args(args).args(["--server", &url, "--token-file"]).arg(&file).output().unwrap()
    };
    assert!(
        stdout(&remote(&["status", "--output", "json"])).contains(&format!("\"pid\": {}", host.pid()))
            || stdout(&remote(&["status", "--output", "json"])).contains(&format!("\"pid\":{}", host.pid()))
    );
    stdout(&remote(&["token", "revoke", "grafana"]));
    answers(port, "GET", "/api/v1/status", &viewer, 401);
    let audit = host.ask(&["audit", "--subject", "grafana", "--output", "json"]);
    assert!(audit.contains("token revoked") && audit.contains("token ops"), "{audit}");
    for name in ["lifesigns.db", "lifesigns.db-wal", "err.txt"] {
        let bytes = fs::read(host.path(name)).unwrap_or_default();
        for token in [&viewer, admin] {
            let secret = token.rsplit('_').next().unwrap();
            assert!(!bytes.windows(secret.len()).any(|window| window == secret.as_bytes()), "{name}");
        }
    }
}

#[test]
fn beyond_loopback_a_host_needs_tls_and_a_token() {
    let bare = folder("listen = \"0.0.0.0:0\"");
    let said = command(bare.path(), &["validate"]);
    let errors = String::from_utf8_lossy(&said.stderr).into_owned();
    assert!(said.status.code() == Some(78) && errors.contains("tls-cert"), "{errors}");

    let plain = folder("listen = \"0.0.0.0:0\"\nallow-plain = true");
    for args in [&["validate"][..], &["run"]] {
        let said = command(plain.path(), args);
        let errors = String::from_utf8_lossy(&said.stderr).into_owned();
        assert!(said.status.code() == Some(78) && errors.contains("lifesigns token add"), "{args:?}: {errors}");
    }
    stdout(&command(plain.path(), &["token", "add", "ops", "--role", "admin"]));
    let host = Running::start(plain);
    host.until("it runs", |_| true);
    assert!(host.read("err.txt").contains("listening: 0.0.0.0:"));

    let missing = folder("listen = \"127.0.0.1:0\"\ntls-cert = \"no.pem\"\ntls-key = \"no.key\"");
    let said = command(missing.path(), &["validate"]);
    assert!(String::from_utf8_lossy(&said.stderr).contains("no.pem cannot be read"), "{said:?}");
}

#[test]
fn with_tls_clients_verify_the_host_and_a_new_certificate_needs_no_restart() {
    let folder = folder("listen = \"127.0.0.1:0\"\ntls-cert = \"host.pem\"\ntls-key = \"host.key\"");
    if certificate(folder.path(), "host").is_none() {
        eprintln!("skipped: there is no openssl");
        return;
    }
    let token = stdout(&command(folder.path(), &["token", "add", "ops", "--role", "viewer"]));
    let (host, port) = start(folder);
    let url = format!("https://127.0.0.1:{port}");
    let status = |ca: Option<&Path>| {
        let mut command = Command::new(lifesigns());
        command.args(["status", "--server", &url]).env("LIFESIGNS_TOKEN", &token);
        ca.into_iter().for_each(|ca| _ = command.arg("--ca").arg(ca));
        command.output().unwrap()
    };
    let own = host.path("host.pem");
    stdout(&status(Some(&own)));
    let stranger = status(None);
    let errors = String::from_utf8_lossy(&stranger.stderr).into_owned();
    assert!(!stranger.status.success() && errors.contains("--ca"), "{errors}");
    // Plain HTTP gets nothing but an alert, and the host goes on.
    assert!(!ask(port, "GET", "/livez", "").starts_with("HTTP/"));

    fs::copy(&own, host.path("old.pem")).unwrap();
    certificate(&host.path(""), "new").unwrap();
    for end in ["key", "pem"] {
        fs::rename(host.path(&format!("new.{end}")), host.path(&format!("host.{end}"))).unwrap();
    }
    let begun = Instant::now();
    while !status(Some(&own)).status.success() {
        assert!(begun.elapsed() < PATIENCE, "the new certificate is never shown: {}", host.read("err.txt"));
        thread::sleep(Duration::from_millis(100));
    }
    assert!(!status(Some(&host.path("old.pem"))).status.success(), "the old one is still shown");
}

#[test]
fn probes_are_open_and_metrics_are_what_prometheus_reads() {
    let folder = folder("listen = \"127.0.0.1:0\"");
    let token = stdout(&command(folder.path(), &["token", "add", "prometheus", "--role", "viewer"]));
    let (_host, port) = start(folder);
    assert!(answers(port, "GET", "/livez", "", 200).ends_with("{\"ok\":true,\"reasons\":[]}"));
    answers(port, "GET", "/readyz", "", 200);
    answers(port, "GET", "/metrics", "", 401);
    let answer = answers(port, "GET", "/metrics", &token, 200);
    let (head, text) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.contains("content-type: text/plain; version=0.0.4"), "{head}");
    for line in [
        "lifesigns_store_up 1",
        "lifesigns_rule_call_seconds_bucket{le=\"0.00001\"} 0",
        "lifesigns_rule_call_seconds_count 0",
        "lifesigns_malformed_lines_total 0",
        "# TYPE lifesigns_outbox_oldest_seconds gauge",
        "lifesigns_group_members{group=\"production\"} 0",
        "lifesigns_alerts_open{criticality=\"critical\"} 0",
    ] {
        assert!(text.contains(&format!("{line}\n")), "{line}: {text}");
    }
    let badge = answers(port, "GET", "/badge/production.svg", &token, 200);
    assert!(badge.contains("image/svg+xml") && badge.contains("production: 100"), "{badge}");
    answers(port, "GET", "/badge/production", &token, 404);

    let rules = lifesigns_artifacts::root().join("examples/monitoring/alerts.yml");
    let Some(checked) = promtool(&["check", "rules", rules.to_str().unwrap()], "") else {
        eprintln!("skipped: there is no promtool");
        return;
    };
    assert!(checked.status.success(), "{checked:?}");
    let checked = promtool(&["check", "metrics"], text).unwrap();
    assert!(checked.status.success(), "{checked:?}");
    // Every metric of the rules and of the dashboard is one that the host has.
    for file in ["alerts.yml", "dashboard.json"] {
        let page = fs::read_to_string(lifesigns_artifacts::root().join("examples/monitoring").join(file)).unwrap();
        let words = page.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        let ends = ["_sum", "_count", "_bucket", ""];
        for word in words.filter(|word| word.starts_with("lifesigns_")) {
            assert!(
                ends.iter().any(|end| text.contains(&format!("# TYPE {} ", word.strip_suffix(end).unwrap_or(word)))),
                "{file}: {word}"
            );
        }
    }
}

#[test]
fn a_stream_tells_changes_and_goes_on_where_a_client_was() {
    let alert = "[[alert]]\nname = \"in-production\"\ntitle = \"In production\"\ncriticality = \"warning\"\nall = [{ fact = 'properties.env == \"production\"' }]";
    let source = "[[source]]\nfile = \"facts.ndjson\"";
    let folder = folder(&format!("listen = \"127.0.0.1:0\"\nanonymous = [\"viewer\"]\n{source}\n{alert}"));
    let (host, port) = start(folder);
    let first = follow(port, "");
    let began = read_until(&first, "event: begin");
    let facts = "{\"object\":\"vm-1\",\"properties\":{\"env\":\"production\"}}\n";
    fs::write(host.path("facts.ndjson"), facts).unwrap();
    let said = began + &read_until(&first, "event: badge");
    assert!(said.contains("content-type: text/event-stream") && said.contains("event: begin"), "{said}");
    let begin = said.lines().find_map(|line| line.strip_prefix("id: ")).unwrap();
    // What came after that id comes again, and a host that does not know the id says so.
    let again = read_until(&follow(port, begin), "event: badge");
    assert!(!again.contains("event: begin") && !again.contains("event: missed"), "{again}");
    let other = read_until(&follow(port, "7-1"), "event: begin");
    assert!(other.contains("event: missed\ndata: {\"missed\":null}"), "{other}");
}

/// Follows changes, after the event with an id if there is one.
fn follow(port: u16, last: &str) -> TcpStream {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let last = if last.is_empty() { String::new() } else { format!("Last-Event-ID: {last}\r\n") };
    stream.write_all(format!("GET /api/v1/stream HTTP/1.1\r\nHost: h\r\n{last}\r\n").as_bytes()).unwrap();
    stream
}

fn read_until(mut stream: &TcpStream, text: &str) -> String {
    let (mut said, mut piece) = (String::new(), [0; 4096]);
    let began = Instant::now();
    while !said.contains(text) {
        assert!(began.elapsed() < PATIENCE, "`{text}` did not come: {said}");
        let count = stream.read(&mut piece).unwrap();
        assert!(count > 0, "it ended: {said}");
        said.push_str(&String::from_utf8_lossy(&piece[..count]));
    }
    said
}

fn promtool(args: &[&str], input: &str) -> Option<Output> {
    let mut command = Command::new("promtool");
    let mut child =
        command.args(args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().ok()?;
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    Some(child.wait_with_output().unwrap())
}
