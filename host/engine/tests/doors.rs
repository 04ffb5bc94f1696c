//! Sources that come again, doors that close, shards that end: what is acknowledged and what is not.

#![allow(clippy::unwrap_used, reason = "in tests, also beside their functions")]

mod common;

use std::{sync::Arc, time::Duration};

use common::{Dones, Event, config, numbered, rule, rules, source, within};
use lifesigns_engine::{Engine, EngineConfig, RuleSet};
use lifesigns_model::{Checkpoint, Chunk, InitialState, Observation, RuleState, StateError};

fn says(event: &Event<'_>, _: &mut dyn RuleState) -> Result<Option<String>, StateError> {
    Ok(Some(event.message.to_owned()))
}

fn generation() -> Arc<RuleSet> {
    rules(&[rule("says", &["word"], &[], false, says)])
}

#[test]
fn a_source_that_is_begun_anew_goes_on_and_two_of_one_rank_are_two() {
    within(|| {
        let config = EngineConfig { checkpoints: true, ..config(1) };
        let engine = Engine::start(&config, generation(), InitialState::default(), Arc::new(|_| ())).unwrap();
        let hand_in = |name: &str, rank: u32, cursor: &[u8]| {
            let (source, bytes) = (source(name, rank), b"1000 vm-1 word w1\n".to_vec());
            engine.submit(Chunk { source, bytes, arrived_ns: None, cursor: Some(cursor.to_vec()), ack: None });
        };
        hand_in("a", 0, b"1");
        hand_in("b", 0, b"2");
        engine.checkpoint().acks.release();
        hand_in("a", 1, b"3");
        let cut = engine.checkpoint();
        let Some(Observation::RuleAlert(alert)) =
            cut.observations.iter().find(|sign| matches!(sign, Observation::RuleAlert(_)))
        else {
            panic!("{:?}", cut.observations)
        };
        assert_eq!(alert.line, 2, "lines go on");
        hand_in("b", 7, b"4");
        let more = engine.checkpoint();
        let places = |cut: &Checkpoint| cut.offsets.iter().map(|at| (at.source.clone(), at.lines)).collect::<Vec<_>>();
        assert_eq!(places(&cut), [("a".to_owned(), 2)]);
        assert_eq!(places(&more), [("b".to_owned(), 2)]);
        assert_eq!(more.offsets[0].cursor.as_deref(), Some(&b"4"[..]));
    });
}

#[test]
fn a_closed_door_lets_nobody_wait_and_what_was_taken_is_cut() {
    within(|| {
        let config = EngineConfig { checkpoints: true, inflight_bytes: 20, ..config(1) };
        let engine = Engine::start(&config, generation(), InitialState::default(), Arc::new(|_| ())).unwrap();
        let dones = Dones::default();
        assert!(engine.submit(numbered(0, 0, "1000 vm-1 word w1\n", &dones)));
        std::thread::scope(|scope| {
            let waits = scope.spawn(|| engine.submit(numbered(0, 1, "2000 vm-1 word w1\n", &dones)));
            engine.wait_urgent(Duration::from_secs(30));
            engine.close();
            assert!(!waits.join().unwrap(), "it is not taken");
        });
        let cut = engine.checkpoint();
        assert_eq!(cut.offsets[0].lines, 1);
        cut.acks.release();
        assert!(!engine.submit(numbered(0, 1, "2000 vm-1 word w1\n", &dones)));
        assert_eq!(*dones.lock().unwrap(), [(0, 0)]);
    });
}

#[test]
fn nothing_is_acknowledged_once_a_shard_has_ended() {
    fn ends(_: &Event<'_>, _: &mut dyn RuleState) -> Result<Option<String>, StateError> {
        panic!("a test ends the shard");
    }
    within(|| {
        let config = EngineConfig { checkpoints: true, ..config(1) };
        let set = rules(&[rule("ends", &["word"], &[], false, ends)]);
        let engine = Engine::start(&config, set, InitialState::default(), Arc::new(|_| ())).unwrap();
        let dones = Dones::default();
        engine.submit(numbered(0, 0, "1000 vm-1 word w1\n", &dones));
        let cut = engine.checkpoint();
        assert!(cut.is_empty() && engine.is_broken());
        cut.acks.release();
        assert!(engine.checkpoint().is_empty());
        assert!(dones.lock().unwrap().is_empty());
    });
}
