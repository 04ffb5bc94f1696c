//! Cuts: what is committed is what an engine that is never interrupted says, wherever it is thrown
//! away and with however many shards it goes on; and nothing is acknowledged before its cut is.

#![allow(clippy::unwrap_used, reason = "in tests, also beside their functions")]

mod common;

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
    time::{Duration, Instant},
};

use common::{Dones, Event, config, numbered, rule, rules, sources, within};
use lifesigns_engine::{Engine, EngineConfig, RuleSet};
use lifesigns_model::{
    Checkpoint, InitialState, ObjectClock, ObjectFacts, Observation, ReminderUpdate, RuleKey, RuleState, SourceOffset,
    StateChange, StateError,
};

/// A second of event time; the wall clock, which moves silent objects, does not matter beside it.
const S: u64 = 1_000_000_000;
const CHUNKS: usize = 60;

struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }
}

/// Windows, different values, values that expire: says all of them.
fn windows(event: &Event<'_>, state: &mut dyn RuleState) -> Result<Option<String>, StateError> {
    let at = event.number;
    let count = state.count(at, "count", 1 + (event.message.len() % 3) as u32, 9_000_000)?;
    let word = event.message.split(' ').next_back();
    let distinct = state.distinct(at, "words", word, 12_000_000)?;
    let last = state.get(at, "last")?.map(|last| String::from_utf8_lossy(last).into_owned());
    state.set(at, "last", event.message.as_bytes(), 3_000_000)?;
    if word == Some("w3") {
        state.delete(at, "count")?;
    }
    let env = event.properties[0];
    Ok(Some(format!("{} {} {count} {distinct} {last:?} {env:?}", event.kind, event.object)))
}

/// Sets, moves and takes back reminders, and counts those that fire.
fn reminds(event: &Event<'_>, state: &mut dyn RuleState) -> Result<Option<String>, StateError> {
    let at = event.number;
    if event.kind == 2 {
        let fired = state.count(at, "fired", 1, 1 << 50)?;
        if fired % 3 == 0 {
            state.remind_at(at, "again", event.time_ns + 2000 * S)?;
        }
        return Ok(Some(format!("reminder {} {} {fired} at {}", event.object, event.message, event.time_ns / S)));
    }
    match event.message.split(' ').next_back() {
        Some("w1") => state.remind_at(at, "one", event.time_ns + 4000 * S)?,
        Some("w2") => state.remind_at(at, "two", event.time_ns + 9000 * S)?,
        Some("w4") => state.forget(at, "two")?,
        _ => {}
    }
    Ok(None)
}

/// Fails on some lines, says some others.
fn fails(event: &Event<'_>, _: &mut dyn RuleState) -> Result<Option<String>, StateError> {
    if event.message.ends_with("w5") {
        return Err(StateError("it fails".into()));
    }
    Ok(event.message.ends_with("w0").then(|| format!("fine {}", event.message)))
}

fn rule_set() -> Arc<RuleSet> {
    rules(&[
        rule("windows", &["word"], &["env"], false, windows),
        rule("reminds", &["word w"], &[], true, reminds),
        rule("zeroes", &["w0"], &[], false, fails),
    ])
}

/// Chunks of two sources, in the order in which they are handed in: late lines, lines without a
/// time, facts, silent objects.
fn stream(seed: u64) -> Vec<(usize, String)> {
    let mut random = Random(seed);
    let mut clock = 1_000_000_u64;
    let mut chunk = |_| {
        let mut text = String::new();
        for _ in 0..1 + random.below(6) {
            clock += random.below(1500);
            let late = if random.below(4) == 0 { random.below(6000) } else { 0 };
            let time = if random.below(8) == 0 { "-".to_owned() } else { ((clock - late) * 1000).to_string() };
            let object = random.below(7);
            let word = random.below(5);
            text += &match random.below(9) {
                0 => format!("{time} vm-{object} \"properties\" env=e{word}\n"),
                1 => format!("{time} vm-{object} \"properties\" env\n"),
                2 => format!("{time} vm-{object} no rule wants this\n"),
                3 => format!("{time} vm-{object} a word for vm-{object}\n"),
                _ => format!("{time} vm-{object} word w{word}\n"),
            };
        }
        (random.below(2) as usize, text)
    };
    (0..CHUNKS).map(&mut chunk).collect()
}

