//! A replay near a deadline: a call whose deadline passed is decided by its instructions, so that the same comes out on
//! a slow machine as on a fast one. A live host goes by time.

#![allow(clippy::unwrap_used, reason = "in tests, also beside their functions")]

mod common;

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicU64, Ordering},
};

use common::{chunk, config, rule, rules, sink, source, within};
use lifesigns_engine::{Engine, LoadedRule, ReplayInput, ReplayOptions, ReplayOutput, replay};
use lifesigns_model::{
    DescribedInstance, EventBatch, InitialState, InstanceError, InstantiateError, Limits, Module, RuleAlertBatch,
    RuleInstance, RuleState,
};

/// A module of which every `nth` call is late; calls with `hopeless` have too many instructions, too.
struct Late {
    inner: Arc<dyn Module>,
    nth: u64,
    counts: bool,
    calls: Arc<AtomicU64>,
}

struct LateInstance {
    inner: Box<dyn RuleInstance>,
    is_counted: bool,
    nth: u64,
    calls: Arc<AtomicU64>,
}

impl Late {
    fn open(&self, settings: &str, limits: &Limits, is_counted: bool) -> Result<DescribedInstance, InstantiateError> {
        let opened = self.inner.instantiate(settings, limits)?;
        let (nth, calls) = (self.nth, Arc::clone(&self.calls));
        let instance = Box::new(LateInstance { inner: opened.instance, is_counted, nth, calls });
        Ok(DescribedInstance { instance, description: opened.description })
    }
}

impl Module for Late {
    fn digest(&self) -> &str {
        "late"
    }

    fn instantiate(&self, settings: &str, limits: &Limits) -> Result<DescribedInstance, InstantiateError> {
        self.open(settings, limits, false)
    }

    fn instantiate_counted(
        &self,
        settings: &str,
        limits: &Limits,
    ) -> Option<Result<DescribedInstance, InstantiateError>> {
        self.counts.then(|| self.open(settings, limits, true))
    }
}

impl RuleInstance for LateInstance {
    fn evaluate(
        &mut self,
        batch: &EventBatch,
        state: Box<dyn RuleState>,
        answer: &mut RuleAlertBatch,
    ) -> (Box<dyn RuleState>, Result<(), InstanceError>) {
        let is_nth = self.calls.fetch_add(1, Ordering::Relaxed).is_multiple_of(self.nth);
        let late = !self.is_counted && is_nth;
        if late || batch.text.contains("hopeless") {
            return (state, Err(InstanceError::Deadline { deadline_ms: 100 }));
        }
        self.inner.evaluate(batch, state, answer)
    }
}

/// Counts, so that each event that is lost changes what comes after it.
fn counting(nth: u64, counts: bool) -> Arc<LoadedRule> {
    let inner = rule("late", &["word"], &[], false, |event, state| {
        Ok(Some(format!("{} {}", state.count(event.number, "all", 1, 1 << 40)?, event.message)))
    });
    let module = Late { inner: Arc::clone(&inner.module), nth, counts, calls: Arc::default() };
    Arc::new(LoadedRule::new("late", Arc::new(module), "{}", Limits::default()).unwrap())
}

const TEXT: &str = "1000 a word 1\n2000 b word 2\n3000 a word hopeless\n4000 a word 4\n5000 a word 5\n6000 b word 6\n";

/// What a replay says, and the number of events on which the rule failed.
fn replayed(rule: Arc<LoadedRule>) -> (Vec<String>, u64) {
    let mut text = Some(TEXT.as_bytes().to_vec());
    let inputs = vec![ReplayInput { source: source("a", 0), reader: Box::new(move |_: Vec<u8>| Ok(text.take())) }];
    let found = Mutex::new(Vec::new());
    let render = |alert: &lifesigns_model::RuleAlertRef<'_>, _: &mut Vec<u8>| {
        found.lock().unwrap().push(format!("{} {}", alert.object, alert.summary));
    };
    let mut output = ReplayOutput { render: &render, emit: &mut |_| Ok(()), flush: &mut || Ok(()) };
    let outcome = replay(&ReplayOptions::with_threads(1), &rules(&[rule]), inputs, &[], &mut output).unwrap();
    let failed = outcome.report.failures.values().map(|failures| failures.failed).sum();
    (found.into_inner().unwrap(), failed)
}

#[test]
fn what_a_replay_says_does_not_depend_on_which_calls_are_late() {
    let expected = replayed(counting(u64::MAX, true));
    assert_eq!((expected.0.len(), expected.1), (5, 1), "{expected:?}");
    for nth in [1, 2, 3] {
        assert_eq!(replayed(counting(nth, true)), expected, "every {nth}th call is late");
    }
    assert_ne!(replayed(counting(1, false)), expected, "without counting, a late call is a failure");
}

#[test]
fn a_live_host_goes_by_time() {
    let (kept, sink) = sink();
    let rules = rules(&[counting(1, true)]);
    let totals = within(move || {
        let engine = Engine::start(&config(1), rules, InitialState::default(), sink).unwrap();
        engine.submit(chunk(&source("a", 0), "1000 a word 1\n2000 b word 2\n", None)).unwrap();
        engine.flush();
        engine.stop()
    });
    assert_eq!(totals.report.failures.values().map(|failures| failures.failed).sum::<u64>(), 2);
    assert!(common::summaries(&kept).is_empty());
}
