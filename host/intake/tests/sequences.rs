//! Random sequences of everything that happens to a log file, against a model that knows which lines
//! exist: each is read exactly once, in order, and where one is lost that could be missed, a gap says
//! so. `LIFESIGNS_SEQUENCES=10000` sets how many are tried, `LIFESIGNS_SEED` where they begin.

#![allow(clippy::unwrap_used)]

mod world;

use world::World;

/// Steps of one sequence.
const STEPS: usize = 40;

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().map_or(default, |text| text.parse().unwrap())
}

#[test]
fn every_line_is_read_once_whatever_happens_to_the_file() {
    let (first, count) = (number("LIFESIGNS_SEED", 1), number("LIFESIGNS_SEQUENCES", 2000));
    let mut total = world::Tally::default();
    for seed in first..first + count {
        let mut world = World::new(seed);
        for _ in 0..STEPS {
            world.step();
        }
        total += world.end();
    }
    println!("{count} sequences from seed {first}: {total:?}");
    // What the sequences are to show, they show.
    assert!(count < 500 || total.lines > 100 * count / 4 && total.lost > 0 && total.restarts > count, "{total:?}");
}
