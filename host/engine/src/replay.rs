//! Replay: all sources, merged by event time, through the rules; the same input gives the same
//! bytes, whatever the number of threads.
//!
//! Two passes. The first scans the sources, in parallel, and keeps the wanted lines. The second
//! sorts them by event time, source and line, and walks through them in slices: each shard takes its
//! own lines of a slice, and the slice's alerts are sorted and written before the next one begins.
//! The number of shards is fixed, so that nothing depends on the number of threads.

use std::{
    io, mem,
    sync::{Arc, Mutex, PoisonError},
};

use lifesigns_model::{EventSource, ObjectFacts, Observation, RuleAlert, RuleAlertOrder, RuleAlertRef, limits};

use crate::{
    RuleSet, ScanCounts, ShardReport,
    event_sink::{EventSink, LineContext, Phase, StreamPosition},
    rule_runner::ShardClock,
    scan::Scanner,
    scanned::ScannedChunk,
    sequencer::SourceProgress,
    shard::Shard,
    shard_of,
    state::StateLedger,
};

/// Shards of a replay. Part of what makes its output what it is: a rule that fails is put into
/// quarantine by shard.
const SHARDS: usize = 4;
/// Lines between two writes.
const SLICE: usize = 1 << 16;

/// One source to replay.
pub struct ReplayInput<'a> {
    /// The source of the lines; ranks must be different.
    pub source: Arc<EventSource>,
    /// Gives the next whole lines, in a buffer that may reuse the one it is handed.
    pub next: NextChunk<'a>,
}

/// Reads the next chunk of a source into a spare buffer.
pub type NextChunk<'a> = Box<dyn FnMut(Vec<u8>) -> io::Result<Option<Vec<u8>>> + Send + 'a>;

/// Where alerts and progress go.
pub struct ReplayOutput<'a> {
    /// Writes one alert.
    pub render: &'a (dyn Fn(&RuleAlertRef<'_>, &mut Vec<u8>) + Sync),
    /// Called with rendered alerts, in order.
    pub emit: &'a mut dyn FnMut(&[u8]) -> io::Result<()>,
    /// Called with the number of bytes that were scanned since the last call.
    pub progress: &'a (dyn Fn(u64) + Sync),
}

/// Why a replay ended early.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// A source could not be read.
    #[error("{name} cannot be read: {error}")]
    Read {
        /// The source's name.
        name: String,
        /// The error of the system.
        error: io::Error,
    },
    /// The alerts could not be written.
    #[error("the alerts cannot be written: {0}")]
    Write(io::Error),
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
}

/// Replays `inputs`. `known` are facts that hold from the start.
///
/// # Errors
/// When a source cannot be read or the output cannot be written.
pub fn replay(
    threads: usize,
    rules: &Arc<RuleSet>,
    inputs: Vec<ReplayInput<'_>>,
    known: &[ObjectFacts],
    output: &mut ReplayOutput<'_>,
) -> Result<ReplayOutcome, ReplayError> {
    let render = output.render;
    let lanes = Lane::all(rules, known, || RenderedAlerts { render, bytes: Vec::new(), alerts: Vec::new() });
    let emit = &mut *output.emit;
    run(threads, rules, inputs, output.progress, lanes, &mut |lanes| write_rendered(lanes, emit))
}

/// Replays `inputs`, and gives `emit` everything that a book of alerts needs, in the same order:
/// alerts, and before the alerts of a line that its object was not known, and its facts. Each of them
/// is a value of its own, so [`replay`] is faster for those who only want alerts.
///
/// # Errors
/// When a source cannot be read or `emit` fails.
pub fn replay_observations(
    threads: usize,
    rules: &Arc<RuleSet>,
    inputs: Vec<ReplayInput<'_>>,
    known: &[ObjectFacts],
    emit: &mut dyn FnMut(Observation) -> io::Result<()>,
    progress: &(dyn Fn(u64) + Sync),
) -> Result<ReplayOutcome, ReplayError> {
    let lanes = Lane::all(rules, known, ObservationTray::default);
    run(threads, rules, inputs, progress, lanes, &mut |lanes| {
        let mut all: Vec<_> = lanes.iter_mut().flat_map(|lane| mem::take(&mut lane.sink.observations)).collect();
        // Stable, and what is of one line is of one lane.
        all.sort_by_key(|(key, _)| *key);
        all.into_iter().try_for_each(|(_, observation)| emit(observation))
    })
}

/// Writes what the lanes have gathered of a slice.
type WriteSlice<'a, T> = &'a mut dyn FnMut(&mut [Lane<T>]) -> io::Result<()>;

