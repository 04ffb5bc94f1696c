//! Retroactive: when facts, groups, policies or definitions change, everything that was decided by
//! them is looked at again, with no new event.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use lifesigns_model::ObjectFacts;
use serde_json::{Value, json};

use super::{Book, index::Index, life::hex, look::Trigger, page::Id};
use crate::{
    compiled::CompiledConfig,
    config::{ComplianceConfig, ConfigError},
    expression::Meter,
    record::{AlertStatus, EndCause, Object},
    registry::AffectedObjects,
};

impl Book {
    /// The operators decided anew. All that is wrong with it, in which case nothing changes.
    pub fn configure(&mut self, config: Arc<ComplianceConfig>) -> Result<(), Vec<ConfigError>> {
        let compiled = Arc::new(CompiledConfig::new(Arc::clone(&config))?);
        self.by_host();
        let before = std::mem::replace(&mut self.compiled, Arc::clone(&compiled));
        let (was, is) = (names(before.config(), &config), names(&config, before.config()));
        self.index = Index::new(&compiled);
        self.registry.configure(compiled);
        self.next_hours = self.compiled.next_hours_change(self.clock_ns);
        if was != is {
            self.note(self.stamp(), "configuration", "configuration changed", "", was, is);
        }
        self.recount();
        self.plan_repeats();
        if before.config().metrics_age_ms != config.metrics_age_ms {
            self.plan_all_ages();
        }
        self.decide_anew();
        self.note_decided();
        Ok(())
    }

    /// Whether what was restored was decided by the configuration that the book has; one that has decided
    /// nothing so far counts as decided.
    pub fn is_decided(&self) -> bool {
        self.decided_by.is_empty() || self.decided_by == mark(self.config())
    }

    /// Looks at everything again, as after a change of the configuration. A host does this once
    /// after [`Book::restore`], because the configuration may have changed while it was down; where
    /// it is the one that everything was decided by, there is nothing to look at.
    pub fn review(&mut self) {
        if self.decided_by != mark(self.config()) {
            self.by_host();
            self.decide_anew();
            self.note_decided();
        }
    }

    /// From now on this configuration is the one that everything is decided by.
    fn note_decided(&mut self) {
        self.decided_by = mark(self.config());
        self.news.decided_by = Some(self.decided_by.clone());
    }

    /// Decides everything once more.
    pub(super) fn decide_anew(&mut self) {
        for page in self.pages.values_mut() {
            page.rulings.clear();
            page.undecided.clear();
        }
        let mut objects: BTreeSet<Id> = self.pages.keys().cloned().collect();
        if !self.index.free.is_empty() {
            objects.extend(self.registry.objects().map(|object| object.id.as_str().into()));
        }
        let trigger = Trigger { review: true, ..Trigger::of(EndCause::Policy, self.stamp(), "configuration") };
        for object in objects {
            self.meter = Meter::default();
            for name in self.candidates(&object) {
                self.look_if_any(&object, &name, &trigger);
            }
        }
        self.settle();
    }

    /// Facts of one object came in.
    pub(super) fn facts(&mut self, mut facts: ObjectFacts) {
        // 0 is for ever since.
        let mut time_ns = self.stamp();
        if facts.time_ns > 0 {
            time_ns = self.hear(&facts.object, facts.time_ns);
            facts.time_ns = time_ns;
        }
        let named = facts.kind.is_some() || facts.parent.is_some() || !facts.properties.is_empty();
        let before = named.then(|| self.registry.object(&facts.object).map(described)).flatten();
        let touched = self.registry.facts(&facts);
        if facts.time_ns > 0 {
            self.unhear(&facts.object);
        }
        if named {
            self.note_facts(&facts.object, before, time_ns, "facts");
        }
        if !facts.metrics.is_empty() {
            let key = self.hearing.clone();
            self.plan_ages(&facts.object, &key);
        }
        self.touched(touched, time_ns, "facts");
    }

    /// The whole inventory. Of objects that were known already, each one that changed is audited; of
    /// those that are new, how many they are.
    pub(super) fn inventory(&mut self, objects: &[ObjectFacts]) {
        let now_ns = self.stamp();
        let before: BTreeMap<String, Value> =
            self.registry.objects().map(|object| (object.id.clone(), described(object))).collect();
        let listed = objects.len();
        let touched = self.registry.inventory(objects, now_ns);
        let mut added = 0_u64;
        for object in &touched.objects {
            match before.get(object) {
                Some(before) => self.note_facts(object, Some(before.clone()), now_ns, "inventory"),
                None => added += 1,
            }
        }
        if added > 0 {
            let after = json!({ "objects": listed, "added": added });
            self.note(now_ns, "inventory", "inventory read", "", Value::Null, after);
        }
        self.touched(touched, now_ns, "inventory");
    }

    fn note_facts(&mut self, object: &str, before: Option<Value>, time_ns: u64, who: &str) {
        let after = self.registry.object(object).map(described);
        if before != after {
            self.note(time_ns, who, "facts changed", object, before.unwrap_or_default(), after.unwrap_or_default());
        }
    }

    /// An object was heard of.
    pub(super) fn seen(&mut self, object: &str, time_ns: u64) {
        let touched = self.registry.seen(object, time_ns);
        self.touched(touched, time_ns, "facts");
    }

