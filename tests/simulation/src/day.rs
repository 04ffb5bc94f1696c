//! Simulates one day in steps and compares host and model after each.

use std::{
    fs,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use lifesigns::{model::ManualClock, record::MemoryStore};

use crate::{
    fleet::{self, DEFINITIONS, ENVS, FILES, MINUTE_NS, Object, START_NS, STEP_MIN},
    host::{Home, Host, Openings},
    logs::Log,
    model::{Expected, Model},
    random::Random,
};

/// Minutes of the day, and of the quiet hours after it in which every wait ends.
const DAY_MIN: u64 = 24 * 60;
const QUIET_MIN: u64 = 6 * 60;
/// How long host and model may differ before it counts: the host runs concurrently.
const SETTLE: Duration = Duration::from_secs(5);

/// A day with this many differences ends early.
const ENOUGH: usize = 20;

/// The results of one simulated day.
#[derive(Debug, Default)]
pub struct DayResult {
    /// Differences between host and model, in words.
    pub differences: Vec<String>,
    /// How often host and model were compared on one definition of one object.
    pub compared: u64,
    /// Of these, how often either answer was right.
    pub either: u64,
    /// Lines that were written.
    pub lines: u64,
    /// Alerts that were open in a comparison.
    pub open: u64,
    /// Times that the host was stopped and started, files were rotated, inventory and policy edited, and
    /// a rule was removed or came back.
    pub events: [u64; 4],
    /// Bytes that the host said it did not read.
    pub unread_bytes: u64,
}

/// The state of one simulated day.
struct Day<'a> {
    random: Random,
    home: &'a Home,
    objects: Vec<Object>,
    logs: Vec<Log>,
    model: Model,
    clock: Arc<ManualClock>,
    host: Option<Host>,
    openings: Openings,
    policy: bool,
    other: bool,
    /// Minutes since the day began.
    now: u64,
    /// When the rule `other` came or went, or the host started: what the host noticed then takes effect
    /// within the step after it.
    changed: u64,
    outcome: DayResult,
}

/// Where the host keeps its record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordKind {
    /// In a SQLite file.
    Sqlite,
    /// In memory; it outlasts the stops of the simulated host.
    Memory,
}

/// Simulates a day of `objects` objects under `seed`, in `folder`, which is empty. Compiled modules are
/// cached in `cache`.
pub fn simulate(seed: u64, objects: usize, folder: &Path, cache: &Path, record: RecordKind) -> DayResult {
    let memory = (record == RecordKind::Memory).then(MemoryStore::default);
    let home = Home { folder: folder.to_owned(), sandbox_cache: cache.to_owned(), memory };
    for name in ["rules.d", "logs"] {
        fs::create_dir_all(folder.join(name)).expect("a folder can be made");
    }
    copy(lifesigns_artifacts::guest("toggle"), &home.rules().join("toggle.wasm"));
    copy(lifesigns_artifacts::rule("keyword"), &home.rules().join("keyword.wasm"));
    manifest(&home, "signal", "module = \"toggle.wasm\"\n[settings]\nword = \"SIGNAL\"\n");
    manifest(&home, "other", OTHER);
    let hold = fleet::HOLD_MIN;
    let keyword = format!("module = \"keyword.wasm\"\n[settings]\ncontains = [\"BOOM\"]\nhold = \"{hold}m\"\n");
    manifest(&home, "kw", &keyword);
    let mut random = Random::new(seed);
    let objects = fleet::objects(objects, &mut random);
    fs::write(home.inventory(), fleet::inventory(&objects)).expect("the inventory can be written");
    let logs = (0..FILES).map(|number| Log::new(home.log(number))).collect();
    let mut day = Day {
        model: Model::new(&objects),
        random,
        home: &home,
        objects,
        logs,
        clock: Arc::new(ManualClock::new(START_NS)),
        host: None,
        openings: Arc::new(Mutex::default()),
        policy: true,
        other: true,
        now: 0,
        changed: 0,
        outcome: DayResult::default(),
    };
    day.run();
    day.outcome
}

const OTHER: &str = "module = \"toggle.wasm\"\n[settings]\nword = \"OTHER\"\n";

fn copy(from: &Path, to: &Path) {
    fs::copy(from, to).expect("a module can be copied");
}

