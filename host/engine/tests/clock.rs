//! A host's clock that was ahead and is right again, in an engine that goes on from what was kept.

#![allow(clippy::unwrap_used, reason = "in tests, also beside their functions")]

mod common;

use std::sync::Arc;

use common::{Dones, Event, config, numbered, rule, rules, within};
use lifesigns_engine::{Config, Engine};
use lifesigns_model::{ManualClock, ObjectFacts, Sign, Start, State, StateError};

const S: u64 = 1_000_000_000;
const YEAR_NS: u64 = 365 * 24 * 3600 * S;

/// Says what is known as of an event.
fn known(event: &Event<'_>, _: &mut dyn State) -> Result<Option<String>, StateError> {
    Ok(Some(format!("{:?}", event.properties[0])))
}

#[test]
fn facts_that_were_kept_from_a_year_ahead_are_known_now() {
    within(|| {
        let clock = Arc::new(ManualClock::new(YEAR_NS));
        let config = Config { cuts: true, clock, ..config(1) };
        let rules = rules(&[rule("known", &["word"], &["env"], false, known)]);
        let facts = |env: &str, time_ns| ObjectFacts {
            object: "vm-1".into(),
            time_ns,
            properties: vec![("env".into(), Some(env.into()))],
            ..ObjectFacts::default()
        };
        let begin = Start { facts: vec![facts("old", S), facts("new", 2 * YEAR_NS)], ..Start::default() };
        let engine = Engine::start(&config, rules, begin, Arc::new(|_| ())).unwrap();
        let now_ms = YEAR_NS / 1_000_000 + 1;
        engine.submit(numbered(0, 0, &format!("{now_ms} vm-1 a word\n"), &Dones::default()));
        let cut = engine.cut();
        let alert = cut.signs.iter().find_map(|sign| if let Sign::Alert(alert) = sign { Some(alert) } else { None });
        assert_eq!(alert.unwrap().summary, "Some(\"new\")");
    });
}
