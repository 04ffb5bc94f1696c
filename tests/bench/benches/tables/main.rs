//! The tables of `docs/performance.md`: all, or the one that is named. All of them run in a process
//! each, so that none finds the memory that another has left.
#![allow(clippy::print_stdout, missing_docs)]

mod book;
mod delivery;
mod durable;
mod follower;
mod hostile;
mod ingest;
mod latency;
mod live;
mod million;
mod neighbours;
mod overload;
mod process;
mod program;
mod replay;
mod replay_memory;
mod shapes;
mod swaps;

use std::{path::Path, process::Command};

use lifesigns_bench::{BARE, MEASURE, run_bare_loop, run_for_parent};

/// Prints a table, of the cases that are named.
type Print = fn(&[String]);

/// By name.
const TABLES: [(&str, Print); 15] = [
    ("process", process::table),
    ("shapes", shapes::table),
    ("book", book::table),
    ("replay", replay::table),
    ("replay-memory", replay_memory::table),
    ("delivery", delivery::table),
    ("live", |_| live::table()),
    ("neighbours", neighbours::table),
    ("hostile", hostile::table),
    ("million", million::table),
    ("durable", durable::table),
    ("swaps", |_| swaps::table()),
    ("latency", latency::table),
    ("ingest", ingest::table),
    ("overload", overload::table),
];

fn main() {
    let mut asked = std::env::args_os().skip(1);
    match asked.next() {
        Some(word) if word == MEASURE => return run_for_parent(asked),
        Some(word) if word == BARE => {
            let [words, input] = [asked.next(), asked.next()].map(|path| path.expect("a file"));
            return run_bare_loop(Path::new(&words), Path::new(&input));
        }
        _ => {}
    }
    let words: Vec<String> = std::env::args().skip(1).filter(|arg| !arg.starts_with("--")).collect();
    match words.split_first() {
        Some((name, cases)) => match TABLES.iter().find(|(known, _)| known == name) {
            Some((_, table)) => table(cases),
            None => panic!("there is no table `{name}`: give one of {:?}", TABLES.map(|(name, _)| name)),
        },
        None => {
            for (name, _) in TABLES {
                let bench = std::env::current_exe().expect("this program");
                let status = Command::new(bench).args(std::env::args().skip(1)).arg(name).status();
                assert!(status.is_ok_and(|status| status.success()), "{name} failed");
            }
        }
    }
}
