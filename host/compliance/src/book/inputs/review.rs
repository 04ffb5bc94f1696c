//! Retroactive: when groups, policies or definitions change, everything that was decided by them is evaluated
//! again, with no new event.

use std::{collections::BTreeSet, sync::Arc};

use serde_json::{Value, json};

use crate::{
    book::{
        digest::config_digest,
        evaluation::definition_index::DefinitionIndex,
        ids::Id,
        inputs::{due, reevaluator::Reevaluator},
        state::BookState,
        trigger::Trigger,
    },
    compiled::CompiledConfig,
    config::{ComplianceConfig, ConfigError},
    record::EndCause,
};

/// Puts a configuration into force. The error is everything that is wrong with it; then nothing changes.
pub(crate) fn configure(state: &mut BookState, config: &Arc<ComplianceConfig>) -> Result<(), Vec<ConfigError>> {
    let compiled = Arc::new(CompiledConfig::new(Arc::clone(config))?);
    state.clock.use_wall_clock();
    state.definitions = DefinitionIndex::new(&compiled);
    let compiled_before = std::mem::replace(&mut state.compiled, Arc::clone(&compiled));
    let before = compiled_before.config();
    state.registry.configure(compiled);
    state.plan_hours();
    let (was, is) = (names(before, config), names(config, before));
    if was != is {
        state.journal.audit(state.clock.now_ns(), "configuration", "configuration changed", "", was, is);
    }
    state.recount_badges();
    state.plan_repeats();
    if before.metrics_age_ms != config.metrics_age_ms {
        state.plan_all_metric_ages();
    }
    reevaluate_all(state);
    note_decided(state);
    Ok(())
}

/// Returns whether everything was decided by the configuration that the book has; a book that has decided nothing
/// so far counts as decided.
pub(crate) fn is_decided(state: &BookState) -> bool {
    state.decided_by.is_empty() || state.decided_by == config_digest(state.config())
}

/// Evaluates everything again unless it was decided by the configuration in force.
pub(crate) fn review(state: &mut BookState) {
    if state.decided_by != config_digest(state.config()) {
        state.clock.use_wall_clock();
        reevaluate_all(state);
        note_decided(state);
    }
}

/// Notes that everything is decided by the configuration in force from now on.
fn note_decided(state: &mut BookState) {
    state.decided_by = config_digest(state.config());
    state.journal.decided_by(&state.decided_by);
}

/// Evaluates every definition again on every object that it can concern.
pub(crate) fn reevaluate_all(state: &mut BookState) {
    state.policies.clear();
    state.undecided.clear();
    let mut objects: BTreeSet<Id> = state.objects.ids().cloned().collect();
    if !state.definitions.without_symptoms().is_empty() {
        objects.extend(state.registry.objects().ids().cloned());
    }
    let trigger = Trigger { review: true, ..Trigger::of(EndCause::Policy, state.clock.now_ns(), "configuration") };
    let mut reevaluator = Reevaluator::new(state);
    for object in objects {
        reevaluator.state.work.reset_meter();
        for name in reevaluator.affected(&object) {
            reevaluator.update_if_needed(&object, &name, &trigger);
        }
    }
    due::apply_due(state);
}

/// Returns the names of what `one` has and `other` has not, or has otherwise.
fn names(one: &ComplianceConfig, other: &ComplianceConfig) -> Value {
    fn differing<'a, T: PartialEq>(one: &'a [T], other: &[T], name: impl Fn(&'a T) -> String) -> Vec<String> {
        one.iter().filter(|part| !other.contains(part)).map(name).collect()
    }
    let mut names = json!({
        "groups": differing(&one.groups, &other.groups, |group| group.name.clone()),
        "policies": differing(&one.policies, &other.policies, |policy| policy.name.clone()),
        "alerts": differing(&one.definitions, &other.definitions, |definition| definition.name.clone()),
        "routes": differing(&one.routes, &other.routes, |route| route.place.to_string()),
        "badge": one.badge,
        "reopen_ms": one.reopen_ms,
        "inhibit_by_parent": one.inhibit_by_parent,
        "metrics_age_ms": one.metrics_age_ms,
    });
    if let Some(names) = names.as_object_mut() {
        names.retain(|_, value| value.as_array().is_none_or(|names| !names.is_empty()));
    }
    names
}
