//! Event time, object by object: whatever the order in which files are read, while hosts are down or clocks are
//! ahead or behind, the alerts are those that each object's own lines make by themselves.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::{restart::Kept, *};

const SOURCES: [&str; 4] = ["a", "b", "c", "slow"];
/// Each object: where its facts and its symptoms stand, and how far its clock is ahead, in seconds. One
/// whose clock is behind writes a file of its own.
const OBJECTS: [(&str, usize, usize, i64); 5] =
    [("vm0", 0, 0, 0), ("vm1", 0, 1, 0), ("vm2", 2, 1, 300), ("vm3", 1, 1, 0), ("vm4", 3, 3, -1000)];
const START_S: u64 = 10_000;
const WAIT_S: u64 = 21;
const CANCEL_S: u64 = 11;
const HOLD_S: u64 = 31;
const SLOW_S: u64 = 15;

#[derive(Clone, Copy, Debug, PartialEq)]
enum What {
    Load(bool),
    Hold,
    Raise,
    Clear,
}

/// A line: when it is written, and what it means for which object.
#[derive(Clone, Copy, Debug)]
struct Line {
    written_s: u64,
    object: usize,
    what: What,
}

impl Line {
    fn source(&self) -> usize {
        let (_, facts, symptoms, _) = OBJECTS[self.object];
        if matches!(self.what, What::Load(_)) { facts } else { symptoms }
    }

    fn stamp_s(&self) -> u64 {
        self.written_s.saturating_add_signed(OBJECTS[self.object].3)
    }

    fn input(&self, number: u64) -> BookInput {
        let (object, ..) = OBJECTS[self.object];
        let source = SOURCES[self.source()].to_owned();
        let said = |symptom: &str, hold_ms, change| {
            let said = raise(self.stamp_s(), object, symptom, number);
            BookInput::Symptom(Box::new(model::RuleAlert { hold_ms, change, source: source.clone(), ..said }))
        };
        match self.what {
            What::Hold => said("r/held", HOLD_S * 1000, Change::Raise),
            What::Raise => said("r/slow", 0, Change::Raise),
            What::Clear => said("r/slow", 0, Change::Clear),
            What::Load(high) => {
                let metrics = vec![("load".to_owned(), if high { 9.0 } else { 1.0 })];
                let facts = BookInput::Facts(ObjectFacts { metrics, ..facts(self.stamp_s(), object) });
                BookInput::Of { source, input: Box::new(facts) }
            }
        }
    }
}

fn lines() -> impl Strategy<Value = Vec<Line>> {
    let what = prop_oneof![
        2 => Just(What::Load(true)),
        2 => Just(What::Load(false)),
        2 => Just(What::Hold),
        1 => Just(What::Raise),
        1 => Just(What::Clear),
    ];
    proptest::collection::vec((0..5_u64, 0..OBJECTS.len(), what), 1..80).prop_map(|steps| {
        let mut written_s = START_S;
        let line = |(after, object, what)| {
            // What is due is due at an odd second, and no line stands there.
            written_s += 2 * after;
            Line { written_s, object, what }
        };
        steps.into_iter().map(line).collect()
    })
}

fn config_of_time() -> ComplianceConfig {
    let wait_ms = WAIT_S * 1000;
    let load = AlertDefinition { wait_ms, cancel_ms: CANCEL_S * 1000, ..define("load", fact("metrics.load > 4.0")) };
    let slow = AlertDefinition { wait_ms: SLOW_S * 1000, ..define("slow", symptom("r/slow")) };
    ComplianceConfig { definitions: vec![load, slow, define("held", symptom("r/held"))], ..ComplianceConfig::default() }
}

/// Object, definition, and from when to when (seconds) the alert was open.
type Opened = BTreeSet<(String, String, u64, Option<u64>)>;

