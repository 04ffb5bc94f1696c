//! The binary on lines of one shape each: what a byte costs where no rule has anything to say, and what an alert
//! costs.

use std::{path::PathBuf, time::Duration};

use lifesigns_bench::{
    Measured, OCCURRING, Oracle, Shape, Table, binary, core, keywords, machine, median, millis, number, quick,
    read_once, repeats, replay, rules_folder, shapes,
};

const RULES: usize = 1000;
/// With fewer alerts for a line, what one costs is lost in what runs differ.
const ENOUGH_ALERTS: f64 = 0.05;

/// `only` names shapes; none means all.
pub(crate) fn table(only: &[String]) {
    let machine = machine();
    let core = core();
    let binary = binary();
    let megabytes = number("LIFESIGNS_BENCH_SHAPE_MB", if quick() { 1 } else { 128 });
    let folder = tempfile::tempdir().expect("a temporary folder");
    let words = keywords(RULES + OCCURRING);
    // Literals that occur in no line, and as many of which some occur.
    let programs = [&words[OCCURRING..], &words[..RULES]].map(|words| {
        let rules = folder.path().join(format!("rules-{}", words[0].replace(|it: char| !it.is_alphanumeric(), "-")));
        rules_folder(&rules, words);
        (replay(&binary, &rules, &folder.path().join("cache")), words.to_vec())
    });
    let out = folder.path().join("out");
    let shapes = shapes().into_iter().filter(|shape| only.is_empty() || only.contains(&shape.name)).enumerate();
    let mut cases: Vec<Case> = shapes
        .map(|(number, shape)| {
            let path = folder.path().join(format!("{number}.log"));
            let (lines, bytes) = shape.write(&path, megabytes as u64 * 1_000_000);
            let alerts = programs.each_ref().map(|(program, words)| {
                program.run(core, &path, &out);
                let oracle = Oracle::new(&shape.round, words);
                oracle.check_alerts(&out, lines);
                oracle.alerts(lines)
            });
            let Shape { name, .. } = shape;
            Case { name, path, lines, bytes, alerts, runs: Default::default() }
        })
        .collect();
    let empty = folder.path().join("empty.log");
    std::fs::write(&empty, "").expect("an empty file");
    let repeats = repeats(5);
    let mut starts = Vec::new();
    cases.iter().for_each(|case| read_once(&case.path));
    for _ in 0..repeats {
        starts.push(programs[0].0.run(core, &empty, &out));
        for case in &mut cases {
            for (runs, (program, _)) in case.runs.iter_mut().zip(&programs) {
                runs.push(program.run(core, &case.path, &out));
            }
        }
    }
    let start = cpu(&starts);
    println!("\n## Shapes of lines\n");
    println!("{machine}; processes on core {core} (`taskset`); {repeats} interleaved rounds, medians of CPU time.");
    println!(
        "{megabytes} MB of each shape; {RULES} rules, of which none has anything to say, and as many whose literals \
         occur in some lines.\nThe start of {} is taken off. The alerts are compared with those of a naive search \
         before anything is measured.\n",
        millis(start)
    );
    println!("{}", rows(&cases, start));
}

struct Case {
    name: String,
    path: PathBuf,
    lines: u64,
    bytes: u64,
    /// With the rules that have nothing to say, and with the others.
    alerts: [u64; 2],
    /// Of the same.
    runs: [Vec<Measured>; 2],
}

impl Case {
    /// CPU time with one of the two sets of rules, the start aside.
    fn times(&self, start: Duration) -> [f64; 2] {
        self.runs.each_ref().map(|runs| cpu(runs).saturating_sub(start).as_secs_f64())
    }
}

fn cpu(runs: &[Measured]) -> Duration {
    median(&mut runs.iter().map(|run| run.cpu).collect::<Vec<_>>())
}

fn rows(cases: &[Case], start: Duration) -> Table {
    let per_byte = |case: &Case| case.times(start)[0] / case.bytes as f64;
    let mut sorted: Vec<f64> = cases.iter().map(per_byte).collect();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.get(sorted.len() / 2).copied().unwrap_or(1.0);
    let mut table = Table::new(&[
        "shape",
        "bytes a line",
        "ns a line",
        "MB/s",
        "a byte / the median's (target <= 2)",
        "lines that alert",
        "ns an alert (target <= 700)",
        "peak memory",
    ]);
    for case in cases {
        let [quiet, loud] = case.times(start);
        let alerting = case.alerts[1] as f64 / case.lines as f64;
        let is_enough = case.alerts[0] == 0 && alerting >= ENOUGH_ALERTS;
        let each =
            if is_enough { format!("{:.0}", (loud - quiet) * 1e9 / case.alerts[1] as f64) } else { String::new() };
        let peak_bytes = case.runs.iter().flatten().map(|run| run.peak_bytes).max().unwrap_or(0);
        table.row([
            case.name.clone(),
            format!("{:.0}", case.bytes as f64 / case.lines as f64),
            format!("{:.1}", quiet * 1e9 / case.lines as f64),
            format!("{:.0}", case.bytes as f64 / quiet / 1e6),
            format!("{:.2}", per_byte(case) / middle),
            format!("{:.1} %", alerting * 100.0),
            each,
            format!("{} MiB", peak_bytes >> 20),
        ]);
    }
    table
}
