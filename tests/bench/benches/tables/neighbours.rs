//! What a rule that uses too much costs the rule beside it: the binary, 50 lines a second for each of
//! both, and the time from a line's write to its alert in the output file.

use std::{
    fs,
    io::Write,
    path::Path,
    thread,
    time::{Duration, Instant},
};

use lifesigns_bench::{Table, binary, machine, millis, quick};

use crate::{
    follower::{Delays, Follower, numbered},
    program::Program,
};

/// What the rule beside does with each of its lines, as `tests/guests/hostile` names it.
const DEEDS: [&str; 5] = ["slow", "alerts", "counters", "hoard", "reminders"];
const PER_SECOND: u32 = 50;

pub(crate) fn table(cases: &[String]) {
    let (before_s, beside_s) = if quick() { (2, 3) } else { (20, 40) };
    let machine = machine();
    let binary = binary();
    let mut table = Table::new(&["rule beside", "p50", "p99", "worst", "p50 alone", "p99 alone", "lost"]);
    for deed in DEEDS.iter().filter(|deed| cases.is_empty() || cases.iter().any(|case| case == *deed)) {
        let mut host = Host::start(&binary, deed);
        let alone = host.lines(before_s, false);
        let beside = host.lines(beside_s, true);
        let lost = alone.lost + beside.lost;
        let times = [beside.at(50), beside.at(99), beside.at(100), alone.at(50), alone.at(99)].map(millis);
        let [p50, p99, worst, p50_alone, p99_alone] = times;
        table.row(&[(*deed).to_owned(), p50, p99, worst, p50_alone, p99_alone, lost.to_string()]);
    }
    println!("\n## Neighbours\n");
    println!("{machine}; {before_s} s alone, then {beside_s} s beside the other, {PER_SECOND} lines a second each.\n");
    println!("{table}");
}

/// A host with the rule that is measured and the one beside it.
struct Host {
    /// Ends before its folder does.
    _program: Program,
    folder: tempfile::TempDir,
    deed: &'static str,
    next: u32,
}

impl Host {
    fn start(binary: &Path, deed: &'static str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name);
        fs::create_dir_all(at("rules/modules")).expect("the rules folder");
        fs::copy(lifesigns_artifacts::rule("keyword"), at("rules/modules/keyword.wasm")).expect("the module");
        fs::copy(lifesigns_artifacts::guest("hostile"), at("rules/modules/hostile.wasm")).expect("the module");
        let rule = |name: &str, module: &str, settings: String| {
            let text = format!("module = 'modules/{module}.wasm'\n[settings]\n{settings}\n");
            fs::write(at(&format!("rules/{name}.toml")), text).expect("a manifest");
        };
        rule("measured", "keyword", "contains = ['neighbour']".into());
        rule("beside", "hostile", format!("do = '{deed}'\ncontains = ['trigger']"));
        fs::write(at("measured.log"), "").expect("a log");
        fs::write(at("beside.ndjson"), "").expect("a log");
        let config = "rules = 'rules'\ncache = 'cache'\nstore = 'lifesigns.db'\n[output]\nfile = 'out.ndjson'\n\
                      [[source]]\nfile = 'measured.log'\nobject = 'vm-a'\n\
                      [[source]]\nfile = 'beside.ndjson'\nobject = 'vm-b'\n";
        fs::write(at("lifesigns.toml"), config).expect("the configuration");
        let program = Program::start(binary, folder.path(), &["run"]);
        while !fs::read_to_string(at("log.txt")).is_ok_and(|log| log.contains("running: 2 rules")) {
            thread::sleep(Duration::from_millis(20));
        }
        Self { _program: program, folder, deed, next: 0 }
    }

    /// Writes lines for a number of seconds, and waits a little for the last.
    fn lines(&mut self, seconds: u32, with_beside: bool) -> Delays {
        let append = |name: &str| fs::OpenOptions::new().append(true).open(self.folder.path().join(name));
        let mut measured = append("measured.log").expect("the log");
        let mut beside = append("beside.ndjson").expect("the log");
        let output = Follower::start(self.folder.path().join("out.ndjson"));
        let (begun, first) = (Instant::now(), self.next);
        let mut written = Vec::new();
        for turn in 0..seconds * PER_SECOND {
            let number = first + turn;
            writeln!(measured, "neighbour n{number}e").expect("it takes lines");
            written.push((number, Instant::now()));
            if with_beside {
                let object = turn % 200;
                writeln!(beside, r#"{{"object":"vm-{object}","message":"trigger {}"}}"#, self.deed)
                    .expect("it takes lines");
            }
            let due = begun + Duration::from_secs(1) / PER_SECOND * (turn + 1);
            thread::sleep(due.saturating_duration_since(Instant::now()));
        }
        self.next += seconds * PER_SECOND;
        thread::sleep(Duration::from_secs(3));
        Delays::new(&written, &numbered(output.take()).collect())
    }
}