/// When an alert was open by the lines of one object alone, each with the time that it counts for.
fn expected(counted: &[(u64, Line)]) -> Opened {
    let mut all = Opened::new();
    for (object, (name, ..)) in OBJECTS.iter().enumerate() {
        let own = || counted.iter().filter(move |(_, line)| line.object == object).map(|(at, line)| (*at, line.what));
        let load = own().filter_map(|(at, what)| if let What::Load(high) = what { Some((at, high)) } else { None });
        let slow = own().filter(|(_, what)| matches!(what, What::Raise | What::Clear));
        let slow = slow.map(|(at, what)| (at, what == What::Raise));
        // A hold is a raise that is cleared by itself where no other comes in time.
        let raises: Vec<u64> = own().filter(|(_, what)| *what == What::Hold).map(|(at, _)| at).collect();
        let mut held = Vec::new();
        for (at, raised) in raises.iter().enumerate() {
            held.push((*raised, true));
            if raises.get(at + 1).is_none_or(|next| *next >= raised + HOLD_S) {
                held.push((raised + HOLD_S, false));
            }
        }
        for (definition, turns, wait_s, cancel_s) in
            [("load", load.collect(), WAIT_S, CANCEL_S), ("slow", slow.collect(), SLOW_S, 0), ("held", held, 0, 0)]
        {
            for (from, until) in intervals(turns, wait_s, cancel_s) {
                all.insert(((*name).to_owned(), definition.to_owned(), from, until));
            }
        }
    }
    all
}

/// From a condition's turns to the times at which its alert is open.
fn intervals(turns: Vec<(u64, bool)>, wait_s: u64, cancel_s: u64) -> Vec<(u64, Option<u64>)> {
    let mut open: Vec<(u64, Option<u64>)> = Vec::new();
    let (mut since, mut is_open) = ((0, false), false);
    let mut settle = |(turned, holds): (u64, bool), now: Option<u64>| {
        let due = turned + if holds { wait_s } else { cancel_s };
        if holds == is_open || now.is_some_and(|now| now < due) {
            return;
        }
        is_open = holds;
        match open.last_mut() {
            Some(last) if !holds => last.1 = Some(due),
            // The same alert, not a twin.
            Some(last) if last.1 == Some(turned) => last.1 = None,
            _ => open.push((due, None)),
        }
    };
    for (at, holds) in turns {
        settle(since, Some(at));
        if holds != since.1 {
            since = (at, holds);
        }
        settle(since, Some(at));
    }
    settle(since, None);
    open
}

fn note(changes: &BookChanges, opened: &mut BTreeMap<String, Alert>) {
    opened.extend(changes.alerts.iter().map(|alert| (alert.id.clone(), (**alert).clone())));
}

fn seen(opened: BTreeMap<String, Alert>) -> Opened {
    let one = |alert: Alert| {
        let (object, definition) = (alert.object.to_string(), alert.definition.to_string());
        (object, definition, alert.opened_ns / S, alert.cancelled_ns.map(|ns| ns / S))
    };
    opened.into_values().map(one).collect()
}

/// A host with files, on a clock that goes second by second.
struct Sim {
    random: u64,
    world: World,
    kept: Kept,
    opened: BTreeMap<String, Alert>,
    counted: Vec<(u64, Line)>,
    files: [Vec<(u64, Line)>; 4],
    read: [usize; 4],
    until_s: [u64; 4],
    caught_up: [bool; 4],
}

impl Sim {
    fn new(random: u64) -> Self {
        Self {
            random,
            world: World::new(config_of_time()),
            kept: Kept::default(),
            opened: BTreeMap::new(),
            counted: Vec::new(),
            files: Default::default(),
            read: [0; 4],
            until_s: [0; 4],
            caught_up: [false; 4],
        }
    }

    fn below(&mut self, bound: usize) -> usize {
        self.random = self.random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.random >> 33) as usize % bound
    }

    /// One turn of the recorder: some files are read some way, in some order.
    fn turn(&mut self, now_s: u64, all: bool) {
        self.world.clock(now_s);
        let first = self.below(4);
        for source in (0..4).map(|at| (first + at) % 4) {
            if !all && self.below(3) == 0 {
                continue;
            }
            let waiting = self.files[source].len() - self.read[source];
            let take = if all { waiting } else { waiting.min(self.below(6)) };
            for (number, line) in self.files[source][self.read[source]..][..take].iter() {
                self.world.apply(line.input(*number));
                self.counted.push((line.stamp_s().min(now_s), *line));
            }
            self.read[source] += take;
            if take == waiting {
                self.caught_up[source] |= now_s - self.until_s[source] >= 10;
                self.until_s[source] = now_s;
            }
        }
        for (source, name) in SOURCES.into_iter().enumerate() {
            if std::mem::take(&mut self.caught_up[source])
                && let Some((_, last)) = self.files[source].last()
            {
                self.world.apply(BookInput::CaughtUp { source: name.to_owned(), time_ns: last.stamp_s() * S });
            }
        }
        let behind = SOURCES.iter().zip(self.until_s).map(|(source, until_s)| ((*source).to_owned(), until_s * S));
        self.world.apply(BookInput::Quiet { until_ns: now_s * S, behind: behind.collect() });
        let changes = self.world.book.take();
        note(&changes, &mut self.opened);
        self.kept.commit(changes);
    }

    fn restart(&mut self, now_s: u64) {
        self.world.book = self.kept.restart(&self.world.book);
        self.world.book.resume(now_s * S, |_| true);
        (self.until_s, self.caught_up) = ([0; 4], [false; 4]);
    }
}

