//! Calls of real modules that end by their instructions: as fast ones they answer the same, and one that loops ends.

use std::sync::Arc;

use lifesigns::Sandbox;
use lifesigns_artifacts as artifacts;
use lifesigns_e2e::run::{Input, replay};
use lifesigns_engine::LoadedRule;
use lifesigns_model::{
    DescribedInstance, InstanceError, InstantiateError, Limits, Module, RuleAlertBatch, RuleInstance, RuleState,
};

/// Loads a module whose instructions are counted where a deadline passes.
fn load(path: &std::path::Path) -> Arc<dyn Module> {
    let sandbox = Sandbox::new(None).expect("a sandbox");
    sandbox.count_instructions();
    let bytes = std::fs::read(path).expect("the module");
    sandbox.load(&bytes, &lifesigns_workbench::digest(&bytes)).expect("it is admitted")
}

/// A module whose calls are all too late, as on a machine that is far too slow.
struct Slow(Arc<dyn Module>);

struct SlowInstance;

impl Module for Slow {
    fn digest(&self) -> &str {
        self.0.digest()
    }

    fn instantiate(&self, settings: &str, limits: &Limits) -> Result<DescribedInstance, InstantiateError> {
        let description = self.0.instantiate(settings, limits)?.description;
        Ok(DescribedInstance { instance: Box::new(SlowInstance), description })
    }

    fn instantiate_counted(
        &self,
        settings: &str,
        limits: &Limits,
    ) -> Option<Result<DescribedInstance, InstantiateError>> {
        self.0.instantiate_counted(settings, limits)
    }
}

impl RuleInstance for SlowInstance {
    fn evaluate(
        &mut self,
        _: &lifesigns_model::EventBatch,
        state: Box<dyn RuleState>,
        _: &mut RuleAlertBatch,
    ) -> (Box<dyn RuleState>, Result<(), InstanceError>) {
        (state, Err(InstanceError::Deadline { deadline_ms: 100 }))
    }
}

fn rule(module: Arc<dyn Module>, settings: &str, limits: Limits) -> Arc<LoadedRule> {
    Arc::new(LoadedRule::new("one", module, settings, limits).expect("it loads"))
}

#[test]
fn a_replay_on_a_slow_machine_says_what_it_says_on_a_fast_one() {
    let module = load(artifacts::rule("keyword"));
    let settings = r#"{"contains":["Failed"],"threshold":2,"window":"1h"}"#;
    let text: String = (0..50).map(|n| format!("2026-11-27T00:{n:02}:00Z Failed login {n}\n")).collect();
    let said = |module: Arc<dyn Module>| {
        let rules = [rule(module, settings, Limits::default())];
        let replayed = replay(&rules, &[Input::new("a.log", "vm", text.clone())], &[], 1);
        (lifesigns_e2e::cases::text(&replayed.alerts), replayed.outcome.report.failures)
    };
    let fast = said(Arc::clone(&module));
    assert!(!fast.0.is_empty() && fast.1.is_empty(), "{fast:?}");
    assert_eq!(said(Arc::new(Slow(module))), fast);
}

#[test]
fn a_call_that_loops_ends_by_its_instructions() {
    let module = load(artifacts::guest("hostile"));
    // Short, because the count stands for the longest time that such a deadline takes.
    let limits = Limits { deadline_ms: 1, ..Limits::default() };
    let rules = [rule(module, r#"{"do":"loop"}"#, limits)];
    let text = "2026-11-27T00:00:00Z trigger\n2026-11-27T00:00:01Z fine\n";
    let replayed = replay(&rules, &[Input::new("a.log", "vm", text)], &[], 1);
    let failures = replayed.outcome.report.failures.values().next().expect("it failed");
    assert_eq!((failures.failed, replayed.alerts.len()), (1, 1), "{failures:?}");
    assert!(failures.last_error.starts_with("it did not return within its deadline of 1 ms"), "{failures:?}");
}
