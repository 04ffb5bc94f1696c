//! Replay from a file to alerts, against the bare loop that only prints matches, and against the
//! same rules linked natively. One core, one run, interleaved; ratios of medians.

use std::{
    fs::File,
    io::{BufWriter, Read, Write},
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use lifesigns_bench::{
    BareLoop, Corpus, Modules, Table, cpu_time, keyword_rules, keywords, machine, median, millis, native, pin, quick,
    repeats, seconds,
};
use lifesigns_engine::{ReplayInput, ReplayOptions, ReplayOutput, RuleSet, replay};
use lifesigns_intake::{Format, LineChunks};
use lifesigns_model::{EventSource, Module, limits};

/// How much of the file is read to choose what the prefilter looks for: as `lifesigns replay` does.
const SAMPLE_BYTES: u64 = 128 << 10;
const SIZES: [usize; 4] = [1, 100, 1000, 10_000];

/// `only` names the cases to measure, such as `wasm/1000/plain`; none means all.
pub(crate) fn table(only: &[String]) {
    let machine = machine();
    let core = pin();
    let lines = lifesigns_bench::number("LIFESIGNS_BENCH_COUNT", if quick() { 50_000 } else { 5_000_000 });
    let corpus = Corpus::new(lines);
    let modules = Modules::new();
    let sandbox = modules.sandbox();
    let wasm = modules.load(&sandbox, "keyword");
    let native = native::<keyword::Keyword>();
    let mut cases = Vec::new();
    for size in SIZES {
        cases.push(Case::ours(Kind::Wasm, size, &corpus.plain, &wasm));
        cases.push(Case::bare(size, &corpus.plain));
    }
    for size in [1, 1000] {
        cases.push(Case::ours(Kind::Native, size, &corpus.plain, &native));
    }
    for size in [1, 1000] {
        cases.push(Case::ours(Kind::Wasm, size, &corpus.ndjson, &wasm));
    }
    cases.push(Case::bare(1000, &corpus.ndjson));
    cases.push(Case::ours(Kind::Native, 1000, &corpus.ndjson, &native));
    cases.retain(|case| only.is_empty() || only.contains(&case.id()));
    let repeats = repeats(7);
    for _ in 0..repeats {
        cases.iter_mut().for_each(Case::measure);
    }
    println!("\n## Replay\n");
    println!("{machine}; pinned to core {core:?}; {repeats} interleaved runs, medians.");
    println!("CPU is what the thread spent running; on an idle machine that is the time. Ratios are of CPU.");
    println!(
        "{} lines ({}): {:.0} bytes a line as they are, {:.0} as NDJSON.\n",
        corpus.lines,
        corpus.from,
        corpus.bytes[0] as f64 / corpus.lines as f64,
        corpus.bytes[1] as f64 / corpus.lines as f64
    );
    println!("{}", times(&mut cases, corpus.lines));
    println!("{}", ratios(&mut cases));
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Wasm,
    Native,
    Bare,
}

enum Loop {
    Ours(Arc<RuleSet>),
    Bare(BareLoop),
}

struct Case {
    kind: Kind,
    size: usize,
    json: bool,
    file: std::path::PathBuf,
    what: Loop,
    /// What it took to have the rules, or the automaton, ready.
    start: Duration,
    times: Vec<Duration>,
    cpu_times: Vec<Duration>,
    alerts: u64,
    detail: String,
}

impl Case {
    fn new(kind: Kind, size: usize, file: &Path, start: Instant, what: Loop) -> Self {
        Self {
            kind,
            size,
            json: file.extension().is_some_and(|extension| extension == "ndjson"),
            file: file.to_owned(),
            what,
            start: start.elapsed(),
            times: Vec::new(),
            cpu_times: Vec::new(),
            alerts: 0,
            detail: String::new(),
        }
    }

    fn ours(kind: Kind, size: usize, file: &Path, module: &Arc<dyn Module>) -> Self {
        let words = keywords(size);
        let start = Instant::now();
        let mut sample = Vec::new();
        File::open(file).and_then(|file| file.take(SAMPLE_BYTES).read_to_end(&mut sample)).expect("the lines");
        let rules = Arc::new(RuleSet::new(keyword_rules(module, 0, &words), &sample).expect("an index"));
        Self::new(kind, size, file, start, Loop::Ours(rules))
    }

    fn bare(size: usize, file: &Path) -> Self {
        let words = keywords(size);
        let start = Instant::now();
        let bare = BareLoop::new(words);
        Self::new(Kind::Bare, size, file, start, Loop::Bare(bare))
    }

    /// From before the file is opened until the last alert is in the sink.
    fn measure(&mut self) {
        let (start, cpu) = (Instant::now(), cpu_time());
        (self.alerts, self.detail) = match &self.what {
            Loop::Ours(rules) => ours(&self.file, rules),
            Loop::Bare(bare) => (bare.run(&self.file, null()), String::new()),
        };
        self.times.push(start.elapsed());
        self.cpu_times.push(cpu_time() - cpu);
    }

    fn id(&self) -> String {
        let kind = match self.kind {
            Kind::Wasm => "wasm",
            Kind::Native => "native",
            Kind::Bare => "bare",
        };
        format!("{kind}/{}/{}", self.size, if self.json { "ndjson" } else { "plain" })
    }

    fn name(&self) -> String {
        let what = match self.kind {
            Kind::Wasm => "lifesigns",
            Kind::Native => "lifesigns, rules native",
            Kind::Bare if self.size > 1000 => "bare loop, contiguous NFA",
            Kind::Bare => "bare loop, DFA",
        };
        format!("{what}{}", if self.json { ", NDJSON" } else { "" })
    }
}

fn null() -> File {
    File::options().write(true).open("/dev/null").expect("/dev/null")
}

fn ours(path: &Path, rules: &Arc<RuleSet>) -> (u64, String) {
    let mut chunks = LineChunks::new(File::open(path).expect("the lines"));
    let source = Arc::new(EventSource {
        name: "fleet.log".into(),
        rank: 0,
        object: "fleet".into(),
        app: None,
        decoder: Format::Auto.decoder(1_795_500_000_000_000_000),
    });
    let reader = Box::new(move |spare: Vec<u8>| {
        if spare.capacity() >= limits::CHUNK_BYTES {
            chunks.recycle(spare);
        }
        chunks.next_chunk()
    });
    let mut out = BufWriter::with_capacity(1 << 16, null());
    let mut output = ReplayOutput {
        render: &lifesigns_notifications::ndjson::write,
        emit: &mut |bytes| out.write_all(bytes),
        flush: &mut || Ok(()),
    };
    let outcome =
        replay(&ReplayOptions::with_threads(1), rules, vec![ReplayInput { source, reader }], &[], &mut output)
            .expect("a replay");
    out.flush().expect("/dev/null");
    let lines = outcome.scan_counts.lines as f64;
    let detail = format!(
        "{:.1} % decoded, {:.3} verifications a line, {} fallbacks",
        outcome.scan_counts.decoded as f64 / lines * 100.0,
        outcome.scan_counts.verifications as f64 / lines,
        outcome.scan_counts.fallbacks
    );
    (outcome.report.alerts, detail)
}

fn times(cases: &mut [Case], lines: usize) -> Table {
    let mut table = Table::new(&[
        "loop",
        "literals",
        "ready after",
        "time",
        "fastest",
        "slowest",
        "CPU",
        "M lines/s",
        "M lines/s of CPU",
        "alerts",
        "scan",
    ]);
    for case in cases {
        let rate = |time: Duration| format!("{:.2}", lines as f64 / time.as_secs_f64() / 1e6);
        let (time, cpu) = (median(&mut case.times), median(&mut case.cpu_times));
        table.row([
            case.name(),
            case.size.to_string(),
            millis(case.start),
            seconds(time),
            seconds(case.times[0]),
            seconds(case.times[case.times.len() - 1]),
            seconds(cpu),
            rate(time),
            rate(cpu),
            format!("{} ({:.1} %)", case.alerts, case.alerts as f64 / lines as f64 * 100.0),
            case.detail.clone(),
        ]);
    }
    table
}

fn ratios(cases: &mut [Case]) -> Table {
    let mut of = |kind: Kind, size: usize, json: bool| {
        let case = cases.iter_mut().find(|case| case.kind == kind && case.size == size && case.json == json)?;
        Some(median(&mut case.cpu_times).as_secs_f64())
    };
    let mut table = Table::new(&["ratio", "measured", "target"]);
    let mut row = |name: &str, above: (Kind, usize, bool), below: (Kind, usize, bool), target: &str| {
        if let (Some(above), Some(below)) = (of(above.0, above.1, above.2), of(below.0, below.1, below.2)) {
            table.row([name, &format!("{:.2}", above / below), target]);
        }
    };
    let (wasm, native, bare) = (Kind::Wasm, Kind::Native, Kind::Bare);
    row("time, 1000 rules / 100", (wasm, 1000, false), (wasm, 100, false), "<= 1.5");
    row("time, 10 000 rules / 1000", (wasm, 10_000, false), (wasm, 1000, false), "<= 2.5");
    row("speed, lifesigns / bare loop, 1000", (bare, 1000, false), (wasm, 1000, false), ">= 1.3");
    row("speed, lifesigns / bare loop, 1000, NDJSON", (bare, 1000, true), (wasm, 1000, true), ">= 1.3");
    row("speed, lifesigns / bare loop, 1", (bare, 1, false), (wasm, 1, false), "");
    row("speed, lifesigns / bare loop, 100", (bare, 100, false), (wasm, 100, false), "");
    row("speed, lifesigns / bare loop, 10 000", (bare, 10_000, false), (wasm, 10_000, false), "");
    row("time, Wasm / native, 1", (wasm, 1, false), (native, 1, false), "<= 1.1");
    row("time, Wasm / native, 1000", (wasm, 1000, false), (native, 1000, false), "<= 1.1");
    row("time, Wasm / native, 1000, NDJSON", (wasm, 1000, true), (native, 1000, true), "<= 1.1");
    table
}