fn run<T: EventSink + Send>(
    threads: usize,
    rules: &Arc<RuleSet>,
    inputs: Vec<ReplayInput<'_>>,
    progress: &(dyn Fn(u64) + Sync),
    mut lanes: Vec<Lane<T>>,
    write: WriteSlice<'_, T>,
) -> Result<ReplayOutcome, ReplayError> {
    let threads = threads.clamp(1, SHARDS);
    let chunks = scan_all(threads, rules, inputs, progress)?;
    let mut outcome = ReplayOutcome::default();
    let mut end_ns = 0;
    for chunk in &chunks {
        outcome.scan_counts += chunk.scan_counts;
        end_ns = end_ns.max(chunk.last_time_ns.unwrap_or_default());
    }
    let order = in_order(&chunks);
    end_ns = end_ns.max(order.last().map_or(0, |at| at.time_ns));
    let mut slices = order.chunks(SLICE).peekable();
    loop {
        let slice = slices.next().unwrap_or_default();
        let last = slices.peek().is_none();
        let until = if last { end_ns } else { slice.last().map_or(0, |at| at.time_ns) };
        walk(threads, &mut lanes, &chunks, slice, until);
        write(&mut lanes).map_err(ReplayError::Write)?;
        if last {
            break;
        }
    }
    for lane in &mut lanes {
        outcome.report.merge(lane.shard.take_report());
        outcome.objects += lane.shard.objects();
    }
    Ok(outcome)
}

/// Reads and scans all inputs, and assigns their chunks line numbers.
fn scan_all(
    threads: usize,
    rules: &Arc<RuleSet>,
    inputs: Vec<ReplayInput<'_>>,
    progress: &(dyn Fn(u64) + Sync),
) -> Result<Vec<Arc<ScannedChunk>>, ReplayError> {
    let reader = Mutex::new(Reader { inputs, input: 0, next: 0 });
    let results: Mutex<Vec<(u64, ScannedChunk)>> = Mutex::default();
    let work = || -> Result<(), ReplayError> {
        let mut scanner = Scanner::default();
        let mut buffer = Vec::new();
        loop {
            let taken = reader.lock().unwrap_or_else(PoisonError::into_inner).take(mem::take(&mut buffer))?;
            let Some((number, source, bytes)) = taken else { return Ok(()) };
            let scanned = scanner.scan(Arc::clone(rules), source, &bytes, None);
            progress(bytes.len() as u64);
            buffer = bytes;
            results.lock().unwrap_or_else(PoisonError::into_inner).push((number, scanned));
        }
    };
    if threads == 1 {
        work()?;
    } else {
        std::thread::scope(|scope| {
            let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
            workers.into_iter().try_for_each(|worker| match worker.join() {
                Ok(result) => result,
                Err(panic) => std::panic::resume_unwind(panic),
            })
        })?;
    }
    let mut chunks = results.into_inner().unwrap_or_else(PoisonError::into_inner);
    chunks.sort_by_key(|(number, _)| *number);
    let mut progress = (u32::MAX, SourceProgress::default());
    let assign = |(_, mut scanned): (u64, ScannedChunk)| {
        if progress.0 != scanned.source.rank {
            progress = (scanned.source.rank, SourceProgress::default());
        }
        progress.1.assign_lines(&mut scanned, true, None);
        Arc::new(scanned)
    };
    Ok(chunks.into_iter().map(assign).collect())
}

/// A chunk's number, source and bytes.
type NumberedChunk = (u64, Arc<EventSource>, Vec<u8>);

/// Hands out chunks, input by input.
struct Reader<'a> {
    inputs: Vec<ReplayInput<'a>>,
    input: usize,
    next: u64,
}

impl Reader<'_> {
    fn take(&mut self, mut spare: Vec<u8>) -> Result<Option<NumberedChunk>, ReplayError> {
        while let Some(input) = self.inputs.get_mut(self.input) {
            let read = (input.next)(mem::take(&mut spare));
            match read.map_err(|error| ReplayError::Read { name: input.source.name.clone(), error })? {
                Some(bytes) => {
                    self.next += 1;
                    return Ok(Some((self.next - 1, Arc::clone(&input.source), bytes)));
                }
                None => self.input += 1,
            }
        }
        Ok(None)
    }
}

/// A line of the whole replay.
#[derive(Clone, Copy)]
struct LineRef {
    time_ns: u64,
    chunk: u32,
    line: u32,
    shard: u32,
}