fn known() -> Vec<ObjectFacts> {
    let properties = vec![("env".into(), Some("known".into()))];
    vec![ObjectFacts { object: "vm-1".into(), properties, ..ObjectFacts::default() }]
}

/// What a store keeps.
#[derive(Default)]
struct Book {
    signs: Vec<Observation>,
    states: BTreeMap<(RuleKey, String, String), Vec<u8>>,
    reminders: BTreeMap<(String, RuleKey, String), ReminderUpdate>,
    objects: BTreeMap<String, u64>,
    offsets: HashMap<String, SourceOffset>,
}

impl Book {
    fn commit(&mut self, cut: Checkpoint) {
        for StateChange { rule, object, key, entry, .. } in cut.states {
            match entry {
                Some(entry) => self.states.insert((rule, object, key), entry),
                None => self.states.remove(&(rule, object, key)),
            };
        }
        for set in cut.reminders {
            let name = (set.object.clone(), set.rule.clone(), set.name.clone());
            match set.due_ns {
                Some(_) => self.reminders.insert(name, set),
                None => self.reminders.remove(&name),
            };
        }
        for ObjectClock { object, time_ns } in cut.objects {
            self.objects.insert(object, time_ns.expect("nothing is evicted"));
        }
        self.offsets.extend(cut.offsets.into_iter().map(|offset| (offset.source.clone(), offset)));
        self.signs.extend(cut.observations);
        cut.acks.release();
    }

    fn start(&self) -> InitialState {
        let facts = self.signs.iter().filter_map(|sign| match sign {
            Observation::Facts(facts, _) => Some(facts.clone()),
            _ => None,
        });
        let state = |((rule, object, key), entry): (&(RuleKey, String, String), &Vec<u8>)| StateChange {
            rule: rule.clone(),
            object: object.clone(),
            key: key.clone(),
            version: 0,
            entry: Some(entry.clone()),
        };
        let clock =
            |(object, time_ns): (&String, &u64)| ObjectClock { object: object.clone(), time_ns: Some(*time_ns) };
        InitialState {
            known: known(),
            facts: facts.collect(),
            states: self.states.iter().map(state).collect(),
            reminders: self.reminders.values().cloned().collect(),
            objects: self.objects.iter().map(clock).collect(),
            offsets: self.offsets.values().cloned().collect(),
            rule_changes: Vec::new(),
        }
    }

    /// How many chunks of a source are committed.
    fn taken(&self, source: usize) -> usize {
        let cursor = self.offsets.get(&format!("source-{source}")).and_then(|offset| offset.cursor.as_ref());
        cursor.map_or(0, |cursor| usize::from_le_bytes(cursor.as_slice().try_into().expect("a cursor of ours")))
    }
}

fn start(shards: usize, start: InitialState) -> Engine {
    let config = EngineConfig { checkpoints: true, ..config(shards) };
    Engine::start(&config, rule_set(), start, Arc::new(|_| panic!("the sink is not called"))).unwrap()
}

/// The stream without interruption, in one cut or in many.
fn whole(stream: &[(usize, String)], shards: usize, every: usize) -> Book {
    let (mut book, dones) = (Book::default(), Dones::default());
    let engine = start(shards, InitialState { known: known(), ..InitialState::default() });
    let mut before = [0, 0];
    for (number, (source, text)) in stream.iter().enumerate() {
        engine.submit(numbered(*source, before[*source], text, &dones)).expect("the engine is open");
        before[*source] += 1;
        if number % every == 0 {
            book.commit(engine.checkpoint());
        }
    }
    book.commit(engine.checkpoint());
    assert_eq!(dones.lock().unwrap().len(), stream.len());
    book
}

/// The stream with an engine that is thrown away again and again.
fn interrupted(stream: &[(usize, String)], random: &mut Random) -> Book {
    let (mut book, dones) = (Book::default(), Dones::default());
    let mut lives = 0;
    loop {
        lives += 1;
        let engine = start(1 + random.below(4) as usize, book.start());
        let mut skip = [book.taken(0), book.taken(1)];
        let mut before = [0, 0];
        let mut thrown_away = false;
        for (source, text) in stream {
            before[*source] += 1;
            if skip[*source] > 0 {
                skip[*source] -= 1;
                continue;
            }
            engine.submit(numbered(*source, before[*source] - 1, text, &dones)).expect("the engine is open");
            if random.below(6) == 0 {
                book.commit(engine.checkpoint());
            }
            if lives < 12 && random.below(25) == 0 {
                // Sometimes in the middle of a commit.
                if random.below(2) == 0 {
                    drop(engine.checkpoint());
                }
                thrown_away = true;
                break;
            }
        }
        if !thrown_away {
            book.commit(engine.checkpoint());
        }
        let committed = book.taken(0) + book.taken(1);
        drop(engine);
        let mut dones: Vec<_> = dones.lock().unwrap().clone();
        dones.sort_unstable();
        dones.dedup();
        assert_eq!(dones.len(), committed, "acknowledged is what is committed");
        if !thrown_away {
            assert!(dones.len() == stream.len());
            return book;
        }
    }
}

