//! kill -9 at any moment: 40 times by default, as often as `LIFESIGNS_CRASH_KILLS` says otherwise.
#![allow(clippy::print_stdout)]

use std::{
    thread,
    time::{Instant, SystemTime, UNIX_EPOCH},
};

use lifesigns_crash_test::{Campaign, Figures};

/// Deaths of one host; then its record is checked, and another one begins with nothing.
const LIVES: u64 = 20;
/// Hosts at once.
const HOSTS: u64 = 2;

fn from_environment(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|value| value.parse().expect("a number"))
}

#[test]
fn nothing_is_lost_and_nothing_counts_twice() {
    let kills = from_environment("LIFESIGNS_CRASH_KILLS").unwrap_or(LIVES * HOSTS);
    let by_time = || SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_micros() as u64);
    let seed = from_environment("LIFESIGNS_CRASH_SEED").unwrap_or_else(by_time);
    println!("LIFESIGNS_CRASH_SEED={seed}");
    let begin = Instant::now();
    let folder = tempfile::tempdir().expect("a folder");
    // The host makes it, for itself alone.
    let cache = folder.path().join("cache");
    let campaigns = kills.div_ceil(LIVES);
    let figures: Figures = thread::scope(|scope| {
        let hosts: Vec<_> = (0..HOSTS)
            .map(|host| {
                let cache = cache.as_path();
                scope.spawn(move || -> Figures {
                    let mine = (host..campaigns).step_by(HOSTS as usize);
                    mine.map(|number| Campaign::new(cache, seed.wrapping_add(number)).run(LIVES)).sum()
                })
            })
            .collect();
        hosts.into_iter().map(|host| host.join().expect("the seed is printed above")).sum()
    });
    println!("{figures:?} in {:.1} s", begin.elapsed().as_secs_f64());
    assert!(figures.kills >= kills && figures.points > 0 && figures.rotations > 0, "{figures:?}");
}
