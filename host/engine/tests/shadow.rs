//! Two versions of a rule side by side: apart in alerts, state, failures and cost, and compared.

mod common;

use std::{
    collections::BTreeSet,
    io,
    sync::{Arc, Mutex},
};

use common::{Event, chunk, config, rule, rules, shadow, sink, source, summaries, within};
use lifesigns_engine::{Engine, EngineConfig, ReplayInput, ReplayOptions, ReplayOutput, RuleSet, replay};
use lifesigns_model::{ChangeCount, Checkpoint, InitialState, RuleKey, RuleLane, RuleState, ShadowDiff, StateError};

type Said = Result<Option<String>, StateError>;

fn alarms(event: &Event<'_>, _: &mut dyn RuleState) -> Said {
    Ok(Some(event.message.to_owned()))
}

/// The new version: says nothing of `quiet`, and of `loud` something else.
fn quieter(event: &Event<'_>, _: &mut dyn RuleState) -> Said {
    Ok(match event.message {
        "alarm quiet" => None,
        "alarm loud" => Some("very loud".to_owned()),
        message => Some(message.to_owned()),
    })
}

fn fails(_: &Event<'_>, _: &mut dyn RuleState) -> Said {
    Err(StateError("this version is broken".into()))
}

/// Counts its events, and reminds itself of each.
fn counts(event: &Event<'_>, state: &mut dyn RuleState) -> Said {
    if event.kind == 0 {
        state.remind_at(event.number, event.message, u64::MAX)?;
    }
    Ok(Some(state.count(event.number, "n", 1, 3_600_000)?.to_string()))
}

const LINES: &str = "1000 vm-1 alarm one\n2000 vm-1 alarm quiet\n3000 vm-2 alarm loud\n4000 vm-2 warning\n";

fn alarms_and_quieter() -> Arc<RuleSet> {
    let live = rule("r", &["alarm"], &[], false, alarms);
    let new = shadow(&rule("r", &["alarm", "warning"], &[], false, quieter));
    rules(&[new, live])
}

fn check(diff: &ShadowDiff) {
    let raises = |raises| ChangeCount { raises, clears: 0 };
    assert_eq!((diff.both, diff.reworded), (raises(2), 1), "{diff:?}");
    assert_eq!((diff.only_live, diff.only_shadow, diff.not_compared), (raises(1), raises(1), 0), "{diff:?}");
    assert_eq!((diff.live.events, diff.shadow.events), (3, 4), "{diff:?}");
    let examples: Vec<_> = diff.examples.iter().map(|one| (one.lane, one.line, one.text.as_str())).collect();
    let expected = [(RuleLane::Live, 2, "2000 vm-1 alarm quiet"), (RuleLane::Shadow, 4, "4000 vm-2 warning")];
    assert_eq!(examples, expected);
}

#[test]
fn a_shadow_is_muted_and_compared() {
    within(|| {
        let (kept, sink) = sink();
        let engine = Engine::start(&config(2), alarms_and_quieter(), InitialState::default(), sink).expect("threads");
        engine.submit(chunk(&source("a", 0), LINES, None)).expect("the engine is open");
        engine.flush();
        let mut said = summaries(&kept);
        said.sort();
        assert_eq!(said, ["alarm loud", "alarm one", "alarm quiet"]);
        let totals = engine.totals();
        assert_eq!(totals.report.alerts, 3, "what goes nowhere is not counted");
        let diff = engine.rules().shadow_diff("r", &totals.report).expect("both run");
        assert!(diff.since_ns > 0);
        check(&diff);
        assert!(engine.rules().shadow_diff("other", &totals.report).is_none());
        let uses = engine.rule_usage();
        assert_eq!(uses[&RuleKey::live("r")].total.events, 3);
        assert_eq!((uses[&RuleKey::shadow("r")].total.events, uses[&RuleKey::shadow("r")].total.alerts), (4, 3));
    });
}

#[test]
fn a_shadow_that_fails_spoils_nothing() {
    within(|| {
        let (kept, sink) = sink();
        let live = rule("r", &[], &[], false, alarms);
        let set = rules(&[shadow(&rule("r", &[], &[], false, fails)), live]);
        let engine = Engine::start(&config(1), set, InitialState::default(), sink).expect("threads");
        let lines: String = (0..100).map(|number| format!("{number} vm-1 line {number}\n")).collect();
        engine.submit(chunk(&source("a", 0), &lines, None)).expect("the engine is open");
        engine.flush();
        assert_eq!(summaries(&kept).len(), 100);
        let report = engine.totals().report;
        assert!(!report.failures.contains_key(&RuleKey::live("r")), "{report:?}");
        let diff = engine.rules().shadow_diff("r", &report).expect("both run");
        assert_eq!((diff.shadow.failed, diff.shadow.missed), (3, 97), "it has a quarantine of its own");
        assert_eq!((diff.live.failed, diff.live.missed, diff.only_live.raises), (0, 0, 100));
    });
}

