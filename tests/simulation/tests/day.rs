//! Host and model agree on every alert at every step of a day. `LIFESIGNS_SIM_SEEDS`, `_FIRST` and
//! `_OBJECTS` choose how many days, from which seed on, and of how many objects.

use lifesigns_simulation_test::simulate;

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

#[test]
fn an_independent_model_knows_every_alert_that_should_be_open() {
    let (seeds, first) = (number("LIFESIGNS_SIM_SEEDS", 2), number("LIFESIGNS_SIM_FIRST", 1));
    let objects = number("LIFESIGNS_SIM_OBJECTS", 80) as usize;
    let cache = tempfile::tempdir().expect("a temporary folder");
    let (mut compared, mut different) = (0, Vec::new());
    for seed in first..first + seeds {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let outcome = simulate(seed, objects, folder.path(), &cache.path().join("modules"));
        let [stops, rotations, edits, swaps] = outcome.events;
        println!(
            "seed {seed}: {} lines, {} comparisons ({} either, {} open), {stops} stops, {rotations} rotations, \
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
