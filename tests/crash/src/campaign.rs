//! One host that is killed and started again many times while events flow.

use std::{
    path::Path,
    thread,
    time::{Duration, Instant},
};

use crate::{
    check::{Figures, alerts, check},
    feed::Feed,
    home::Home,
    host::{Host, wait_until},
    notified::Notified,
    random::Random,
};

/// The named points of the recorder.
const POINTS: [&str; 6] = ["before-commit", "after-commit", "before-release", "after-release", "delivered", "reloaded"];
/// Between two bursts of events.
const BURST: Duration = Duration::from_millis(3);

/// How one run of the host ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Death {
    /// Killed this many milliseconds after the first notice came.
    Running(u64),
    /// Killed this many milliseconds after its start.
    Starting(u64),
    /// Aborts at a named point, when it is passed for the nth time.
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

/// A home folder and the results of the runs in it.
#[derive(Debug)]
pub struct Campaign {
    home: Home,
    feed: Feed,
    notified: Notified,
    random: Random,
    versions: u64,
    figures: Figures,
}

impl Campaign {
    /// Creates a campaign. The same `seed` gives the same kills, though not to the microsecond.
    pub fn new(cache: &Path, seed: u64) -> Self {
        let home = Home::new(cache, None);
        let feed = Feed::new(&home);
        let notified = Notified::new(home.notified());
        Self { home, feed, notified, random: Random::new(seed), versions: 0, figures: Figures::default() }
    }

    /// Kills the host `kills` times, then stops it in order and checks the record.
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
        wait_until("all events are notified", || self.notified.read() && self.notified.events().len() as u64 == events);
        host.stop();
        self.notified.read();
        let figures = check(&self.home, &self.notified, events);
        Figures { rotations: self.feed.rotations(), ..self.figures + figures }
    }

    /// Runs the host once and kills it.
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
                    self.notified.read()
                });
                self.flow(Duration::from_millis(ms));
                host.kill();
            }
            Death::At(point, number) => {
                self.figures.points += 1;
                let mut host = Host::start(&self.home, Some(&format!("{point}:{number}")));
                wait_until(point, || {
                    self.burst();
                    let is_notified = self.notified.read();
                    // Only a host that runs reads its configuration again.
                    if point == "reloaded" && is_notified {
                        self.reconfigure();
                    }
                    thread::sleep(BURST);
                    host.ended().is_some()
                });
                host.dies(point);
            }
        }
        self.notified.read();
    }

    /// Writes events for `time`.
    fn flow(&mut self, time: Duration) {
        let end = Instant::now() + time;
        while Instant::now() < end {
            self.burst();
            self.notified.read();
            if self.random.one_in(20) {
                self.feed.rotate(self.notified.events(), &mut self.random);
            }
            if self.random.one_in(40) {
                self.reconfigure();
            }
            thread::sleep(BURST.min(end.saturating_duration_since(Instant::now())));
        }
    }

    /// Writes some events, unless the host is far behind: what waits makes its next commits larger and slower, and
    /// on a busy machine it would not catch up.
    fn burst(&mut self) {
        if self.notified.is_far_behind(&self.feed) {
            return;
        }
        let events = self.random.between(0, 3);
        self.feed.write(events, &mut self.random);
    }

    fn reconfigure(&mut self) {
        self.versions += 1;
        self.home.configure(self.versions);
    }

    /// Checks that the store of a killed host can be read and has every alert that was notified.
    fn look(&self) {
        if self.notified.alerts().is_empty() {
            return;
        }
        let alerts = alerts(&self.home);
        let ids: Vec<&str> = alerts.values().filter_map(|alert| alert["id"].as_str()).collect();
        for id in self.notified.alerts() {
            assert!(ids.contains(&id), "{id} was notified, and is not in the store");
        }
    }
}
