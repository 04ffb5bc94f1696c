//! Docker's events over a socket that a test serves: they go on where they were, and none comes twice.
#![allow(clippy::unwrap_used)]

mod common;

use std::{
    io::{BufRead, BufReader, Write},
    os::unix::net::{UnixListener, UnixStream},
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
        mpsc::{Receiver, Sender, channel},
    },
    thread,
};

use common::{Line, Sources, line};
use lifesigns_intake::{DockerRead, DockerSettings, FollowFrom, Format, SourceKind, SourceSettings};
use lifesigns_sources::Activity;

/// A daemon: what it was asked for events, and what the connection is then given.
struct Daemon {
    running: Arc<AtomicU64>,
    asked: Receiver<(String, UnixStream)>,
}

impl Daemon {
    fn start(socket: &Path) -> Self {
        let listener = UnixListener::bind(socket).unwrap();
        let (sender, asked) = channel();
        let running = Arc::new(AtomicU64::new(1));
        let counted = Arc::clone(&running);
        thread::spawn(move || listener.incoming().flatten().for_each(|stream| answer(stream, &counted, &sender)));
        Self { running, asked }
    }
}

fn answer(mut stream: UnixStream, running: &AtomicU64, sender: &Sender<(String, UnixStream)>) {
    let mut lines = BufReader::new(stream.try_clone().unwrap()).lines().map_while(Result::ok);
    let Some(request) = lines.next() else { return };
    lines.take_while(|line| !line.is_empty()).for_each(drop);
    let path = request.split(' ').nth(1).unwrap().to_owned();
    stream.write_all(b"HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n").unwrap();
    if path == "/info" {
        let count = running.load(Ordering::SeqCst);
        stream.write_all(format!("{{\"Containers\":9,\"ContainersRunning\":{count}}}\n").as_bytes()).unwrap();
    } else {
        let _ = sender.send((path, stream));
    }
}

fn event(action: &str, id: u64, time_ns: u64) -> String {
    format!(
        "{{\"Type\":\"container\",\"Action\":\"{action}\",\"Actor\":{{\"ID\":\"{id}\"}},\"time\":{},\"timeNano\":{time_ns}}}\n",
        time_ns / 1_000_000_000
    )
}

fn source(socket: &Path) -> SourceSettings {
    SourceSettings {
        kind: SourceKind::Docker(DockerSettings {
            socket: socket.to_owned(),
            from: FollowFrom::End,
            read: DockerRead::Events,
        }),
        name: "docker".to_owned(),
        format: Format::Ndjson,
        time_formats: Vec::new(),
        object: "vm-7".to_owned(),
        app: None,
    }
}

/// What is read of an event.
fn seen(event: &str) -> Line {
    line("vm-7", event.trim_end())
}

const S: u64 = 1_000_000_000;

#[test]
fn events_go_on_where_they_were_and_none_comes_twice() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("docker.sock");
    let daemon = Daemon::start(&socket);
    let mut sources = Sources::start(&[source(&socket)]);
    let (asked, mut stream) = daemon.asked.recv().unwrap();
    assert_eq!(asked, "/events", "without a place, only what is new");
    assert_eq!(sources.lines(1), [line("vm-7", "")], "the number of running containers is a fact");
    daemon.running.store(2, Ordering::SeqCst);
    let (one, two) = (event("create", 1, 100 * S), event("start", 1, 101 * S + 7));
    stream.write_all([one.as_str(), &two].concat().as_bytes()).unwrap();
    let mut lines = sources.lines(3);
    lines.sort();
    assert_eq!(lines, [line("vm-7", ""), seen(&one), seen(&two)]);
    drop(stream);
    // The connection is lost. What was read comes again, and with it another event of the very same time.
    let (asked, mut stream) = daemon.asked.recv().unwrap();
    assert_eq!(asked, "/events?since=101.000000007");
    let (same, next) = (event("attach", 2, 101 * S + 7), event("create", 3, 102 * S));
    stream.write_all([two.as_str(), &same, &next].concat().as_bytes()).unwrap();
    assert_eq!(sources.lines(2), [seen(&same), seen(&next)]);
    // The source begins again, where it was.
    sources.reconcile(&[SourceSettings { app: Some("docker".to_owned()), ..source(&socket) }]);
    let (asked, mut stream) = daemon.asked.recv().unwrap();
    assert_eq!(asked, "/events?since=102.000000000");
    let last = event("create", 4, 103 * S);
    stream.write_all([next.as_str(), &last].concat().as_bytes()).unwrap();
    assert_eq!(sources.lines(2).last(), Some(&seen(&last)));
    sources.supervisor.end().unwrap();
}

#[test]
fn a_daemon_that_is_not_there_is_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("docker.sock");
    let sink = Arc::new(lifesigns_sources::MemorySink::default());
    let all: Arc<dyn lifesigns_sources::SourceSink> = Arc::<lifesigns_sources::MemorySink>::clone(&sink);
    let supervisor = lifesigns_sources::SourceSupervisor::new(all, lifesigns_model::SystemClock::shared())
        .with_driver(Arc::new(lifesigns_network::NetworkDriver));
    let mut sources = Sources { sink, supervisor };
    sources.reconcile(&[source(&socket)]);
    sources.until("docker", "waiting", |report| matches!(report.activity, Activity::Waiting(_)));
    let daemon = Daemon::start(&socket);
    daemon.asked.recv().unwrap();
    sources.until("docker", "reading", |report| report.activity == Activity::Reading);
    sources.supervisor.end().unwrap();
}
