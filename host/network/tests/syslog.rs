//! Syslog over real sockets: what is sent arrives, about the right object, within the limits, and what does not is counted.
#![allow(clippy::unwrap_used)]

mod common;

use std::{
    io::{ErrorKind, Read, Write},
    net::{TcpListener, UdpSocket},
    os::unix::net::{UnixDatagram, UnixStream},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::Duration,
};

use common::{Sources, connect, free_port, line, syslog, with_limits};
use lifesigns_intake::SyslogLimits;
use lifesigns_model::{SystemClock, WakeSignal, Wakeup};
use lifesigns_network::NetworkDriver;
use lifesigns_sources::{Activity, Input, SourceSink, SourceSupervisor, Submission};

#[test]
fn datagrams_are_about_the_host_that_they_name_or_about_their_sender() {
    let port = free_port();
    let sources = Sources::start(&[syslog("udp", &format!("udp://127.0.0.1:{port}"))]);
    let sender = UdpSocket::bind("127.0.0.1:0").unwrap();
    for datagram in ["<13>Oct 11 22:14:15 web-1 app: one", "<13>app[1]: two\n\0", "three", "", "<13>1 - - - - - - four"]
    {
        sender.send_to(datagram.as_bytes(), ("127.0.0.1", port)).unwrap();
    }
    let expected =
        [line("web-1", "one"), line("127.0.0.1", "two"), line("127.0.0.1", "three"), line("127.0.0.1", "four")];
    assert_eq!(sources.lines(4), expected);
    let traffic = sources.traffic("udp", |traffic| traffic.lines == 4);
    assert_eq!((traffic.malformed, traffic.cut, traffic.dropped), (1, 0, 0), "one has no priority");
    assert_eq!(traffic.address, format!("udp://127.0.0.1:{port}"));
    sources.supervisor.end().unwrap();
}

#[test]
fn datagrams_that_the_kernel_drops_are_counted() {
    let (port, gate) = (free_port(), Arc::new(Gate::default()));
    let sink: Arc<dyn SourceSink> = Arc::<Gate>::clone(&gate);
    let mut supervisor = SourceSupervisor::new(sink, SystemClock::shared()).with_driver(Arc::new(NetworkDriver));
    supervisor.reconcile(&[syslog("udp", &format!("udp://127.0.0.1:{port}"))]).unwrap();
    common::wait(|| gate.is_reading());
    let sender = UdpSocket::bind("127.0.0.1:0").unwrap();
    let line = format!("<13>app[1]: {}", "x".repeat(8000));
    let dropped = || gate.traffic().map_or(0, |traffic| traffic.dropped);
    let mut sent = 0_u64;
    // The first one blocks the sink; then the socket runs full.
    while dropped() < 10 {
        let _ = sender.send_to(line.as_bytes(), ("127.0.0.1", port));
        sent += 1;
        assert!(sent < 10_000_000, "nothing is dropped");
    }
    gate.open.stop();
    common::wait(|| gate.traffic().is_some_and(|traffic| traffic.lines + traffic.dropped == sent));
    supervisor.end().unwrap();
    let traffic = gate.traffic().unwrap();
    assert_eq!(traffic.lines + traffic.dropped, sent, "also when the socket is closed");
}

#[test]
fn connections_may_count_or_end_their_lines() {
    let port = free_port();
    let sources = Sources::start(&[syslog("tcp", &format!("tcp://127.0.0.1:{port}"))]);
    let ended = connect(port, b"<13>app[1]: a\n<13>app[1]: b\r\n<13>app[1]: c");
    let counted = connect(port, b"13 <13>app[1]: d15 <13>app[2]: e\nf20 <13>app[2]: half");
    sources.traffic("tcp", |traffic| traffic.connections == 2 && traffic.lines == 4);
    drop((ended, counted));
    let traffic = sources.traffic("tcp", |traffic| traffic.connections == 0);
    assert_eq!((traffic.lines, traffic.malformed, traffic.refused), (6, 1, 0));
    let mut lines = sources.lines(6);
    lines.sort();
    let expected = ["a", "b", "c", "d", "e f", "half"].map(|text| line("127.0.0.1", text));
    assert_eq!(lines, expected);
    sources.supervisor.end().unwrap();
}

