//! Takes which rules exist. The symptoms of a rule that is gone end after a grace, so that a rule that is copied
//! again finds them as they were.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::{
    book::{
        ids::{Id, Key, key},
        inputs::reevaluator::Reevaluator,
        lookup::{conflict, unknown},
        objects::known_rules::{RulesUpdate, rule_of},
        state::BookState,
        trigger::Trigger,
    },
    change::{KnownRule, RemovedRule, RequestError},
    record::EndCause,
};

/// Takes the rules that exist now.
pub(crate) fn take(state: &mut BookState, rules: Vec<KnownRule>) {
    let active = state.objects.all().filter(|(.., symptom)| symptom.active);
    let raised: BTreeSet<&str> = active.map(|(_, name, _)| rule_of(name)).collect();
    let raised: BTreeSet<String> = raised.into_iter().map(str::to_owned).collect();
    // The same rules are an input all the same after a restart: the grace of one that was gone begins again.
    if state.rules.update(rules.clone(), raised, state.clock.wall_ns()) == RulesUpdate::Changed {
        state.journal.known_rules(rules);
        // Badges count cancelled alerts of rules that exist.
        state.recount_badges();
    }
}

/// Ends the symptoms of rules whose grace is over.
pub(crate) fn end_removed(state: &mut BookState) {
    for rule in state.rules.take_due(state.clock.wall_ns()) {
        end_rule(state, &rule);
    }
}

fn end_rule(state: &mut BookState, rule: &str) {
    let active = state.objects.all().filter(|(_, name, symptom)| symptom.active && rule_of(name) == rule);
    let active: Vec<Key> = active.map(|(object, name, _)| key(object, name)).collect();
    let audited = state.journal.audited();
    let who = format!("rule {rule}");
    let now_ns = state.clock.now_ns();
    for (object, name) in &active {
        end_symptom(state, object, name, EndCause::RuleRemoved, &who);
    }
    let alerts = state.journal.cancelled_since(audited);
    let after = json!({ "symptoms": active.len(), "alerts": alerts });
    state.journal.audit(now_ns, "configuration", "rule removed", rule, Value::Null, after);
    state.journal.removed_rule(RemovedRule { rule: rule.to_owned(), symptoms: active.len(), alerts });
}

/// Ends an active symptom that its rule did not clear.
fn end_symptom(state: &mut BookState, object: &Id, name: &Id, cause: EndCause, who: &str) {
    let time_ns = state.objects.end(object, name, state.clock.now_ns(), cause);
    Reevaluator::new(state).symptom_changed(object, name, &Trigger::of(cause, time_ns, who));
}

/// Ends a symptom for a person. A later raise makes it active again.
pub(crate) fn clear_by_hand(
    state: &mut BookState,
    object: &str,
    symptom: &str,
    why: &str,
    wall_ns: u64,
    who: &str,
) -> Result<(), RequestError> {
    let Some(object) = state.objects.id(object) else { return Err(unknown("object", object)) };
    let Some((object, name, symptom)) = state.objects.entry(object, symptom) else {
        return Err(unknown("symptom", symptom));
    };
    if !symptom.active {
        return conflict(format!("{name} is not active on {object}: there is nothing to clear"));
    }
    let (object, name) = key(object, name);
    let after = json!({ "symptom": &*name, "why": why });
    state.journal.audit(wall_ns, who, "symptom cleared", &object, Value::Null, after);
    end_symptom(state, &object, &name, EndCause::Hand, who);
    Ok(())
}
