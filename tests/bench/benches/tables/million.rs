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

pub(crate) fn table(_: &[String]) {
    let machine = machine();
    let binary = binary();
    let count = number("LIFESIGNS_BENCH_COUNT", if quick() { 5000 } else { 1_000_000 });
    let folder = tempfile::tempdir().expect("a folder");
    write(folder.path(), count);
    let host = Program::start(&binary, folder.path(), &["run"]);
    wait_for_start(folder.path());
    let started = host.usage();
    wait_for_alerts(&binary, folder.path(), count as u64);
    let committed = host.usage();
    let mut table = Table::new(&["what", "measured", "target"]);
    let mut row = |what: &str, measured: String, target: &str| table.row([what, &measured, target]);
    let memory = |usage: &Usage| format!("{} MiB", usage.peak_bytes >> 20);
    row("start, with the inventory", seconds(started.time), "");
    row("from there until everything is committed", seconds(committed.time - started.time), "<= 15 s");
    row("- CPU", seconds(committed.cpu.saturating_sub(started.cpu)), "");
    row("most resident memory", memory(&committed), "<= 1145 MiB");
    for (question, target) in QUESTIONS {
        let mut times: Vec<Duration> = (0..3).map(|_| ask(&binary, folder.path(), question).0).collect();
        row(&format!("`lifesigns {}`", question.join(" ")), seconds(lifesigns_bench::median(&mut times)), target);
    }
    row("most resident memory after the questions", memory(&host.usage()), "");
    println!("\n## A million\n");
    println!("{machine}; {count} objects of the inventory, one line and one alert each; all cores.\n");
    println!("{table}");
}

/// Writes the configuration, the inventory and the log.
fn write(folder: &Path, count: usize) {
    keyword_rules(&folder.join("rules"), &[vec!["disk failure".to_owned()]]);
    let config = "rules = 'rules'\ncache = 'cache'\nstore = 'lifesigns.db'\ninventory = 'inventory.csv'\n\
                  [output]\nfile = 'signs.ndjson'\n[[source]]\nfile = 'fleet.ndjson'\n\
                  [[group]]\nname = 'production'\nwhen = 'properties.env == \"production\"'\n\
                  [[alert]]\nname = 'disk'\ntitle = 'A disk fails'\nall = [{ symptom = 'keyword-0/*' }]\n\
                  criticality = 'immediate'\n";
    fs::write(folder.join("lifesigns.toml"), config).expect("the configuration");
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

/// Waits until `count` alerts are open. `status` says what is committed.
fn wait_for_alerts(binary: &Path, folder: &Path, count: u64) {
    loop {
        let (_, answer) = ask(binary, folder, &["status", "--output", "json"]);
        let status: serde_json::Value = serde_json::from_slice(&answer).unwrap_or_default();
        if status["alerts"]["immediate"].as_u64() == Some(count) {
            return;
        }
        thread::sleep(Duration::from_millis(300));
    }
}

fn ask(binary: &Path, folder: &Path, question: &[&str]) -> (Duration, Vec<u8>) {
    let begun = Instant::now();
    let mut command = Command::new(binary);
    let answer = command.args(question).current_dir(folder).stdin(Stdio::null()).output().expect("the binary starts");
    (begun.elapsed(), answer.stdout)
}
