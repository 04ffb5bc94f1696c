//! Other names of objects: events that name one are about the object that has it, from the change on and in order.

#![allow(clippy::unwrap_used, reason = "in tests, also beside their functions")]

mod common;

use std::sync::Arc;

use common::{Dones, Event, config, numbered, rule, rules, within};
use lifesigns_engine::{Engine, EngineConfig};
use lifesigns_model::{InitialState, ObjectAliases, ObjectFacts, Observation, RuleState, StateError};

/// Says how many lines of the object it has counted, and its property.
fn count(event: &Event<'_>, state: &mut dyn RuleState) -> Result<Option<String>, StateError> {
    let seen = state.count(event.number, "lines", 1, 1 << 40)?;
    Ok(Some(format!("{} {seen} {}", event.object, event.properties[0].unwrap_or("-"))))
}

fn aliases(id: &str, names: &[&str]) -> ObjectAliases {
    let names = names.iter().map(|name| (*name).to_owned()).collect();
    ObjectAliases::of(&[ObjectFacts { object: id.to_owned(), aliases: names, ..ObjectFacts::default() }])
}

#[test]
fn names_of_one_object_are_one_object_from_the_change_on() {
    for shards in [1, 3] {
        within(move || {
            let config = EngineConfig { checkpoints: true, ..config(shards) };
            let rules = rules(&[rule("count", &["hello"], &["env"], true, count)]);
            let engine = Engine::start(&config, rules, InitialState::default(), Arc::new(|_| ())).unwrap();
            let dones = Dones::default();
            engine.submit(numbered(0, 0, "1000 10.0.0.7 hello\n", &dones)).unwrap();
            engine.set_aliases(aliases("vm-7", &["10.0.0.7", "web"]));
            let text = "2000 web hello\n2000 10.0.0.7 \"properties\" env=test\n3000 vm-7 hello\n4000 10.0.0.7 hello\n4000 other hello\n";
            engine.submit(numbered(0, 1, text, &dones)).unwrap();
            engine.set_aliases(ObjectAliases::default());
            engine.submit(numbered(0, 2, "5000 web hello\n", &dones)).unwrap();
            let cut = engine.checkpoint();
            let said = cut.observations.iter().filter_map(|seen| match seen {
                Observation::RuleAlert(alert) => Some(alert.summary.clone()),
                _ => None,
            });
            let said: Vec<_> = said.collect();
            assert_eq!(
                said,
                ["10.0.0.7 1 -", "vm-7 1 -", "vm-7 2 test", "vm-7 3 test", "vm-7 4 test", "other 1 -", "web 1 -"]
            );
            assert!(
                cut.observations
                    .iter()
                    .any(|seen| matches!(seen, Observation::Facts(facts, _) if facts.object == "vm-7"))
            );
            cut.acks.release();
        });
    }
}
