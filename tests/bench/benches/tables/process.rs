//! The binary as a user runs it, from a file to a file of alerts, beside other programs that do less: each a process
//! on one core.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use lifesigns_bench::{
    Corpus, Measured, Oracle, Program, Table, bare_loop, binary, core, hyperscan, keywords, machine, median, millis,
    number, quick, read_once, repeats, replay, rules_folder, seconds,
};

/// Rules, and whether the lines are NDJSON.
const SETS: [(usize, bool); 3] = [(1, false), (1000, false), (1000, true)];

/// `only` names the cases to measure, such as `lifesigns/1000/plain`; none means all.
pub(crate) fn table(only: &[String]) {
    let machine = machine();
    let core = core();
    let binary = binary();
    let corpus = Corpus::new(number("LIFESIGNS_BENCH_COUNT", if quick() { 50_000 } else { 5_000_000 }));
    let folder = tempfile::tempdir().expect("a temporary folder");
    let files = Files { folder: folder.path(), out: folder.path().join("out") };
    let hyperscan = hyperscan(folder.path());
    let mut cases = Vec::new();
    for (count, json) in SETS {
        let words = keywords(count);
        let oracle = Oracle::new(&corpus.rounds[usize::from(json)], &words);
        for (peer, program) in files.programs(&binary, hyperscan.as_deref(), &words) {
            let input = if json { &corpus.ndjson } else { &corpus.plain };
            let case = Case { peer, count, json, program, input: input.clone(), runs: Vec::new(), starts: Vec::new() };
            if only.is_empty() || only.contains(&case.id()) {
                case.check(&oracle, core, &files.out, corpus.lines as u64);
                cases.push((case, peer.found(&oracle, corpus.lines as u64)));
            }
        }
    }
    let repeats = repeats(5);
    let empty = [files.empty("empty.log"), files.empty("empty.ndjson")];
    [&corpus.plain, &corpus.ndjson].into_iter().for_each(|path| read_once(path));
    for _ in 0..repeats {
        for (case, _) in &mut cases {
            case.starts.push(case.program.run(core, &empty[usize::from(case.json)], &files.out));
            case.runs.push(case.program.run(core, &case.input, &files.out));
        }
    }
    println!("\n## The process\n");
    println!("{machine}; processes on core {core} (`taskset`); {repeats} interleaved rounds, medians.");
    println!("{}", about(&corpus));
    if hyperscan.is_none() {
        println!("Hyperscan is not measured: it needs `pkg-config`, a C compiler and `libhyperscan-dev`.\n");
    }
    println!("{}", times(&cases, corpus.lines));
    println!("{}", ratios(&cases, corpus.lines));
}

fn about(corpus: &Corpus) -> String {
    let [plain, json] = corpus.bytes.map(|bytes| bytes as f64 / corpus.lines as f64);
    format!(
        "{} lines ({}): {plain:.0} bytes a line as they are, {json:.0} as NDJSON. Input in the page cache, output to a \
         file.\nStart is the CPU time with an empty input. Before anything is measured, alerts and matches are compared \
         with those of a naive search in decoded and in raw lines.\n",
        corpus.lines, corpus.from
    )
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Peer {
    Lifesigns,
    AhoCorasick,
    Hyperscan,
    Grep,
}

impl Peer {
    fn name(self) -> &'static str {
        match self {
            Self::Lifesigns => "lifesigns replay",
            Self::AhoCorasick => "bare loop, aho-corasick",
            Self::Hyperscan => "bare loop, Hyperscan",
            Self::Grep => "grep -F",
        }
    }

    fn found(self, oracle: &Oracle, lines: u64) -> String {
        match self {
            Self::Lifesigns => format!("{} alerts", oracle.alerts(lines)),
            Self::AhoCorasick | Self::Hyperscan => format!("{} matches", oracle.matches(lines)),
            Self::Grep => format!("{} lines", oracle.matching(lines)),
        }
    }
}

/// The files of this table.
struct Files<'a> {
    folder: &'a Path,
    out: PathBuf,
}

impl Files<'_> {
    fn empty(&self, name: &str) -> PathBuf {
        let path = self.folder.join(name);
        fs::write(&path, "").expect("an empty file");
        path
    }

    /// All programs, with these literals.
    fn programs(&self, binary: &Path, hyperscan: Option<&Path>, words: &[String]) -> Vec<(Peer, Program)> {
        let rules = self.folder.join(format!("rules-{}", words.len()));
        rules_folder(&rules, words);
        let list = self.folder.join(format!("words-{}", words.len()));
        fs::write(&list, words.join("\n") + "\n").expect("a file of literals");
        let mut programs = vec![
            (Peer::Lifesigns, replay(binary, &rules, &self.folder.join("cache"))),
            (Peer::AhoCorasick, bare_loop(&list)),
        ];
        if let Some(hyperscan) = hyperscan {
            programs.push((Peer::Hyperscan, Program::new([hyperscan, &list])));
        }
        let grep = Program::new(["grep".as_ref(), "-F".as_ref(), "-f".as_ref(), list.as_os_str()]);
        programs.push((Peer::Grep, grep.good_up_to(1)));
        programs
    }
}

