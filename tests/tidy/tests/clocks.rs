//! The clock is a port: one file reads the system's, and everything else is given one, so that days can
//! be simulated. Monotonic time only measures and paces, where the lists here say so.
#![allow(clippy::unwrap_used)]

use lifesigns_tidy::{blank, functions, read, sources};

/// What reads the wall clock without being given one.
const WALL_CLOCK: [&str; 5] = ["SystemTime::now", "Timestamp::now", "Zoned::now", "Utc::now", "Local::now"];
/// Where that is: the one implementation.
const CLOCK: &str = "host/model/src/clock.rs";

/// Where the system's clock is named: as the default of what is given a clock, and where times of files
/// are compared, which no simulated clock moves.
const SYSTEM_CLOCK: [(&str, &str); 10] = [
    ("examples/", "a program of its own"),
    ("host/cli/", "the binary runs on the system's clock"),
    ("host/engine/src/config.rs", "the default of a configuration"),
    ("host/intake/src/follow.rs", "the default of a follower"),
    ("host/lifesigns/src/plain_source.rs", "the default, beside functions that are given a clock"),
    ("host/model/src/clock.rs", "the implementation"),
    ("host/model/src/lib.rs", "its export"),
    ("host/rulestore/src/modules.rs", "times of files"),
    ("host/rulestore/src/scan.rs", "times of files"),
    ("host/sandbox/src/evict.rs", "times of files"),
];

/// Where `Instant` is read: to measure, to pace real work, or to bound a wait for a thread, a process or
/// the network. What happens at a time, or after days, goes by the clock.
const MONOTONIC: [(&str, &str); 19] = [
    ("host/cli/src/authoring/", "measures"),
    ("host/cli/src/demo/mod.rs", "measures"),
    ("host/cli/src/kept_agents.rs", "paces what is kept"),
    ("host/cli/src/reload.rs", "waits until a file is written"),
    ("host/cli/src/replay.rs", "measures"),
    ("host/cli/src/rules.rs", "measures"),
    ("host/cli/src/run.rs", "paces looks at files"),
    ("host/engine/src/shard_loop.rs", "paces a shard"),
    ("host/engine/src/statistics.rs", "measures"),
    ("host/gateway/src/access.rs", "measures, and bounds failed authentications"),
    ("host/intake/src/follow/late.rs", "bounds how long a file that was left stays open"),
    ("host/lifesigns/src/rule_reload.rs", "paces the index"),
    ("host/notifications/src/", "bounds a wait for threads and for a server"),
    ("host/recorder/src/open.rs", "paces turns"),
    ("host/recorder/src/pulse.rs", "measures turns"),
    ("host/recorder/src/recorder.rs", "paces turns and tries to commit"),
    ("host/rulestore/src/watch.rs", "paces looks at files"),
    ("host/sandbox/src/child.rs", "bounds a process"),
    ("host/sources/src/follow/", "paces looks at files"),
];

/// The code of a file that is no test, blanked; `None` for a file of tests.
fn production(path: &str) -> Option<String> {
    let is_test = path.starts_with("tests/") || path.contains("/tests/") || path.ends_with("/tests.rs");
    if is_test {
        return None;
    }
    let code = blank(&read(path));
    let end = code.find("\nmod tests {").unwrap_or(code.len());
    Some(code[..end].to_owned())
}

/// Files and lines of production code that contain one of the texts, apart from allowed paths.
fn found(texts: &[&str], allowed: impl Fn(&str) -> bool) -> Vec<String> {
    let mut found = Vec::new();
    for path in sources() {
        let Some(code) = production(&path).filter(|_| !allowed(&path)) else { continue };
        for (at, line) in code.lines().enumerate() {
            if texts.iter().any(|text| line.contains(text)) {
                found.push(format!("{path}:{}", at + 1));
            }
        }
    }
    found
}

fn is_listed(list: &[(&str, &str)], path: &str) -> bool {
    list.iter().any(|(listed, _)| path.starts_with(listed))
}

#[test]
fn the_lists_name_nothing_that_needs_no_leave() {
    let named = [(&SYSTEM_CLOCK[..], "SystemClock"), (&MONOTONIC[..], "Instant::now")];
    let mut idle = Vec::new();
    for (list, text) in named {
        let users = found(&[text], |_| false);
        let unused = list.iter().filter(|(path, _)| !users.iter().any(|user| user.starts_with(path)));
        idle.extend(unused.map(|(path, _)| format!("{path}: {text}")));
    }
    assert!(idle.is_empty(), "take these off the lists:\n  {}", idle.join("\n  "));
}

#[test]
fn the_wall_clock_is_read_in_one_place() {
    let found = found(&WALL_CLOCK, |path| path == CLOCK);
    assert!(
        found.is_empty(),
        "take a `Clock`, or for times of files `SystemClock::file_time`:\n  {}",
        found.join("\n  ")
    );
}

#[test]
fn no_function_tells_the_time_of_a_clock_that_it_was_not_given() {
    let mut found = Vec::new();
    for path in sources() {
        let Some(code) = production(&path) else { continue };
        let lines: Vec<&str> = code.lines().collect();
        for function in functions(&code).iter().filter(|function| function.name.starts_with("now")) {
            if !lines[function.line - 1].contains("self") {
                found.push(format!("{path}:{}: {}", function.line, function.name));
            }
        }
    }
    assert!(found.is_empty(), "a free function has a clock of its own; take a `Clock`:\n  {}", found.join("\n  "));
}

#[test]
fn the_systems_clock_is_named_only_where_clocks_are_handed_out() {
    let found = found(&["SystemClock"], |path| is_listed(&SYSTEM_CLOCK, path));
    assert!(found.is_empty(), "take a `SharedClock`, which the builder has:\n  {}", found.join("\n  "));
}

#[test]
fn monotonic_time_is_read_only_to_measure_and_to_pace() {
    let found = found(&["Instant::now"], |path| is_listed(&MONOTONIC, path));
    assert!(
        found.is_empty(),
        "what decides something goes by a `Clock`; what only measures or paces is listed in this test:\n  {}",
        found.join("\n  ")
    );
}
