//! Replay: all sources, merged by event time, through the rules; the same input gives the same
//! bytes, whatever the number of threads.
//!
//! The sources are streams: each is read ahead as far as its lines may stand out of order ([`window`]), a
//! merge takes the lines that are complete ([`merge`]), and they are evaluated in slices: each shard takes its
//! own lines of a slice, and the slice's alerts are sorted and written before the next one begins. What is
//! read next and where slices end depends on the input alone; other threads scan ahead ([`supply`]).
//! The number of shards is fixed, so that nothing depends on the number of threads.

mod crew;
mod error;
mod input;
mod lane;
mod merge;
mod run;
mod slice;
mod spool;
mod supply;
mod window;

use std::{io, mem, sync::Arc};

use lifesigns_model::{ObjectAliases, ObjectFacts, Observation, RuleAlertRef};

use self::{
    crew::{Crew, ScanBuffers},
    lane::{Lane, ObservationTray, RenderedAlerts},
    merge::{Merge, MergeStep},
    slice::{SHARDS, Slice},
    spool::Spool,
    supply::Supply,
};
pub use self::{
    error::ReplayError,
    input::{ReplayInput, ReplayOptions, ReplayReader},
    merge::LateLines,
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
    let lanes = Lane::all(rules, known, || RenderedAlerts::new(render));
    let (emit, flush) = (&mut *output.emit, &mut *output.flush);
    run(options, rules, inputs, (lanes, ObjectAliases::of(known)), &mut |lanes| {
        RenderedAlerts::write(lanes, emit)?;
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
    let lanes = Lane::all(rules, known, ObservationTray::default);
    run(options, rules, inputs, (lanes, ObjectAliases::of(known)), &mut |lanes| ObservationTray::write(lanes, emit))
}

/// Writes what the lanes have gathered of a slice.
type WriteSlice<'a, T> = &'a mut dyn FnMut(&mut [&mut Lane<T>]) -> io::Result<()>;

fn run<T: EventSink + Send>(
    options: &ReplayOptions,
    rules: &Arc<RuleSet>,
    inputs: Vec<ReplayInput<'_>>,
    (lanes, aliases): (Vec<Lane<T>>, ObjectAliases),
    write: WriteSlice<'_, T>,
) -> Result<ReplayOutcome, ReplayError> {
    rules.begin_comparisons(0, &ShardReport::default());
    let merge = Merge::new(inputs.len(), options.bounds(inputs.len()));
    let crew = Crew::new(rules, aliases, Spool::new(&options.spool_folder), lanes, Supply::new(inputs));
    std::thread::scope(|scope| {
        let _over = crew.over();
        for _ in 1..options.threads.clamp(1, SHARDS) {
            scope.spawn(|| crew.assist());
        }
        merged(&crew, merge, options.until_ns.unwrap_or(0), write)
    })
}

/// Merges and evaluates everything.
fn merged<T: EventSink + Send>(
    crew: &Crew<'_, T>,
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
        crew.walk(mem::take(slice));
        let mut lanes: Vec<_> = crew.lanes.iter().map(parking_lot::Mutex::lock).collect();
        let mut lanes: Vec<&mut Lane<T>> = lanes.iter_mut().map(|lane| &mut **lane).collect();
        write(&mut lanes).map_err(ReplayError::Write)
    };
    loop {
        match merge.step(&mut slice) {
            MergeStep::Lines => {}
            MergeStep::Read(input) => {
                let is_new = !merge.is_window_read(input);
                merge.read(input, crew.take(input, &mut buffers)?);
                if is_new && merge.is_window_read(input) {
                    crew.rest(input);
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
    for lane in &crew.lanes {
        let mut lane = lane.lock();
        outcome.report.merge(lane.shard.take_report());
        outcome.objects += lane.shard.objects();
    }
    Ok(outcome)
}
