//! The live engine: time that passes for silent objects, and what may not be kept for ever.

mod common;

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use common::{Event, chunk, config, limited, rule, rules, sink, source, summaries, within};
use lifesigns_engine::{Engine, EngineConfig};
use lifesigns_model::{
    InitialState, Limits, ManualClock, ObjectFacts, RuleKey, RuleState, SharedClock, StateError, limits,
};

const MS: u64 = 1_000_000;

/// Says every reminder; a line `remind MS` sets one so much later.
fn remind(event: &Event<'_>, state: &mut dyn RuleState) -> Result<Option<String>, StateError> {
    if event.kind == 2 {
        return Ok(Some(format!("{} {} {}", event.object, event.message, event.time_ns / MS)));
    }
    if let Some(after) = event.message.strip_prefix("remind ").and_then(|after| after.parse::<u64>().ok()) {
        state.remind_at(event.number, "r", event.time_ns + after * MS)?;
    }
    Ok(None)
}

#[test]
fn a_silent_object_is_reminded_although_its_shard_is_never_idle() {
    within(|| {
        let (kept, sink) = sink();
        // What waits is little, so that a slow machine is soon through with it.
        let config = EngineConfig { inflight_bytes: 1 << 20, ..config(1) };
        let engine =
            Engine::start(&config, rules(&[rule("r", &[], &[], true, remind)]), InitialState::default(), sink).unwrap();
        let source = source("a", 0);
        engine.submit(chunk(&source, "1000 silent remind 300\n", None)).expect("the engine is open");
        let start = Instant::now();
        while summaries(&kept).is_empty() {
            engine.submit(chunk(&source, &"2000 busy hello\n".repeat(50), None)).expect("the engine is open");
            assert!(start.elapsed() < Duration::from_secs(20), "the reminder never comes");
        }
        assert!(start.elapsed() >= Duration::from_millis(300), "nor before its time");
        assert_eq!(summaries(&kept), ["silent r 1300"]);
    });
}

#[test]
fn a_host_clock_that_was_a_year_ahead_and_is_right_again_holds_no_reminder() {
    const YEAR: u64 = 31_536_000_000 * MS;
    within(|| {
        let (kept, sink) = sink();
        let clock = Arc::new(ManualClock::new(2 * YEAR));
        let config = EngineConfig { clock: Arc::clone(&clock) as SharedClock, ..config(1) };
        let engine =
            Engine::start(&config, rules(&[rule("r", &[], &[], true, remind)]), InitialState::default(), sink).unwrap();
        let source = source("a", 0);
        engine.submit(chunk(&source, "1000 before remind 300\n", None)).expect("the engine is open");
        while engine.totals().scan_counts.lines < 1 || engine.inflight_bytes() > 0 {
            std::thread::sleep(Duration::from_millis(1));
        }
        clock.set(YEAR);
        engine.submit(chunk(&source, "2000 after remind 300\n", None)).expect("the engine is open");
        let start = Instant::now();
        while summaries(&kept).len() < 2 {
            std::thread::sleep(Duration::from_millis(20));
            clock.advance(20 * MS);
            assert!(start.elapsed() < Duration::from_secs(20), "{:?}", summaries(&kept));
        }
        let mut said = summaries(&kept);
        said.sort();
        assert_eq!(said, ["after r 2300", "before r 1300"]);
    });
}

/// As [`remind`], but slow on lines that say so.
fn slow(event: &Event<'_>, state: &mut dyn RuleState) -> Result<Option<String>, StateError> {
    if event.message.starts_with("slow") {
        std::thread::sleep(Duration::from_millis(10));
    }
    remind(event, state)
}

#[test]
fn its_time_does_not_run_ahead_of_lines_about_it_that_wait_in_the_queue() {
    within(|| {
        let (kept, sink) = sink();
        let engine =
            Engine::start(&config(1), rules(&[rule("r", &[], &[], true, slow)]), InitialState::default(), sink)
                .unwrap();
        let source = source("a", 0);
        engine.submit(chunk(&source, "1000 lively remind 1000\n", None)).expect("the engine is open");
        // Three seconds of work, in pieces, and behind them the line that moves the reminder.
        for _ in 0..60 {
            engine.submit(chunk(&source, &"1100 busy slow\n".repeat(5), None)).expect("the engine is open");
        }
        engine.submit(chunk(&source, "1900 lively remind 100000\n", None)).expect("the engine is open");
        engine.flush();
        assert_eq!(summaries(&kept), Vec::<String>::new());
    });
}

