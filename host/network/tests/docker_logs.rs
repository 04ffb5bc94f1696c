//! What containers write, over a socket that a test serves: whose lines they are, and that each comes once.
#![allow(clippy::unwrap_used)]

mod common;

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    io::{BufRead, BufReader, Write},
    os::unix::net::{UnixListener, UnixStream},
    path::Path,
    sync::mpsc::{Receiver, channel},
    thread,
    time::Instant,
};

use common::{DEADLINE, Sources};
use lifesigns_intake::{DockerRead, DockerSettings, FollowFrom, Format, SourceKind, SourceSettings};
use lifesigns_sources::Activity;

const S: u64 = 1_000_000_000;

/// A daemon that a test plays.
struct Daemon(Receiver<(String, UnixStream)>);

impl Daemon {
    fn start(socket: &Path) -> Self {
        let listener = UnixListener::bind(socket).unwrap();
        let (sender, asked) = channel();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let mut lines = BufReader::new(stream.try_clone().unwrap()).lines().map_while(Result::ok);
                let Some(request) = lines.next() else { continue };
                lines.take_while(|line| !line.is_empty()).for_each(drop);
                let path = request.split(' ').nth(1).unwrap().to_owned();
                let _ = sender.send((path, stream));
            }
        });
        Self(asked)
    }

    /// Waits for a request whose path begins so, and begins the answer.
    fn asked(&self, begin: &str) -> (String, UnixStream) {
        let (path, stream) = self.0.recv_timeout(DEADLINE).unwrap();
        assert!(path.starts_with(begin), "{path}, not {begin}");
        (path, stream)
    }

    fn answer(&self, begin: &str, body: &str) -> UnixStream {
        let (_, mut stream) = self.asked(begin);
        stream.write_all(format!("HTTP/1.0 200 OK\r\nA: b\r\n\r\n{body}").as_bytes()).unwrap();
        stream
    }

    /// Answers what is asked at the beginning: events, and the list of these containers.
    fn begin(&self, ids: &[&str]) -> UnixStream {
        let events = self.answer("/events?", "");
        let list: Vec<String> = ids.iter().map(|id| format!("{{\"Id\":\"{id}\",\"Names\":[\"/x\"]}}")).collect();
        self.answer("/containers/json?all=1", &format!("[{}]", list.join(",")));
        events
    }

    /// Answers what is asked of one container; its path with the time, and where its output goes.
    fn container(&self, id: &str, name: &str, tty: bool) -> (String, UnixStream) {
        let about = format!(r#"{{"Id":"{id}","Name":"/{name}","Config":{{"Tty":{tty},"Image":"shop:1"}}}}"#);
        self.answer(&format!("/containers/{id}/json"), &about);
        let (path, mut stream) = self.asked(&format!("/containers/{id}/logs?"));
        stream.write_all(b"HTTP/1.0 200 OK\r\n\r\n").unwrap();
        (path.rsplit_once("since=").unwrap().1.to_owned(), stream)
    }
}

fn time(time_ns: u64) -> String {
    format!("1970-01-01T00:{:02}:{:02}.{:09}Z", time_ns / S / 60, time_ns / S % 60, time_ns % S)
}

fn frame(stream: u8, time_ns: u64, text: &str) -> Vec<u8> {
    let text = format!("{} {text}", time(time_ns));
    [&[stream, 0, 0, 0][..], &(text.len() as u32).to_be_bytes(), text.as_bytes()].concat()
}

fn source(socket: &Path, from: FollowFrom) -> SourceSettings {
    SourceSettings {
        kind: SourceKind::Docker(DockerSettings { socket: socket.to_owned(), from, read: DockerRead::Logs }),
        name: "docker/logs".to_owned(),
        format: Format::Auto,
        time_formats: Vec::new(),
        object: "vm-7".to_owned(),
        app: None,
    }
}

