//! What rules were given is kept with a checkpoint, and running it again gives what came out; interests that are held
//! against a line say what the stream does.

#![allow(clippy::unwrap_used, reason = "in tests, also beside their functions")]

mod common;

use std::sync::{Arc, Mutex};

use common::{Dones, Event, config, numbered, rule, rule_of, rules, sources, within};
use lifesigns_engine::{
    Engine, EngineConfig, LoadedRule, ReplayInput, ReplayOptions, ReplayOutput, interest_matches, replay, run_again,
};
use lifesigns_model::{
    Checkpoint, EventKind, EventKinds, InitialState, Interest, InterestCondition, Limits, ObjectFacts, Observation,
    RuleCall, RuleState, StateError, Subject, TapEvent, ValueTest, limits,
};
use proptest::prelude::*;

/// Counts in three ways, so that its answer depends on all that came before; fails on `poison`.
fn counts(event: &Event<'_>, state: &mut dyn RuleState) -> Result<Option<String>, StateError> {
    let at = event.number;
    if event.message.contains("poison") {
        return Err(StateError(format!("poisoned with {:?}", state.get(at, "last")?)));
    }
    let count = state.count(at, "count", 1, 9_000_000)?;
    let words = state.distinct(at, "words", event.message.split(' ').next_back(), 12_000_000)?;
    let last = state.get(at, "last")?.map(|last| String::from_utf8_lossy(last).into_owned());
    state.set(at, "last", event.message.as_bytes(), 0)?;
    let env = event.properties[0];
    Ok((count % 3 == 0).then(|| format!("{count} {words} {last:?} {env:?}")))
}

/// Commits everything that a text of lines leads to.
fn taken(rule: &Arc<LoadedRule>, text: &str) -> Checkpoint {
    let config = EngineConfig { checkpoints: true, ..config(1) };
    let (rules, text) = (rules(&[Arc::clone(rule)]), text.to_owned());
    within(move || {
        let engine = Engine::start(&config, rules, InitialState::default(), Arc::new(|_| ())).unwrap();
        engine.submit(numbered(0, 0, &text, &Dones::default())).unwrap();
        let checkpoint = engine.checkpoint();
        drop(engine.stop());
        checkpoint
    })
}

fn again(call: &RuleCall, rule: &LoadedRule) -> Result<Vec<String>, String> {
    run_again(call, Arc::clone(&rule.module), Limits::default()).map(|rerun| rerun.differences)
}

#[test]
fn a_raise_is_reproduced_from_what_was_kept_of_it_alone() {
    let rule = rule("counts", &["word"], &["env"], false, counts);
    let mut text = "1000 vm-1 \"properties\" env=test\n".to_owned();
    for number in 0..40 {
        // More than a minute apart, so that every raise is kept; two objects in one batch.
        text.push_str(&format!("{} vm-{} word w{}\n", 100_000 * (number / 2 + 1), number % 2 + 1, number % 5));
    }
    let calls = taken(&rule, &text).calls;
    assert_eq!(calls.len(), 13, "seven raises of the one object, which has a fact, and six of the other");
    assert!(calls.iter().any(|call| call.events.len() > 1), "earlier events of the batch changed the state");
    for call in &calls {
        assert_eq!((call.symptom.as_str(), call.left_out.as_str()), ("seen", ""));
        assert_eq!(again(call, &rule), Ok(Vec::new()), "{call:?}");
        let event = call.events.last().unwrap();
        let env = (call.object == "vm-1").then(|| vec![("env".to_owned(), "test".to_owned())]);
        assert_eq!(event.properties, env.unwrap_or_default());
    }
    // Without the state it is another answer, and that is said.
    let mut bare = calls[12].clone();
    (bare.state, bare.events) = (Vec::new(), bare.events.split_off(bare.events.len() - 1));
    assert!(again(&bare, &rule).is_ok_and(|differences| differences[0].starts_with("only then: raise seen")));
}

#[test]
fn a_poison_event_is_set_aside_with_the_state_before_it() {
    let rule = rule("counts", &["word"], &[], false, |event, state| {
        if event.message.contains("poison") {
            return Err(StateError(format!("poisoned after {}", state.count(event.number, "count", 0, 9_000)?)));
        }
        state.count(event.number, "count", 1, 9_000)?;
        Ok(None)
    });
    let calls = taken(&rule, "1000 vm word a\n1001 vm word b\n1002 vm word poison\n1003 vm word c\n").calls;
    let [call] = calls.as_slice() else { panic!("{calls:?}") };
    let event = call.events.last().unwrap();
    assert_eq!((call.symptom.as_str(), event.message.as_deref()), ("", Some("word poison")));
    assert!(event.error.ends_with("poisoned after 2"), "{}", event.error);
    assert_eq!(again(call, &rule), Ok(Vec::new()));
    let mended = common::rule("counts", &["word"], &[], false, |_, _| Ok(None));
    let rerun = run_again(call, Arc::clone(&mended.module), Limits::default()).unwrap();
    assert!(rerun.error.is_empty() && rerun.differences[0].ends_with("now: it answered"), "{rerun:?}");
}