#[test]
fn a_reminder_that_is_set_holds_no_acknowledgement() {
    within(|| {
        let (kept, sink) = sink();
        let engine =
            Engine::start(&config(2), rules(&[rule("r", &[], &[], true, remind)]), InitialState::default(), sink)
                .unwrap();
        let done = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&done);
        let acknowledge: lifesigns_model::AckCallback = Box::new(move || {
            count.fetch_add(1, Ordering::SeqCst);
        });
        let source = source("a", 0);
        engine.submit(chunk(&source, "1000 a remind 1000000000\n", Some(acknowledge))).expect("the engine is open");
        engine.flush();
        assert_eq!((done.load(Ordering::SeqCst), engine.inflight_bytes()), (1, 0));
        // It is still there, and fires with the line that set it.
        engine.submit(chunk(&source, "1000002000 a hello\n", None)).expect("the engine is open");
        engine.flush();
        assert_eq!(summaries(&kept), ["a r 1000001000"]);
        let kept = kept.lock().unwrap();
        assert_eq!((kept[0].line, kept[0].text.as_str()), (1, "1000 a remind 1000000000"));
    });
}

#[test]
fn a_new_version_may_set_reminders_exactly_if_it_has_an_interest_in_them() {
    within(|| {
        let (kept, sink) = sink();
        let with = rules(&[rule("r", &[], &[], true, remind)]);
        let without = rules(&[rule("r", &[], &[], false, remind)]);
        let engine = Engine::start(&config(1), Arc::clone(&with), InitialState::default(), sink).unwrap();
        let source = source("a", 0);
        let failed = |engine: &Engine| {
            engine.flush();
            engine.totals().report.failures.get(&RuleKey::live("r")).map_or(0, |failures| failures.failed)
        };
        engine.submit(chunk(&source, "1000 a remind 10\n2000 a hello\n", None)).expect("the engine is open");
        assert_eq!(failed(&engine), 0);
        engine.swap(without);
        engine.submit(chunk(&source, "3000 a remind 10\n4000 a hello\n", None)).expect("the engine is open");
        assert_eq!(failed(&engine), 1);
        engine.swap(with);
        engine.submit(chunk(&source, "5000 a remind 10\n6000 a hello\n", None)).expect("the engine is open");
        assert_eq!(failed(&engine), 1);
        assert_eq!(summaries(&kept), ["a r 1010", "a r 5010"]);
    });
}

/// Counts the lines of an object, and says each number.
fn count(event: &Event<'_>, state: &mut dyn RuleState) -> Result<Option<String>, StateError> {
    if event.kind != 0 {
        return Ok(None);
    }
    let seen = state.count(event.number, "lines", 1, 1 << 40)?;
    Ok(Some(format!("{} {seen} {}", event.object, event.properties[0].unwrap_or("-"))))
}

#[test]
fn a_flood_of_objects_forgets_the_ones_that_were_silent_longest() {
    within(|| {
        let (kept, sink) = sink();
        let known = ObjectFacts {
            object: "known".into(),
            properties: vec![("env".into(), Some("production".into()))],
            ..ObjectFacts::default()
        };
        let counts = rule("count", &["hello"], &["env"], false, count);
        let reminds = rule("remind", &["remind"], &[], true, remind);
        let engine = Engine::start(
            &config(1),
            rules(&[counts, reminds]),
            InitialState { known: vec![known], ..InitialState::default() },
            sink,
        )
        .unwrap();
        let source = source("a", 0);
        let lively = "1000 lively \"properties\" env=test\n1000 lively hello\n";
        let start =
            "1000 known hello\n1000 silent \"properties\" env=test\n1000 silent hello\n1000 silent remind 5000\n";
        engine.submit(chunk(&source, &format!("{start}{lively}"), None)).expect("the engine is open");
        // Twice what a shard remembers, and now and then a line of the one that stays in sight.
        for thousand in 0..2 * limits::OBJECTS / 1000 {
            let mut text: String =
                (0..1000).map(|host| format!("1000 host-{thousand}-{host} \"properties\" x=y\n")).collect();
            text.push_str(lively);
            engine.submit(chunk(&source, &text, None)).expect("the engine is open");
        }
        engine.flush();
        kept.lock().unwrap().clear();
        engine
            .submit(chunk(&source, "9000 known hello\n9000 silent hello\n9000 lively hello\n", None))
            .expect("the engine is open");
        let report = engine.stop().report;
        let times = 2 + 2 * limits::OBJECTS / 1000;
        assert_eq!(
            summaries(&kept),
            ["known 2 production".into(), "silent 1 -".into(), format!("lively {times} test")],
            "it was forgotten with its reminder, which would have come first"
        );
        let (part, few) = (limits::OBJECTS as u64 / 16, limits::OBJECTS as u64 / 8);
        let gone = report.objects_evicted;
        assert!(
            gone.is_multiple_of(part) && gone.abs_diff(limits::OBJECTS as u64) <= few,
            "{gone} objects were evicted"
        );
        assert!(report.failures.is_empty());
    });
}