/// Waits for this many records, and returns them as they are decoded; what was taken is committed.
fn records(sources: &Sources, count: usize) -> Vec<String> {
    let until = Instant::now() + DEADLINE;
    let mut records = Vec::new();
    while records.len() < count {
        assert!(Instant::now() < until, "{records:?}");
        let chunks = sources.sink.take();
        for chunk in &chunks {
            for line in String::from_utf8_lossy(&chunk.bytes).lines() {
                let record = chunk.source.decoder.decode(line);
                let fields: BTreeMap<_, _> = record.fields.iter().rev().cloned().collect();
                let object = record.object.as_deref().unwrap_or(&chunk.source.object);
                let app = record.app.as_deref().unwrap_or_default();
                let mut text = format!("{} {object} {app} {:?}", record.time_ns.unwrap_or_default(), record.message);
                for name in ["container.id", "container.name", "container.image", "stream", "level"] {
                    if let Some(value) = fields.get(name) {
                        write!(text, " {name}={value:.4}").unwrap();
                    }
                }
                assert!(record.facts.is_none(), "{line}");
                records.push(text);
            }
        }
        sources.sink.commit(chunks);
        thread::yield_now();
    }
    assert_eq!(records.len(), count, "{records:?}");
    records
}

fn id(digit: char) -> String {
    digit.to_string().repeat(64)
}

/// A record of the container `shop`.
fn shop(time_ns: u64, message: &str, stream: &str) -> String {
    format!(
        "{time_ns} vm-7 shop Some({message:?}) container.id=aaaa container.name=shop container.image=shop stream={stream:.4}"
    )
}

#[test]
fn lines_are_about_the_machine_and_say_which_container_wrote_them() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("docker.sock");
    let daemon = Daemon::start(&socket);
    let (a, b) = (id('a'), id('b'));
    let sources = Sources::start_without_waiting(&[source(&socket, FollowFrom::Start)]);
    let mut events = daemon.begin(&[&a]);
    let (since, mut output) = daemon.container(&a, "shop", false);
    assert_eq!(since, "0.000000000");
    let spoof =
        r#"{"object":"other","app":"dockerd","message":"m","container.id":"x","level":"warn","metrics":{"a":1}}"#;
    let sent = [
        frame(1, S, "one\n"),
        frame(2, 2 * S, "a part of "),
        frame(1, 2 * S, "\n"),
        frame(2, 2 * S, "a line\n"),
        frame(1, 3 * S, &format!("{spoof}\n")),
    ];
    output.write_all(&sent.concat()).unwrap();
    let found = records(&sources, 3);
    assert_eq!(found[..2], [shop(S, "one", "stdout"), shop(2 * S, "a part of a line", "stderr")]);
    assert_eq!(found[2], format!("{} level=warn", shop(3 * S, "m", "stdout")));
    // A container that starts later, with a terminal.
    let started = format!("{{\"Action\":\"start\",\"Actor\":{{\"ID\":\"{b}\"}}}}\n");
    events.write_all(started.as_bytes()).unwrap();
    let (_, mut terminal) = daemon.container(&b, "tty", true);
    terminal.write_all(format!("{} typed\r\n", time(4 * S)).as_bytes()).unwrap();
    assert!(records(&sources, 1)[0].starts_with("4000000000 vm-7 tty Some(\"typed\")"));
    let traffic = sources.traffic("docker/logs", |traffic| traffic.lines == 4);
    assert_eq!((traffic.connections, traffic.malformed, traffic.cut, traffic.refused), (2, 0, 0, 0));
    sources.supervisor.end().unwrap();
}

