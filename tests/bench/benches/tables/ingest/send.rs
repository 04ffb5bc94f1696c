//! Senders: as fast as the host takes it, or at a pace, with probes.

use std::{
    io::Write,
    net::TcpStream,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
    time::{Duration, Instant},
};

use lifesigns_bench::cpu_time;

use super::{client::Client, host::Host, wire::Protocol};

/// Connections that send by HTTP, each waiting for its answers.
const CONNECTIONS: usize = 8;
/// A request that is answered 429 or 503 is sent again after so long, whatever `Retry-After` says: the host shall be busy.
const AGAIN: Duration = Duration::from_millis(5);
/// Of writes to a connection of syslog, one in this number has a probe at its end.
const PROBE_EVERY: usize = 5;

/// How fast pieces are sent.
#[derive(Clone, Copy)]
pub(crate) enum Pace {
    /// As fast as they are taken.
    Full,
    /// This number of events a second, with probes.
    Probed(f64),
}

/// What sending took.
#[derive(Debug, Default)]
pub(crate) struct Sending {
    /// From the first byte to the last one, or to the last answer.
    pub(crate) time: Duration,
    /// Processor time of all threads that sent.
    pub(crate) cpu: Duration,
    /// Requests that were answered 429 or 503, and sent again.
    pub(crate) refused: u64,
    /// When each probe was sent.
    pub(crate) probes: Vec<(usize, Instant)>,
}

/// Sends all pieces.
pub(crate) fn send(host: &Host, protocol: Protocol, pieces: &[Vec<u8>], pace: Pace) -> Sending {
    let begun = Instant::now();
    let next = AtomicUsize::new(0);
    let workers = if protocol.http().is_some() { CONNECTIONS } else { 1 };
    let sender = Sender { host, protocol, pieces, pace, next: &next, begun };
    let mut all = Sending::default();
    thread::scope(|scope| {
        let workers: Vec<_> = (0..workers).map(|_| scope.spawn(|| sender.work())).collect();
        for worker in workers {
            let one = worker.join().expect("it sends");
            all.cpu += one.cpu;
            all.refused += one.refused;
            all.probes.extend(one.probes);
        }
    });
    all.time = begun.elapsed();
    all
}

struct Sender<'a> {
    host: &'a Host,
    protocol: Protocol,
    pieces: &'a [Vec<u8>],
    pace: Pace,
    next: &'a AtomicUsize,
    begun: Instant,
}

impl Sender<'_> {
    fn work(&self) -> Sending {
        let mut sending = Sending::default();
        match self.protocol.http() {
            Some(request) => self.post(request, &mut sending),
            None => self.write(&mut sending),
        }
        sending.cpu = cpu_time();
        sending
    }

    /// Waits until the next piece is due, and returns its number; `None` after the last one.
    fn take(&self) -> Option<usize> {
        let piece = self.next.fetch_add(1, Ordering::Relaxed);
        if piece >= self.pieces.len() {
            return None;
        }
        if let Pace::Probed(rate) = self.pace {
            let due = Duration::from_secs_f64((piece * self.protocol.piece_events()) as f64 / rate);
            thread::sleep((self.begun + due).saturating_duration_since(Instant::now()));
        }
        Some(piece)
    }

    fn has_probe(&self, piece: usize) -> bool {
        let every = if self.protocol.http().is_some() { 1 } else { PROBE_EVERY };
        matches!(self.pace, Pace::Probed(_)) && piece.is_multiple_of(every)
    }

    fn write(&self, sending: &mut Sending) {
        let mut stream = TcpStream::connect(self.host.syslog).expect("it listens");
        let mut with_probe = Vec::new();
        while let Some(piece) = self.take() {
            let mut bytes = &self.pieces[piece];
            if self.has_probe(piece) {
                with_probe.clone_from(bytes);
                self.protocol.push_probe(&mut with_probe, piece);
                bytes = &with_probe;
                sending.probes.push((piece, Instant::now()));
            }
            stream.write_all(bytes).expect("it takes lines");
        }
    }

    fn post(&self, request: (&str, &str), sending: &mut Sending) {
        let mut client = Client::connect(self.host.http).expect("it listens");
        let mut with_probe = Vec::new();
        while let Some(piece) = self.take() {
            let mut body = &self.pieces[piece];
            if self.has_probe(piece) {
                with_probe.clone_from(body);
                self.protocol.push_probe(&mut with_probe, piece);
                body = &with_probe;
            }
            let sent = Instant::now();
            loop {
                let answer = client.post(request, body).expect("an answer");
                match answer.status {
                    200 => break,
                    429 | 503 => sending.refused += 1,
                    status => panic!("{status}: {}", String::from_utf8_lossy(&answer.body)),
                }
                thread::sleep(AGAIN);
            }
            if self.has_probe(piece) {
                sending.probes.push((piece, sent));
            }
        }
    }
}