/// Says every line.
fn say(event: &Event<'_>, _: &mut dyn RuleState) -> Result<Option<String>, StateError> {
    Ok(Some(event.message.to_owned()))
}

#[test]
fn a_literal_that_begins_with_a_line_end_stalls_nothing_and_is_in_no_line() {
    within(|| {
        let ends = rule("ends", &["\n", "\n1", "\n\n", "\r\n", "1 b\n"], &[], false, say);
        let word = rule("word", &["b"], &[], false, say);
        let all = rule("all", &[], &[], false, say);
        let text = "1 a a\n1 b b\n\n\n1 c b\r\n1 d d\n\n1 e \\n b\n1 f b";
        for (list, expected) in [(vec![ends.clone(), word.clone()], 4), (vec![ends, all, word], 4 + 6)] {
            let (kept, sink) = sink();
            let engine = Engine::start(&config(1), rules(&list), InitialState::default(), sink).unwrap();
            engine.submit(chunk(&source("a", 0), text, None)).expect("the engine is open");
            let totals = engine.stop();
            assert_eq!((totals.scan_counts.lines, summaries(&kept).len()), (9, expected), "{:?}", summaries(&kept));
            assert!(kept.lock().unwrap().iter().all(|alert| alert.rule != "ends"));
        }
    });
}

/// Sets the given number of reminders for one event.
fn flood(event: &Event<'_>, state: &mut dyn RuleState) -> Result<Option<String>, StateError> {
    if event.kind == 2 {
        return Ok(Some(event.message.to_owned()));
    }
    let Some(many) = event.message.strip_prefix("flood ").and_then(|many| many.parse::<u64>().ok()) else {
        return Ok(None);
    };
    for number in 0..many {
        let time_ns = event.time_ns + (1000 + number) * MS;
        state.remind_at(event.number, &format!("{}-{number}", event.time_ns / MS), time_ns)?;
    }
    Ok(None)
}

#[test]
fn a_flood_of_reminders_is_refused_for_one_event_and_bounded_for_an_object() {
    within(|| {
        let (kept, sink) = sink();
        let limits = Limits { alerts_per_s: 1 << 20, ..Limits::default() };
        let rule = limited(&rule("r", &[], &[], true, flood), limits);
        let engine = Engine::start(&config(1), rules(&[rule]), InitialState::default(), sink).unwrap();
        let source = source("a", 0);
        let limit = limits::REMINDERS_PER_EVENT;
        let text = format!("1000 a flood {}\n1001 a flood {limit}\n2000 a flood 1\n9000 a hello\n", limit + 1);
        engine.submit(chunk(&source, &text, None)).expect("the engine is open");
        let report = engine.stop().report;
        let failures = &report.failures[&RuleKey::live("r")];
        assert_eq!(failures.failed, 1, "{failures:?}");
        assert!(failures.last_error.contains("more than 1024 reminders for one event"), "{failures:?}");
        assert_eq!(report.reminders_left_out, 1);
        let fired = summaries(&kept);
        assert_eq!(fired.len(), limits::REMINDERS);
        assert_eq!((fired[0].as_str(), fired.contains(&"1001-1023".into())), ("1001-0", false));
        assert!(fired.contains(&"2000-0".into()) && fired.contains(&"1001-1022".into()));
    });
}
