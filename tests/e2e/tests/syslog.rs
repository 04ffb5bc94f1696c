//! The binary as a syslog server: what `logger` and sockets send is evaluated, shown by `status`, and sources come and go
//! with the configuration.
#![allow(clippy::unwrap_used)]

use std::{
    fs,
    io::Write,
    net::{TcpListener, TcpStream, UdpSocket},
    path::Path,
    process::Command,
};

use lifesigns_e2e::{folders::free_port, host::Running};
use serde_json::Value;

fn configure(folder: &Path, sources: &str) {
    let config = format!("rules = \"rules\"\ncache = \"cache\"\n[output]\nfile = \"alerts.ndjson\"\n{sources}");
    // Renamed into place, so that it is never read half.
    fs::write(folder.join("new.toml"), config).unwrap();
    fs::rename(folder.join("new.toml"), folder.join("lifesigns.toml")).unwrap();
}

fn host(sources: &str) -> Running {
    let folder = tempfile::tempdir().unwrap();
    let rules = folder.path().join("rules");
    fs::create_dir_all(rules.join("modules")).unwrap();
    fs::copy(lifesigns_artifacts::rule("docker-keyword"), rules.join("modules/docker.wasm")).unwrap();
    fs::write(rules.join("docker.toml"), "module = \"modules/docker.wasm\"\n").unwrap();
    configure(folder.path(), sources);
    Running::start(folder)
}

/// Waits until a source has received this many lines, and returns its figures.
fn received(host: &Running, name: &str, lines: u64) -> Value {
    let source = |status: &Value| {
        let sources = status["sources"].as_array()?;
        sources.iter().find(|source| source["name"] == name).cloned()
    };
    let enough = |status: &Value| source(status).is_some_and(|source| source["traffic"]["lines"] == lines);
    source(&host.until(&format!("{lines} lines of {name}"), enough)).unwrap()
}

fn listening(host: &Running, count: usize) {
    host.until("sources that listen", |status| {
        status["sources"]
            .as_array()
            .is_some_and(|sources| sources.len() == count && sources.iter().all(|source| source["state"] == "reading"))
    });
}

/// Waits until an alert was raised on each of these objects.
fn raised(host: &Running, objects: &[&str]) {
    host.until("alerts", |_| {
        let lines = host.read("alerts.ndjson");
        let alerts: Vec<Value> = lines.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
        objects.iter().all(|object| alerts.iter().any(|alert| alert["object"] == *object))
    });
}

const CREATE: &str = "level=debug msg=\"Calling POST /v1.41/containers/create\"";

#[test]
fn what_is_sent_raises_alerts_and_the_status_shows_it() {
    let (udp, tcp) = (free_port(), free_port());
    let mut host = host(&format!(
        "[[source]]\nname = \"udp\"\nsyslog = \"udp://127.0.0.1:{udp}\"\n\
         [[source]]\nname = \"tcp\"\nsyslog = \"tcp://127.0.0.1:{tcp}\"\n\
         [[source]]\nname = \"socket\"\nsyslog = \"unix://log.sock\"\nobject = \"this-vm\"\n"
    ));
    listening(&host, 3);
    let sender = UdpSocket::bind("127.0.0.1:0").unwrap();
    let line = format!("<30>Oct 11 22:14:15 vm-udp dockerd[7]: {CREATE}");
    sender.send_to(line.as_bytes(), ("127.0.0.1", udp)).unwrap();
    let mut stream = TcpStream::connect(("127.0.0.1", tcp)).unwrap();
    let line = format!("<30>1 2026-11-28T09:00:00Z vm-tcp dockerd 7 - - {CREATE}");
    write!(stream, "{} {line}", line.len()).unwrap();
    raised(&host, &["vm-udp", "vm-tcp"]);
    assert_eq!(received(&host, "udp", 1)["traffic"]["malformed"], 0);
    assert_eq!(received(&host, "tcp", 1)["traffic"]["connections"], 1);
    let text = host.ask(&["status"]);
    assert!(text.contains(&format!("tcp://127.0.0.1:{tcp}: 1 line, ")), "{text}");
    if Command::new("logger").arg("--version").output().is_ok() {
        let logged = |args: &[&str]| {
            let ended = Command::new("logger").args(args).args(["-t", "dockerd", CREATE]).status().unwrap();
            assert!(ended.success(), "{args:?}");
        };
        let (udp, tcp, socket) = (udp.to_string(), tcp.to_string(), host.path("log.sock"));
        logged(&["-n", "127.0.0.1", "-P", &udp, "-d", "--rfc3164"]);
        logged(&["-n", "127.0.0.1", "-P", &tcp, "-T", "--octet-count"]);
        logged(&["-u", socket.to_str().unwrap()]);
        received(&host, "udp", 2);
        received(&host, "tcp", 2);
        received(&host, "socket", 1);
        raised(&host, &["this-vm"]);
    } else {
        println!("skipped: there is no `logger`");
    }
    host.signal("-TERM");
    assert!(host.wait_for_end().success());
    assert!(!host.path("log.sock").exists());
}

#[test]
fn a_change_of_the_configuration_starts_and_stops_listeners_and_leaves_others_alone() {
    let (kept, other, taken) = (free_port(), free_port(), TcpListener::bind("127.0.0.1:0").unwrap());
    let source = |port: u16| format!("[[source]]\nname = \"s{port}\"\nsyslog = \"tcp://127.0.0.1:{port}\"\n");
    let mut host = host(&source(kept));
    listening(&host, 1);
    let mut stream = TcpStream::connect(("127.0.0.1", kept)).unwrap();
    stream.write_all(b"<13>app[1]: one\n").unwrap();
    received(&host, &format!("s{kept}"), 1);
    let port = taken.local_addr().unwrap().port();
    configure(host.path("").as_path(), &[source(kept), source(other), source(port)].concat());
    host.until("a refused source", |status| {
        let sources = status["sources"].as_array().unwrap();
        sources.iter().any(|source| {
            source["state"] == "refused"
                && source["error"].as_str().unwrap().contains("a process listens there already")
        })
    });
    TcpStream::connect(("127.0.0.1", other)).unwrap().write_all(b"<13>app[1]: two\n").unwrap();
    received(&host, &format!("s{other}"), 1);
    stream.write_all(b"<13>app[1]: three\n").unwrap();
    assert_eq!(received(&host, &format!("s{kept}"), 2)["traffic"]["connections"], 1, "it is the same connection");
    let validated = host.ask(&["validate", "--output", "json"]);
    assert!(!validated.contains("cannot listen"), "a port that is in use now is no mistake: {validated}");
    configure(host.path("").as_path(), &source(kept));
    listening(&host, 1);
    assert!(TcpStream::connect(("127.0.0.1", other)).is_err(), "nothing listens there any more");
    host.signal("-TERM");
    assert!(host.wait_for_end().success());
}

#[test]
fn validate_names_addresses_that_run_could_not_listen_on() {
    let host = host(
        "[[source]]\nname = \"a\"\nsyslog = \"tcp://192.0.2.1:5514\"\n[[source]]\nname = \"b\"\nsyslog = \"unix://rules\"\n",
    );
    let text = host.ask(&["validate", "--output", "json"]);
    assert!(text.contains("this machine has no such address"), "{text}");
    assert!(text.contains("something else than a socket is there"), "{text}");
}
