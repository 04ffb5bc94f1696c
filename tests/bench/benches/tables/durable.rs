//! `run` with a store against `replay`: the binary reads the same file with the same rules, on all cores, until
//! everything is committed.

use std::{fs, path::Path, time::Duration};

use lifesigns_bench::{Corpus, Table, binary, keywords, machine, number, quick, repeats, seconds};

use crate::program::{Program, Usage, keyword_rules};

/// Numbers of rules.
const RULES: [usize; 2] = [100, 1000];

pub(crate) fn table(cases: &[String]) {
    let machine = machine();
    let binary = binary();
    let corpus = Corpus::new(number("LIFESIGNS_BENCH_COUNT", if quick() { 50_000 } else { 5_000_000 }));
    let mut table = Table::new(&["rules", "replay", "run", "replay, CPU", "run, CPU", "run, peak", "speed", "target"]);
    for rules in RULES.iter().filter(|rules| cases.is_empty() || cases.contains(&rules.to_string())) {
        let folder = tempfile::tempdir().expect("a folder");
        let words: Vec<Vec<String>> = keywords(*rules).into_iter().map(|word| vec![word]).collect();
        keyword_rules(&folder.path().join("rules"), &words);
        let config = format!(
            "rules = 'rules'\ncache = 'cache'\nstore = 'lifesigns.db'\n[output]\nfile = 'signs.ndjson'\n\
             [[source]]\nfile = '{}'\nfollow = false\n",
            corpus.plain.display()
        );
        fs::write(folder.path().join("lifesigns.toml"), config).expect("the configuration");
        let log = corpus.plain.display().to_string();
        let replay = ["replay", "--rules", "rules", "--cache", "cache", &log];
        let (mut replayed, mut ran) = (Vec::new(), Vec::new());
        // The first round fills the caches: of modules, and of the disk.
        for round in 0..=repeats(5) {
            let usage = (Program::start(&binary, folder.path(), &replay).end(), run(&binary, folder.path()));
            if round > 0 {
                replayed.push(usage.0);
                ran.push(usage.1);
            }
        }
        let (replayed, ran) = (middle(&mut replayed), middle(&mut ran));
        let speed = replayed.time.as_secs_f64() / ran.time.as_secs_f64();
        table.row([
            rules.to_string(),
            seconds(replayed.time),
            seconds(ran.time),
            seconds(replayed.cpu),
            seconds(ran.cpu),
            format!("{} MiB", ran.peak_bytes >> 20),
            format!("{speed:.2}"),
            ">= 0.8".to_owned(),
        ]);
    }
    println!("\n## Durable\n");
    println!("{machine}; {} lines, {}; interleaved rounds, medians of the whole process.\n", corpus.lines, corpus.from);
    println!("{table}");
}

/// One run with an empty store.
fn run(binary: &Path, folder: &Path) -> Usage {
    for name in ["lifesigns.db", "lifesigns.db-wal", "lifesigns.db-shm", "signs.ndjson"] {
        let _ = fs::remove_file(folder.join(name));
    }
    Program::start(binary, folder, &["run"]).end()
}

/// The usage of which the time is in the middle.
fn middle(all: &mut [Usage]) -> Usage {
    all.sort_by_key(|usage| usage.time);
    all.get(all.len() / 2).copied().unwrap_or(Usage { time: Duration::MAX, ..Usage::default() })
}
