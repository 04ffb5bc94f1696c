//! More than a host can take: senders by HTTP are asked to wait, those by TCP wait, what datagrams lose is counted, and
//! memory is bounded. What was taken is evaluated.
#![allow(clippy::unwrap_used)]

use std::{
    fs,
    io::{self, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream, UdpSocket},
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    thread,
    time::{Duration, Instant},
};

use lifesigns_artifacts as artifacts;
use lifesigns_e2e::host::{PATIENCE, Running};
use serde_json::Value;

/// Events of a request, and bytes of a line: a request is a quarter of what the host keeps in flight.
const BATCH: u64 = 100;
const LINE_BYTES: usize = 2500;
/// Senders, and requests that each of them has to bring.
const SENDERS: u64 = 8;
const REQUESTS: u64 = 4;
/// What a host may need for its rules, its store and these events, in a debug build.
const PEAK_BYTES: u64 = 512 << 20;

/// A host with a rule that says which lines it has seen, which keeps as little in flight as it can.
struct Host {
    host: Running,
    syslog: SocketAddr,
    http: SocketAddr,
}

fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

impl Host {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let rules = folder.path().join("rules");
        fs::create_dir_all(rules.join("modules")).unwrap();
        fs::copy(artifacts::rule("keyword"), rules.join("modules/keyword.wasm")).unwrap();
        let rule = "module = \"modules/keyword.wasm\"\n[settings]\ncontains = [\"KWMARK-\"]\n";
        fs::write(rules.join("any.toml"), rule).unwrap();
        let (syslog, http) = (free_address(), free_address());
        let config = format!(
            "rules = 'rules'\n[output]\nfile = 'out.ndjson'\n[engine]\ninflight-bytes = '1MiB'\n\
             [server]\nlisten = '{http}'\nanonymous = ['ingest']\n\
             [[source]]\nname = 'tcp'\nsyslog = 'tcp://{syslog}'\n\
             [[source]]\nname = 'udp'\nsyslog = 'udp://{syslog}'\n\
             [[source]]\nhttp = ['events']\n"
        );
        fs::write(folder.path().join("lifesigns.toml"), config).unwrap();
        let host = Running::start(folder);
        host.until("sources that read", |status| {
            let sources = status["sources"].as_array().unwrap();
            sources.len() == 3 && sources.iter().all(|source| source["state"] == "reading")
        });
        Self { host, syslog, http }
    }

    /// Waits until a source is as wanted, and returns it.
    fn until(&self, name: &str, what: &str, is_so: impl Fn(&Value) -> bool) -> Value {
        let source = |status: &Value| {
            let sources = status["sources"].as_array().unwrap();
            sources.iter().find(|source| source["name"] == name).unwrap().clone()
        };
        source(&self.host.until(what, |status| is_so(&source(status))))
    }

    /// Waits until the numbers that were seen are as many as these, and returns them, sorted.
    fn seen(&self, count: u64) -> Vec<u64> {
        let begun = Instant::now();
        loop {
            let output = self.host.read("out.ndjson");
            let numbers = output.lines().filter_map(|line| {
                let (_, number) = line.split_once("KWMARK-0")?;
                number.get(..6)?.parse().ok()
            });
            let mut numbers: Vec<u64> = numbers.collect();
            if numbers.len() as u64 >= count {
                numbers.sort_unstable();
                return numbers;
            }
            assert!(begun.elapsed() < PATIENCE, "{} of {count} were seen", numbers.len());
            thread::sleep(Duration::from_millis(50));
        }
    }
}

/// Returns a numbered text.
fn text(number: u64) -> String {
    format!("KWMARK-0{number:06} {}", "x".repeat(LINE_BYTES))
}

