//! Badges: of an object over its alerts, of a group over its members. A change of one alert costs
//! the object's alerts and the object's groups, however many members those have.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::Arc,
};

use crate::{
    book::{
        alerts::table::Alerts,
        badges::counts::{AlertCounts, GroupCounts},
        ids::Id,
        limits,
    },
    config::{BadgeFormula, Group},
    recent::RecentValues,
    record::{Badge, BadgeOwner, BadgePoint},
    registry::ObjectRegistry,
    shared_map::SharedMap,
    shared_table::SharedTable,
    shared_text::SharedList,
};

/// The badges of all objects and groups, and which of them have to be computed again.
#[derive(Debug, Default)]
pub(crate) struct BadgeIndex {
    objects: SharedTable<Arc<ObjectBadge>>,
    groups: SharedMap<Arc<GroupBadge>>,
    objects_due: BTreeSet<Id>,
    groups_due: BTreeSet<Id>,
    /// Members joined or left groups.
    members_moved: bool,
    /// Most objects are in the same groups as many others.
    known_groups: RecentValues<SharedList<Id>>,
}

/// The badge of one object.
#[derive(Clone, Debug, Default)]
struct ObjectBadge {
    counts: AlertCounts,
    /// The groups that count the object.
    groups: SharedList<Id>,
    track: BadgeTrack,
}

/// The badge of one group.
#[derive(Clone, Debug, Default)]
struct GroupBadge {
    counts: GroupCounts,
    track: BadgeTrack,
}

/// A badge over time.
#[derive(Clone, Debug, Default)]
struct BadgeTrack {
    /// Times and badges, oldest first; the last one is the present one.
    history: VecDeque<(u64, Badge)>,
}

/// What badges are computed from.
pub(crate) struct BadgeSources<'a> {
    pub(crate) registry: &'a ObjectRegistry,
    pub(crate) alerts: &'a Alerts,
    pub(crate) formula: BadgeFormula,
    /// The time that changed badges count from.
    pub(crate) time_ns: u64,
}

impl BadgeIndex {
    /// Returns the badges as they were computed last, to be read.
    pub(crate) fn share(&self) -> Self {
        Self { objects: self.objects.share(), groups: self.groups.clone(), ..Self::default() }
    }

    /// Adds an object without alerts, counted by its groups.
    pub(crate) fn add(&mut self, object: &Id, registry: &ObjectRegistry) {
        let badge = ObjectBadge { groups: self.groups_of(registry, object), ..ObjectBadge::default() };
        self.objects.insert(Arc::clone(object), Arc::new(badge));
    }

    /// Returns whether the groups that count an object are those that it is in.
    pub(crate) fn is_counted_by_its_groups(&self, object: &str, registry: &ObjectRegistry) -> bool {
        self.objects.get(object).is_none_or(|badge| badge.is_of_groups(object, registry))
    }

    /// Returns the groups that an object is in, shared with other objects.
    fn groups_of(&mut self, registry: &ObjectRegistry, object: &str) -> SharedList<Id> {
        let id = |name: &str| self.groups.get_key_value(name).map_or_else(|| name.into(), |(id, _)| Arc::clone(id));
        let mut groups = registry.groups().of(object).map(|group| id(&group.name)).collect();
        self.known_groups.share(&mut groups);
        groups
    }

    /// Notes that alerts or groups of an object changed.
    pub(crate) fn mark_object(&mut self, object: &Id) {
        self.objects_due.insert(Arc::clone(object));
    }

    /// Notes that objects joined or left groups.
    pub(crate) fn mark_members(&mut self) {
        self.members_moved = true;
    }

    /// Computes the badges of everything that was marked since the last time. Returns those that changed.
    /// `exists`: whether the definition or symptom of this name is still there.
    pub(crate) fn update(&mut self, sources: &BadgeSources<'_>, exists: impl Fn(&str) -> bool) -> Vec<BadgePoint> {
        let mut changed = Vec::new();
        if self.objects_due.is_empty() && self.groups_due.is_empty() && !self.members_moved {
            return changed;
        }
        for object in std::mem::take(&mut self.objects_due) {
            changed.extend(self.update_object(&object, sources, &exists));
        }
        if std::mem::take(&mut self.members_moved) {
            self.count_members(sources.registry);
        }
        for name in std::mem::take(&mut self.groups_due) {
            let Some(group) = self.groups.get_mut(&name).map(Arc::make_mut) else { continue };
            let badge = group.counts.badge(sources.formula);
            if let Some(time_ns) = group.track.record(sources.time_ns, badge) {
                changed.push(BadgePoint { of: BadgeOwner::Group, name: name.to_string(), time_ns, badge });
            }
        }
        changed
    }