/// All lines by event time; chunks are in the order of sources and lines already, and the sort is
/// stable.
fn in_order(chunks: &[Arc<ScannedChunk>]) -> Vec<LineRef> {
    let mut order = Vec::with_capacity(chunks.iter().map(|chunk| chunk.lines.len()).sum());
    for (chunk, scanned) in chunks.iter().enumerate() {
        let mut last = (0, "");
        for (number, line) in scanned.lines.iter().enumerate() {
            let object = scanned.object(line);
            if number == 0 || object != last.1 {
                last = (shard_of(object, SHARDS) as u32, object);
            }
            let time_ns = line.time_ns.unwrap_or_default();
            order.push(LineRef { time_ns, chunk: chunk as u32, line: number as u32, shard: last.0 });
        }
    }
    order.sort_by_key(|at| at.time_ns);
    order
}

/// Alerts of one slice, rendered.
struct RenderedAlerts<'a> {
    render: &'a (dyn Fn(&RuleAlertRef<'_>, &mut Vec<u8>) + Sync),
    bytes: Vec<u8>,
    alerts: Vec<(RuleAlertOrder, usize, usize)>,
}

impl EventSink for RenderedAlerts<'_> {
    fn alert(&mut self, _: StreamPosition, alert: &RuleAlertRef<'_>) {
        let start = self.bytes.len();
        (self.render)(alert, &mut self.bytes);
        self.alerts.push((alert.order, start, self.bytes.len()));
    }
}

fn write_rendered(
    lanes: &mut [Lane<RenderedAlerts<'_>>],
    emit: &mut dyn FnMut(&[u8]) -> io::Result<()>,
) -> io::Result<()> {
    let all = lanes.iter().enumerate().flat_map(|(lane, it)| it.sink.alerts.iter().map(move |alert| (lane, alert)));
    let mut all: Vec<_> = all.collect();
    all.sort_by_key(|(_, (order, _, _))| *order);
    for (lane, (_, start, end)) in all {
        emit(&lanes[lane].sink.bytes[*start..*end])?;
    }
    for lane in lanes {
        lane.sink.bytes.clear();
        lane.sink.alerts.clear();
    }
    Ok(())
}

/// The order of observations: event time, source, line, phase of the line, rule, and the rule's own
/// order.
type SortKey = (u64, u32, u64, Phase, u32, u32);

/// Observations of one slice.
#[derive(Default)]
struct ObservationTray {
    observations: Vec<(SortKey, Observation)>,
}

const fn key(order: RuleAlertOrder, phase: Phase) -> SortKey {
    (order.time_ns, order.source, order.line, phase, order.rule, order.nth)
}

impl EventSink for ObservationTray {
    fn alert(&mut self, _: StreamPosition, alert: &RuleAlertRef<'_>) {
        self.observations.push((key(alert.order, Phase::Event), Observation::RuleAlert(RuleAlert::from(alert))));
    }

    fn facts(&mut self, at: LineContext<'_>, facts: &ObjectFacts) {
        self.observations.push((key(at.order, Phase::Facts), at.facts(facts)));
    }

    fn seen(&mut self, at: LineContext<'_>, object: &str) {
        self.observations.extend(at.seen(object).map(|observation| (key(at.order, Phase::Seen), observation)));
    }
}

/// A shard and its observations in one slice.
struct Lane<T> {
    number: u32,
    shard: Shard,
    sink: T,
}

impl<T: EventSink> Lane<T> {
    fn all(rules: &Arc<RuleSet>, known: &[ObjectFacts], sink: impl Fn() -> T) -> Vec<Self> {
        let lane = |number| {
            let ledger = StateLedger::part(SHARDS);
            let mut shard = Shard::new(Arc::clone(rules), ShardClock::Event, ledger, limits::RULES_CPU_MS_PER_S);
            known
                .iter()
                .filter(|facts| shard_of(&facts.object, SHARDS) == number)
                .for_each(|facts| shard.insert_known(facts));
            Self { number: number as u32, shard, sink: sink() }
        };
        (0..SHARDS).map(lane).collect()
    }

    fn walk(&mut self, chunks: &[Arc<ScannedChunk>], slice: &[LineRef], until_ns: u64) {
        for at in slice.iter().filter(|at| at.shard == self.number) {
            self.shard.line(&chunks[at.chunk as usize], at.line, &mut self.sink);
        }
        self.shard.advance(until_ns, &mut self.sink);
    }
}

fn walk<T: EventSink + Send>(
    threads: usize,
    lanes: &mut [Lane<T>],
    chunks: &[Arc<ScannedChunk>],
    slice: &[LineRef],
    until_ns: u64,
) {
    if threads == 1 {
        lanes.iter_mut().for_each(|lane| lane.walk(chunks, slice, until_ns));
        return;
    }
    let share = lanes.len().div_ceil(threads);
    std::thread::scope(|scope| {
        for lanes in lanes.chunks_mut(share) {
            scope.spawn(move || lanes.iter_mut().for_each(|lane| lane.walk(chunks, slice, until_ns)));
        }
    });
}
