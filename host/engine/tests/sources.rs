//! A source that is removed: its checkpoint is forgotten, in its turn.

#![allow(clippy::unwrap_used, reason = "in tests, also beside their functions")]

mod common;

use std::sync::Arc;

use common::{Dones, config, numbered, rule, rules, within};
use lifesigns_engine::{Engine, EngineConfig};
use lifesigns_model::{Checkpoint, InitialState, SourceOffset};

/// Name, lines, and whether it is forgotten.
fn offsets(checkpoint: Checkpoint) -> Vec<(String, u64, bool)> {
    let known = |offset: &SourceOffset| (offset.source.clone(), offset.lines, offset.is_forgotten);
    let offsets = checkpoint.offsets.iter().map(known).collect();
    checkpoint.acks.release();
    offsets
}

#[test]
fn a_source_is_forgotten_in_its_turn_and_begins_again_as_a_new_one() {
    within(|| {
        let dones = Dones::default();
        let config = EngineConfig { checkpoints: true, ..config(2) };
        let rule_set = rules(&[rule("never", &["never"], &[], false, |_, _| Ok(None))]);
        let before = SourceOffset { source: "source-0".to_owned(), lines: 7, ..SourceOffset::default() };
        let start = InitialState { offsets: vec![before], ..InitialState::default() };
        let engine = Engine::start(&config, rule_set, start, Arc::new(|_| ())).unwrap();

        engine.submit(numbered(0, 0, "1000 vm-1 a\n", &dones)).expect("the engine is open");
        assert_eq!(offsets(engine.checkpoint()), [("source-0".to_owned(), 8, false)]);
        engine.submit(numbered(0, 1, "2000 vm-1 b\n", &dones)).expect("the engine is open");
        engine.forget_source("source-0");
        assert!(engine.checkpoint_ready().recv_timeout(std::time::Duration::from_secs(30)).is_ok());
        let checkpoint = engine.checkpoint();
        assert_eq!(checkpoint.offsets[0].cursor, None);
        assert_eq!(offsets(checkpoint), [("source-0".to_owned(), 0, true)]);
        assert_eq!(dones.lock().unwrap().len(), 2, "what was submitted before is acknowledged");
        assert!(offsets(engine.checkpoint()).is_empty(), "it is said once");

        // Removed and added again between two checkpoints: the new one takes the place of the old one.
        engine.submit(numbered(0, 2, "3000 vm-1 c\n", &dones)).expect("the engine is open");
        engine.forget_source("source-0");
        engine.submit(numbered(0, 3, "4000 vm-1 d\n4000 vm-1 e\n", &dones)).expect("the engine is open");
        assert_eq!(offsets(engine.checkpoint()), [("source-0".to_owned(), 2, false)]);
        engine.forget_source("unknown");
        assert_eq!(offsets(engine.checkpoint()), [("unknown".to_owned(), 0, true)]);
        engine.stop();
    });
}