#[test]
fn each_container_goes_on_where_it_was_and_no_line_comes_twice() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("docker.sock");
    let daemon = Daemon::start(&socket);
    let a = id('a');
    let mut sources = Sources::start_without_waiting(&[source(&socket, FollowFrom::Start)]);
    let events = daemon.begin(&[&a]);
    let (_, mut output) = daemon.container(&a, "shop", false);
    // Two lines of one time, and one of the other stream that is stored later and is older.
    let (one, two) = (frame(1, 100 * S, "one\n"), frame(1, 100 * S, "two\n"));
    let err = frame(2, 100 * S - 7, "err\n");
    output.write_all(&[&one[..], &two, &err].concat()).unwrap();
    assert_eq!(records(&sources, 3).len(), 3);
    drop((output, events));
    let _events = daemon.begin(&[&a]);
    let (since, mut output) = daemon.container(&a, "shop", false);
    assert_eq!(since, "99.999999993", "from the stream that is behind");
    let (three, next) = (frame(1, 100 * S, "three\n"), frame(2, 100 * S - 6, "next\n"));
    output.write_all(&[&one[..], &two, &err, &three, &next].concat()).unwrap();
    assert_eq!(records(&sources, 2), [shop(100 * S, "three", "stdout"), shop(100 * S - 6, "next", "stderr")]);
    // The source begins again from what is committed; a part of a line is not.
    output.write_all(&frame(1, 101 * S, "half ")).unwrap();
    sources.reconcile(&[SourceSettings { format: Format::Plain, ..source(&socket, FollowFrom::Start) }]);
    let _events = daemon.begin(&[&a]);
    let (since, mut output) = daemon.container(&a, "shop", false);
    assert_eq!(since, "99.999999994");
    let half = [frame(1, 101 * S, "half "), frame(1, 101 * S, "a line\n")].concat();
    output.write_all(&[&one[..], &two, &next, &three, &half].concat()).unwrap();
    assert_eq!(records(&sources, 1), [shop(101 * S, "half a line", "stdout")]);
    sources.supervisor.end().unwrap();
}

#[test]
fn what_cannot_be_read_is_counted_and_the_others_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("docker.sock");
    let daemon = Daemon::start(&socket);
    let (a, b) = (id('a'), id('b'));
    let sources = Sources::start_without_waiting(&[source(&socket, FollowFrom::End)]);
    let mut events = daemon.begin(&[]);
    let start = |id: &str| format!("{{\"Action\":\"start\",\"Actor\":{{\"ID\":\"{id}\"}}}}\n");
    events.write_all(start(&b).as_bytes()).unwrap();
    daemon.answer(&format!("/containers/{b}/json"), r#"{"Name":"/b","Config":{"Tty":false,"Image":"b"}}"#);
    let (_, mut refused) = daemon.asked(&format!("/containers/{b}/logs?"));
    let body = r#"{"message":"configured logging driver does not support reading"}"#;
    refused.write_all(format!("HTTP/1.0 501 Not Implemented\r\n\r\n{body}").as_bytes()).unwrap();
    drop(refused);
    events.write_all(start(&a).as_bytes()).unwrap();
    let (since, mut output) = daemon.container(&a, "shop", false);
    assert!(since.len() > 15, "what is new since the start: {since}");
    output.write_all(&frame(1, 100 * S, "one\n")).unwrap();
    records(&sources, 1);
    let traffic = sources.traffic("docker/logs", |traffic| traffic.refused == 1);
    assert!(traffic.problem.contains("does not support reading"), "{}", traffic.problem);
    // What is no output of a container: it is asked again, and nothing comes twice.
    output.write_all(b"HTTP/1.1 nonsense").unwrap();
    let (since, mut output) = daemon.container(&a, "shop", false);
    assert_eq!(since, "95.000000000");
    output.write_all(&[frame(1, 100 * S, "one\n"), frame(1, 100 * S, "two\n")].concat()).unwrap();
    assert_eq!(records(&sources, 1), [shop(100 * S, "two", "stdout")]);
    // The daemon goes away and comes back.
    drop((events, output));
    sources.until("docker/logs", "waiting", |report| matches!(report.activity, Activity::Waiting(_)));
    let _events = daemon.begin(&[]);
    sources.until("docker/logs", "reading", |report| report.activity == Activity::Reading);
    sources.supervisor.end().unwrap();
}
