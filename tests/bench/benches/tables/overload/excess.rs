//! Three times as many events as the host can take: senders wait or are asked to, and what is lost is counted.

use std::{
    io::Write,
    net::{TcpStream, UdpSocket},
    path::Path,
    sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed},
    thread,
    time::{Duration, Instant},
};

use lifesigns_bench::{Table, number, quick};

use crate::ingest::{Client, Host, Load, Protocol, differences, source};

/// Less than by default, so that senders reach it.
const INFLIGHT: &str = "[engine]\ninflight-bytes = '16MiB'";
/// Connections that send by HTTP: together their requests are more than the host keeps in flight.
const CONNECTIONS: usize = 400;
/// Those that find out what the host can take.
const FEW: usize = 8;
/// How much more than that is sent.
const TIMES: f64 = 3.0;
/// A datagram of a sender that waits for nothing is sent with others, this number at a time.
const DATAGRAMS: usize = 50;

/// What was sent, and what came of it.
#[derive(Default)]
struct Excess {
    /// Events a second that were taken before.
    taken: f64,
    /// Events a second that were sent then: measured, with those that were sent again.
    sent: f64,
    events: u64,
    requests: u64,
    refused: u64,
    /// Refusals that say when to try again.
    with_retry_after: u64,
}

pub(super) fn table(binary: &Path, cache: &Path, is_wanted: &dyn Fn(&str) -> bool) -> Table {
    let load = alerting(number("LIFESIGNS_BENCH_COUNT", if quick() { 20_000 } else { 400_000 }));
    let mut table = Table::new(&[
        "way in",
        "taken/s",
        "wanted/s",
        "offered/s",
        "events",
        "requests",
        "429 or 503",
        "with `Retry-After`",
        "dropped, counted",
        "lost, not counted",
        "alerts wrong or missing",
        "peak memory",
    ]);
    for (name, title) in [("http", "HTTP, NDJSON"), ("tcp", "syslog, TCP"), ("udp", "syslog, UDP")] {
        if !is_wanted(name) {
            continue;
        }
        let host = Host::start(binary, &load, cache, INFLIGHT);
        let protocol = if name == "http" { Protocol::Events } else { Protocol::Trailed };
        let (before, rest) = (load.count / 4, load.count);
        let excess = match name {
            "http" => over_http(&host, &protocol.pieces(&load), before / 1000),
            "tcp" => over_tcp(&host, &protocol.pieces(&load), before / protocol.piece_events()),
            _ => over_udp(&host, &load, before),
        };
        let at = if name == "udp" { "datagrams" } else { protocol.source() };
        let settled = host.settled("everything that was not dropped", excess.events, |status| {
            let (lines, dropped) = figures(&source(status, at));
            lines + dropped
        });
        let (_, dropped) = figures(&source(&settled.status, at));
        let wrong = match name {
            // Which are dropped is not known.
            "udp" => String::new(),
            _ => differences(&host.output(), &protocol.alerts(&load, rest)).to_string(),
        };
        table.row([
            title.to_owned(),
            format!("{:.0}", excess.taken),
            format!("{:.0}", excess.taken * TIMES),
            format!("{:.0}", excess.sent),
            excess.events.to_string(),
            excess.requests.to_string(),
            excess.refused.to_string(),
            excess.with_retry_after.to_string(),
            dropped.to_string(),
            (excess.events as i64 - settled.figure as i64).to_string(),
            wrong,
            format!("{} MiB", host.usage().peak_bytes >> 20),
        ]);
    }
    table
}

/// Returns lines that each have a word of a rule.
fn alerting(count: usize) -> Load {
    let mut load = Load::new(count);
    let words = load.words[..load.words.len() - 1].to_vec();
    load.round = (0..1000).map(|line| format!("a line about {} and no more", words[line % words.len()])).collect();
    load
}

/// Lines of a source that are committed, and those that it dropped.
fn figures(source: &serde_json::Value) -> (u64, u64) {
    let of = |value: &serde_json::Value| value.as_u64().unwrap_or_default();
    (of(&source["lines"]), of(&source["traffic"]["dropped"]))
}