#[test]
fn unix_sockets_carry_both_and_are_about_this_machine() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let configs = [
        syslog("stream", &format!("unix://{}", path("stream").display())),
        syslog("datagram", &format!("unixgram://{}", path("datagram").display())),
    ];
    let sources = Sources::start(&configs);
    UnixStream::connect(path("stream")).unwrap().write_all(b"<13>app[1]: a\n<13>app[1]: b\n").unwrap();
    assert_eq!(sources.lines(2), [line("here", "a"), line("here", "b")]);
    let sender = UnixDatagram::unbound().unwrap();
    sender.send_to(b"<13>app[1]: c\n", path("datagram")).unwrap();
    assert_eq!(sources.lines(1), [line("here", "c")]);
    sources.supervisor.end().unwrap();
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "the sockets are removed");
}

#[test]
fn connections_beyond_the_limits_are_refused_and_long_lines_cut() {
    let port = free_port();
    let limits = SyslogLimits { connections_per_peer: 2, line_bytes: 480, ..SyslogLimits::default() };
    let sources = Sources::start(&[with_limits(syslog("tcp", &format!("tcp://127.0.0.1:{port}")), limits)]);
    let first = connect(port, b"<13>app[1]: first\n");
    let second = connect(port, b"<13>app[1]: second\n");
    sources.lines(2);
    let mut third = connect(port, b"");
    let read = third.read(&mut [0]);
    assert!(matches!(read, Ok(0)) || read.is_err_and(|error| error.kind() == ErrorKind::ConnectionReset));
    let traffic = sources.traffic("tcp", |traffic| traffic.refused == 1);
    assert!(traffic.problem.contains("127.0.0.1"), "{}", traffic.problem);
    drop(first);
    sources.traffic("tcp", |traffic| traffic.connections == 1);
    let _again = connect(port, format!("<13>app[1]: {}\n<13>app[1]: short\n", "x".repeat(10 << 20)).as_bytes());
    let lines = sources.lines(2);
    assert_eq!(lines[0], line("127.0.0.1", &"x".repeat(468)));
    assert_eq!(lines[1], line("127.0.0.1", "short"));
    assert_eq!(sources.traffic("tcp", |traffic| traffic.cut > 0).cut, 1);
    drop(second);
    sources.supervisor.end().unwrap();
}

#[test]
fn a_connection_is_closed_when_nothing_comes() {
    let port = free_port();
    let limits = SyslogLimits { idle_ms: 20, ..SyslogLimits::default() };
    let sources = Sources::start(&[with_limits(syslog("tcp", &format!("tcp://127.0.0.1:{port}")), limits)]);
    let mut idle = connect(port, b"<13>app[1]: unfinished");
    assert_eq!(idle.read(&mut [0]).unwrap(), 0, "it is closed by the host");
    assert_eq!(sources.lines(1), [line("127.0.0.1", "unfinished")]);
    sources.traffic("tcp", |traffic| traffic.connections == 0);
    sources.supervisor.end().unwrap();
}

#[test]
fn other_sources_come_and_go_and_connections_stay() {
    let (port, other) = (free_port(), free_port());
    let kept = syslog("kept", &format!("tcp://127.0.0.1:{port}"));
    let mut sources = Sources::start(std::slice::from_ref(&kept));
    let mut stream = connect(port, b"<13>app[1]: before\n");
    sources.lines(1);
    sources.reconcile(&[kept.clone(), syslog("new", &format!("udp://127.0.0.1:{other}"))]);
    stream.write_all(b"<13>app[1]: between\n").unwrap();
    sources.lines(1);
    sources.reconcile(&[kept]);
    stream.write_all(b"<13>app[1]: after\n").unwrap();
    assert_eq!(sources.lines(1), [line("127.0.0.1", "after")]);
    UdpSocket::bind(("127.0.0.1", other)).unwrap();
    // What has arrived when a source ends is handed in.
    stream.write_all(b"<13>app[1]: last").unwrap();
    sources.reconcile(&[]);
    assert_eq!(sources.lines(1), [line("127.0.0.1", "last")]);
    TcpListener::bind(("127.0.0.1", port)).unwrap();
}