/// Plays `lines`: the host is down now and then, and in the end everything is quiet.
fn live(lines: &[Line], random: u64) -> Sim {
    let mut sim = Sim::new(random);
    let (mut down_until, last) = (0, lines.last().map_or(START_S, |line| line.written_s));
    let mut lines = lines.iter().zip(0..).peekable();
    for now_s in START_S..last + 300 {
        while let Some((line, number)) = lines.next_if(|(line, _)| line.written_s <= now_s) {
            sim.files[line.source()].push((number, *line));
        }
        if now_s < down_until && now_s < last + 50 {
            continue;
        }
        if down_until > 0 {
            down_until = 0;
            sim.restart(now_s);
        }
        sim.turn(now_s, now_s > last + 60);
        if sim.below(40) == 0 && now_s < last {
            down_until = now_s + 1 + sim.below(120) as u64;
        }
    }
    sim
}

/// The same lines, sorted, without a clock.
fn replayed(lines: &[Line]) -> Opened {
    let (mut world, mut opened) = (World::new(config_of_time()), BTreeMap::new());
    let mut sorted: Vec<(u64, &Line)> = (0..).zip(lines).collect();
    sorted.sort_by_key(|(number, line)| (line.stamp_s(), line.source(), *number));
    for (number, line) in sorted {
        world.time(line.stamp_s());
        world.apply(line.input(number));
        note(&world.book.take(), &mut opened);
    }
    world.time(START_S * 10);
    note(&world.book.take(), &mut opened);
    seen(opened)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn however_files_are_read_and_hosts_are_down_the_alerts_are_those_of_the_lines(
        lines in lines(),
        random in any::<u64>(),
    ) {
        let sim = live(&lines, random);
        prop_assert_eq!(seen(sim.opened.clone()), expected(&sim.counted));
        let stamped: Vec<(u64, Line)> = lines.iter().map(|line| (line.stamp_s(), *line)).collect();
        prop_assert_eq!(replayed(&lines), expected(&stamped));
        // A clock that is not ahead counts as it says, live and in a replay.
        let in_time = |all: Opened| all.into_iter().filter(|(object, ..)| object != "vm2").collect::<Opened>();
        prop_assert_eq!(in_time(seen(sim.opened)), in_time(replayed(&lines)));
    }
}

#[test]
fn a_clock_that_is_ahead_voids_nothing_of_others() {
    let slow = AlertDefinition { wait_ms: 120_000, ..define("slow", symptom("kw/keyword")) };
    let mut world = World::new(with(vec![slow, define("held", symptom("kw/held"))]));
    world.clock(1000);
    world.raise(1000 + 540, "vm2", "kw/keyword");
    world.raise(1000, "vm1", "kw/keyword");
    world.raise_with(1000, "vm1", "kw/held", |said| said.hold_ms = 300_000);
    assert_eq!(world.alerts(), ["vm1 held open warning x1"]);
    world.apply(BookInput::Quiet { until_ns: 1119 * S, behind: Vec::new() });
    assert_eq!(world.alerts(), ["vm1 held open warning x1"], "neither has waited for two minutes");
    world.apply(BookInput::Quiet { until_ns: 1120 * S, behind: Vec::new() });
    assert_eq!(world.alert("vm1", "slow").opened_ns, 1120 * S);
    assert_eq!(world.alert("vm2", "slow").opened_ns, 1120 * S, "its line counts as of when it came");
}

#[test]
fn a_raise_that_was_stamped_ahead_is_cleared_by_its_rule() {
    for ahead in [300, 86_400, 10_000_000_000] {
        let mut world = World::new(ComplianceConfig::default());
        world.clock(1000);
        world.raise(1000 + ahead, "vm", "a/b");
        world.clock(1010);
        world.clear(1009, "vm", "a/b");
        assert_eq!(world.alerts(), ["vm a/b cancelled warning x1 by clear"]);
    }
}

