//! Very many objects with an alert each: the binary with an inventory, a group and an alert definition follows a
//! file of which each line is about another object.

use std::{
    fs,
    io::{BufWriter, Write},
    path::Path,
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use lifesigns_bench::{Table, binary, machine, number, quick, seconds};

use crate::program::{Program, Usage, keyword_rules};

/// What is asked when everything is committed, and how long the answer may take.
const QUESTIONS: [(&[&str], &str); 5] = [
    (&["badge"], "<= 0.5 s"),
    (&["badge", "vm-0000017"], ""),
    (&["status"], ""),
    (&["alerts", "--object", "vm-0000017"], ""),
    (&["groups"], ""),
];

/// What the objects are known from.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Known {
    /// From the log alone: those beyond the bound of discovered objects are counted, and not kept.
    Log,
    /// From the inventory: all are kept.
    Inventory,
}

pub(crate) fn table(cases: &[String]) {
    let machine = machine();
    let binary = binary();
    let count = number("LIFESIGNS_BENCH_COUNT", if quick() { 5000 } else { 1_000_000 });
    let mut table = Table::new(&["objects known from", "what", "measured", "target"]);
    for (name, known) in [("log", Known::Log), ("inventory", Known::Inventory)] {
        if !cases.is_empty() && !cases.iter().any(|case| case == name) {
            continue;
        }
        let folder = tempfile::tempdir().expect("a folder");
        write(folder.path(), count, known);
        measure(&binary, folder.path(), count as u64, |what, measured, target| {
            table.row([name, what, &measured, target]);
        });
    }
    println!("\n## A million\n");
    println!("{machine}; {count} lines, each about another object, which it makes an alert of; all cores.\n");
    println!("{table}");
}

/// Runs the host until all lines are committed, then asks it.
fn measure(binary: &Path, folder: &Path, lines: u64, mut row: impl FnMut(&str, String, &str)) {
    let host = Program::start(binary, folder, &["run"]);
    wait_for_start(folder);
    let started = host.usage();
    let alerts = wait_for_lines(binary, folder, lines);
    let committed = host.usage();
    let memory = |usage: &Usage| format!("{} MiB", usage.peak_bytes >> 20);
    row("start", seconds(started.time), "");
    row("from there until everything is committed", seconds(committed.time.saturating_sub(started.time)), "<= 15 s");
    row("- CPU", seconds(committed.cpu.saturating_sub(started.cpu)), "");
    row("alerts open", alerts.to_string(), "");
    row("most resident memory", memory(&committed), "<= 1144 MiB");
    for (question, target) in QUESTIONS {
        let mut times: Vec<Duration> = (0..3).map(|_| ask(binary, folder, question).0).collect();
        row(&format!("`lifesigns {}`", question.join(" ")), seconds(lifesigns_bench::median(&mut times)), target);
    }
    row("most resident memory after the questions", memory(&host.usage()), "");
}

/// Writes the configuration, the log and, if it is wanted, the inventory.
fn write(folder: &Path, count: usize, known: Known) {
    keyword_rules(&folder.join("rules"), &[vec!["disk failure".to_owned()]]);
    let inventory = if known == Known::Inventory { "inventory = 'inventory.csv'\n" } else { "" };
    let config = "rules = 'rules'\ncache = 'cache'\nstore = 'lifesigns.db'\n\
                  [output]\nfile = 'signs.ndjson'\n[[source]]\nfile = 'fleet.ndjson'\n\
                  [[group]]\nname = 'fleet'\nobjects = ['vm-*']\n\
                  [[group]]\nname = 'production'\nwhen = 'properties.env == \"production\"'\n\
                  [[alert]]\nname = 'disk'\ntitle = 'A disk fails'\nall = [{ symptom = 'keyword-0/*' }]\n\
                  criticality = 'immediate'\n";
    fs::write(folder.join("lifesigns.toml"), format!("{inventory}{config}")).expect("the configuration");
    let create = |name: &str| BufWriter::new(fs::File::create(folder.join(name)).expect("a file"));
    let (mut inventory, mut log) = (create("inventory.csv"), create("fleet.ndjson"));
    writeln!(inventory, "id,kind,property.env").expect("room for the inventory");
    for number in 0..count {
        let env = if number % 2 == 0 { "production" } else { "test" };
        writeln!(inventory, "vm-{number:07},vm,{env}").expect("room for the inventory");
        let (hour, minute) = (number / 3_600_000 % 24, number / 60_000 % 60);
        let (second, milli) = (number / 1000 % 60, number % 1000);
        writeln!(
            log,
            r#"{{"time":"2026-03-01T{hour:02}:{minute:02}:{second:02}.{milli:03}Z","object":"vm-{number:07}","message":"disk failure on sda, sector {}"}}"#,
            number * 7919 % 1_000_003
        )
        .expect("room for the log");
    }
    inventory.flush().and_then(|()| log.flush()).expect("room for both");
}

fn wait_for_start(folder: &Path) {
    while !fs::read_to_string(folder.join("log.txt")).is_ok_and(|log| log.contains("running: 1 rule")) {
        thread::sleep(Duration::from_millis(20));
    }
}

/// Waits until all lines are committed, as `status` says. Returns how many alerts are open then.
fn wait_for_lines(binary: &Path, folder: &Path, lines: u64) -> u64 {
    loop {
        let (took, answer) = ask(binary, folder, &["status", "--output", "json"]);
        let status: serde_json::Value = serde_json::from_slice(&answer).unwrap_or_default();
        if status["sources"][0]["lines"].as_u64() == Some(lines) {
            return status["alerts"]["immediate"].as_u64().unwrap_or_default();
        }
        // The answer counts all alerts: questions take a tenth of the time at most.
        thread::sleep(Duration::from_millis(500).max(9 * took));
    }
}

fn ask(binary: &Path, folder: &Path, question: &[&str]) -> (Duration, Vec<u8>) {
    let begun = Instant::now();
    let mut command = Command::new(binary);
    let answer = command.args(question).current_dir(folder).stdin(Stdio::null()).output().expect("the binary starts");
    (begun.elapsed(), answer.stdout)
}
