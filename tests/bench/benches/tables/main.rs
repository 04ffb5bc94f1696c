//! The tables of `docs/performance.md`: all, or those that are named. All of them run in a process
//! each, so that none finds the memory that another has left.
#![allow(clippy::print_stdout, missing_docs)]

mod book;
mod delivery;
mod durable;
mod latency;
mod live;
mod million;
mod neighbours;
mod program;
mod replay;
mod replay_memory;

use std::process::Command;

/// Prints a table, of the cases that are named.
type Print = fn(&[String]);

/// By name.
const TABLES: [(&str, Print); 9] = [
    ("book", book::table),
    ("replay", replay::table),
    ("replay-memory", replay_memory::table),
    ("delivery", delivery::table),
    ("live", |_| live::table()),
    ("neighbours", neighbours::table),
    ("million", million::table),
    ("durable", durable::table),
    ("latency", latency::table),
];

fn main() {
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
