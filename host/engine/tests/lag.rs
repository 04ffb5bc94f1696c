//! How far a rule that misses its deadlines puts the stream behind, and for how long, on a simulated clock: calls take
//! simulated time, and lines queue meanwhile.

#![allow(clippy::unwrap_used, reason = "in tests, also beside their functions")]

mod common;

use std::sync::{Arc, Mutex};

use common::{chunk, config, rule, rules, source, within};
use lifesigns_engine::{Engine, EngineConfig, LoadedRule, RuleAlertSink};
use lifesigns_model::{
    Clock as _, DescribedInstance, EventBatch, InitialState, InstanceError, InstantiateError, Limits, ManualClock,
    Module, RuleAlertBatch, RuleInstance, RuleState,
};

const MS: u64 = 1_000_000;
/// A line comes so often.
const EVERY_NS: u64 = 10 * MS;
const DEADLINE_NS: u64 = 100 * MS;
/// Within so long after the first poison line the stream must be up to date again.
const RECOVERY_NS: u64 = 5_000 * MS;
const LINES: usize = 3000;

/// A module whose calls take simulated time.
struct Timed {
    inner: Arc<dyn Module>,
    clock: Arc<ManualClock>,
    /// For each event; `None` for one that takes its whole deadline, and misses it.
    event_ns: Option<u64>,
}

struct TimedInstance {
    inner: Box<dyn RuleInstance>,
    clock: Arc<ManualClock>,
    event_ns: Option<u64>,
}

impl Module for Timed {
    fn digest(&self) -> &str {
        "timed"
    }

    fn instantiate(&self, settings: &str, limits: &Limits) -> Result<DescribedInstance, InstantiateError> {
        let opened = self.inner.instantiate(settings, limits)?;
        let (clock, event_ns) = (Arc::clone(&self.clock), self.event_ns);
        let instance = Box::new(TimedInstance { inner: opened.instance, clock, event_ns });
        Ok(DescribedInstance { instance, description: opened.description })
    }
}

impl RuleInstance for TimedInstance {
    fn evaluate(
        &mut self,
        batch: &EventBatch,
        state: Box<dyn RuleState>,
        answer: &mut RuleAlertBatch,
    ) -> (Box<dyn RuleState>, Result<(), InstanceError>) {
        let Some(event_ns) = self.event_ns else {
            self.clock.advance(DEADLINE_NS);
            return (state, Err(InstanceError::Deadline { deadline_ms: DEADLINE_NS / MS }));
        };
        self.clock.advance(event_ns * batch.len() as u64);
        self.inner.evaluate(batch, state, answer)
    }
}

fn timed(name: &str, word: &str, clock: &Arc<ManualClock>, event_ns: Option<u64>) -> Arc<LoadedRule> {
    let inner = rule(name, &[word], &[], false, |event, _| Ok(Some(event.message.to_owned())));
    let module = Timed { inner: Arc::clone(&inner.module), clock: Arc::clone(clock), event_ns };
    Arc::new(LoadedRule::new(name, Arc::new(module), "{}", Limits::default()).unwrap())
}

/// Runs a stream that takes `load_percent` of the time that there is, in which these lines are poison. Returns when
/// each line came, and how much later the sound rule had it.
fn lags(load_percent: u64, is_poison: fn(usize) -> bool) -> Vec<(u64, u64)> {
    within(move || {
        let begin_ns = 1_000_000 * MS;
        let clock = Arc::new(ManualClock::new(begin_ns));
        // By name, the one that hangs is before the sound one.
        let hangs = timed("a-hangs", "poison", &clock, None);
        let sound = timed("b-sound", "line", &clock, Some(EVERY_NS * load_percent / 100));
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (into, now) = (Arc::clone(&seen), Arc::clone(&clock));
        let sink: RuleAlertSink = Arc::new(move |alert| {
            if alert.rule == "b-sound" {
                let number = alert.summary.rsplit(' ').next().and_then(|word| word.parse::<u64>().ok()).unwrap();
                into.lock().unwrap().push((number, now.now_ns()));
            }
        });
        let config = EngineConfig { clock: Arc::clone(&clock) as _, ..config(1) };
        let engine = Engine::start(&config, rules(&[hangs, sound]), InitialState::default(), sink).unwrap();
        let source = source("a", 0);
        let arrives_ns = |number: usize| begin_ns + number as u64 * EVERY_NS;
        let mut next = 0;
        while next < LINES {
            clock.set(clock.now_ns().max(arrives_ns(next)));
            // All lines that came while the last ones were evaluated.
            let mut text = String::new();
            while next < LINES && arrives_ns(next) <= clock.now_ns() {
                let word = if is_poison(next) { "poison" } else { "fine" };
                text += &format!("{} vm {word} line {next}\n", arrives_ns(next) / MS);
                next += 1;
            }
            engine.submit(chunk(&source, &text, None)).unwrap();
            engine.flush();
        }
        engine.stop();
        let mut seen = std::mem::take(&mut *seen.lock().unwrap());
        seen.sort_unstable();
        assert_eq!(seen.len(), LINES, "the sound rule has every line");
        seen.iter().map(|(number, at)| (number * EVERY_NS, at - arrives_ns(*number as usize))).collect()
    })
}

/// The worst lag, and how long after the first poison line the last one came that was late.
fn worst_and_recovery(lags: &[(u64, u64)], usual_ns: u64, first_poison: usize) -> (u64, u64) {
    let worst = lags.iter().map(|(_, lag)| *lag).max().unwrap();
    let late = lags.iter().rev().find(|(_, lag)| *lag > usual_ns).map_or(0, |(at, _)| *at);
    (worst, late.saturating_sub(first_poison as u64 * EVERY_NS))
}

#[test]
fn without_poison_nothing_lags() {
    let lags = lags(90, |_| false);
    assert_eq!(worst_and_recovery(&lags, EVERY_NS, 0), (EVERY_NS * 9 / 10, 0));
}

#[test]
fn one_event_that_hangs_delays_the_stream_by_its_deadline() {
    let lags = lags(90, |number| number == 100);
    let (worst_ns, recovery_ns) = worst_and_recovery(&lags, 2 * EVERY_NS, 100);
    assert!(worst_ns <= 2 * DEADLINE_NS, "{worst_ns}");
    assert!(recovery_ns <= RECOVERY_NS, "{recovery_ns}");
}

#[test]
fn after_a_burst_of_events_that_hang_the_lag_recovers() {
    let lags = lags(80, |number| (100..200).contains(&number));
    let (worst_ns, recovery_ns) = worst_and_recovery(&lags, 2 * EVERY_NS, 100);
    assert!(worst_ns <= 6 * DEADLINE_NS, "{worst_ns}");
    assert!(recovery_ns <= RECOVERY_NS, "{recovery_ns}");
}

#[test]
fn a_rule_that_always_hangs_costs_the_stream_less_and_less() {
    let lags = lags(50, |number| number >= 100);
    let late = |from_s: u64, to_s: u64| {
        let of_time = lags.iter().filter(|(at, _)| (from_s * 1000 * MS..to_s * 1000 * MS).contains(at));
        of_time.filter(|(_, lag)| *lag > 2 * EVERY_NS).count()
    };
    let worst_ns = lags.iter().map(|(_, lag)| *lag).max().unwrap();
    assert!(worst_ns <= 6 * DEADLINE_NS, "{worst_ns}");
    // From the fifth second on it is tried every 8 s and more seldom.
    assert!(late(6, 30) * 100 <= 5 * 2400, "{} of 2400 lines are late", late(6, 30));
}