#[test]
fn lines_that_nobody_wants_bring_a_backlog_to_its_end() {
    let slow = AlertDefinition { wait_ms: 900_000, ..define("slow", symptom("r/slow")) };
    let mut world = World::new(with(vec![slow]));
    world.clock(20_000);
    world.book.resume(20_000 * S, |_| true);
    world.raise_with(12_800, "vm", "kw/keyword", |said| said.hold_ms = 300_000);
    world.raise(12_800, "vm", "r/slow");
    let quiet =
        |until_s: u64| BookInput::Quiet { until_ns: until_s * S, behind: vec![("log".to_owned(), until_s * S)] };
    world.apply(BookInput::Quiet { until_ns: 20_000 * S, behind: vec![("log".to_owned(), 0)] });
    assert_eq!(world.alerts(), ["vm kw/keyword open warning x1"], "lines wait to be read");
    world.apply(BookInput::CaughtUp { source: "log".to_owned(), time_ns: 19_940 * S });
    world.apply(quiet(20_000));
    assert_eq!(world.alerts(), ["vm kw/keyword cancelled warning x1 by hold", "vm slow open warning x1"]);
    assert_eq!(world.alert("vm", "slow").opened_ns, 13_700 * S);
    assert_eq!(world.book.event_ns(), 19_940 * S);
}

#[test]
fn an_inventory_alone_opens_alerts_now_and_lets_waits_elapse() {
    let no_owner = || fact("!has(properties.owner)");
    let slow = AlertDefinition { wait_ms: 15_000, ..define("slow", no_owner()) };
    let mut world = World::new(with(vec![define("now", no_owner()), slow]));
    world.clock(1000);
    world.apply(BookInput::Inventory(vec![facts(0, "vm")]));
    assert_eq!(world.alert("vm", "now").opened_ns, 1000 * S);
    world.apply(BookInput::Quiet { until_ns: 1014 * S, behind: vec![("log".to_owned(), 0)] });
    assert_eq!(world.alerts(), ["vm now open warning x0"]);
    world.apply(BookInput::Quiet { until_ns: 1015 * S, behind: vec![("log".to_owned(), 0)] });
    assert_eq!(world.alert("vm", "slow").opened_ns, 1015 * S);
    let taken = world.book.take();
    assert!(taken.audit.iter().all(|entry| entry.time_ns >= 1000 * S), "{:?}", taken.audit);
    assert!(taken.badges.iter().all(|point| point.time_ns >= 1000 * S), "{:?}", taken.badges);
}

#[test]
fn a_change_of_the_configuration_has_the_hosts_clock() {
    let mut world = World::new(house());
    world.clock(100);
    world.property(50, "vm", "env", "playground");
    world.raise(50, "vm", "docker/create");
    world.book.take();
    world.clock(5000);
    world.configure(ComplianceConfig { policies: Vec::new(), ..house() });
    let taken = world.book.take();
    assert!(taken.audit.iter().all(|entry| entry.time_ns == 5000 * S), "{:?}", taken.audit);
    assert!(!taken.badges.is_empty() && taken.badges.iter().all(|point| point.time_ns == 5000 * S));
}

#[test]
fn a_clock_that_was_ahead_is_followed_back() {
    let mut world = World::new(ComplianceConfig::default());
    world.clock(1_000_000);
    world.raise(1_000_000, "vm", "a/b");
    let matchers = vec![crate::Matcher { name: "object".to_owned(), pattern: Pattern::new("vm"), negated: false }];
    let silence = CommandAction::Silence { matchers, from_ns: None, until_ns: 1_003_600 * S, why: String::new() };
    world.ask(1_000_000, silence.clone()).unwrap();
    assert_eq!(world.alerts(), ["vm a/b open warning x1 silenced"]);
    world.book.take();
    world.clock(5_000);
    assert_eq!(world.alerts(), ["vm a/b open warning x1"], "that silence is to come");
    let taken = world.book.take();
    assert!(taken.audit.iter().any(|entry| entry.what == "clock set back" && entry.time_ns == 5_000 * S));
    assert_eq!(world.alert("vm", "a/b").opened_ns, 5_000 * S);
    world.clear(5_000, "vm", "a/b");
    assert_eq!(world.alerts(), ["vm a/b cancelled warning x1 by clear"]);
    let CommandAction::Silence { matchers, .. } = silence else { panic!("a silence") };
    world
        .ask(5_001, CommandAction::Silence { matchers, from_ns: None, until_ns: 8_601 * S, why: String::new() })
        .unwrap();
}
