//! Takes facts, inventories and objects that were seen.

use std::collections::BTreeMap;

use lifesigns_model::{ObjectAliases, ObjectFacts};
use serde_json::{Value, json};

use crate::{
    book::{
        ids::Id,
        inputs::{event_time, reevaluator::Reevaluator},
        state::BookState,
    },
    record::{EndCause, Object},
    registry::AffectedObjects,
};

/// Takes facts of one object.
pub(crate) fn take(state: &mut BookState, mut facts: ObjectFacts) {
    // A time of 0 stands for facts that have held since ever.
    let is_event = facts.time_ns > 0;
    let time_ns =
        if is_event { event_time::observe(state, &facts.object, facts.time_ns) } else { state.clock.now_ns() };
    if is_event {
        facts.time_ns = time_ns;
    }
    let is_audited = facts.kind.is_some() || facts.parent.is_some() || !facts.properties.is_empty();
    let before = state.registry.object(&facts.object).filter(|_| is_audited).map(audited_facts);
    let touched = state.registry.apply_facts(&facts);
    if is_event {
        event_time::drop_unknown(state, &facts.object);
    }
    if is_audited {
        audit_facts(state, &facts.object, before, time_ns, "facts");
    }
    if !facts.metrics.is_empty() {
        let clock = state.clock.active().clone();
        state.plan_metric_ages(&facts.object, &clock);
    }
    update(state, touched, time_ns, "facts");
}

/// Takes the whole inventory. Of the objects that were known already, each one that changed is audited; of
/// those that are new, how many there are.
pub(crate) fn inventory(state: &mut BookState, objects: &[ObjectFacts]) {
    let now_ns = state.clock.now_ns();
    let diff = state.registry.objects().inventory_diff(objects, now_ns);
    let changing = diff.known_objects().filter_map(|id| state.registry.object(id));
    let mut before: BTreeMap<String, Value> =
        changing.map(|object| (object.id.to_string(), audited_facts(object))).collect();
    let known = state.registry.objects().len();
    let touched = state.registry.apply_inventory(&diff);
    for object in &touched.objects {
        if let Some(before) = before.remove(object) {
            audit_facts(state, object, Some(before), now_ns, "inventory");
        }
    }
    let added = state.registry.objects().len() - known;
    if added > 0 {
        let after = json!({ "objects": objects.len(), "added": added });
        state.journal.audit(now_ns, "inventory", "inventory read", "", Value::Null, after);
    }
    update(state, touched, now_ns, "inventory");
    forget_other_names(state, objects, now_ns);
}

/// Forgets objects whose names are other names of listed ones: what comes of them is about those from now on.
fn forget_other_names(state: &mut BookState, objects: &[ObjectFacts], now_ns: u64) {
    let aliases = ObjectAliases::of(objects);
    let mut known: Vec<(&str, &str)> =
        aliases.iter().filter(|(alias, _)| state.registry.object(alias).is_some()).collect();
    known.sort_unstable();
    for (alias, object) in known {
        forget(state, alias, json!({ "other name of": object }), now_ns, "inventory");
    }
}

/// Forgets an object with all about it; its open alerts are cancelled. `why` is audited.
pub(crate) fn forget(state: &mut BookState, object: &str, why: Value, now_ns: u64, who: &str) {
    let id: Id = object.into();
    let names: Vec<Id> = state.alerts.open_of(object).map(|(name, _)| name.clone()).collect();
    for name in names {
        state.cancel(&id, &name, EndCause::ObjectForgotten, now_ns, who);
    }
    state.remove_object(&id);
    let touched = state.registry.forget(object);
    state.journal.forgotten_object(object);
    state.journal.audit(now_ns, who, "object forgotten", object, Value::Null, why);
    update(state, touched, now_ns, who);
}

/// Notes that an object was seen.
pub(crate) fn seen(state: &mut BookState, object: &str, time_ns: u64) {
    let touched = state.registry.touch(object, time_ns);
    update(state, touched, time_ns, "facts");
}

/// Updates what a change of facts affects.
pub(crate) fn update(state: &mut BookState, touched: AffectedObjects, time_ns: u64, who: &str) {
    Reevaluator::new(state).touched(touched, time_ns, who, EndCause::Fact);
}

fn audit_facts(state: &mut BookState, object: &str, before: Option<Value>, time_ns: u64, who: &str) {
    let after = state.registry.object(object).map(audited_facts);
    if before != after {
        let (before, after) = (before.unwrap_or_default(), after.unwrap_or_default());
        state.journal.audit(time_ns, who, "facts changed", object, before, after);
    }
}

/// Returns what of an object is audited: all but its metrics and when it was seen.
fn audited_facts(object: &Object) -> Value {
    let known = object.properties.iter().filter_map(|(name, fact)| Some((name.as_str(), fact.value.as_deref()?)));
    let properties: BTreeMap<&str, &str> = known.collect();
    json!({
        "kind": object.kind,
        "parent": object.parent,
        "properties": properties,
        "discovered": object.discovered,
    })
}
