//! Replay: what its end is.

mod common;

use std::sync::Mutex;

use common::{Event, rule, rules, source};
use lifesigns_engine::{Input, Output, replay};
use lifesigns_model::{State, StateError};

const MS: u64 = 1_000_000;

fn remind(event: &Event<'_>, state: &mut dyn State) -> Result<Option<String>, StateError> {
    if event.kind == 2 {
        return Ok(Some(format!("{}", event.time_ns / MS)));
    }
    state.remind_at(event.number, "r", event.time_ns + 100 * MS)?;
    Ok(None)
}

#[test]
fn reminders_fire_up_to_the_latest_time_of_all_even_if_an_earlier_line_has_it() {
    let rules = rules(&[rule("r", &["remind", "latest"], &[], true, remind)]);
    // The line with the latest time is wanted; the last line of the source is earlier.
    let text = "1000 a remind\n5000 b latest\n1050 c nothing\n";
    let mut chunks = vec![text.as_bytes().to_vec()].into_iter();
    let inputs = vec![Input { source: source("a", 0), next: Box::new(move |_| Ok(chunks.next())) }];
    let found = Mutex::new(Vec::new());
    let render = |alert: &lifesigns_model::AlertRef<'_>, _: &mut Vec<u8>| {
        found.lock().unwrap().push(alert.summary.to_owned());
    };
    let mut output = Output { render: &render, emit: &mut |_| Ok(()), progress: &|_| () };
    replay(1, &rules, inputs, &[], &mut output).unwrap();
    assert_eq!(found.into_inner().unwrap(), ["1100"]);
}
