//! Replay: what its end is, and what it says besides alerts.

mod common;

use std::sync::Mutex;

use common::{Event, rule, rules, source};
use lifesigns_engine::{ReplayInput, ReplayOptions, ReplayOutput, replay, replay_observations};
use lifesigns_model::{ObjectFacts, Observation, RuleAlert, RuleState, StateError};

const MS: u64 = 1_000_000;

fn remind(event: &Event<'_>, state: &mut dyn RuleState) -> Result<Option<String>, StateError> {
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
    let inputs = vec![ReplayInput { source: source("a", 0), reader: Box::new(move |_: Vec<u8>| Ok(chunks.next())) }];
    let found = Mutex::new(Vec::new());
    let render = |alert: &lifesigns_model::RuleAlertRef<'_>, _: &mut Vec<u8>| {
        found.lock().unwrap().push(alert.summary.to_owned());
    };
    let mut output = ReplayOutput { render: &render, emit: &mut |_| Ok(()), flush: &mut || Ok(()) };
    replay(&ReplayOptions::with_threads(1), &rules, inputs, &[], &mut output).unwrap();
    assert_eq!(found.into_inner().unwrap(), ["1100"]);
}

/// Raises for every line and every fact that it is shown.
fn say(event: &Event<'_>, _: &mut dyn RuleState) -> Result<Option<String>, StateError> {
    Ok(Some(format!("{} {}", event.kind, event.message)))
}

/// A source for each text, which comes a line at a time.
fn inputs(texts: [&'static str; 2]) -> Vec<ReplayInput<'static>> {
    let input = |(rank, text): (usize, &'static str)| {
        let mut chunks =
            text.split_inclusive('\n').map(|line| line.as_bytes().to_vec()).collect::<Vec<_>>().into_iter();
        ReplayInput {
            source: source(&format!("{rank}"), rank as u32),
            reader: Box::new(move |_: Vec<u8>| Ok(chunks.next())),
        }
    };
    texts.into_iter().enumerate().map(input).collect()
}

#[test]
fn facts_and_new_objects_come_in_the_order_of_the_alerts() {
    let rules =
        rules(&[rule("r", &["remind", "latest"], &[], true, remind), rule("say", &["say"], &["env"], false, say)]);
    let texts = [
        "1000 a say 1\n1000 a \"properties\" env=x\n1000 b remind\n3000 c say 2\n2000 c \"properties\" env=y\n",
        "1000 a say 3\n1000 d \"properties\" env\n1050 a \"properties\" env=x\n1200 b say 4\n",
    ];
    let known = [ObjectFacts { object: "d".into(), ..ObjectFacts::default() }];
    let text = |sign: &Observation| match sign {
        Observation::RuleAlert(alert) => format!("{} {} {}", alert.time_ns / MS, alert.object, alert.summary),
        Observation::Facts(facts, _) | Observation::Inventory(facts) => {
            format!("{} {} is {:?}", facts.time_ns / MS, facts.object, facts.properties[0].1)
        }
        Observation::Seen { object, time_ns, .. } => format!("{} {object} seen", time_ns / MS),
    };
    let mut runs = [1, 2, 4].map(|threads| {
        let mut signs = Vec::new();
        let mut emit = |sign| {
            signs.push(sign);
            Ok(())
        };
        replay_observations(&ReplayOptions::with_threads(threads), &rules, inputs(texts), &known, &mut emit).unwrap();
        signs
    });
    assert!(runs[0] == runs[1] && runs[0] == runs[2]);
    let expected = [
        "1000 a seen",
        "1000 a 0 say 1",
        "1000 a is Some(\"x\")",
        "1000 a 1 env",
        "1000 b seen",
        "1000 a 0 say 3",
        "1000 d is None",
        "1050 a is Some(\"x\")",
        "1100 b 1100",
        "1200 b 0 say 4",
        "2000 c seen",
        "2000 c is Some(\"y\")",
        "2000 c 1 env",
        "3000 c 0 say 2",
    ];
    assert_eq!(runs[0].iter().map(text).collect::<Vec<_>>(), expected);
    // The alerts are those of a replay that gives nothing else.
    let kept = Mutex::new(Vec::new());
    let render = |alert: &lifesigns_model::RuleAlertRef<'_>, out: &mut Vec<u8>| {
        let mut kept = kept.lock().unwrap();
        out.push(kept.len() as u8);
        kept.push(RuleAlert::from(alert));
    };
    let mut order = Vec::new();
    let mut emit = |bytes: &[u8]| {
        order.extend_from_slice(bytes);
        Ok(())
    };
    replay(
        &ReplayOptions::with_threads(2),
        &rules,
        inputs(texts),
        &known,
        &mut ReplayOutput { render: &render, emit: &mut emit, flush: &mut || Ok(()) },
    )
    .unwrap();
    let kept = kept.into_inner().unwrap();
    let alone: Vec<Observation> =
        order.iter().map(|at| Observation::RuleAlert(Box::new(kept[usize::from(*at)].clone()))).collect();
    runs[0].retain(|sign| matches!(sign, Observation::RuleAlert(_)));
    assert_eq!(runs[0], alone);
}