    fn update_object(
        &mut self,
        object: &Id,
        sources: &BadgeSources<'_>,
        exists: impl Fn(&str) -> bool,
    ) -> Option<BadgePoint> {
        // What stays as it is stays shared with views.
        let state = self.objects.get(object)?;
        let known = state.track.badge();
        let counts = AlertCounts::of(sources.alerts.of(object), exists);
        let is_reopening = counts == state.counts;
        let groups = if state.is_of_groups(object, sources.registry) {
            if is_reopening { None } else { Some(state.groups.clone()) }
        } else {
            Some(self.groups_of(sources.registry, object))
        };
        if let Some(groups) = groups {
            let state = self.objects.get_mut(object).map(Arc::make_mut)?;
            let groups_before = std::mem::replace(&mut state.groups, groups.clone());
            let counts_before = std::mem::replace(&mut state.counts, counts);
            self.uncount(&groups_before, &counts_before);
            self.count(&groups, &counts);
        }
        let badge = counts.badge(sources.formula);
        // The first badge of an object is recorded only if it is not perfect.
        if badge == known.unwrap_or_else(|| perfect(sources.formula)) {
            return None;
        }
        let track = &mut self.objects.get_mut(object).map(Arc::make_mut)?.track;
        let time_ns = track.record(sources.time_ns, badge)?;
        Some(BadgePoint { of: BadgeOwner::Object, name: object.to_string(), time_ns, badge })
    }

    fn count_members(&mut self, registry: &ObjectRegistry) {
        self.groups.for_each_mut(|name, group| {
            let group = Arc::make_mut(group);
            if group.counts.set_total(registry.groups().member_count(name)) || group.track.badge().is_none() {
                self.groups_due.insert(Arc::clone(name));
            }
        });
    }

    fn count(&mut self, groups: &[Id], counts: &AlertCounts) {
        for name in groups {
            if let Some(group) = self.groups.get_mut(name).map(Arc::make_mut) {
                group.counts.add(counts);
                self.groups_due.insert(Arc::clone(name));
            }
        }
    }

    fn uncount(&mut self, groups: &[Id], counts: &AlertCounts) {
        for name in groups {
            if let Some(group) = self.groups.get_mut(name).map(Arc::make_mut) {
                group.counts.remove(counts);
                self.groups_due.insert(Arc::clone(name));
            }
        }
    }

    /// Removes an object: its groups no longer count it.
    pub(crate) fn remove(&mut self, object: &Id) {
        if let Some(badge) = self.objects.remove(object) {
            self.uncount(&badge.groups, &badge.counts);
            self.members_moved = true;
        }
    }

    /// Counts everything again: the groups are others, or counted in another way.
    pub(crate) fn recount(&mut self, groups: &[Group]) {
        let mut before = std::mem::take(&mut self.groups);
        for group in groups {
            let name: Id = group.name.as_str().into();
            let mut badge = before.remove(&name).unwrap_or_default();
            Arc::make_mut(&mut badge).counts.reset();
            self.groups_due.insert(Arc::clone(&name));
            self.groups.insert(name, badge);
        }
        self.objects.for_each_mut(|object, badge| {
            let badge = Arc::make_mut(badge);
            badge.groups = SharedList::default();
            badge.counts = AlertCounts::default();
            self.objects_due.insert(Arc::clone(object));
        });
        self.members_moved = true;
    }

    /// Puts back a badge that a store kept, of an object or group that is there.
    pub(crate) fn restore(&mut self, point: &BadgePoint) {
        let track = match point.of {
            BadgeOwner::Object => self.objects.get_mut(&point.name).map(|object| &mut Arc::make_mut(object).track),
            BadgeOwner::Group => self.groups.get_mut(&point.name).map(|group| &mut Arc::make_mut(group).track),
        };
        if let Some(track) = track {
            track.push(point.time_ns, point.badge);
        }
    }