/// Sends a request of our own protocol. Returns the status and the head of the answer.
fn post(address: SocketAddr, key: &str, body: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let length = body.len();
    let head = format!(
        "POST /api/v1/events HTTP/1.1\r\nhost: h\r\nconnection: close\r\nidempotency-key: {key}\r\n\
         content-length: {length}\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(body.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, _) = answer.split_once("\r\n\r\n").unwrap();
    (head.split(' ').nth(1).unwrap().parse().unwrap(), head.to_ascii_lowercase())
}

#[test]
fn senders_by_http_are_asked_to_wait_and_what_was_accepted_is_evaluated() {
    let host = Host::start();
    let refused = AtomicU64::new(0);
    // While the store takes no commit, all that is accepted stays in flight.
    let store = rusqlite::Connection::open(host.host.path("lifesigns.db")).unwrap();
    store.execute_batch("BEGIN IMMEDIATE").unwrap();
    let begun = Instant::now();
    let send = &|request: u64| {
        let numbers = request * BATCH..(request + 1) * BATCH;
        let body: String =
            numbers.map(|number| format!("{{\"object\":\"vm-1\",\"message\":\"{}\"}}\n", text(number))).collect();
        loop {
            let (status, head) = post(host.http, &format!("request-{request}"), &body);
            if status == 200 {
                return;
            }
            assert!(matches!(status, 409 | 429 | 503), "{head}");
            assert!(head.contains("\r\nretry-after: "), "{head}");
            refused.fetch_add(1, Relaxed);
            assert!(begun.elapsed() < PATIENCE, "it is never taken");
            thread::sleep(Duration::from_millis(20));
        }
    };
    thread::scope(|scope| {
        let requests = |sender: u64| (0..REQUESTS).map(move |request| sender * REQUESTS + request);
        (0..SENDERS).for_each(|sender| _ = scope.spawn(move || requests(sender).for_each(send)));
        while refused.load(Relaxed) == 0 {
            assert!(begun.elapsed() < PATIENCE, "nothing is ever refused");
            thread::sleep(Duration::from_millis(5));
        }
        store.execute_batch("ROLLBACK").unwrap();
    });
    // All were answered, so all are committed, and each counts once.
    let sent = SENDERS * REQUESTS * BATCH;
    let source = host.until("http/events", "the figures", |source| source["lines"] == sent);
    assert_eq!(source["traffic"]["turned_away"], refused.into_inner());
    assert_eq!(host.seen(sent), (0..sent).collect::<Vec<_>>());
    assert!(host.host.peak_bytes() < PEAK_BYTES, "{} bytes", host.host.peak_bytes());
}

#[test]
fn senders_by_tcp_wait_while_the_host_reads_nothing() {
    let host = Host::start();
    host.host.signal("-STOP");
    let mut stream = TcpStream::connect(host.syslog).unwrap();
    stream.set_nonblocking(true).unwrap();
    // Until the kernel has no room for more.
    let (mut sent, mut left) = (0, Vec::new());
    let begun = Instant::now();
    loop {
        if left.is_empty() {
            left = format!("<13>1 - vm-1 app - - - {}\n", text(sent)).into_bytes();
            sent += 1;
        }
        match stream.write(&left) {
            Ok(count) => _ = left.drain(..count),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
            Err(error) => panic!("{error}"),
        }
        assert!(begun.elapsed() < PATIENCE, "the sender never has to wait");
    }
    assert!(sent > 10, "{sent}");
    host.host.signal("-CONT");
    stream.set_nonblocking(false).unwrap();
    stream.write_all(&left).unwrap();
    drop(stream);
    let source = host.until("tcp", "all lines", |source| source["lines"] == sent);
    assert_eq!((&source["traffic"]["cut"], &source["traffic"]["malformed"]), (&Value::from(0), &Value::from(0)));
    assert_eq!(host.seen(sent), (0..sent).collect::<Vec<_>>());
}

#[test]
fn datagrams_that_are_lost_are_counted() {
    let host = Host::start();
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.connect(host.syslog).unwrap();
    host.host.signal("-STOP");
    // More than the largest buffer that a host asks for.
    let sent = 2 * (8 << 20) / LINE_BYTES as u64;
    for number in 0..sent {
        socket.send(format!("<13>1 - vm-1 app - - - {}", text(number)).as_bytes()).unwrap();
    }
    host.host.signal("-CONT");
    let count = |source: &Value, name: &str| source["traffic"][name].as_u64().unwrap();
    let source = host.until("udp", "all but what is counted as dropped", |source| {
        source["lines"].as_u64().unwrap() + count(source, "dropped") == sent
    });
    assert!(count(&source, "dropped") > 0, "{source}");
    let lines = source["lines"].as_u64().unwrap();
    let seen = host.seen(lines);
    assert_eq!(seen.len() as u64, lines);
    assert!(seen.windows(2).all(|pair| pair[0] < pair[1]), "each once");
}