#[test]
fn a_failure_that_is_one_too_many_to_be_kept_costs_no_state() {
    let rule = rule("counts", &["word"], &[], false, |event, state| {
        if event.message.contains("poison") {
            return Err(StateError("it fails".into()));
        }
        Ok(Some(state.count(event.number, "count", 1, 9_000_000)?.to_string()))
    });
    let many = 2 * limits::CALLS_PER_S;
    let mut text: String = (0..many).map(|number| format!("1000 o-{number} word\n")).collect();
    text.push_str("1001 o-0 word poison\n1002 o-0 word\n");
    let checkpoint = taken(&rule, &text);
    let last = checkpoint.observations.iter().rev().find_map(|observation| match observation {
        Observation::RuleAlert(alert) if alert.object == "o-0" => Some(alert.summary.clone()),
        _ => None,
    });
    assert_eq!(last.as_deref(), Some("2"), "it goes on counting");
}

#[test]
fn what_is_too_large_is_left_out_with_the_reason() {
    let rule = rule("large", &["word"], &[], false, |event, state| {
        state.set(event.number, "large", &vec![7; limits::CALL_STATE_BYTES], 0)?;
        Ok(event.message.contains("raise").then(|| "said".to_owned()))
    });
    let text = "1000 a word w\n2000 a word raise\n".to_owned();
    let calls = taken(&rule, &text).calls;
    let [call] = calls.as_slice() else { panic!("{calls:?}") };
    assert!(call.left_out.contains("are kept with a call"), "{}", call.left_out);
    assert!(call.events.is_empty() && call.state.is_empty());
    assert_eq!(again(call, &rule), Err(call.left_out.clone()));
}

/// Returns whether a rule with that interest sees the line about an object with that property.
fn is_seen(interest: &Interest, message: &str, env: Option<&str>) -> bool {
    let rule = rule_of("one", vec![interest.clone()], &["env"], |_, _| Ok(Some(String::new())));
    let known = [ObjectFacts {
        object: "vm".into(),
        properties: env.map(|env| ("env".to_owned(), Some(env.to_owned()))).into_iter().collect(),
        ..ObjectFacts::default()
    }];
    let mut chunk = Some(format!("1000 vm {message}\n").into_bytes());
    let input = ReplayInput { source: sources()[0].clone(), reader: Box::new(move |_: Vec<u8>| Ok(chunk.take())) };
    let seen = Mutex::new(0);
    let mut output =
        ReplayOutput { render: &|_, _| *seen.lock().unwrap() += 1, emit: &mut |_| Ok(()), flush: &mut || Ok(()) };
    replay(&ReplayOptions::with_threads(1), &rules(&[rule]), vec![input], &known, &mut output).unwrap();
    let seen = *seen.lock().unwrap();
    seen > 0
}

fn interests() -> impl Strategy<Value = Interest> {
    let list = || proptest::collection::vec("[abAB]{1,3}", 1..4);
    let test = prop_oneof![
        Just(ValueTest::Present),
        Just(ValueTest::Absent),
        list().prop_map(ValueTest::OneOf),
        list().prop_map(ValueTest::NoneOf),
        list().prop_map(ValueTest::StartsWith),
        list().prop_map(ValueTest::Contains),
    ];
    let subject = prop_oneof![Just(Subject::Property("env".into())), Just(Subject::Field("level".into()))];
    let condition = (subject, test).prop_map(|(subject, test)| InterestCondition { subject, test });
    let parts = (
        proptest::collection::vec("[abAB]{2,4}", 0..3),
        any::<bool>(),
        proptest::collection::vec(condition, 0..2),
        proptest::bool::weighted(0.9),
    );
    parts.prop_map(|(contains, ignore_case, conditions, log)| {
        let kinds = EventKinds::of(&[if log { EventKind::Log } else { EventKind::Reminder }]);
        Interest { kinds, contains, ignore_case, conditions }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    /// The explanation of a line is what the stream does with it.
    #[test]
    fn an_interest_says_of_a_line_what_the_stream_does(
        interest in interests(),
        message in "[abAB ]{1,12}x",
        env in proptest::option::of("[abAB]{1,3}"),
    ) {
        let rule = rule_of("one", vec![interest.clone()], &["env"], |_, _| Ok(None));
        let event = TapEvent {
            kind: "log".into(),
            message: Some(message.clone()),
            properties: env.iter().map(|env| ("env".to_owned(), env.clone())).collect(),
            ..TapEvent::default()
        };
        let said = interest_matches(&rule.description, &event, true);
        prop_assert_eq!(said[0].matched, Some(is_seen(&interest, &message, env.as_deref())), "{:?}", said);
    }
}
