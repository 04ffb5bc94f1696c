//! The corpus of hostile guests in the binary: what becomes of each, how soon it is stopped, and how late the alerts of
//! a sound rule beside it are.

use std::{
    collections::HashMap,
    fs::{self, File, OpenOptions},
    io::Write,
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use lifesigns_artifacts::{HostileGuest, hostile_guests};
use lifesigns_bench::{Table, binary, machine, millis};

use crate::{
    follower::{Delays, Follower, numbered},
    program::Program,
};

/// Lines a second for the rule that is measured; each fourth is also one for the guest.
const PER_SECOND: u32 = 200;
/// How long a guest may take to be loaded or refused.
const PATIENCE: Duration = Duration::from_secs(20);
/// Words of the log that say that a guest was stopped.
const STOPPED: [&str; 4] = ["failed on an event: ", "refused: ", "paused: ", "state brought"];

/// How long lines are written before a guest comes, and beside one that runs, and one that was refused, in seconds.
const ALONE_S: f64 = 1.0;
const BESIDE_S: f64 = 2.0;
const REFUSED_S: f64 = 0.5;

/// Prints the guests of the groups or names that are given.
pub(crate) fn table(cases: &[String]) {
    let machine = machine();
    let is_asked = |guest: &HostileGuest| {
        cases.is_empty() || cases.iter().any(|case| *case == guest.group || *case == name(guest))
    };
    let mut host = Host::start(&binary());
    let sound = host.load_sound();
    let guests: Vec<HostileGuest> = hostile_guests().into_iter().filter(is_asked).collect();
    let met: Vec<Met> = guests.iter().map(|guest| host.meet(guest)).collect();
    let alone: Vec<Duration> = met.iter().flat_map(|met| met.alone.sorted.iter().copied()).collect();
    let lines = alone.len() + met.iter().map(|met| met.alone.lost).sum::<usize>();
    let alone = Delays::of(alone, lines);
    let mut table =
        Table::new(&["guest", "what happened", "said after", "p99 beside", "more than alone", "worst", "lost"]);
    for (guest, met) in guests.iter().zip(met) {
        let said = met.said.map_or("–".to_owned(), millis);
        let p99 = met.beside.at(99);
        let more = format!("{:+.0} %", 100.0 * (p99.as_secs_f64() / alone.at(99).as_secs_f64() - 1.0));
        let worst = millis(met.beside.at(100));
        table.row([name(guest), met.what, said, millis(p99), more, worst, met.beside.lost.to_string()]);
    }
    println!("\n## Hostile guests\n");
    println!(
        "{machine}; {PER_SECOND} lines a second for the rule beside, {ALONE_S} s before each guest and {BESIDE_S} s \
         beside one that runs. Alone, p50 is {}, p99 {}, the worst {}, and {} lines are lost. A deadline is 100 ms. From \
         its manifest to running, a sound module takes {}.\n",
        millis(alone.at(50)),
        millis(alone.at(99)),
        millis(alone.at(100)),
        alone.lost,
        millis(sound)
    );
    println!("{table}");
}

fn name(guest: &HostileGuest) -> String {
    format!("{}/{}", guest.group, guest.name)
}

/// What came of a guest.
struct Met {
    what: String,
    /// From the line, or for what is refused from the manifest, to what the host says of it.
    said: Option<Duration>,
    alone: Delays,
    beside: Delays,
}

/// A host with the rule that is measured.
struct Host {
    /// Ends before its folder does.
    _program: Program,
    folder: tempfile::TempDir,
    log: Follower,
    /// What it logged since the guest before.
    logged: Vec<(Instant, String)>,
    output: Follower,
    measured: File,
    poison: File,
    /// When the next line is due.
    due: Instant,
    next: u32,
    /// When each alert was there.
    seen: HashMap<u32, Instant>,
}

impl Host {
    fn start(binary: &Path) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name);
        fs::create_dir_all(at("rules/modules")).expect("the rules folder");
        fs::copy(lifesigns_artifacts::rule("keyword"), at("rules/modules/keyword.wasm")).expect("the module");
        fs::write(at("rules/measured.toml"), "module = 'modules/keyword.wasm'\n[settings]\ncontains = ['neighbour']\n")
            .expect("a manifest");
        let config = "rules = 'rules'\ncache = 'cache'\nstore = 'lifesigns.db'\n[output]\nfile = 'out.ndjson'\n\
                      [[source]]\nfile = 'measured.log'\nobject = 'vm-a'\n\
                      [[source]]\nfile = 'poison.ndjson'\nobject = 'vm-b'\n";
        fs::write(at("lifesigns.toml"), config).expect("the configuration");
        let [measured, poison] = ["measured.log", "poison.ndjson"]
            .map(|name| OpenOptions::new().append(true).create(true).open(at(name)).expect("a log"));
        let program = Program::start(binary, folder.path(), &["run"]);
        let (log, output) = (Follower::start(at("log.txt")), Follower::start(at("out.ndjson")));
        let (due, seen) = (Instant::now(), HashMap::new());
        let mut host =
            Self { _program: program, folder, log, logged: Vec::new(), output, measured, poison, due, next: 0, seen };
        host.wait_for("running: 1 rule");
        host
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join("rules").join(name)
    }

    /// Returns the first line of the log that is about a rule and has one of these words.
    fn said(&mut self, rule: &str, words: &[&str]) -> Option<(Instant, String)> {
        self.logged.extend(self.log.take());
        let is_it = |line: &str| line.contains(rule) && words.iter().any(|word| line.contains(word));
        self.logged.iter().find(|(_, line)| is_it(line)).cloned()
    }

    /// Waits for a line of the log, while nothing is written. Returns when it was there.
    fn wait_for(&mut self, text: &str) -> Instant {
        let until = Instant::now() + PATIENCE;
        loop {
            if let Some((at, _)) = self.said(text, &[text]) {
                self.due = Instant::now();
                return at;
            }
            assert!(Instant::now() < until, "the host does not say: {text}");
            thread::sleep(Duration::from_millis(1));
        }
    }

    /// Puts a module and its manifest into the rules folder, the manifest last and whole.
    fn put(&self, rule: &str, module: &[u8]) -> Instant {
        fs::write(self.path(&format!("modules/{rule}.wasm")), module).expect("the module");
        fs::write(self.folder.path().join("new.toml"), format!("module = 'modules/{rule}.wasm'\n"))
            .expect("a manifest");
        let now = Instant::now();
        fs::rename(self.folder.path().join("new.toml"), self.path(&format!("{rule}.toml"))).expect("a manifest");
        now
    }

    /// Loads a sound module that was not compiled before. Returns how long that took.
    fn load_sound(&mut self) -> Duration {
        let module = fs::read(lifesigns_artifacts::rule("docker-keyword")).expect("the module");
        let begun = self.put("sound", &module);
        let loaded = self.wait_for("sound: loaded");
        fs::remove_file(self.path("sound.toml")).expect("it is there");
        loaded.duration_since(begun)
    }

    /// Writes a line when it is due, also one for the guest if it is its turn.
    fn line(&mut self, written: &mut Vec<(u32, Instant)>, with_poison: bool) {
        thread::sleep(self.due.saturating_duration_since(Instant::now()));
        self.due += Duration::from_secs(1) / PER_SECOND;
        writeln!(self.measured, "neighbour n{}e", self.next).expect("it takes lines");
        written.push((self.next, Instant::now()));
        if with_poison && self.next.is_multiple_of(4) {
            writeln!(self.poison, r#"{{"object":"vm-b","message":"poison {}"}}"#, self.next).expect("it takes lines");
        }
        self.next += 1;
    }

    fn lines(&mut self, seconds: f64, with_poison: bool) -> Vec<(u32, Instant)> {
        let mut written = Vec::new();
        for _ in 0..(seconds * f64::from(PER_SECOND)) as u32 {
            self.line(&mut written, with_poison);
        }
        written
    }

    /// Writes lines until the log says something of a rule.
    fn lines_until(&mut self, rule: &str, words: &[&str], written: &mut Vec<(u32, Instant)>) -> (Instant, String) {
        let until = Instant::now() + PATIENCE;
        loop {
            self.line(written, false);
            if let Some(said) = self.said(rule, words) {
                return said;
            }
            if Instant::now() > until {
                return (until, "the host says nothing".to_owned());
            }
        }
    }

    /// Runs a guest beside the rule that is measured.
    fn meet(&mut self, guest: &HostileGuest) -> Met {
        let rule = format!("{}-{}", guest.group, guest.name);
        if guest.group == "migrate" {
            self.leave_state(&rule);
        }
        let alone = self.lines(ALONE_S, false);
        self.logged = Vec::new();
        self.log.take();
        let put = self.put(&rule, &guest.module);
        let mut beside = Vec::new();
        let (at, line) = self.lines_until(&rule, &[": loaded", ": refused: ", "failed on an event"], &mut beside);
        let (mut what, mut said) = (line, Some(at.duration_since(put)));
        if what.contains(": loaded") {
            // The next line is also one for the guest.
            self.next = self.next.next_multiple_of(4);
            let first = self.due.max(Instant::now());
            beside.extend(self.lines(BESIDE_S, true));
            (what, said) = match self.said(&rule, &STOPPED) {
                Some((at, line)) => (line, Some(at.saturating_duration_since(first))),
                None => ("runs, bounded".to_owned(), None),
            };
        } else {
            beside.extend(self.lines(REFUSED_S, false));
        }
        fs::remove_file(self.path(&format!("{rule}.toml"))).expect("it is there");
        self.due = Instant::now();
        self.lines(0.5, false);
        self.seen.extend(numbered(self.output.take()));
        let [alone, beside] = [alone, beside].map(|written| Delays::new(&written, &self.seen));
        Met { what: shortened(&what), said, alone, beside }
    }

    /// Leaves state of version 0 for a guest that takes it over.
    fn leave_state(&mut self, rule: &str) {
        let manifest = "module = 'modules/keyword.wasm'\n[settings]\ncontains = ['poison']\nthreshold = 1000000\n\
                        window = '1h'\n";
        fs::write(self.path(&format!("{rule}.toml")), manifest).expect("a manifest");
        self.wait_for(&format!("{rule}: loaded"));
        self.lines(0.2, true);
    }
}

/// Returns what the host says of a guest, in a few words.
fn shortened(line: &str) -> String {
    let what = STOPPED.iter().find_map(|word| line.split_once(word).map(|(_, rest)| format!("{word}{rest}")));
    let what = what.unwrap_or_else(|| line.to_owned());
    let what = what.split(" rule=").next().unwrap_or_default().split("; on ").next().unwrap_or_default();
    what.chars().map(|it| if it == '|' { '/' } else { it }).take(70).collect()
}