    /// Moves all times of objects' badges that are later than `time_ns` back to it.
    pub(crate) fn set_back(&mut self, time_ns: u64) {
        self.objects.for_each_mut(|_, badge| {
            if badge.track.history.iter().any(|(ns, _)| *ns > time_ns) {
                Arc::make_mut(badge).track.history.iter_mut().for_each(|(ns, _)| *ns = (*ns).min(time_ns));
            }
        });
    }

    /// Returns the badge of an object as its alerts were counted last.
    pub(crate) fn of_object(&self, object: &str, formula: BadgeFormula) -> Badge {
        self.objects.get(object).map_or_else(|| perfect(formula), |badge| badge.counts.badge(formula))
    }

    /// Returns the scores of the objects with these ids, which come in order, as their alerts were counted last.
    pub(crate) fn scores<'a>(
        &'a self,
        ids: impl Iterator<Item = &'a Id>,
        formula: BadgeFormula,
    ) -> impl Iterator<Item = (&'a Id, u8)> {
        // Both are in order: looking each object up would take longer than to pass over all.
        let mut counted = self.objects.iter().peekable();
        ids.map(move |id| {
            while counted.next_if(|(known, _)| *known < id).is_some() {}
            let badge = counted.next_if(|(known, _)| *known == id);
            let badge = badge.map_or_else(|| perfect(formula), |(_, badge)| badge.counts.badge(formula));
            (id, badge.score)
        })
    }

    /// Returns the recorded badge of a group, and how many members have an open violation.
    pub(crate) fn of_group(&self, name: &str, formula: BadgeFormula) -> (Badge, usize) {
        match self.groups.get(name) {
            Some(group) => (group.track.badge().unwrap_or_else(|| perfect(formula)), group.counts.violated() as usize),
            None => (perfect(formula), 0),
        }
    }

    /// Returns the badges of an object or group over time, oldest first.
    pub(crate) fn history(&self, of: BadgeOwner, name: &str) -> Vec<BadgePoint> {
        let track = match of {
            BadgeOwner::Object => self.objects.get(name).map(|object| &object.track),
            BadgeOwner::Group => self.groups.get(name).map(|group| &group.track),
        };
        let history = track.into_iter().flat_map(|track| &track.history);
        history.map(|&(time_ns, badge)| BadgePoint { of, name: name.to_owned(), time_ns, badge }).collect()
    }

    /// Returns all recorded badges.
    pub(crate) fn recorded(&self) -> BTreeMap<(BadgeOwner, String), Badge> {
        let mut all = BTreeMap::new();
        for (name, group) in &self.groups {
            all.extend(group.track.badge().map(|badge| ((BadgeOwner::Group, name.to_string()), badge)));
        }
        for (name, object) in self.objects.iter() {
            all.extend(object.track.badge().map(|badge| ((BadgeOwner::Object, name.to_string()), badge)));
        }
        all
    }
}

impl ObjectBadge {
    /// Returns whether the groups that count the object are those that it is in.
    fn is_of_groups(&self, object: &str, registry: &ObjectRegistry) -> bool {
        let groups = registry.groups().of(object).map(|group| group.name.as_str());
        groups.eq(self.groups.iter().map(|group| &**group))
    }
}

impl BadgeTrack {
    fn badge(&self) -> Option<Badge> {
        self.history.back().map(|(_, badge)| *badge)
    }

    /// Records a badge if it differs from the last one. Returns the time from which it counts: events of several
    /// objects need not come in the order of their times.
    fn record(&mut self, time_ns: u64, badge: Badge) -> Option<u64> {
        if self.badge() == Some(badge) {
            return None;
        }
        let time_ns = self.history.back().map_or(time_ns, |(before_ns, _)| time_ns.max(*before_ns));
        self.push(time_ns, badge);
        Some(time_ns)
    }

    fn push(&mut self, time_ns: u64, badge: Badge) {
        while self.history.len() >= limits::BADGE_POINTS {
            self.history.pop_front();
        }
        if self.history.is_empty() {
            // Most badges change once, and there are very many.
            self.history.reserve_exact(1);
        }
        self.history.push_back((time_ns, badge));
    }
}

/// Returns the badge of an object or group without alerts.
fn perfect(formula: BadgeFormula) -> Badge {
    AlertCounts::default().badge(formula)
}
