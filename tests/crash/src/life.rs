//! One host's many lives: events flow, it dies, it is started again.

use std::{
    path::Path,
    thread,
    time::{Duration, Instant},
};

use crate::{Feed, Figures, Home, Host, Random, Told, check, check::alerts, wait_until};

/// The named points of the recorder.
const POINTS: [&str; 6] = ["before-commit", "after-commit", "before-release", "after-release", "delivered", "reloaded"];
/// Between two bursts of events.
const BURST: Duration = Duration::from_millis(3);

/// How a life ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Death {
    /// So many milliseconds after the first notice came.
    Running(u64),
    /// So many milliseconds after the start, whatever it is at.
    Starting(u64),
    /// At a named point, when it is passed for the nth time.
    At(&'static str, u64),
}

impl Death {
    fn choose(random: &mut Random) -> Self {
        match random.between(0, 9) {
            0..=4 => Self::Running(random.between(10, 150)),
            5 => Self::Starting(random.between(0, 120)),
            _ => {
                let point = POINTS[random.between(0, POINTS.len() as u64 - 1) as usize];
                let most = if point == "reloaded" { 1 } else { 9 };
                Self::At(point, random.between(1, most))
            }
        }
    }
}

/// A home, and what became of it.
#[derive(Debug)]
pub struct Campaign {
    home: Home,
    feed: Feed,
    told: Told,
    random: Random,
    versions: u64,
    figures: Figures,
}

impl Campaign {
    /// Begins; the same `seed` gives the same deaths, though not to the same microsecond.
    pub fn new(cache: &Path, seed: u64) -> Self {
        let home = Home::new(cache, None);
        let (feed, told) = (Feed::new(&home), Told::new(home.told()));
        Self { home, feed, told, random: Random::new(seed), versions: 0, figures: Figures::default() }
    }

    /// Lets the host die so often, then lets it end well, and checks.
    ///
    /// # Panics
    /// When something was lost, or counted twice.
    pub fn run(mut self, kills: u64) -> Figures {
        for _ in 0..kills {
            self.live();
            if self.random.one_in(8) {
                self.look();
            }
        }
        self.feed.finish(&mut self.random);
        let host = Host::start(&self.home, None);
        let events = self.feed.events();
        wait_until("all events are told", || self.told.read() && self.told.events().len() as u64 == events);
        host.stop();
        self.told.read();
        let figures = check(&self.home, &self.told, events);
        Figures { rotations: self.feed.rotations(), ..self.figures + figures }
    }

    /// One life and its death.
    fn live(&mut self) {
        let death = Death::choose(&mut self.random);
        self.figures.kills += 1;
        match death {
            Death::Starting(ms) => {
                let host = Host::start(&self.home, None);
                self.flow(Duration::from_millis(ms));
                host.kill();
            }
            Death::Running(ms) => {
                let mut host = Host::start(&self.home, None);
                wait_until("a notice", || {
                    self.burst();
                    assert!(host.ended().is_none(), "it ended by itself: {}", host.errors());
                    self.told.read()
                });
                self.flow(Duration::from_millis(ms));
                host.kill();
            }
            Death::At(point, number) => {
                self.figures.points += 1;
                let mut host = Host::start(&self.home, Some(&format!("{point}:{number}")));
                wait_until(point, || {
                    self.burst();
                    // Only a host that runs reads its configuration again.
                    if point == "reloaded" && self.told.read() {
                        self.reconfigure();
                    }
                    thread::sleep(BURST);
                    host.ended().is_some()
                });
                host.dies(point);
            }
        }
        self.told.read();
    }

    /// Events for so long.
    fn flow(&mut self, time: Duration) {
        let end = Instant::now() + time;
        while Instant::now() < end {
            self.burst();
            self.told.read();
            if self.random.one_in(20) {
                self.feed.rotate(self.told.events(), &mut self.random);
            }
            if self.random.one_in(40) {
                self.reconfigure();
            }
            thread::sleep(BURST.min(end.saturating_duration_since(Instant::now())));
        }
    }

    fn burst(&mut self) {
        let events = self.random.between(0, 3);
        self.feed.write(events, &mut self.random);
    }

    fn reconfigure(&mut self) {
        self.versions += 1;
        self.home.configure(self.versions);
    }

    /// The store of a host that was killed can be read as it lies there, and has all that was told.
    fn look(&self) {
        if self.told.alerts().is_empty() {
            return;
        }
        let alerts = alerts(&self.home);
        let ids: Vec<&str> = alerts.values().filter_map(|alert| alert["id"].as_str()).collect();
        for id in self.told.alerts() {
            assert!(ids.contains(&id), "{id} was told, and is not in the store");
        }
    }
}
