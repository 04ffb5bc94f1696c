//! kill -9 at any moment: 40 times by default, as often as `LIFESIGNS_CRASH_KILLS` says otherwise.
#![allow(clippy::print_stdout)]

use std::{
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use lifesigns_crash_test::{Campaign, Feed, Figures, Home, Host, Notified, Random, check, wait_until};

/// Deaths of one host; then its record is checked, and another one begins with nothing.
const LIVES: u64 = 20;
/// Hosts at once.
const HOSTS: u64 = 2;

/// Events that are written at once, so that more of them wait whenever the recorder has collected a turn.
const FLOOD: u64 = 30;

/// How long turns may take to overlap.
const PATIENCE: Duration = Duration::from_secs(60);

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

#[test]
fn a_host_that_dies_while_one_turn_is_written_and_the_next_is_collected_loses_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let home = Home::new(&folder.path().join("cache"), None);
    let (mut feed, mut notified) = (Feed::new(&home), Notified::new(home.notified()));
    let mut random = Random::new(11);
    for number in [1, 2, 5] {
        let mut host = Host::start(&home, Some(&format!("collected-ahead:{number}")));
        // A turn is collected while another is written only if someone waits for it.
        let is_over = AtomicBool::new(false);
        thread::scope(|scope| {
            scope.spawn(|| {
                while !is_over.load(Ordering::Relaxed) {
                    // Refused before the host listens, and once it is dead.
                    let _ = home.output(&["silence", "add", "object=none", "--for", "1h", "--why", "a turn"]);
                }
            });
            let deadline = Instant::now() + PATIENCE;
            while host.ended().is_none() && Instant::now() < deadline {
                notified.read();
                if !notified.is_far_behind(&feed) {
                    feed.write(FLOOD, &mut random);
                }
                thread::sleep(Duration::from_millis(2));
            }
            is_over.store(true, Ordering::Relaxed);
        });
        host.dies("collected-ahead");
    }
    feed.finish(&mut random);
    let host = Host::start(&home, None);
    wait_until("all events are notified", || {
        notified.read();
        notified.events().len() as u64 == feed.events()
    });
    host.stop();
    notified.read();
    check(&home, &notified, feed.events());
}
