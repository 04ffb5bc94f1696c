//! Answers of rules: their alerts have an order of their own, however the rule puts them down.

mod common;

use std::sync::{Arc, Mutex, PoisonError};

use common::{chunk, config, rule, rules, source, within};
use lifesigns_engine::{Engine, LoadedRule};
use lifesigns_model::{
    Change, DescribedInstance, Description, EventBatch, InitialState, InstanceError, InstantiateError, Limits, Module,
    RuleAlertBatch, RuleAlertRef, RuleInstance, RuleState,
};

/// Goes through the events of a batch twice, and says something of each both times.
struct Twice(Description);

impl Module for Twice {
    fn digest(&self) -> &str {
        "twice"
    }

    fn instantiate(&self, _: &str, _: &Limits) -> Result<DescribedInstance, InstantiateError> {
        Ok(DescribedInstance { instance: Box::new(Self(self.0.clone())), description: self.0.clone() })
    }
}

impl RuleInstance for Twice {
    fn evaluate(
        &mut self,
        batch: &EventBatch,
        state: Box<dyn RuleState>,
        answer: &mut RuleAlertBatch,
    ) -> (Box<dyn RuleState>, Result<(), InstanceError>) {
        for time in ["first", "second"] {
            (0..batch.len() as u32).for_each(|event| answer.push(event, 0, Change::Raise, time, []));
        }
        (state, Ok(()))
    }
}

#[test]
fn alerts_of_one_event_are_in_order_also_where_the_answer_takes_events_up_again() {
    within(|| {
        let description = rule("r", &[], &[], false, |_, _| Ok(None)).description.clone();
        let module: Arc<dyn Module> = Arc::new(Twice(description));
        let twice = LoadedRule::new("r", module, "{}", Limits::default()).expect("it opens");
        let orders = Arc::new(Mutex::new(Vec::new()));
        let into = Arc::clone(&orders);
        let sink = move |alert: &RuleAlertRef<'_>| {
            let noted = (alert.order.line, alert.order.nth, alert.summary.to_owned());
            into.lock().unwrap_or_else(PoisonError::into_inner).push(noted);
        };
        let rules = rules(&[Arc::new(twice)]);
        let engine = Engine::start(&config(1), rules, InitialState::default(), Arc::new(sink)).expect("threads");
        engine.submit(chunk(&source("a", 0), "1 o x\n2 o y\n", None)).expect("the engine is open");
        engine.flush();
        let mut orders = orders.lock().unwrap_or_else(PoisonError::into_inner).clone();
        orders.sort();
        let expected = [(1, 0, "first"), (1, 1, "second"), (2, 0, "first"), (2, 1, "second")];
        assert_eq!(orders, expected.map(|(line, nth, summary)| (line, nth, summary.to_owned())));
    });
}
