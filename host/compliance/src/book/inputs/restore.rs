//! Goes on from what a store kept.

use std::{collections::BTreeMap, sync::Arc};

use crate::{
    book::{
        alerts::table::Alerts, badges::index::BadgeIndex, evaluation::policy_cache::PolicyCache, ids::Id,
        inputs::wall_clock, journal::Journal, objects::states::ObjectStates, state::BookState,
    },
    change::BookSnapshot,
};

/// Replaces all that the book knows but its configuration.
pub(crate) fn restore(state: &mut BookState, snapshot: BookSnapshot) {
    state.clock.restore(snapshot.event_ns, snapshot.clock_ns);
    state.journal = Journal::default();
    state.decided_by = snapshot.decided_by;
    state.rules.restore(snapshot.rules);
    state.badges = BadgeIndex::default();
    state.registry.restore(snapshot.objects);
    state.objects = ObjectStates::default();
    state.alerts = Alerts::default();
    state.policies = PolicyCache::new();
    state.undecided.clear();
    state.timers.clear();
    state.timers.set_wall_clock(snapshot.clock_ns);
    state.silences.restore(snapshot.silences);
    state.plan_hours();
    let mut names = InternedIds::default();
    for symptom in snapshot.symptoms {
        let object = state.object(&symptom.object);
        state.objects.restore(&object, names.shared(&symptom.name), symptom);
    }
    for pending in snapshot.pending {
        let object = state.object(&pending.object);
        state.alerts.restore_pending(&object, names.shared(&pending.definition), pending);
    }
    for alert in snapshot.alerts {
        let object = state.object(&alert.object);
        state.alerts.restore(&object, names.shared(&alert.definition), alert);
    }
    for (object, name, alert) in state.alerts.all_open() {
        if let Some(failed) = &alert.undecided {
            state.undecided.restore(object, name, failed);
        }
    }
    wall_clock::restore_timers(state, snapshot.clock_ns);
    state.recount_badges();
    snapshot.badges.iter().for_each(|point| state.badges.restore(point));
    state.plan_repeats();
    state.plan_all_metric_ages();
    state.update_badges();
}

/// Names that are shared by all that is restored.
#[derive(Default)]
struct InternedIds(BTreeMap<String, Id>);

impl InternedIds {
    fn shared(&mut self, name: &str) -> Id {
        if let Some(known) = self.0.get(name) {
            return Arc::clone(known);
        }
        let id: Id = name.into();
        self.0.insert(name.to_owned(), Arc::clone(&id));
        id
    }
}