/// Sends the first pieces with few connections, as fast as they are answered, and the rest three times as fast.
fn over_http(host: &Host, pieces: &[Vec<u8>], first: usize) -> Excess {
    let (requests, refused, with_retry_after) = (AtomicU64::new(0), AtomicU64::new(0), AtomicU64::new(0));
    let (next, begun) = (AtomicUsize::new(0), Instant::now());
    let work = |end: usize, begun: Instant, rate: Option<f64>| {
        let mut client = Client::connect(host.http).expect("it listens");
        let start = if rate.is_some() { first } else { 0 };
        loop {
            let piece = next.fetch_add(1, Relaxed);
            let Some(body) = pieces.get(piece).filter(|_| piece < end) else { return };
            if let Some(rate) = rate {
                let due = begun + Duration::from_secs_f64(((piece - start) * 1000) as f64 / rate);
                thread::sleep(due.saturating_duration_since(Instant::now()));
            }
            loop {
                requests.fetch_add(1, Relaxed);
                let answer = client.post(("/api/v1/events", "application/x-ndjson"), body).expect("an answer");
                if answer.status == 200 {
                    break;
                }
                assert!(matches!(answer.status, 429 | 503), "{}", answer.status);
                refused.fetch_add(1, Relaxed);
                with_retry_after.fetch_add(u64::from(answer.retry_after_s.is_some()), Relaxed);
                thread::sleep(Duration::from_secs(answer.retry_after_s.unwrap_or(1)));
            }
        }
    };
    thread::scope(|scope| (0..FEW).for_each(|_| _ = scope.spawn(|| work(first, begun, None))));
    let taken = (first * 1000) as f64 / begun.elapsed().as_secs_f64();
    next.store(first, Relaxed);
    let before = requests.swap(0, Relaxed);
    assert!(before >= first as u64, "all were answered");
    let (begun, rate) = (Instant::now(), taken * TIMES);
    thread::scope(|scope| (0..CONNECTIONS).for_each(|_| _ = scope.spawn(|| work(pieces.len(), begun, Some(rate)))));
    let requests = requests.into_inner();
    Excess {
        taken,
        sent: (requests * 1000) as f64 / begun.elapsed().as_secs_f64(),
        events: (pieces.len() * 1000) as u64,
        requests,
        refused: refused.into_inner(),
        with_retry_after: with_retry_after.into_inner(),
    }
}

/// As [`over_http`], over one connection, which the host reads as fast as it can.
fn over_tcp(host: &Host, pieces: &[Vec<u8>], first: usize) -> Excess {
    let events = Protocol::Trailed.piece_events();
    let mut stream = TcpStream::connect(host.syslog).expect("it listens");
    let begun = Instant::now();
    pieces[..first].iter().for_each(|piece| stream.write_all(piece).expect("it takes lines"));
    let committed = host.committed("syslog", (first * events) as u64);
    let taken = committed.figure as f64 / committed.at.duration_since(begun).as_secs_f64();
    let begun = Instant::now();
    for (number, piece) in pieces[first..].iter().enumerate() {
        let due = begun + Duration::from_secs_f64((number * events) as f64 / (taken * TIMES));
        thread::sleep(due.saturating_duration_since(Instant::now()));
        stream.write_all(piece).expect("it takes lines");
    }
    let sent = (pieces[first..].len() * events) as f64 / begun.elapsed().as_secs_f64();
    Excess { taken, sent, events: (pieces.len() * events) as u64, ..Excess::default() }
}

/// As [`over_tcp`], in datagrams, which nothing holds back. Those that find out what is taken are sent by TCP.
fn over_udp(host: &Host, load: &Load, first: usize) -> Excess {
    let pieces = Protocol::Trailed.pieces(load);
    let taken = over_tcp(host, &pieces[..first / Protocol::Trailed.piece_events()], first / 200).taken;
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a socket");
    socket.connect(host.syslog).expect("an address");
    let lines: Vec<&[u8]> = pieces.iter().flat_map(|piece| piece.split(|byte| *byte == b'\n')).collect();
    let lines: Vec<&[u8]> = lines.into_iter().filter(|line| !line.is_empty()).collect();
    let begun = Instant::now();
    for (number, lines) in lines.chunks(DATAGRAMS).enumerate() {
        let due = begun + Duration::from_secs_f64((number * DATAGRAMS) as f64 / (taken * TIMES));
        thread::sleep(due.saturating_duration_since(Instant::now()));
        lines.iter().for_each(|line| _ = socket.send(line).expect("it is sent"));
    }
    Excess {
        taken,
        sent: lines.len() as f64 / begun.elapsed().as_secs_f64(),
        events: lines.len() as u64,
        ..Excess::default()
    }
}
