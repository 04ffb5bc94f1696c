//! Of numbered lines none is lost and none counts twice, whatever is killed, and at whatever moment.

use std::{
    fs::{self, File},
    io::Write as _,
    path::PathBuf,
    thread,
    time::Duration,
};

use serde_json::Value;

use super::Fleet;

const LINES: usize = 3000;
const KILLED: &str = r#"
[[agent-group]]
name = "a"
metrics = "0s"
[[agent-group.files]]
directory = "{folder}/a"

[[agent-group]]
name = "b"
metrics = "0s"
[[agent-group.files]]
directory = "{folder}/b"
event-marker = "^n-"
"#;

/// The lines that came through agents.
fn lines(status: &Value) -> u64 {
    let sources = status["sources"].as_array().into_iter().flatten();
    let own = sources.filter(|source| source["name"] == "http/events");
    own.filter_map(|source| source["lines"].as_u64()).sum()
}

/// Writes numbered lines, and takes the file away from itself now and then as logrotate does.
fn write_lines(path: PathBuf) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let mut file = File::create(&path).unwrap();
    for number in 0..LINES {
        writeln!(file, "n-{number:05} a keyword").unwrap();
        if number % 50 == 49 {
            thread::sleep(Duration::from_millis(100));
        }
        if number == LINES / 2 {
            fs::rename(&path, path.with_extension("log.1")).unwrap();
            file = File::create(&path).unwrap();
        }
    }
}

#[test]
fn of_numbered_lines_none_is_lost_and_none_counts_twice_whatever_is_killed() {
    let mut fleet = Fleet::start(KILLED, &[]);
    let start = |fleet: &Fleet| [fleet.agent("vm-a", &["--group", "a"]), fleet.agent("vm-b", &["--group", "b"])];
    let mut agents = start(&fleet);
    fleet.until("both have their configuration", &["agents"], |agents| {
        (0..2).all(|at| agents[at]["is_current"] == true)
    });
    let writers = ["a/app.log", "b/app.log"].map(|file| {
        let path = fleet.host.path(file);
        thread::spawn(move || write_lines(path))
    });
    let mut kills = 0;
    while !writers.iter().all(thread::JoinHandle::is_finished) || kills < 6 {
        // Now the host, now the agents, now both.
        thread::sleep(Duration::from_millis(700 + 37 * kills));
        if kills % 3 != 1 {
            fleet.host.signal("-KILL");
            fleet.host.wait_for_end();
        }
        if kills % 3 != 0 {
            if kills % 3 == 2 {
                // The host is away: what they read meanwhile waits in their spools.
                thread::sleep(Duration::from_millis(2500));
            }
            // Dropping them kills them.
            drop(agents);
            agents = start(&fleet);
        }
        if kills % 3 != 1 {
            fleet.host.restart();
            fleet.host.until("it answers again", |_| true);
        }
        kills += 1;
    }
    for writer in writers {
        writer.join().unwrap();
    }
    fleet.until("all lines", &["status"], |status| lines(status) >= 2 * LINES as u64);
    let idle = fleet.until("nothing waits", &["agents"], |agents| {
        (0..2).all(|at| {
            let report = &agents[at]["report"];
            report["spool_bytes"] == 0 && report["sources"].as_array().is_some_and(|sources| !sources.is_empty())
        })
    });
    let status = fleet.until("all lines", &["status"], |_| true);
    assert_eq!(lines(&status), 2 * LINES as u64, "after {kills} kills; {idle:#}");
    let raised = fleet.raised();
    for object in ["vm-a", "vm-b"] {
        let is_there = |number: &usize| raised.contains(&(object.to_owned(), format!("n-{number:05} a keyword")));
        let missing: Vec<usize> = (0..LINES).filter(|number| !is_there(number)).collect();
        let some = &missing[..missing.len().min(5)];
        assert!(missing.is_empty(), "{object} lacks {} lines, {some:?} … after {kills} kills", missing.len());
    }
    eprintln!("{} lines of two agents, {kills} kills: none lost, none twice", 2 * LINES);
}

/// A host that ends between the commit of a batch and its answer has what the agent sends again under the same key.
#[test]
fn a_batch_that_was_committed_and_not_answered_counts_once() {
    const CRASHES: usize = 5;
    const BATCH: usize = 40;
    let mut fleet = Fleet::start(KILLED, &[]);
    let _agent = fleet.agent("vm-a", &["--group", "a"]);
    fleet.until("it has its configuration", &["agents"], |agents| agents[0]["is_current"] == true);
    let path = fleet.host.path("a/app.log");
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let mut file = File::create(path).unwrap();
    let mut written = 0;
    let mut write = |file: &mut File| {
        (0..BATCH).for_each(|number| writeln!(file, "n-{:05} a keyword", written + number).unwrap());
        written += BATCH;
    };
    write(&mut file);
    fleet.until("the first lines", &["status"], |status| lines(status) == BATCH as u64);
    let mut unanswered = 0;
    for crash in 0..CRASHES {
        fleet.host.signal("-KILL");
        fleet.host.wait_for_end();
        write(&mut file);
        // The first commits are the host's own; one of these is that of the batch.
        fleet.host.restart_crashing(&format!("before-release:{}", crash % 3 + 1));
        assert!(!fleet.host.wait_for_end().success());
        fleet.host.restart();
        let status = fleet.host.until("it answers again", |_| true);
        // Committed by the host that crashed: only then it is there before the agent could send it again.
        unanswered += usize::from(lines(&status) == written_lines(&fleet) as u64);
        fleet.until("the lines", &["status"], |status| lines(status) >= written_lines(&fleet) as u64);
        fleet.until("nothing waits", &["agents"], |agents| agents[0]["report"]["spool_bytes"] == 0);
        let status = fleet.until("its status", &["status"], |_| true);
        assert_eq!(lines(&status), written_lines(&fleet) as u64, "after crash {crash}");
    }
    eprintln!("{CRASHES} crashes, of which {unanswered} were seen between commit and answer: none lost, none twice");
}

fn written_lines(fleet: &Fleet) -> usize {
    fleet.host.read("a/app.log").lines().count()
}