struct Case {
    peer: Peer,
    count: usize,
    json: bool,
    program: Program,
    input: PathBuf,
    runs: Vec<Measured>,
    starts: Vec<Measured>,
}

impl Case {
    fn id(&self) -> String {
        let peer = match self.peer {
            Peer::Lifesigns => "lifesigns",
            Peer::AhoCorasick => "aho-corasick",
            Peer::Hyperscan => "hyperscan",
            Peer::Grep => "grep",
        };
        format!("{peer}/{}/{}", self.count, if self.json { "ndjson" } else { "plain" })
    }

    /// Compares what the program finds.
    fn check(&self, oracle: &Oracle, core: usize, out: &Path, lines: u64) {
        self.program.run(core, &self.input, out);
        match self.peer {
            Peer::Lifesigns => oracle.check_alerts(out, lines),
            Peer::AhoCorasick | Peer::Hyperscan => oracle.check_matches(out, lines),
            Peer::Grep => oracle.check_matching(out, lines),
        }
    }

    fn cpu(&self) -> Duration {
        median_of(&self.runs, |run| run.cpu)
    }

    fn start(&self) -> Duration {
        median_of(&self.starts, |run| run.cpu)
    }

    /// Lines for each second of CPU time, the start aside.
    fn rate(&self, lines: usize) -> f64 {
        lines as f64 / self.cpu().saturating_sub(self.start()).as_secs_f64().max(1e-9)
    }
}

fn median_of(runs: &[Measured], of: impl Fn(&Measured) -> Duration) -> Duration {
    median(&mut runs.iter().map(of).collect::<Vec<_>>())
}

fn times(cases: &[(Case, String)], lines: usize) -> Table {
    let mut table = Table::new(&[
        "program",
        "literals",
        "lines",
        "start",
        "time",
        "CPU",
        "M lines/s of CPU, start aside",
        "found",
        "peak memory",
    ]);
    for (case, found) in cases {
        let peak_bytes = case.runs.iter().map(|run| run.peak_bytes).max().unwrap_or(0);
        table.row([
            case.peer.name().to_owned(),
            case.count.to_string(),
            if case.json { "NDJSON" } else { "as they are" }.to_owned(),
            millis(case.start()),
            seconds(median_of(&case.runs, |run| run.wall)),
            seconds(case.cpu()),
            format!("{:.2}", case.rate(lines) / 1e6),
            found.clone(),
            format!("{} MiB", peak_bytes >> 20),
        ]);
    }
    table
}

fn ratios(cases: &[(Case, String)], lines: usize) -> Table {
    let find = |peer, count, json| {
        let is = |case: &&(Case, String)| case.0.peer == peer && case.0.count == count && case.0.json == json;
        cases.iter().find(is).map(|(case, _)| case)
    };
    let mut table = Table::new(&["figure", "measured", "target"]);
    for (count, json) in SETS {
        let Some(ours) = find(Peer::Lifesigns, count, json) else { continue };
        let what = format!("{count} rules, lines {}", if json { "as NDJSON" } else { "as they are" });
        let target = match (count, json) {
            (1, false) => ">= 25",
            (1000, false) => ">= 11.9",
            _ => ">= 7.2",
        };
        table.row([format!("M lines/s, {what}"), format!("{:.2}", ours.rate(lines) / 1e6), target.to_owned()]);
        for peer in [Peer::Hyperscan, Peer::AhoCorasick, Peer::Grep] {
            let Some(theirs) = find(peer, count, json) else { continue };
            let target = if peer == Peer::Hyperscan && (count, json) == (1000, false) { ">= 1.2" } else { "" };
            let ratio = ours.rate(lines) / theirs.rate(lines);
            table.row([format!("speed / {}, {what}", peer.name()), format!("{ratio:.2}"), target.to_owned()]);
        }
    }
    if let Some(ours) = find(Peer::Lifesigns, 1000, false) {
        table.row(["start with 1000 cached rules, CPU".to_owned(), millis(ours.start()), "<= 40 ms".to_owned()]);
    }
    table
}
