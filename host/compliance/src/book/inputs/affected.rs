//! Which definitions a change of a symptom, a fact or a group can affect, and on which objects.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    book::{
        evaluation::{definition_index::Dependents, policy_cache::Membership},
        ids::{Id, Key, key},
        inputs::reevaluator::Reevaluator,
        trigger::{Raise, Trigger},
    },
    record::{AlertStatus, EndCause},
    registry::AffectedObjects,
};

impl Reevaluator<'_> {
    /// Updates every definition that depends on a symptom.
    pub(crate) fn symptom_changed(&mut self, object: &Id, symptom: &Id, trigger: &Trigger<'_>) {
        for (object, name) in self.dependents(object, symptom) {
            self.update(&object, &name, trigger);
        }
    }

    /// Counts a raise of a symptom that is active already: no condition changes by it, so only open alerts
    /// count it, and alerts that a person cancelled are updated.
    pub(crate) fn symptom_repeated(&mut self, object: &Id, symptom: &Id, trigger: &Trigger<'_>, raise: &Raise) {
        let dependents = self.state.definitions.dependents(symptom);
        for name in dependents.on_same_object(symptom) {
            self.repeated_in(object, name, symptom, trigger, raise);
        }
        for (object, name) in self.relatives(object, &dependents) {
            self.repeated_in(&object, &name, symptom, trigger, raise);
        }
    }

    fn repeated_in(&mut self, object: &Id, name: &Id, symptom: &Id, trigger: &Trigger<'_>, raise: &Raise) {
        // What the symptom alone does not fulfil has no alert.
        let Some(alert) = self.state.alerts.get(object, name) else { return };
        let is_only_symptom = matches!(&alert.symptoms[..], [one] if **one == **symptom);
        match (alert.status, alert.cause) {
            (AlertStatus::Open, _) if is_only_symptom => self.count_raise(object, name, raise),
            (AlertStatus::Open, _) | (_, Some(EndCause::Hand)) => self.update(object, name, trigger),
            _ => {}
        }
    }

    /// Counts a raise in an open alert that its symptom alone makes, and says what the symptom says.
    fn count_raise(&mut self, object: &Id, name: &Id, raise: &Raise) {
        let symptom = self.state.objects.symptom(&raise.object, &raise.symptom);
        self.state.alerts.change(object, name, |alert| {
            raise.count_in(alert);
            if let Some(symptom) = symptom {
                alert.summary.clone_from(&symptom.summary);
                alert.attributes.clone_from(&symptom.attributes);
            }
        });
        // A silence may match the details.
        if !self.state.silences.is_empty() {
            self.state.notifier().refresh(object, name);
        }
    }

    /// Returns the objects and definitions that depend on a symptom of `object`.
    fn dependents(&mut self, object: &Id, symptom: &Id) -> Vec<Key> {
        let dependents = self.state.definitions.dependents(symptom);
        let mut all: Vec<Key> = dependents.on_same_object(symptom).map(|name| key(object, name)).collect();
        all.append(&mut self.relatives(object, &dependents));
        all
    }

    /// Returns those of `dependents` of a symptom of `object` that are evaluated on other objects.
    fn relatives(&mut self, object: &Id, dependents: &Dependents) -> Vec<Key> {
        let mut all = Vec::new();
        if !dependents.children.is_empty() {
            let children: Vec<String> = self.state.registry.children(object).map(str::to_owned).collect();
            for child in children {
                let child = self.state.object(&child);
                all.extend(dependents.children.iter().map(|name| key(&child, name)));
            }
        }
        if !dependents.parent.is_empty()
            && let Some(parent) = self.state.context().parent(object).map(str::to_owned)
        {
            let parent = self.state.object(&parent);
            all.extend(dependents.parent.iter().map(|name| key(&parent, name)));
        }
        all
    }

    /// Updates what can be affected on objects whose facts or groups changed, and on their relatives. `cause`: what
    /// an alert is said to end by.
    pub(crate) fn touched(&mut self, touched: AffectedObjects, time_ns: u64, who: &str, cause: EndCause) {
        if touched.objects.is_empty() {
            return;
        }
        self.state.badges.mark_members();
        let touched: Vec<Id> = touched.objects.into_iter().map(Id::from).collect();
        let mut affected: BTreeMap<Key, bool> = BTreeMap::new();
        for object in &touched {
            let moved = self.update_membership(object) == Membership::Moved;
            for name in self.affected(object) {
                *affected.entry((object.clone(), name)).or_default() |= moved;
            }
            for key in self.affected_relatives(object) {
                affected.entry(key).or_default();
            }
        }
        // A single change has one meter; where the whole inventory may have changed, each object has its own.
        let mut metered: Option<Id> = None;
        for ((object, name), review) in affected {
            if touched.len() > 1 && metered.as_ref() != Some(&object) {
                self.state.work.reset_meter();
                metered = Some(object.clone());
            }
            self.update_if_needed(&object, &name, &Trigger { review, ..Trigger::of(cause, time_ns, who) });
        }
        touched.iter().for_each(|object| self.state.notifier().refresh_ancestors(object));
    }

    /// Drops what policy decided about an object whose groups changed.
    fn update_membership(&mut self, object: &Id) -> Membership {
        let state = &mut *self.state;
        let uncertain = state.policies.update_uncertain_groups(object, &state.registry);
        let is_counted = state.badges.is_counted_by_its_groups(object, &state.registry);
        if uncertain == Membership::Same && is_counted {
            return Membership::Same;
        }
        state.policies.clear_object(object);
        state.badges.mark_object(object);
        Membership::Moved
    }

    /// Returns the definitions and symptoms whose alert on an object a change of its facts can affect.
    pub(crate) fn affected(&mut self, object: &Id) -> BTreeSet<Id> {
        let state = &mut *self.state;
        let mut names = BTreeSet::new();
        // Of an object that only its children name there are no facts.
        if state.registry.object(object).is_some() {
            names.extend(state.definitions.without_symptoms().iter().cloned());
        }
        if state.context().parent(object).is_some() {
            names.extend(state.definitions.on_parent().iter().cloned());
        }
        if state.registry.children(object).next().is_some() {
            names.extend(state.definitions.on_children().iter().cloned());
        }
        names.extend(state.alerts.open_of(object).map(|(name, _)| name.clone()));
        names.extend(state.alerts.pending_of(object).map(|(name, _)| name.clone()));
        for symptom in state.objects.active(object) {
            let dependents = state.definitions.dependents(symptom);
            names.extend(dependents.own.iter().cloned());
            if dependents.makes_own_alert() {
                names.insert(symptom.clone());
            }
        }
        names
    }

    /// Returns the definitions on children and parent of an object that a change of its facts can affect.
    fn affected_relatives(&self, object: &Id) -> Vec<Key> {
        let mut all = Vec::new();
        let on_parent = self.state.definitions.on_parent();
        if !on_parent.is_empty() {
            for child in self.state.registry.children(object) {
                let child: Id = child.into();
                all.extend(on_parent.iter().map(|name| key(&child, name)));
            }
        }
        let on_children = self.state.definitions.on_children();
        if !on_children.is_empty()
            && let Some(parent) = self.state.context().parent(object)
        {
            let parent: Id = parent.into();
            all.extend(on_children.iter().map(|name| key(&parent, name)));
        }
        all
    }

    /// Updates a definition on an object; one that the book has nothing about is added only if the definition
    /// holds on it.
    pub(crate) fn update_if_needed(&mut self, object: &Id, name: &Id, trigger: &Trigger<'_>) {
        if self.state.objects.id(object).is_some() {
            self.update(object, name, trigger);
            return self.state.notifier().refresh(object, name);
        }
        let evaluation = self.state.evaluator().evaluate(object, name);
        if evaluation.enabled && evaluation.holds {
            let object = self.state.object(object);
            self.update(&object, name, trigger);
        }
    }
}