/// What a store would keep of these checkpoints.
fn committed(checkpoint: Checkpoint, before: InitialState) -> InitialState {
    let mut states = before.states;
    states.retain(|old| !checkpoint.states.iter().any(|new| (&new.rule, &new.key) == (&old.rule, &old.key)));
    states.extend(checkpoint.states.iter().filter(|state| state.entry.is_some()).cloned());
    let mut reminders = before.reminders;
    reminders.retain(|old| !checkpoint.reminders.iter().any(|new| (&new.rule, &new.name) == (&old.rule, &old.name)));
    reminders.extend(checkpoint.reminders.iter().filter(|one| one.due_ns.is_some()).cloned());
    checkpoint.acks.release();
    InitialState { states, reminders, ..InitialState::default() }
}

fn of_lane(start: &InitialState, lane: RuleLane) -> (usize, usize) {
    let states = start.states.iter().filter(|state| state.rule.lane == lane);
    (states.count(), start.reminders.iter().filter(|one| one.rule.lane == lane).count())
}

#[test]
fn each_version_has_its_own_state_over_a_restart_until_the_shadow_is_gone() {
    within(|| {
        let live = rule("r", &["both", "live"], &[], true, counts);
        let set = rules(&[shadow(&rule("r", &["both"], &[], true, counts)), Arc::clone(&live)]);
        let config = EngineConfig { checkpoints: true, ..config(1) };
        let start = |from: InitialState| Engine::start(&config, Arc::clone(&set), from, Arc::new(|_| ()));
        let say = |engine: &Engine, text: &str| {
            engine.submit(chunk(&source("a", 0), text, None)).expect("the engine is open");
        };
        let engine = start(InitialState::default()).expect("threads");
        say(&engine, "1000 vm both a\n2000 vm live b\n3000 vm live c\n");
        let kept = committed(engine.checkpoint(), InitialState::default());
        assert_eq!((of_lane(&kept, RuleLane::Live), of_lane(&kept, RuleLane::Shadow)), ((1, 3), (1, 1)));
        drop(engine);

        let engine = start(kept.clone()).expect("threads");
        engine.retain_shadows(BTreeSet::from(["r".to_owned()]));
        say(&engine, "4000 vm both d\n");
        let checkpoint = engine.checkpoint();
        let said: Vec<_> = checkpoint.observations.iter().map(|one| format!("{one:?}")).collect();
        assert_eq!(said.len(), 1, "the shadow's go nowhere: {said:?}");
        assert!(said[0].contains("summary: \"4\""), "{said:?}");
        let kept = committed(checkpoint, kept);
        assert_eq!((of_lane(&kept, RuleLane::Live), of_lane(&kept, RuleLane::Shadow)), ((1, 4), (1, 2)));
        drop(engine);

        let engine = start(kept.clone()).expect("threads");
        say(&engine, "5000 vm both e\n");
        engine.swap(rules(&[live]));
        engine.retain_shadows(BTreeSet::new());
        let kept = committed(engine.checkpoint(), kept);
        assert_eq!((of_lane(&kept, RuleLane::Live), of_lane(&kept, RuleLane::Shadow)), ((1, 5), (0, 0)));
        say(&engine, "6000 vm both f\n");
        let kept = committed(engine.checkpoint(), kept);
        assert_eq!((of_lane(&kept, RuleLane::Live), of_lane(&kept, RuleLane::Shadow)), ((1, 6), (0, 0)));
        engine.swap(Arc::clone(&set));
        say(&engine, "7000 vm both g\n");
        engine.checkpoint().acks.release();
        let held = |key: RuleKey| engine.rule_usage()[&key].state_bytes;
        assert!(held(RuleKey::live("r")) > 0 && held(RuleKey::shadow("r")) > 0);
    });
}

#[test]
fn a_replay_compares_them_with_any_number_of_threads_and_says_what_the_live_version_says() {
    let run = |set: &Arc<RuleSet>, threads| {
        let mut bytes = Some(LINES.as_bytes().to_vec());
        let inputs = vec![ReplayInput { source: source("a", 0), reader: Box::new(move |_: Vec<u8>| Ok(bytes.take())) }];
        let said = Mutex::new(String::new());
        let mut emit = |text: &[u8]| -> io::Result<()> {
            said.lock().expect("no thread panicked").push_str(&String::from_utf8_lossy(text));
            Ok(())
        };
        let render = |alert: &lifesigns_model::RuleAlertRef<'_>, out: &mut Vec<u8>| {
            out.extend_from_slice(format!("{} {}\n", alert.object, alert.summary).as_bytes());
        };
        let mut output = ReplayOutput { render: &render, emit: &mut emit, flush: &mut || Ok(()) };
        let outcome =
            replay(&ReplayOptions::with_threads(threads), set, inputs, &[], &mut output).expect("it is in memory");
        let diff = set.shadow_diff("r", &outcome.report);
        (said.into_inner().expect("no thread panicked"), diff)
    };
    let (alone, none) = run(&rules(&[rule("r", &["alarm"], &[], false, alarms)]), 1);
    assert_eq!((alone.as_str(), none), ("vm-1 alarm one\nvm-1 alarm quiet\nvm-2 alarm loud\n", None));
    for threads in [1, 4] {
        let (said, diff) = run(&alarms_and_quieter(), threads);
        assert_eq!(said, alone);
        let diff = diff.expect("both ran");
        assert_eq!((diff.since_ns, diff.live.cpu_ns, diff.shadow.cpu_ns), (0, 0, 0));
        check(&diff);
    }
}