    /// Looks at the objects whose facts or groups changed, and at their relatives.
    pub(super) fn touched(&mut self, touched: AffectedObjects, time_ns: u64, who: &str) {
        self.touched_by(touched, time_ns, who, EndCause::Fact);
    }

    /// See [`Book::touched`]; `cause` is what it is called if an alert ends by it.
    pub(super) fn touched_by(&mut self, touched: AffectedObjects, time_ns: u64, who: &str, cause: EndCause) {
        if touched.objects.is_empty() {
            return;
        }
        self.board.members_moved = true;
        let touched: Vec<Id> = touched.objects.into_iter().map(Id::from).collect();
        let mut looks: BTreeMap<(Id, Id), bool> = BTreeMap::new();
        for object in &touched {
            let moved = self.moved(object);
            for name in self.candidates(object) {
                *looks.entry((Arc::clone(object), name)).or_default() |= moved;
            }
            for (relative, name) in self.relatives(object) {
                looks.entry((relative, name)).or_default();
            }
        }
        // A single change has one meter; where the whole inventory may have changed, each object has.
        let mut last: Option<Id> = None;
        for ((object, name), review) in looks {
            if touched.len() > 1 && last.as_ref() != Some(&object) {
                self.meter = Meter::default();
                last = Some(Arc::clone(&object));
            }
            let trigger = Trigger { review, ..Trigger::of(cause, time_ns, who) };
            self.look_if_any(&object, &name, &trigger);
        }
        touched.iter().for_each(|object| self.rehush_above(object));
    }

    /// Whether the object's groups are others than those that its page goes by; forgets what policy
    /// said then.
    fn moved(&mut self, object: &Id) -> bool {
        let Some(page) = self.pages.get_mut(object) else { return false };
        let uncertain: Vec<Id> =
            self.registry.uncertain_groups(object).map(|group| group.name.as_str().into()).collect();
        let same = uncertain == page.uncertain
            && self
                .registry
                .groups_of(object)
                .map(|group| group.name.as_str())
                .eq(page.groups.iter().map(|one| &**one));
        page.uncertain = uncertain;
        if !same {
            page.rulings.clear();
            self.board.objects_due.insert(Arc::clone(object));
        }
        !same
    }

    /// What may stand otherwise on an object now.
    fn candidates(&mut self, object: &Id) -> BTreeSet<Id> {
        let mut names = self.index.free.clone();
        let family = self.registry.object(object).is_some_and(|object| object.parent.is_some());
        if family {
            names.extend(self.index.of_parent.iter().cloned());
        }
        if !self.index.of_children.is_empty() && self.registry.children(object).next().is_some() {
            names.extend(self.index.of_children.iter().cloned());
        }
        let Some(page) = self.pages.get(object) else { return names };
        let open = page.alerts.iter().filter(|(_, alert)| alert.status == AlertStatus::Open).map(|(name, _)| name);
        names.extend(open.chain(page.pending.keys()).cloned());
        let active: Vec<Id> = page.active().cloned().collect();
        for symptom in active {
            let uses = self.index.uses(&symptom);
            names.extend(uses.own.iter().cloned());
            if !uses.mentioned {
                names.insert(symptom);
            }
        }
        names
    }

    /// What may stand otherwise on those that look at an object's facts: its children and parent.
    fn relatives(&mut self, object: &Id) -> Vec<(Id, Id)> {
        let mut all = Vec::new();
        if !self.index.of_parent.is_empty() {
            for child in self.registry.children(object) {
                let child: Id = child.into();
                all.extend(self.index.of_parent.iter().map(|name| (Arc::clone(&child), Arc::clone(name))));
            }
        }
        let parent = self.registry.object(object).and_then(|object| object.parent.as_deref());
        if let Some(parent) = parent.filter(|_| !self.index.of_children.is_empty()) {
            let parent: Id = parent.into();
            all.extend(self.index.of_children.iter().map(|name| (Arc::clone(&parent), Arc::clone(name))));
        }
        all
    }

    /// Looks, without a page for an object of which there is nothing to say.
    fn look_if_any(&mut self, object: &Id, name: &Id, trigger: &Trigger<'_>) {
        let blank = !self.pages.contains_key(object);
        if blank && !self.could_hold(object, name) {
            return;
        }
        let object = self.page(object);
        self.look(&object, name, trigger);
        if !blank {
            self.rehush(&object, name);
        }
    }

    fn could_hold(&mut self, object: &Id, name: &Id) -> bool {
        let case = self.judge(object, name);
        case.enabled && case.holds
    }
}

/// Tells configurations apart, and versions of what decides by them.
pub(super) fn mark(config: &ComplianceConfig) -> String {
    hex(&[env!("CARGO_PKG_VERSION"), &format!("{config:?}")], 16)
}

/// What of an object is audited: all but its metrics and when it was heard of.
fn described(object: &Object) -> Value {
    let properties: BTreeMap<&str, &str> =
        object.properties.iter().filter_map(|(name, fact)| Some((name.as_str(), fact.value.as_deref()?))).collect();
    json!({
        "kind": object.kind,
        "parent": object.parent,
        "properties": properties,
        "discovered": object.discovered,
    })
}

/// The names of what `one` has and `other` has not, or has otherwise.
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
