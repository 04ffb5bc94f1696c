//! Objects that an operator forgets: nothing of what the engine knew of them is left, in it or in a cut.

#![allow(clippy::unwrap_used, reason = "in tests, also beside their functions")]

mod common;

use std::sync::Arc;

use common::{Dones, Event, config, numbered, rule, rules, sink, summaries, within};
use lifesigns_engine::{Engine, EngineConfig, RuleSet};
use lifesigns_model::{Checkpoint, InitialState, ObjectFacts, Observation, RuleState, StateError};

/// Says how many lines of the object it has counted, and its property; a reminder follows each of them.
fn count(event: &Event<'_>, state: &mut dyn RuleState) -> Result<Option<String>, StateError> {
    if event.kind == 2 {
        return Ok(Some(format!("{} reminded", event.object)));
    }
    let seen = state.count(event.number, "lines", 1, 1 << 40)?;
    state.remind_at(event.number, "later", event.time_ns + 5_000_000_000_000)?;
    Ok(Some(format!("{} {seen} {}", event.object, event.properties[0].unwrap_or("-"))))
}

fn counting() -> Arc<RuleSet> {
    rules(&[rule("count", &["hello"], &["env"], true, count)])
}

fn said(cut: &Checkpoint) -> Vec<String> {
    let text = |sign: &Observation| match sign {
        Observation::RuleAlert(alert) => alert.summary.clone(),
        Observation::Facts(facts, _) => format!("{} has facts", facts.object),
        Observation::Inventory(facts) => format!("{} is listed", facts.object),
        Observation::Seen { object, .. } => format!("{object} is seen"),
    };
    cut.observations.iter().map(text).collect()
}

#[test]
fn an_object_that_is_forgotten_is_a_new_one_and_its_neighbours_stay() {
    for shards in [1, 3] {
        within(move || {
            let config = EngineConfig { checkpoints: true, ..config(shards) };
            let known = ObjectFacts {
                object: "known".into(),
                properties: vec![("env".into(), Some("production".into()))],
                ..ObjectFacts::default()
            };
            let start = InitialState { known: vec![known], ..InitialState::default() };
            let engine = Engine::start(&config, counting(), start, Arc::new(|_| ())).unwrap();
            let dones = Dones::default();
            let text = "1000 gone \"properties\" env=test\n1000 gone hello\n1000 stays hello\n1000 known hello\n";
            engine.submit(numbered(0, 0, text, &dones)).expect("the engine is open");
            let cut = engine.checkpoint();
            assert!(said(&cut).contains(&"gone 1 test".to_owned()), "{:?}", said(&cut));
            cut.acks.release();
            // What was said and is in no cut yet is of the object that is forgotten.
            engine
                .submit(numbered(
                    0,
                    1,
                    "2000 gone \"properties\" env=late\n2000 gone hello\n2000 stays hello\n",
                    &dones,
                ))
                .expect("the engine is open");
            while engine.totals().scan_counts.kept < 7 {
                std::thread::yield_now();
            }
            engine.forget(&["gone".to_owned(), "known".to_owned(), "never heard of".to_owned()]);
            assert!(engine.checkpoint_ready().recv_timeout(std::time::Duration::from_secs(30)).is_ok());
            let cut = engine.checkpoint();
            assert_eq!(said(&cut), ["stays 2 -"], "{shards} shards");
            let gone: Vec<_> = cut.objects.iter().filter(|clock| clock.time_ns.is_none()).collect();
            assert_eq!(gone.iter().map(|clock| clock.object.as_str()).collect::<Vec<_>>(), ["gone", "known"]);
            assert!(cut.states.iter().all(|state| state.entry.is_some() == (state.object == "stays")), "{cut:?}");
            assert!(cut.reminders.iter().all(|set| set.due_ns.is_some() == (set.object == "stays")), "{cut:?}");
            cut.acks.release();
            // Its reminder would have come first.
            engine
                .submit(numbered(0, 2, "9000000 gone hello\n9000000 known hello\n9000000 stays hello\n", &dones))
                .expect("the engine is open");
            let cut = engine.checkpoint();
            let all = ["gone is seen", "gone 1 -", "known is seen", "known 1 -", "stays reminded", "stays 3 -"];
            assert_eq!(said(&cut), all, "{shards} shards");
            cut.acks.release();
            // Forgotten and heard of again before one cut.
            engine.forget(&["gone".to_owned()]);
            engine.submit(numbered(0, 3, "9000001 gone hello\n", &dones)).expect("the engine is open");
            let cut = engine.checkpoint();
            assert_eq!(said(&cut), ["gone is seen", "gone 1 -"], "{shards} shards");
            let clocks: Vec<_> = cut.objects.iter().map(|clock| (clock.object.as_str(), clock.time_ns)).collect();
            assert_eq!(clocks, [("gone", Some(9_000_001_000_000))]);
            cut.acks.release();
            assert_eq!(dones.lock().unwrap().len(), 4, "all of it is acknowledged");
            assert_eq!(engine.inflight_bytes(), 0, "and what was dropped takes no room");
        });
    }
}

#[test]
fn without_cuts_it_is_forgotten_too() {
    within(|| {
        let (kept, sink) = sink();
        let engine = Engine::start(&config(2), counting(), InitialState::default(), sink).unwrap();
        engine.submit(numbered(0, 0, "1000 gone hello\n", &Dones::default())).expect("the engine is open");
        engine.flush();
        engine.forget(&["gone".to_owned()]);
        engine.submit(numbered(0, 1, "2000 gone hello\n", &Dones::default())).expect("the engine is open");
        engine.flush();
        assert_eq!(summaries(&kept), ["gone 1 -", "gone 1 -"]);
    });
}
