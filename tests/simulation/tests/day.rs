//! Host and model agree on every alert at every step of a day. `LIFESIGNS_SIM_SEEDS`, `_FIRST` and
//! `_OBJECTS` choose how many days, from which seed on, and of how many objects; with
//! `LIFESIGNS_SIM_RECORD=memory` the host keeps its record in memory instead of SQLite.

use lifesigns_simulation_test::{RecordKind, simulate};

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// Returns the kind of record that the environment asks for.
fn record() -> RecordKind {
    match std::env::var("LIFESIGNS_SIM_RECORD").as_deref() {
        Ok("memory") => RecordKind::Memory,
        _ => RecordKind::Sqlite,
    }
}

#[test]
fn an_independent_model_knows_every_alert_that_should_be_open() {
    let (seeds, first) = (number("LIFESIGNS_SIM_SEEDS", 2), number("LIFESIGNS_SIM_FIRST", 1));
    let objects = number("LIFESIGNS_SIM_OBJECTS", 80) as usize;
    let cache = tempfile::tempdir().expect("a temporary folder");
    let (mut compared, mut different) = (0, Vec::new());
    for seed in first..first + seeds {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let record = record();
        let outcome = simulate(seed, objects, folder.path(), &cache.path().join("modules"), record);
        let [stops, rotations, edits, swaps] = outcome.events;
        println!(
            "seed {seed}, {record:?}: {} lines, {} comparisons ({} either, {} open), {stops} stops, {rotations} rotations, \
             {edits} edits, {swaps} rules removed or back, {} bytes said to be unread, {} differences",
            outcome.lines,
            outcome.compared,
            outcome.either,
            outcome.open,
            outcome.unread_bytes,
            outcome.differences.len()
        );
        let eventful = outcome.open > 0 && outcome.lines > 1000;
        assert!(eventful || !outcome.differences.is_empty(), "a day in which nothing happens shows nothing");
        compared += outcome.compared;
        different.extend(outcome.differences.into_iter().take(20).map(|text| format!("seed {seed}: {text}")));
    }
    println!("{seeds} days of {objects} objects: {compared} comparisons, {} differences", different.len());
    assert!(different.is_empty(), "{}", different.join("\n"));
}
