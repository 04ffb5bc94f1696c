//! Events from the network into the binary with a store and 100 rules: how fast each protocol is, beside rsyslog and
//! syslog-ng, and how long an event takes to its alert at half of that speed.

mod client;
mod host;
mod load;
mod peers;
mod send;
mod wire;

use std::{
    path::Path,
    time::{Duration, Instant},
};

use lifesigns_bench::{Table, binary, machine, millis, number, quick, seconds};

pub(crate) use client::Client;
pub(crate) use host::{Host, source};
pub(crate) use load::{Load, differences, probes};
use peers::Peer;
use send::{Pace, send};
pub(crate) use wire::Protocol;

use crate::follower::{Delays, Follower};

/// How long events are sent at half of the speed.
const PACED: Duration = Duration::from_secs(4);
/// Of the lines, the peers get one in this number.
const OF_PEERS: usize = 4;

/// `only` names protocols, and `peers`; none means all.
pub(crate) fn table(only: &[String]) {
    let is_wanted = |name: &str| only.is_empty() || only.iter().any(|case| case == name);
    let (machine, binary) = (machine(), binary());
    let load = Load::new(number("LIFESIGNS_BENCH_COUNT", if quick() { 20_000 } else { 1_500_000 }));
    let cache = tempfile::tempdir().expect("a folder");
    let mut speeds = Table::new(&[
        "protocol",
        "events/s",
        "target",
        "CPU, host",
        "CPU, sender",
        "peak memory",
        "lost",
        "alerts",
        "wrong or missing",
        "sent again",
    ]);
    let mut latencies = Table::new(&["protocol", "events/s", "CPU, host", "p50", "p99", "worst", "lost", "target"]);
    for protocol in Protocol::ALL.into_iter().filter(|protocol| is_wanted(protocol.name())) {
        measure(&binary, &load, &cache.path().join("cache"), protocol, (&mut speeds, &mut latencies));
    }
    println!("\n## Ingest\n");
    println!(
        "{machine}; {} events, {}; {} keyword rules; sender and host on the same cores. Committed: the clock stops when \
         all are.\n",
        load.count,
        load.from,
        load::RULES
    );
    println!("{speeds}");
    println!("At half of that speed, for {} s; from a probe's sending to its alert in the output:\n", PACED.as_secs());
    println!("{latencies}");
    if is_wanted("peers") {
        println!("Filtering {} of these events into a file:\n", load.count / OF_PEERS);
        println!("{}", peers(&load));
    }
}

/// Measures one protocol.
fn measure(
    binary: &Path,
    load: &Load,
    cache: &Path,
    protocol: Protocol,
    (speeds, latencies): (&mut Table, &mut Table),
) {
    let expected = protocol.alerts(load, load.count);
    let pieces = protocol.pieces(load);
    let host = Host::start(binary, load, cache, "");
    let (before, begun) = (host.usage(), Instant::now());
    let sending = send(&host, protocol, &pieces, Pace::Full);
    let committed = host.committed(protocol.source(), load.count as u64);
    // An answer comes after the commit: the last one ends a run by HTTP.
    let time = if protocol.http().is_some() { sending.time } else { committed.at.duration_since(begun) };
    let (usage, taken) = (host.usage(), committed.figure);
    let rate = taken as f64 / time.as_secs_f64();
    speeds.row([
        protocol.title().to_owned(),
        format!("{rate:.0}"),
        format!(">= {}", protocol.target()),
        seconds(usage.cpu.saturating_sub(before.cpu)),
        seconds(sending.cpu),
        format!("{} MiB", usage.peak_bytes >> 20),
        (load.count as i64 - taken as i64).to_string(),
        expected.len().to_string(),
        differences(&host.output(), &expected).to_string(),
        sending.refused.to_string(),
    ]);
    let half = rate / 2.0;
    let count = (half * PACED.as_secs_f64()) as usize / protocol.piece_events();
    let (output, before, begun) = (Follower::start(host.output()), host.usage(), Instant::now());
    let sending = send(&host, protocol, &pieces[..count.clamp(1, pieces.len())], Pace::Probed(half));
    let events = (count.clamp(1, pieces.len()) * protocol.piece_events() + sending.probes.len()) as u64;
    let rate = events as f64 / begun.elapsed().as_secs_f64();
    host.committed(protocol.source(), taken + events);
    let cpu = host.usage().cpu.saturating_sub(before.cpu);
    let times = Delays::new(&sending.probes, &probes(output.end()));
    latencies.row([
        protocol.title().to_owned(),
        format!("{rate:.0}"),
        seconds(cpu),
        millis(times.at(50)),
        millis(times.at(99)),
        millis(times.at(100)),
        times.lost.to_string(),
        "p99 <= 20 ms".to_owned(),
    ]);
}

/// What rsyslog and syslog-ng make of the same lines.
fn peers(load: &Load) -> Table {
    let mut table = Table::new(&["program", "framing", "events/s", "CPU", "CPU, sender", "peak memory", "written"]);
    let count = (load.count / OF_PEERS).next_multiple_of(1000);
    let matching = load.matching(count);
    let pieces = Protocol::Counted.pieces(load);
    let pieces = &pieces[..count / Protocol::Counted.piece_events()];
    for peer in [Peer::Rsyslog, Peer::SyslogNg] {
        if !peer.is_there() {
            println!("{} is not measured: it is not installed.\n", peer.name());
            continue;
        }
        let run = peer.run(load, pieces, matching);
        table.row([
            peer.name().to_owned(),
            "octet-counted".to_owned(),
            format!("{:.0}", count as f64 / run.time.as_secs_f64()),
            seconds(run.cpu),
            seconds(run.sender_cpu),
            format!("{} MiB", run.peak_bytes >> 20),
            format!("{} of {matching}", run.written),
        ]);
    }
    table
}