fn manifest(home: &Home, name: &str, text: &str) {
    fs::write(home.rules().join(format!("{name}.toml")), text).expect("a manifest can be written");
}

impl Day<'_> {
    fn run(&mut self) {
        self.start();
        while self.now < DAY_MIN && self.outcome.differences.len() < ENOUGH {
            self.operate();
            let from = self.now;
            self.now += STEP_MIN;
            self.write(from);
            self.rotate();
            self.look();
        }
        if self.host.is_none() {
            self.start();
        }
        while self.now < DAY_MIN + QUIET_MIN && self.outcome.differences.len() < ENOUGH {
            self.now += STEP_MIN;
            self.look();
        }
        self.compare_openings();
        if let Some(host) = self.host.take() {
            self.outcome.unread_bytes += host.gaps;
            host.stop();
        }
    }

    fn start(&mut self) {
        self.clock.set(START_NS + self.now * MINUTE_NS);
        let compliance = self.home.compliance(&fleet::configuration(self.policy));
        let mut host = Host::start(self.home, &self.clock, compliance, FILES, &self.openings);
        host.await_rule("other", self.other);
        host.read();
        self.model.inventory(&self.objects, self.now);
        self.model.up(self.now);
        self.changed = self.now;
        self.host = Some(host);
    }

    /// What operators do, before the clock goes on.
    fn operate(&mut self) {
        if self.host.is_some() && self.random.chance(6) {
            if let Some(host) = self.host.take() {
                self.outcome.unread_bytes += host.gaps;
                host.stop();
            }
            self.model.down(self.now);
            self.outcome.events[0] += 1;
        } else if self.host.is_none() && self.random.chance(35) {
            self.start();
        }
        if self.random.chance(10) {
            self.edit_inventory();
        }
        if self.random.chance(5) {
            self.policy = !self.policy;
            self.outcome.events[2] += 1;
            if let Some(host) = &self.host {
                host.configure(self.home.compliance(&fleet::configuration(self.policy)));
            }
        }
        // A policy that was edited while the host is down is in force when it starts.
        self.model.policy(self.policy);
        // What comes and goes while the host is down, it never sees.
        let settled = self.now >= self.changed + 3 * STEP_MIN;
        if self.host.is_some() && self.random.chance(5) && settled {
            self.swap_rule();
        }
    }

    fn edit_inventory(&mut self) {
        let count = self.objects.len() as u64;
        for _ in 0..=self.random.below(3) {
            let number = self.random.below(count) as usize;
            self.objects[number].listed = self.random.pick(&ENVS);
        }
        fs::write(self.home.inventory(), fleet::inventory(&self.objects)).expect("the inventory can be written");
        self.outcome.events[2] += 1;
        if let Some(host) = &self.host {
            host.inventory(self.home);
            self.model.inventory(&self.objects, self.now);
        }
    }

    fn swap_rule(&mut self) {
        let path = self.home.rules().join("other.toml");
        self.other = !self.other;
        self.outcome.events[3] += 1;
        self.changed = self.now;
        if self.other {
            manifest(self.home, "other", OTHER);
            self.model.rule_back();
        } else {
            fs::remove_file(path).expect("a manifest can be removed");
            self.model.rule_gone(self.now);
        }
        if let Some(host) = &self.host {
            host.await_rule("other", self.other);
        }
    }

    /// What the fleet writes from `from` to now.
    fn write(&mut self, from: u64) {
        let lines = self.random.below(self.objects.len() as u64 / 4 + 8);
        let mut times: Vec<u64> = (0..lines).map(|_| from + 1 + self.random.below(STEP_MIN - 1)).collect();
        times.sort_unstable();
        for at in times {
            let number = self.random.below(self.objects.len() as u64) as usize;
            self.line(number, at);
        }
    }

    fn line(&mut self, number: usize, at: u64) {
        let object = &self.objects[number];
        let (id, file, skew) = (object.id.clone(), object.file, object.skew_min);
        let mut stamp = at.saturating_add_signed(skew);
        let on = self.random.chance(50);
        let sign = if on { '+' } else { '-' };
        let symptom = self.random.pick(&["a", "a", "b", "c"]);
        let what = match self.random.below(10) {
            0..=3 => {
                let name = match symptom {
                    "a" => "signal/a",
                    "b" => "signal/b",
                    _ => "signal/c",
                };
                self.model.toggle(number, name, at, on);
                // A clock that jumps for one line.
                if skew >= 0 && self.random.chance(5) {
                    stamp = at + 24 * 60;
                }
                self.model.heard(number, stamp, self.now);
                format!("\"message\":\"SIGNAL{sign} {symptom}\"")
            }
            4 => {
                if self.other {
                    self.model.toggle(number, "other/a", at, on);
                }
                format!("\"message\":\"OTHER{sign} a\"")
            }
            5 => {
                self.model.keyword(number, at);
                "\"message\":\"BOOM\"".to_owned()
            }
            6 | 7 => {
                self.model.load(number, at, on);
                format!("\"metrics\":{{\"load\":{}}}", if on { 9 } else { 1 })
            }
            8 if skew >= 0 && self.host.is_some() => {
                let value = self.random.pick(&ENVS);
                let counted = self.model.heard(number, stamp, self.now);
                self.model.env(number, counted, value);
                format!("\"properties\":{{\"env\":\"{value}\"}}")
            }
            _ => "\"message\":\"nothing that a rule wants\"".to_owned(),
        };
        let time = stamp_text(stamp);
        self.logs[file].append(&format!("{{\"time\":\"{time}\",\"object\":\"{id}\",{what}}}\n"));
        self.outcome.lines += 1;
    }

    fn rotate(&mut self) {
        for number in 0..FILES {
            if self.random.chance(4) {
                self.logs[number].rotate(&mut self.random);
                self.outcome.events[1] += 1;
            } else if self.random.chance(1) {
                self.logs[number].replace();
                self.outcome.events[1] += 1;
            }
        }
    }

    /// The host reads what there is; then it and the model must agree.
    fn look(&mut self) {
        self.clock.set(START_NS + self.now * MINUTE_NS);
        let Some(host) = &mut self.host else { return };
        host.read();
        let deadline = Instant::now() + SETTLE;
        let found = loop {
            let found = self.compare();
            if found.is_empty() || Instant::now() > deadline {
                break found;
            }
            std::thread::sleep(Duration::from_millis(20));
        };
        self.outcome.compared += (self.objects.len() * DEFINITIONS.len()) as u64;
        for number in 0..self.objects.len() {
            for definition in &DEFINITIONS {
                match self.model.expected(&self.objects, number, definition, self.now) {
                    Expected::Either => self.outcome.either += 1,
                    Expected::Open { .. } => self.outcome.open += 1,
                    Expected::Closed => {}
                }
            }
        }
        self.outcome.differences.extend(found);
    }

    fn compare(&self) -> Vec<String> {
        let Some(host) = &self.host else { return Vec::new() };
        let open = host.open();
        let mut found = Vec::new();
        for (number, object) in self.objects.iter().enumerate() {
            for definition in &DEFINITIONS {
                let is = open.get(&(object.id.clone(), definition.name.to_owned()));
                let expected = self.model.expected(&self.objects, number, definition, self.now);
                let agree = match expected {
                    Expected::Either => true,
                    Expected::Closed => is.is_none(),
                    Expected::Open { allowed } => is == Some(&allowed),
                };
                if !agree {
                    found.push(format!(
                        "minute {}: {} on {} (clock {:+} min): expected {expected:?}, found {is:?}",
                        self.now, definition.name, object.id, object.skew_min
                    ));
                }
            }
        }
        found
    }

    /// No alert was notified as open more often than it may have opened.
    fn compare_openings(&mut self) {
        let openings = self.openings.lock().unwrap_or_else(PoisonError::into_inner);
        for (number, object) in self.objects.iter().enumerate() {
            for definition in DEFINITIONS.iter().filter(|one| one.wait_min > 0) {
                let is = openings.iter().filter(|(id, name, ..)| *id == object.id && name == definition.name).count();
                let may = self.model.openings(&self.objects, number, definition);
                if is as u64 > may {
                    self.outcome.differences.push(format!(
                        "{} on {} (clock {:+} min): opened {is} times, may have opened {may} times",
                        definition.name, object.id, object.skew_min
                    ));
                }
            }
        }
    }
}

/// A minute of the day as RFC 3339, days after the first included.
fn stamp_text(minute: u64) -> String {
    let (day, hour, minute) = (20 + minute / 1440, minute % 1440 / 60, minute % 60);
    format!("2026-11-{day:02}T{hour:02}:{minute:02}:00Z")
}
