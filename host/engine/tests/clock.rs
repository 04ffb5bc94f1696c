//! A host's clock that was ahead and is right again, in an engine that goes on from what was kept.

#![allow(clippy::unwrap_used, reason = "in tests, also beside their functions")]

mod common;

use std::sync::Arc;

use common::{Dones, Event, config, numbered, rule, rules, within};
use lifesigns_engine::{Engine, EngineConfig};
use lifesigns_model::{InitialState, ManualClock, ObjectFacts, Observation, RuleState, StateError};

const S: u64 = 1_000_000_000;
const YEAR_NS: u64 = 365 * 24 * 3600 * S;

/// Says what is known as of an event.
fn known(event: &Event<'_>, _: &mut dyn RuleState) -> Result<Option<String>, StateError> {
    Ok(Some(format!("{:?}", event.properties[0])))
}

#[test]
fn facts_that_were_kept_from_a_year_ahead_are_known_now() {
    within(|| {
        let clock = Arc::new(ManualClock::new(YEAR_NS));
        let config = EngineConfig { checkpoints: true, clock, ..config(1) };
        let rules = rules(&[rule("known", &["word"], &["env"], false, known)]);
        let facts = |env: &str, time_ns| ObjectFacts {
            object: "vm-1".into(),
            time_ns,
            properties: vec![("env".into(), Some(env.into()))],
            ..ObjectFacts::default()
        };
        let begin = InitialState { facts: vec![facts("old", S), facts("new", 2 * YEAR_NS)], ..InitialState::default() };
        let engine = Engine::start(&config, rules, begin, Arc::new(|_| ())).unwrap();
        let now_ms = YEAR_NS / 1_000_000 + 1;
        engine
            .submit(numbered(0, 0, &format!("{now_ms} vm-1 a word\n"), &Dones::default()))
            .expect("the engine is open");
        let cut = engine.checkpoint();
        let alert = cut
            .observations
            .iter()
            .find_map(|sign| if let Observation::RuleAlert(alert) = sign { Some(alert) } else { None });
        assert_eq!(alert.unwrap().summary, "Some(\"new\")");
    });
}
