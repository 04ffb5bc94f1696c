//! Events over HTTP into the binary: real senders, and what is left after `kill -9`.

#[path = "ingest/kill.rs"]
mod kill;
#[path = "ingest/senders.rs"]
mod senders;

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use lifesigns_artifacts as artifacts;
use lifesigns_e2e::binary::lifesigns;
use serde_json::Value;

const CONFIG: &str = r#"
rules = "rules"

[output]
file = "signs.ndjson"

[server]
listen = "127.0.0.1:0"
anonymous = ["ingest"]

[[source]]
http = true
"#;

const DEADLINE: Duration = Duration::from_secs(120);

/// A host's folder.
struct Place(tempfile::TempDir);

/// A host that runs, and where it listens. It is killed when this is dropped.
struct Running {
    child: Child,
    address: String,
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Place {
    /// A host with one rule: its manifest without the module.
    fn new(rule: &str, settings: &str) -> Self {
        let place = Self(tempfile::tempdir().expect("a folder"));
        fs::create_dir_all(place.path("rules/modules")).expect("a folder");
        fs::copy(artifacts::rule(rule), place.path("rules/modules/rule.wasm")).expect("a copy");
        let manifest = format!("module = \"modules/rule.wasm\"\n[settings]\n{settings}\n");
        fs::write(place.path("rules/rule.toml"), manifest).expect("a file");
        fs::write(place.path("lifesigns.toml"), CONFIG).expect("a file");
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn run(&self) -> Running {
        let mut command = Command::new(lifesigns());
        command.arg("run").current_dir(self.0.path()).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        // One cache for all tests: compiling is what takes long.
        command.env("LIFESIGNS_CACHE", artifacts::root().join("target/tmp/e2e-cache"));
        let mut child = command.spawn().expect("the binary starts");
        let mut lines = BufReader::new(child.stderr.take().expect("it is piped"));
        let (mut address, mut said) = (String::new(), String::new());
        loop {
            let mut line = String::new();
            let count = lines.read_line(&mut line).expect("text");
            assert!(count > 0, "the host ended: {said}");
            said.push_str(&line);
            if let Some((_, found)) = line.split_once("listening: ") {
                address = found.trim().to_owned();
            }
            if line.contains("running: ") {
                break;
            }
        }
        std::thread::spawn(move || std::io::copy(&mut lines, &mut std::io::sink()));
        assert!(!address.is_empty(), "{said}");
        let running = Running { child, address };
        let until = Instant::now() + DEADLINE;
        // The receivers are sources, which start after the server. With a key, the question counts once in all.
        let key = [("idempotency-key", "are events taken")];
        while running.post("/api/v1/events", &key, b"{}").is_none_or(|(status, _)| status != 200) {
            assert!(Instant::now() < until, "events are not taken");
            std::thread::sleep(Duration::from_millis(10));
        }
        running
    }

    fn json(&self, arguments: &[&str]) -> Value {
        let mut command = Command::new(lifesigns());
        let output = command.args(arguments).args(["--output", "json"]).current_dir(self.0.path()).output();
        let output = output.expect("the binary starts");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).expect("JSON")
    }

    /// The objects that have an open alert.
    fn alerted(&self) -> Vec<String> {
        let Value::Array(alerts) = self.json(&["alerts", "--allowed"]) else { return Vec::new() };
        let mut objects: Vec<String> =
            alerts.iter().filter_map(|alert| Some(alert["object"].as_str()?.to_owned())).collect();
        objects.sort();
        objects.dedup();
        objects
    }

    fn until_alerted(&self, objects: &[&str]) {
        let until = Instant::now() + DEADLINE;
        loop {
            let alerted = self.alerted();
            if alerted == objects {
                return;
            }
            assert!(Instant::now() < until, "{alerted:?}, not {objects:?}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

impl Running {
    /// Sends a request; status and body of the answer, or `None` if the connection broke.
    fn post(&self, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Option<(u16, String)> {
        post(&self.address, path, headers, body)
    }
}

fn post(address: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Option<(u16, String)> {
    let mut stream = TcpStream::connect(address).ok()?;
    stream.set_read_timeout(Some(DEADLINE)).ok()?;
    let mut head =
        format!("POST {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\ncontent-length: {}\r\n", body.len());
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str("\r\n");
    stream.write_all(head.as_bytes()).ok()?;
    stream.write_all(body).ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    Some((status, body.to_owned()))
}

#[test]
fn the_five_minutes_of_a_newcomer() {
    let place = Place::new("keyword", "contains = [\"a keyword\"]\ntitle = \"A word\"");
    let host = place.run();
    let body = "{\"object\":\"vm-1\",\"message\":\"a keyword\"}\nnot json\n";
    let (status, answer) = host.post("/api/v1/events", &[], body.as_bytes()).expect("an answer");
    let answer: Value = serde_json::from_str(&answer).expect("JSON");
    assert_eq!((status, &answer["accepted"], &answer["refused"]), (200, &1.into(), &1.into()), "{answer}");
    assert_eq!(answer["errors"][0]["item"], 2);
    // It was answered after the commit: the alert is there.
    assert_eq!(place.alerted(), ["vm-1"]);
    let status = place.json(&["status"]);
    let sources = status["sources"].as_array().expect("sources");
    let events = sources.iter().find(|source| source["name"] == "http/events").expect("the source");
    assert_eq!((&events["traffic"]["lines"], &events["traffic"]["rejected"]), (&2.into(), &1.into()), "{events}");
    assert_eq!(sources.len(), 8);
    let output = Command::new("curl")
        .args(["--silent", "--unix-socket", "lifesigns.sock", "http://localhost/services/collector/event"])
        .args(["-d", r#"{"host":"vm-2","event":"a keyword"}"#])
        .current_dir(place.0.path())
        .output();
    match output {
        Ok(output) => {
            assert_eq!(String::from_utf8_lossy(&output.stdout), r#"{"code":0,"text":"Success"}"#);
            assert_eq!(place.alerted(), ["vm-1", "vm-2"]);
        }
        Err(error) => eprintln!("skipped: curl does not start: {error}"),
    }
}
