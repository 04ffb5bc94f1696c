//! Very many connections that send nothing or hardly anything, beside one client that does.

use std::{
    io::{self, Write},
    net::TcpStream,
    path::Path,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

use lifesigns_bench::{Table, millis, quick};

use crate::{
    follower::{Delays, Follower},
    ingest::{Client, Host, Load, Protocol, probes},
};

/// Events of the honest client, and the time between two.
const EVENTS: usize = 600;
const EVERY: Duration = Duration::from_millis(10);
/// A slow connection sends a byte so often.
const BYTE_EVERY: Duration = Duration::from_secs(1);

/// Which way in is measured.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Http,
    Syslog,
}

pub(super) fn table(binary: &Path, cache: &Path) -> Table {
    let (idle, slow) = if quick() { (200, 20) } else { (10_000, 1000) };
    let load = Load::new(1000);
    let mut table = Table::new(&[
        "way in",
        "idle",
        "slow",
        "p50 alone",
        "p99 alone",
        "p50 beside",
        "p99 beside",
        "p99, ratio",
        "lost",
        "resident alone",
        "resident beside",
        "target",
    ]);
    for way in [Way::Http, Way::Syslog] {
        let host = Host::start(binary, &load, cache, "");
        // The first ones find caches that are cold.
        honest(&host, way, 100, 0);
        let alone = honest(&host, way, EVENTS, 100);
        let resident_alone = host.usage().resident_bytes;
        let address = if way == Way::Http { host.http } else { host.syslog };
        let connections = (0..idle + slow).map(|_| TcpStream::connect(address)).collect::<io::Result<Vec<_>>>();
        let connections = connections.unwrap_or_else(|error| panic!("{} connections: {error}", idle + slow));
        let stop = AtomicBool::new(false);
        let (beside, resident_beside) = thread::scope(|scope| {
            scope.spawn(|| trickle(&connections[idle..], way, &stop));
            let beside = honest(&host, way, EVENTS, 100 + EVENTS);
            let resident = host.usage().resident_bytes;
            stop.store(true, Ordering::Relaxed);
            (beside, resident)
        });
        let [p50_alone, p99_alone] = [alone.at(50), alone.at(99)];
        table.row([
            if way == Way::Http { "HTTP, request to answer" } else { "syslog, TCP, line to alert" }.to_owned(),
            idle.to_string(),
            slow.to_string(),
            millis(p50_alone),
            millis(p99_alone),
            millis(beside.at(50)),
            millis(beside.at(99)),
            format!("{:.2}", beside.at(99).as_secs_f64() / p99_alone.as_secs_f64().max(1e-9)),
            (alone.lost + beside.lost).to_string(),
            format!("{} MiB", resident_alone >> 20),
            format!("{} MiB", resident_beside >> 20),
            "<= 2".to_owned(),
        ]);
    }
    table
}

/// Sends probes, numbered from `first`.
fn honest(host: &Host, way: Way, events: usize, first: usize) -> Delays {
    let protocol = if way == Way::Http { Protocol::Events } else { Protocol::Trailed };
    let output = Follower::start(host.output());
    let (mut sent, mut answered) = (Vec::new(), Vec::new());
    let mut client = Client::connect(host.http).expect("it listens");
    let mut stream = TcpStream::connect(host.syslog).expect("it listens");
    let begun = Instant::now();
    for number in 0..events {
        thread::sleep((begun + EVERY * number as u32).saturating_duration_since(Instant::now()));
        let mut bytes = Vec::new();
        protocol.push_probe(&mut bytes, first + number);
        let at = Instant::now();
        sent.push((first + number, at));
        match protocol.http() {
            Some(request) => {
                let answer = client.post(request, &bytes).expect("an answer");
                if answer.status == 200 {
                    answered.push(at.elapsed());
                }
            }
            None => stream.write_all(&bytes).expect("it takes lines"),
        }
    }
    thread::sleep(Duration::from_secs(1));
    let seen = probes(output.end());
    if way == Way::Http { Delays::of(answered, events) } else { Delays::new(&sent, &seen) }
}

/// Sends a byte on each connection once in a while: of a head that never ends, or of a line that never ends.
fn trickle(connections: &[TcpStream], way: Way, stop: &AtomicBool) {
    let begin: &[u8] = match way {
        Way::Http => b"POST /api/v1/events HTTP/1.1\r\nhost: bench\r\nx-slow: ",
        Way::Syslog => b"<13>slow: ",
    };
    connections.iter().for_each(|mut connection| _ = connection.write(begin));
    let pause = BYTE_EVERY / connections.len().max(1) as u32;
    while !stop.load(Ordering::Relaxed) {
        for ten in connections.chunks(10) {
            if stop.load(Ordering::Relaxed) {
                return;
            }
            // A connection that the host has closed takes nothing.
            ten.iter().for_each(|mut connection| _ = connection.write(b"a"));
            thread::sleep(pause * ten.len() as u32);
        }
    }
}
