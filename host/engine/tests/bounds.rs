//! What waits for a cut is bounded in bytes, and what the host does for a rule on one line is bounded.

mod common;

use std::{sync::Arc, time::Duration};

use common::{Event, chunk, config, rule, rule_of, rules, sink, source, summaries, within};
use lifesigns_engine::{Engine, EngineConfig, LoadedRule};
use lifesigns_model::{
    Checkpoint, EventKind, EventKinds, InitialState, Interest, InterestCondition, ManualClock, Observation, RuleKey,
    RuleState, StateError, Subject, ValueTest,
};

/// Says every line, at some length.
fn long(event: &Event<'_>, _: &mut dyn RuleState) -> Result<Option<String>, StateError> {
    Ok(Some("x".repeat(1000) + event.message))
}

/// Says every line.
fn say(event: &Event<'_>, _: &mut dyn RuleState) -> Result<Option<String>, StateError> {
    Ok(Some(event.message.to_owned()))
}

fn lines(cut: &Checkpoint) -> Vec<u64> {
    let line = |sign: &Observation| match sign {
        Observation::RuleAlert(alert) => Some(alert.line),
        _ => None,
    };
    cut.observations.iter().filter_map(line).collect()
}

#[test]
fn short_lines_of_which_much_is_said_are_cut_early_and_in_order() {
    within(|| {
        const CHUNKS: u64 = 60;
        const LINES: u64 = 4000;
        let (_, sink) = sink();
        let config = EngineConfig { checkpoints: true, ..config(2) };
        let list = rules(&[rule("r", &["hello"], &[], false, long)]);
        let engine = Arc::new(Engine::start(&config, list, InitialState::default(), sink).unwrap());
        let (source, submits) = (source("a", 0), Arc::clone(&engine));
        let submitter = std::thread::spawn(move || {
            let mut numbers = 0..;
            for _ in 0..CHUNKS {
                let text: String =
                    numbers.by_ref().take(LINES as usize).map(|n| format!("1000 {} hello\n", n % 7)).collect();
                assert!(submits.submit(chunk(&source, &text, None)).is_ok());
            }
        });
        let (mut seen, mut early, mut most) = (Vec::new(), 0, 0);
        while seen.len() < (CHUNKS * LINES) as usize {
            let _ = engine.checkpoint_ready().recv_timeout(Duration::from_millis(50));
            let cut = engine.checkpoint();
            early += usize::from(cut.early);
            let lines = lines(&cut);
            most = most.max(lines.len());
            seen.extend(lines);
            cut.acks.release();
        }
        submitter.join().unwrap();
        assert_eq!(seen, (1..=CHUNKS * LINES).collect::<Vec<_>>());
        // All of it is 400 MB; a cut holds what is allowed, and what came of the chunks that shards had.
        let bound = (CHUNKS * LINES / 4) as usize;
        assert!(early > 0 && most < bound, "{early} early, {most} of {bound} at once");
        assert!(engine.totals().report.failures.is_empty());
    });
}

#[test]
fn the_cut_that_ends_it_is_whole_after_early_ones() {
    within(|| {
        let (_, sink) = sink();
        let config = EngineConfig { checkpoints: true, ..config(1) };
        let list = rules(&[rule("r", &["hello"], &[], false, long)]);
        let engine = Engine::start(&config, list, InitialState::default(), sink).unwrap();
        let source = source("a", 0);
        for _ in 0..20 {
            assert!(engine.submit(chunk(&source, &"1000 a hello\n".repeat(5000), None)).is_ok());
        }
        // As a host does that stops: until a cut is not early, whether anything is dirty or not.
        let mut seen = 0;
        loop {
            let cut = engine.checkpoint();
            seen += lines(&cut).len();
            let early = cut.early;
            cut.acks.release();
            if !early {
                break;
            }
        }
        assert_eq!(seen, 100_000);
    });
}

#[test]
fn a_thousand_literals_within_each_other_are_one() {
    within(|| {
        let nested: Vec<String> = (7..1007).map(|len| "a".repeat(len)).collect();
        let nested: Vec<&str> = nested.iter().map(String::as_str).collect();
        let list = rules(&[rule("r", &nested, &[], false, say)]);
        let shortest = rules(&[rule("r", &["aaaaaaa"], &[], false, say)]);
        assert_eq!(list.stats().literals, shortest.stats().literals);
        let (kept, sink) = sink();
        let engine = Engine::start(&config(1), list, InitialState::default(), sink).unwrap();
        let text = format!("1 o {}\n1 o aaaaaa\n1 o aaaaaaa\n", "a".repeat(60_000));
        engine.submit(chunk(&source("a", 0), &text, None)).expect("the engine is open");
        engine.stop();
        let lengths: Vec<usize> = summaries(&kept).iter().map(String::len).collect();
        assert_eq!(lengths, [60_000, 7]);
    });
}

