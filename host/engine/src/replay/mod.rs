//! Replay: all sources, merged by event time, through the rules; the same input gives the same
//! bytes, whatever the number of threads.
//!
//! The sources are streams: each is read ahead as far as its lines may stand out of order ([`window`]), a
//! merge takes the lines that are complete ([`merge`]), and they are evaluated in slices: each shard takes its
//! own lines of a slice, and the slice's alerts are sorted and written before the next one begins. What is
//! read next and where slices end depends on the input alone; other threads scan ahead ([`read_ahead`]).
//! The number of shards is fixed, so that nothing depends on the number of threads.

mod error;
mod input;
mod merge;
mod read_ahead;
mod run;
mod shard;
mod slice;
mod spool;
mod threads;
mod window;

use std::{io, mem, sync::Arc};

use lifesigns_model::{ObjectAliases, ObjectFacts, Observation, RuleAlertRef};

pub use self::{
    error::ReplayError,
    input::{ReplayInput, ReplayOptions, ReplayReader},
    merge::LateLines,
};
use self::{
    merge::{Merge, MergeStep},
    read_ahead::ReadAhead,
    shard::{RenderedAlerts, ReplayShard, SliceObservations},
    slice::{SHARDS, Slice},
    spool::Spool,
    threads::{ReplayThreads, ScanBuffers},
};
use crate::{RuleSet, ScanCounts, ShardReport, event_sink::EventSink};

/// Alerts are written at the latest when so much was read since the first line that they may be of, at first
/// and in the end: so the first ones come early, and rules get full batches.
const FIRST_WRITE_BYTES: u64 = 1 << 20;
const LAST_WRITE_BYTES: u64 = 256 << 20;

/// Where alerts go.
pub struct ReplayOutput<'a> {
    /// Writes one alert.
    pub render: &'a (dyn Fn(&RuleAlertRef<'_>, &mut Vec<u8>) + Sync),
    /// Called with rendered alerts, in order.
    pub emit: &'a mut dyn FnMut(&[u8]) -> io::Result<()>,
    /// Called when it may take a while until there are more.
    pub flush: &'a mut dyn FnMut() -> io::Result<()>,
}

/// The result of a replay.
#[derive(Clone, Debug, Default)]
pub struct ReplayOutcome {
    /// Counted by the scan.
    pub scan_counts: ScanCounts,
    /// Counted by the shards.
    pub report: ShardReport,
    /// Objects that were seen or known.
    pub objects: usize,
    /// Lines that stood further from their place than [`ReplayOptions::disorder_bytes`]: they were evaluated
    /// when they were read, with their own time.
    pub late: LateLines,
}

/// Replays `inputs`. `known` are facts that hold from the start.
///
/// # Errors
/// When a source cannot be read or the output cannot be written.
pub fn replay(
    options: &ReplayOptions,
    rules: &Arc<RuleSet>,
    inputs: Vec<ReplayInput<'_>>,
    known: &[ObjectFacts],
    output: &mut ReplayOutput<'_>,
) -> Result<ReplayOutcome, ReplayError> {
    let render = output.render;
    let shards = ReplayShard::all(rules, known, || RenderedAlerts::new(render));
    let (emit, flush) = (&mut *output.emit, &mut *output.flush);
    run(options, rules, inputs, (shards, ObjectAliases::of(known)), &mut |shards| {
        RenderedAlerts::write(shards, emit)?;
        flush()
    })
}

/// Replays `inputs`, and gives `emit` everything that a book of alerts needs, in the same order:
/// alerts, and before the alerts of a line that its object was not known, and its facts. Each of them
/// is a value of its own, so [`replay`] is faster for those who only want alerts.
///
/// # Errors
/// When a source cannot be read or `emit` fails.
pub fn replay_observations(
    options: &ReplayOptions,
    rules: &Arc<RuleSet>,
    inputs: Vec<ReplayInput<'_>>,
    known: &[ObjectFacts],
    emit: &mut dyn FnMut(Observation) -> io::Result<()>,
) -> Result<ReplayOutcome, ReplayError> {
    let shards = ReplayShard::all(rules, known, SliceObservations::default);
    run(options, rules, inputs, (shards, ObjectAliases::of(known)), &mut |shards| {
        SliceObservations::write(shards, emit)
    })
}

/// Writes what the shards have gathered of a slice.
type WriteSlice<'a, T> = &'a mut dyn FnMut(&mut [&mut ReplayShard<T>]) -> io::Result<()>;

fn run<T: EventSink + Send>(
    options: &ReplayOptions,
    rules: &Arc<RuleSet>,
    inputs: Vec<ReplayInput<'_>>,
    (shards, aliases): (Vec<ReplayShard<T>>, ObjectAliases),
    write: WriteSlice<'_, T>,
) -> Result<ReplayOutcome, ReplayError> {
    rules.begin_comparisons(0, &ShardReport::default());
    let merge = Merge::new(inputs.len(), options.bounds(inputs.len()));
    let threads = ReplayThreads::new(rules, aliases, Spool::new(&options.spool_folder), shards, ReadAhead::new(inputs));
    std::thread::scope(|scope| {
        let _over = threads.over();
        for _ in 1..options.threads.clamp(1, SHARDS) {
            scope.spawn(|| threads.assist());
        }
        merged(&threads, merge, options.until_ns.unwrap_or(0), write)
    })
}

/// Merges and evaluates everything.
fn merged<T: EventSink + Send>(
    threads: &ReplayThreads<'_, T>,
    mut merge: Merge,
    until_ns: u64,
    write: WriteSlice<'_, T>,
) -> Result<ReplayOutcome, ReplayError> {
    let mut buffers = ScanBuffers::default();
    let mut slice = Slice::default();
    // What had been read when the slice got its first line, and what may be read until it is written.
    let (mut begun_bytes, mut write_bytes) = (0, FIRST_WRITE_BYTES);
    let mut flush = |slice: &mut Slice, until_ns: u64| {
        slice.until_ns = until_ns;
        threads.walk(mem::take(slice));
        let mut shards: Vec<_> = threads.shards.iter().map(parking_lot::Mutex::lock).collect();
        let mut shards: Vec<&mut ReplayShard<T>> = shards.iter_mut().map(|shard| &mut **shard).collect();
        write(&mut shards).map_err(ReplayError::Write)
    };
    loop {
        match merge.step(&mut slice) {
            MergeStep::Lines => {}
            MergeStep::Read(input) => {
                let is_new = !merge.is_window_read(input);
                merge.read(input, threads.take(input, &mut buffers)?);
                if is_new && merge.is_window_read(input) {
                    threads.rest(input);
                }
            }
            MergeStep::End => break,
        }
        if slice.is_empty() {
            begun_bytes = merge.scan_counts.bytes;
            continue;
        }
        let is_due = merge.scan_counts.bytes - begun_bytes >= write_bytes;
        if is_due || slice.is_full() {
            if is_due {
                write_bytes = LAST_WRITE_BYTES.min(2 * write_bytes);
            }
            flush(&mut slice, merge.complete_until_ns())?;
            begun_bytes = merge.scan_counts.bytes;
        }
    }
    flush(&mut slice, merge.end_ns.max(until_ns))?;
    let mut outcome = ReplayOutcome { scan_counts: merge.scan_counts, late: merge.late, ..ReplayOutcome::default() };
    for shard in &threads.shards {
        let mut shard = shard.lock();
        outcome.report.merge(shard.shard.take_report());
        outcome.objects += shard.shard.objects();
    }
    Ok(outcome)
}