#[test]
fn wherever_an_engine_is_thrown_away_the_next_one_goes_on_as_if_it_never_was() {
    for seed in 0..60 {
        let mut random = Random(seed + 1000);
        let stream = stream(seed);
        let expected = whole(&stream, 1, usize::MAX);
        let alerts = expected.signs.iter().filter(|sign| matches!(sign, Observation::RuleAlert(_))).count();
        assert!(alerts > 50, "{alerts} alerts");
        for shards in [2, 3] {
            assert_eq!(whole(&stream, shards, 1 + shards).signs, expected.signs, "seed {seed}, {shards} shards");
        }
        let book = interrupted(&stream, &mut random);
        for (number, (one, other)) in book.signs.iter().zip(&expected.signs).enumerate() {
            assert_eq!(one, other, "seed {seed}, sign {number}");
        }
        assert_eq!(book.signs.len(), expected.signs.len(), "seed {seed}");
        let keys = |book: &Book| (book.states.keys().cloned().collect::<Vec<_>>(), book.objects.clone());
        assert_eq!(keys(&book), keys(&expected), "seed {seed}");
        let due = |book: &Book| book.reminders.values().map(|set| (set.due_ns, set.line)).collect::<Vec<_>>();
        assert_eq!(due(&book), due(&expected), "seed {seed}");
    }
}

#[test]
fn nothing_is_acknowledged_before_its_cut_is_released() {
    within(|| {
        let dones = Dones::default();
        let engine = start(2, InitialState::default());
        assert!(engine.checkpoint_ready().is_empty() && engine.checkpoint().is_empty());
        engine.submit(numbered(0, 0, "1000 vm-1 word w1\n", &dones)).expect("the engine is open");
        assert!(engine.checkpoint_ready().recv_timeout(Duration::from_secs(30)).is_ok());
        let cut = engine.checkpoint();
        let alerts =
            |cut: &Checkpoint| cut.observations.iter().filter(|sign| matches!(sign, Observation::RuleAlert(_))).count();
        assert_eq!(alerts(&cut), 1, "{cut:?}");
        assert_eq!(cut.offsets[0].lines, 1);
        engine.submit(numbered(0, 1, "2000 vm-1 word w1\n", &dones)).expect("the engine is open");
        let next = engine.checkpoint();
        std::thread::sleep(Duration::from_millis(50));
        assert!(dones.lock().unwrap().is_empty() && engine.inflight_bytes() > 0);
        cut.acks.release();
        assert_eq!(*dones.lock().unwrap(), [(0, 0)]);
        assert!(engine.inflight_bytes() > 0);
        drop(next);
        assert_eq!(*dones.lock().unwrap(), [(0, 0)], "never acknowledged, but its room is given back");
        assert_eq!(engine.inflight_bytes(), 0);
        engine.submit(numbered(0, 2, "3000 vm-1 word w1\n", &dones)).expect("the engine is open");
        engine.stop();
        assert_eq!(*dones.lock().unwrap(), [(0, 0)], "nor what was in no cut");
    });
}

#[test]
fn what_waits_for_a_cut_takes_room_and_calls_for_one() {
    within(|| {
        let config = EngineConfig { checkpoints: true, inflight_bytes: 1000, ..config(1) };
        let engine = Engine::start(&config, rule_set(), InitialState::default(), Arc::new(|_| ())).unwrap();
        let dones = Dones::default();
        let engine = &engine;
        std::thread::scope(|scope| {
            let feeder = scope.spawn(|| {
                for number in 0..200 {
                    engine
                        .submit(numbered(0, number, &format!("{number}000 vm-1 word w{number}\n"), &dones))
                        .expect("the engine is open");
                }
            });
            let begun = Instant::now();
            while !feeder.is_finished() || engine.inflight_bytes() > 0 {
                // It does not wait that long while a submitter waits for room.
                let longest = if feeder.is_finished() { Duration::ZERO } else { Duration::from_millis(500) };
                let _ = engine.checkpoint_urgent().recv_timeout(longest);
                engine.checkpoint().acks.release();
            }
            assert!(begun.elapsed() < Duration::from_secs(30));
        });
        engine.flush();
        assert_eq!(dones.lock().unwrap().len(), 200);
    });
}

