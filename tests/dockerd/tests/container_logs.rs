//! What containers of a real daemon write: of both streams, of a terminal, longer than the daemon's pieces, and after a
//! restart of the source and of the container; each line once.
#![allow(clippy::unwrap_used)]

use std::{
    io::{Write, stderr},
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use lifesigns_dockerd_test::Daemon;
use lifesigns_intake::{DockerRead, DockerSettings, FollowFrom, Format, SourceKind, SourceSettings};
use lifesigns_model::SystemClock;
use lifesigns_network::NetworkDriver;
use lifesigns_sources::{Activity, MemorySink, SourceSink, SourceSupervisor};

const DEADLINE: Duration = Duration::from_secs(60);
const IMAGE: &str = "lifesigns-test:1";
const SOURCE: &str = "docker/logs";

fn source(daemon: &Daemon) -> SourceSettings {
    let settings = DockerSettings { socket: daemon.socket(), from: FollowFrom::End, read: DockerRead::Logs };
    SourceSettings {
        kind: SourceKind::Docker(settings),
        name: SOURCE.to_owned(),
        format: Format::Auto,
        time_formats: Vec::new(),
        object: "vm-7".to_owned(),
        app: None,
    }
}

/// Starts the source over what `sink` has committed, and waits until it reads.
fn start(sink: &Arc<MemorySink>, daemon: &Daemon) -> SourceSupervisor {
    let shared: Arc<dyn SourceSink> = Arc::<MemorySink>::clone(sink);
    let mut sources = SourceSupervisor::new(shared, SystemClock::shared()).with_driver(Arc::new(NetworkDriver));
    sources.reconcile(&[source(daemon)]).unwrap();
    let until = Instant::now() + DEADLINE;
    while sink.reports().reports(|_| None)[0].activity != Activity::Reading {
        assert!(Instant::now() < until, "it does not read\n{}", daemon.last_words());
        thread::sleep(Duration::from_millis(20));
    }
    sources
}

/// Waits for this many lines and commits them: container, stream and text, sorted.
fn lines(sink: &MemorySink, count: usize) -> Vec<(String, String, String)> {
    let until = Instant::now() + DEADLINE;
    let mut lines = Vec::new();
    while lines.len() < count {
        assert!(Instant::now() < until, "{lines:?}");
        let chunks = sink.take();
        for chunk in &chunks {
            for line in String::from_utf8_lossy(&chunk.bytes).lines() {
                let record = chunk.source.decoder.decode(line);
                let field = |name| record.fields.iter().find(|(key, _)| key == name).unwrap().1.clone().into_owned();
                assert_eq!(field("container.image"), IMAGE);
                assert!(record.time_ns.is_some() && record.object.as_deref() == Some("vm-7"), "{line}");
                lines.push((field("container.name"), field("stream"), record.message.unwrap().into_owned()));
            }
        }
        sink.commit(chunks);
        thread::sleep(Duration::from_millis(20));
    }
    lines.sort();
    lines
}

fn line(name: &str, stream: &str, text: &str) -> (String, String, String) {
    (name.to_owned(), stream.to_owned(), text.to_owned())
}

#[test]
fn each_line_of_each_container_comes_once() {
    let daemon = match Daemon::start() {
        Ok(daemon) => daemon,
        Err(why) => {
            // Past the test harness, which keeps what a passing test prints.
            let _ = writeln!(stderr(), "skipped: {why}");
            return;
        }
    };
    daemon.import_busybox(IMAGE).unwrap();
    let run = |name: &str, options: &[&str], script: &str| {
        let begin = ["run", "-d", "--name", name, "--network", "none"];
        let arguments: Vec<&str> =
            begin.iter().chain(options).chain(&[IMAGE, "/bin/busybox", "sh", "-c", script]).copied().collect();
        daemon.docker(&arguments).unwrap();
    };
    run("before", &[], "echo written before the source");
    daemon.docker(&["wait", "before"]).unwrap();
    let sink = Arc::new(MemorySink::default());
    let sources = start(&sink, &daemon);
    run("both", &[], "echo out; echo err >&2; exec /bin/busybox sleep 1000");
    run("terminal", &["-t"], "echo typed");
    run("long", &[], "/bin/busybox head -c 40000 /dev/zero | /bin/busybox tr '\\0' x; echo; echo end");
    let found = lines(&sink, 5);
    let long = "x".repeat(40_000);
    let expected = [
        line("both", "stderr", "err"),
        line("both", "stdout", "out"),
        line("long", "stdout", "end"),
        line("long", "stdout", &long),
        line("terminal", "stdout", "typed"),
    ];
    assert_eq!(found, expected);
    sources.end().unwrap();
    // While the source is away, one container starts again and another is made and ends.
    daemon.docker(&["restart", "-t", "0", "both"]).unwrap();
    run("meanwhile", &[], "echo short");
    daemon.docker(&["wait", "meanwhile"]).unwrap();
    let sources = start(&sink, &daemon);
    let expected = [line("both", "stderr", "err"), line("both", "stdout", "out"), line("meanwhile", "stdout", "short")];
    assert_eq!(lines(&sink, 3), expected);
    daemon.docker(&["restart", "-t", "0", "both"]).unwrap();
    assert_eq!(lines(&sink, 2), expected[..2]);
    sources.end().unwrap();
    assert!(sink.take().is_empty());
}
