//! Sources that come again, doors that close, shards that end: what is acknowledged and what is not.

#![allow(clippy::unwrap_used, reason = "in tests, also beside their functions")]

mod common;

use std::{sync::Arc, time::Duration};

use common::{Dones, Event, config, numbered, rule, rules, source, within};
use lifesigns_engine::{Engine, EngineClosed, EngineConfig, ReserveError, RuleSet, TrySubmitError};
use lifesigns_model::{Checkpoint, Chunk, InitialState, Observation, RuleState, StateError};

fn says(event: &Event<'_>, _: &mut dyn RuleState) -> Result<Option<String>, StateError> {
    Ok(Some(event.message.to_owned()))
}

fn rule_set() -> Arc<RuleSet> {
    rules(&[rule("says", &["word"], &[], false, says)])
}

#[test]
fn a_source_that_starts_again_goes_on_and_two_of_one_rank_are_two() {
    within(|| {
        let config = EngineConfig { checkpoints: true, ..config(1) };
        let engine = Engine::start(&config, rule_set(), InitialState::default(), Arc::new(|_| ())).unwrap();
        let hand_in = |name: &str, rank: u32, cursor: &[u8]| {
            let (source, bytes) = (source(name, rank), b"1000 vm-1 word w1\n".to_vec());
            engine
                .submit(Chunk { source, bytes, arrived_ns: None, cursor: Some(cursor.to_vec()), ack: None })
                .expect("the engine is open");
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
        let offsets = |cut: &Checkpoint| cut.offsets.iter().map(|at| (at.source.clone(), at.lines)).collect::<Vec<_>>();
        assert_eq!(offsets(&cut), [("a".to_owned(), 2)]);
        assert_eq!(offsets(&more), [("b".to_owned(), 2)]);
        assert_eq!(more.offsets[0].cursor.as_deref(), Some(&b"4"[..]));
    });
}

#[test]
fn closing_refuses_those_that_wait_and_what_was_taken_is_in_a_checkpoint() {
    within(|| {
        let config = EngineConfig { checkpoints: true, inflight_bytes: 20, ..config(1) };
        let engine = Engine::start(&config, rule_set(), InitialState::default(), Arc::new(|_| ())).unwrap();
        let dones = Dones::default();
        assert!(engine.submit(numbered(0, 0, "1000 vm-1 word w1\n", &dones)).is_ok());
        std::thread::scope(|scope| {
            let waits = scope.spawn(|| engine.submit(numbered(0, 1, "2000 vm-1 word w1\n", &dones)));
            let _ = engine.checkpoint_urgent().recv_timeout(Duration::from_secs(30));
            engine.close();
            assert_eq!(waits.join().unwrap(), Err(EngineClosed));
        });
        let cut = engine.checkpoint();
        assert_eq!(cut.offsets[0].lines, 1);
        cut.acks.release();
        assert_eq!(engine.submit(numbered(0, 1, "2000 vm-1 word w1\n", &dones)), Err(EngineClosed));
        assert_eq!(*dones.lock().unwrap(), [(0, 0)]);
    });
}

#[test]
fn trying_never_waits_and_gives_back_what_there_is_no_room_for() {
    within(|| {
        let config = EngineConfig { checkpoints: true, inflight_bytes: 40, ..config(1) };
        let engine = Engine::start(&config, rule_set(), InitialState::default(), Arc::new(|_| ())).unwrap();
        let dones = Dones::default();
        let line = |number: usize| numbered(0, number, "1000 vm-1 hello w1\n", &dones);
        engine.try_submit(line(0)).expect("there is room");
        let reserved = engine.try_reserve(19).expect("there is room");
        assert_eq!(reserved.bytes(), 19);
        let Err(TrySubmitError::Full(chunk)) = engine.try_submit(line(2)) else { panic!("there is no room") };
        assert_eq!(engine.try_reserve(19).map(|_| ()), Err(ReserveError::Full));
        assert!(engine.checkpoint_urgent().try_recv().is_ok(), "a checkpoint that makes room is due");
        engine.submit_reserved(reserved, line(1)).expect("room is reserved for it");
        engine.checkpoint().acks.release();
        assert_eq!(*dones.lock().unwrap(), [(0, 0), (0, 1)]);
        engine.try_submit(chunk).expect("there is room again");
        drop(engine.try_reserve(19).expect("for one more"));
        engine.close();
        assert!(matches!(engine.try_submit(line(3)), Err(TrySubmitError::Closed(_))));
        assert_eq!(engine.try_reserve(1).map(|_| ()), Err(ReserveError::Closed));
        engine.checkpoint().acks.release();
        assert_eq!((dones.lock().unwrap().len(), engine.inflight_bytes()), (3, 0));
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
        engine.submit(numbered(0, 0, "1000 vm-1 word w1\n", &dones)).expect("the engine is open");
        let cut = engine.checkpoint();
        assert!(cut.is_empty() && engine.is_broken());
        cut.acks.release();
        assert!(engine.checkpoint().is_empty());
        assert!(dones.lock().unwrap().is_empty());
    });
}