#[test]
fn state_that_cannot_be_read_is_left_out_and_counted() {
    within(|| {
        let change = |key: &str, entry: &[u8]| StateChange {
            rule: "windows".into(),
            object: "vm-1".into(),
            key: key.into(),
            version: 0,
            entry: Some(entry.to_vec()),
        };
        let states = vec![change("count", b""), change("words", &[7, 7]), change("last", &[1, 1, 0, 0, 0, b'x'])];
        let engine = start(3, InitialState { states, ..InitialState::default() });
        engine.submit(numbered(0, 0, "1000 vm-1 word w1\n", &Dones::default())).expect("the engine is open");
        let cut = engine.checkpoint();
        let Some(Observation::RuleAlert(alert)) = cut.observations.last() else { panic!("{cut:?}") };
        assert_eq!(alert.summary, "0 vm-1 2 1 Some(\"x\") None");
        drop(cut);
        assert_eq!(engine.stop().report.states_left_out, 2);
    });
}

#[test]
fn facts_by_call_and_reminders_of_silent_objects_are_in_the_cut() {
    within(|| {
        let engine = start(1, InitialState::default());
        let facts = ObjectFacts { time_ns: 5, ..known().remove(0) };
        engine.submit_facts(&sources()[1], facts.clone()).expect("the engine is open");
        // Due in a moment, and nothing else comes.
        engine.submit(numbered(0, 0, "1000 vm-1 remind\n", &Dones::default())).expect("the engine is open");
        let cut = engine.checkpoint();
        let source = sources()[1].name.clone();
        let seen = Observation::Seen { object: "vm-1".into(), source: source.clone(), time_ns: 5 };
        assert_eq!(cut.observations[..2], [seen, Observation::Facts(facts, source)]);
        assert_eq!(cut.offsets.iter().map(|place| place.source.as_str()).collect::<Vec<_>>(), ["source-0"]);
        cut.acks.release();
        // What the inventory says is marked as that, and not by the name of its source.
        let facts = ObjectFacts { object: "vm-2".into(), time_ns: 6, ..known().remove(0) };
        engine.submit_inventory(&sources()[1], facts.clone()).expect("the engine is open");
        assert_eq!(engine.checkpoint().observations[..1], [Observation::Inventory(facts)], "and it was not heard of");
    });
    within(|| {
        fn soon(event: &Event<'_>, state: &mut dyn RuleState) -> Result<Option<String>, StateError> {
            if event.kind == 2 {
                return Ok(Some("silence".into()));
            }
            state.remind_at(event.number, "r", event.time_ns + S / 5)?;
            Ok(None)
        }
        let config = EngineConfig { checkpoints: true, ..config(2) };
        let rules = rules(&[rule("soon", &[], &[], true, soon)]);
        let engine = Engine::start(&config, Arc::clone(&rules), InitialState::default(), Arc::new(|_| ())).unwrap();
        engine.submit(numbered(0, 0, "1000 vm-1 hello\n", &Dones::default())).expect("the engine is open");
        let cut = engine.checkpoint();
        assert_eq!((cut.observations.len(), cut.reminders.len()), (1, 1));
        // The next one, with what was committed, waits for it as long.
        let begin =
            InitialState { objects: cut.objects.clone(), reminders: cut.reminders.clone(), ..InitialState::default() };
        drop((cut, engine));
        let engine = Engine::start(&config, rules, begin, Arc::new(|_| ())).unwrap();
        assert!(engine.checkpoint_ready().recv_timeout(Duration::from_secs(30)).is_ok());
        let cut = engine.checkpoint();
        let [Observation::RuleAlert(alert)] = &cut.observations[..] else { panic!("{cut:?}") };
        assert_eq!((alert.summary.as_str(), alert.source.as_str(), alert.line), ("silence", "source-0", 1));
        assert_eq!(alert.text, "1000 vm-1 hello");
        assert_eq!(cut.reminders[0].due_ns, None);
    });
}