#[test]
fn a_literal_that_stands_often_before_the_message_is_found_in_it_all_the_same() {
    within(|| {
        let list = rules(&[rule("r", &["needle"], &[], false, say)]);
        let (kept, sink) = sink();
        let engine = Engine::start(&config(1), list, InitialState::default(), sink).unwrap();
        let mut expected = Vec::new();
        let mut text = String::new();
        for before in 0..10 {
            for inside in ["a needle", "a needless needle", "nothing", "need le"] {
                text.push_str(&format!("1 o{} {before} {inside}\n", "needle".repeat(before)));
                if inside.contains("needle") {
                    expected.push(format!("{before} {inside}"));
                }
            }
        }
        engine.submit(chunk(&source("a", 0), &text, None)).expect("the engine is open");
        engine.stop();
        let mut said = summaries(&kept);
        said.sort_unstable();
        expected.sort_unstable();
        assert_eq!(said, expected);
    });
}

#[test]
fn conditions_are_paid_for_by_their_rule_which_is_passed_over_when_they_are_too_much() {
    let subjects: [fn(String) -> Subject; 2] = [Subject::Field, Subject::Property];
    for subject in subjects {
        within(move || {
            let interest = |number| {
                let subject = subject(format!("name-{number}"));
                let conditions = vec![InterestCondition { subject, test: ValueTest::Present }];
                let kinds = EventKinds::of(&[EventKind::Log]);
                Interest { kinds, contains: Vec::new(), ignore_case: false, conditions }
            };
            let costly = rule_of("costly", (0..200).map(interest).collect(), &[], say);
            let few = rule_of("few", (0..20).map(interest).collect(), &[], say);
            held_to_its_budget(costly, few, "hello", 5);
        });
    }
}

#[test]
fn literals_that_are_found_are_paid_for_by_their_rule() {
    within(|| {
        let words: Vec<String> = (0..200).map(|number| format!("word-{number:03}")).collect();
        let all: Vec<&str> = words.iter().map(String::as_str).collect();
        let costly = rule("costly", &all, &[], false, say);
        let few = rule("few", &all[..60], &[], false, say);
        // `costly` misses one chunk of five.
        held_to_its_budget(costly, few, &words.join(" "), 5 + 5 + 4);
    });
}

/// A rule that costs about 4 microseconds a line beyond what a line pays for is passed over; one that
/// costs less, and one beside them, are not. All of them answer `chunks_said` times to a chunk's lines.
fn held_to_its_budget(costly: Arc<LoadedRule>, few: Arc<LoadedRule>, message: &str, chunks_said: usize) {
    const LINES: usize = 8_000;
    let beside = rule("beside", &[message.split(' ').next_back().expect("a word")], &[], false, say);
    // It stands still: nothing is paid back.
    let clock = Arc::new(ManualClock::new(1_000_000_000));
    let config = EngineConfig { scanners: 1, clock: Arc::clone(&clock) as _, ..config(1) };
    let (kept, sink) = sink();
    let engine =
        Engine::start(&config, rules(&[beside, costly, few]), InitialState::default(), sink).expect("it starts");
    let (source, text) = (source("a", 0), format!("1000 o {message}\n").repeat(LINES));
    let submit = || {
        assert!(engine.submit(chunk(&source, &text, None)).is_ok());
        engine.flush();
        let failures = engine.totals().report.failures.get(&RuleKey::live("costly")).cloned().unwrap_or_default();
        (failures.over_budget, failures.missed)
    };
    // Of 100 milliseconds at once.
    assert_eq!([submit(), submit(), submit()], [(0, 0), (0, 0), (1, 0)]);
    assert_eq!(submit(), (1, LINES as u64), "the chunk is passed over, and that is counted");
    clock.advance(600_000_000_000);
    assert_eq!(submit(), (1, LINES as u64), "it is paid");
    let totals = engine.totals();
    let error = &totals.report.failures[&RuleKey::live("costly")].last_error;
    assert!(error.starts_with("conditions: about ") && error.contains("its budget is 250 ms a second"), "{error}");
    assert_eq!(totals.report.failures.len(), 1, "no other rule has missed anything");
    assert!(engine.rule_usage()[&RuleKey::live("costly")].total.cpu_ns > 100_000_000);
    assert_eq!(summaries(&kept).len(), chunks_said * LINES);
}