#[test]
fn an_address_in_use_is_tried_again() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let sink = Arc::new(lifesigns_sources::MemorySink::default());
    let all: Arc<dyn SourceSink> = Arc::<lifesigns_sources::MemorySink>::clone(&sink);
    let supervisor = SourceSupervisor::new(all, SystemClock::shared()).with_driver(Arc::new(NetworkDriver));
    let mut sources = Sources { sink, supervisor };
    sources.reconcile(&[syslog("tcp", &format!("tcp://127.0.0.1:{port}"))]);
    let report = sources.until("tcp", "refused", |report| matches!(report.activity, Activity::Refused(_)));
    let Activity::Refused(why) = report.activity else { unreachable!() };
    assert!(why.starts_with(&format!("cannot listen on tcp://127.0.0.1:{port}: a process listens there already; ")));
    drop(taken);
    sources.until("tcp", "listening", |report| report.activity == Activity::Reading);
    connect(port, b"<13>app[1]: a\n");
    sources.lines(1);
    sources.supervisor.end().unwrap();
}

/// A sink that has no room until it is opened.
#[derive(Default)]
struct Gate {
    open: WakeSignal,
    bytes: AtomicU64,
    reports: std::sync::Mutex<lifesigns_sources::SourceReports>,
}

impl Gate {
    fn is_reading(&self) -> bool {
        self.reports.lock().unwrap().reports(|_| None).iter().all(|report| report.activity == Activity::Reading)
    }

    fn traffic(&self) -> Option<lifesigns_sources::SourceTraffic> {
        self.reports.lock().unwrap().reports(|_| None).pop()?.traffic
    }
}

impl SourceSink for Gate {
    fn submit(&self, input: Input) -> Submission {
        while self.open.wait(Duration::from_secs(1)) != Wakeup::Stopped {}
        self.bytes.fetch_add(input.into_chunk().bytes.len() as u64, Ordering::SeqCst);
        Submission::Accepted
    }

    fn describe(&self, sources: lifesigns_sources::SourceReports) {
        *self.reports.lock().unwrap() = sources;
    }
}

#[test]
fn senders_wait_while_there_is_no_room() {
    const LINES: u64 = 100_000;
    let (port, gate) = (free_port(), Arc::new(Gate::default()));
    let sink: Arc<dyn SourceSink> = Arc::<Gate>::clone(&gate);
    let mut supervisor = SourceSupervisor::new(sink, SystemClock::shared()).with_driver(Arc::new(NetworkDriver));
    supervisor.reconcile(&[syslog("tcp", &format!("tcp://127.0.0.1:{port}"))]).unwrap();
    common::wait(|| gate.is_reading());
    let sent = Arc::new(AtomicU64::new(0));
    let sending = {
        let sent = Arc::clone(&sent);
        thread::spawn(move || {
            let mut stream = connect(port, b"");
            let line = format!("<13>app[1]: {}\n", "x".repeat(987));
            for _ in 0..LINES {
                stream.write_all(line.as_bytes()).unwrap();
                sent.fetch_add(1, Ordering::SeqCst);
            }
        })
    };
    // What the kernel and a chunk hold is sent, and no more.
    let mut before = u64::MAX;
    while before != sent.load(Ordering::SeqCst) || before == 0 {
        before = sent.load(Ordering::SeqCst);
        thread::sleep(Duration::from_millis(300));
    }
    assert!(before < LINES, "all was taken though there was no room");
    gate.open.stop();
    sending.join().unwrap();
    common::wait(|| gate.traffic().is_some_and(|traffic| traffic.lines == LINES));
    supervisor.end().unwrap();
    assert_eq!(gate.bytes.load(Ordering::SeqCst), LINES * ("127.0.0.1".len() as u64 + 1 + 1000));
}
