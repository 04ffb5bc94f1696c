//! Answers to questions about the book as it is now.

use super::{Book, badge::spotless, commands::unknown, page::Page};
use crate::{
    change::Refused,
    config::Group,
    pattern::Pattern,
    query::{AlertFilter, Answer, Badges, GroupLine, GroupPage, ObjectFilter, ObjectLine, ObjectPage, Query},
    record::{Alert, BadgeOf, BadgePoint, Object, Status, Symptom},
    why::Why,
};

impl Book {
    /// Answers a question; the error says what is not there.
    pub fn answer(&self, query: &Query) -> Result<Answer, Refused> {
        Ok(match query {
            Query::Alerts(filter) => Answer::Alerts(self.alerts(filter)),
            Query::Alert(id) => {
                let (object, name) = self.find(id)?;
                let alert =
                    self.pages.get(&object).and_then(|page| page.alerts.get(&name)).map(|alert| Alert::clone(alert));
                Answer::Alert(Box::new(alert.ok_or_else(|| unknown("alert", id))?))
            }
            Query::Silences => {
                let mut silences: Vec<_> = self.silences.values().cloned().collect();
                silences.sort_by(|one, other| (one.until_ns, &one.id).cmp(&(other.until_ns, &other.id)));
                Answer::Silences(silences)
            }
            Query::Objects(filter) => Answer::Objects(self.objects(filter)?),
            Query::Object(id) => Answer::Object(Box::new(self.object_page(id)?)),
            Query::Groups => Answer::Groups(self.group_lines()),
            Query::Group(name) => Answer::Group(Box::new(self.group_page(name)?)),
            Query::Badges => {
                let formula = self.compiled.config().badge;
                let mut objects: Vec<ObjectLine> =
                    self.directory.objects().map(|object| self.object_line(object)).collect();
                objects.sort_by(|one, other| {
                    (one.badge.score, &one.object.id).cmp(&(other.badge.score, &other.object.id))
                });
                let mut groups = self.group_lines();
                groups.sort_by(|one, other| one.name.cmp(&other.name));
                Answer::Badges(Box::new(Badges { formula, groups, objects }))
            }
            Query::Why { object, alert } => {
                self.directory.object(object).ok_or_else(|| unknown("object", object))?;
                // A name that only looks like one that is allowed must not read like a permission.
                if !alert.contains('/') {
                    self.compiled.definition(alert).ok_or_else(|| unknown("alert definition", alert))?;
                }
                let mut said = self.resolution(object, alert);
                // An open alert knows whether it is fine because its symptoms are.
                let open = self.pages.get(&**object).and_then(|page| page.open(alert));
                if let Some(open) = open.filter(|open| open.allowed) {
                    (said.allowed, said.why) = (true, open.why.clone());
                }
                said.undecided = self.undecided_of(object);
                said.undecided.retain(|one| one.of.starts_with("group ") || one.of == format!("alert `{alert}`"));
                Answer::Why(Box::new(said))
            }
            Query::Report { group } => Answer::Report(Box::new(self.report(group)?)),
        })
    }

    fn alerts(&self, filter: &AlertFilter) -> Vec<Alert> {
        let pattern = filter.alert.as_deref().map(Pattern::new);
        let matches = |alert: &&Alert| {
            (filter.cancelled || alert.status == Status::Open)
                && (filter.allowed || !alert.allowed)
                && filter.object.as_ref().is_none_or(|object| alert.object == *object)
                && filter.group.as_ref().is_none_or(|group| self.directory.is_member(&alert.object, group))
                && pattern.as_ref().is_none_or(|pattern| pattern.matches(&alert.definition))
                && filter.at_least.is_none_or(|least| alert.criticality >= least)
        };
        let mut alerts: Vec<&Alert> = self.pages.values().flat_map(Page::alerts).filter(matches).collect();
        alerts.sort_by(|one, other| worst_first(one, other));
        if filter.limit > 0 {
            alerts.truncate(filter.limit);
        }
        alerts.into_iter().cloned().collect()
    }

    fn objects(&self, filter: &ObjectFilter) -> Result<Vec<ObjectLine>, Refused> {
        if let Some(group) = &filter.group {
            self.compiled.group(group).ok_or_else(|| unknown("group", group))?;
        }
        let symptom = filter.symptom.as_deref().map(Pattern::new);
        let has = |object: &Object, pattern: &Pattern| {
            self.pages.get(&*object.id).is_some_and(|page| page.active().any(|name| pattern.matches(name)))
        };
        let matches = |object: &&Object| {
            filter.group.as_ref().is_none_or(|group| self.directory.is_member(&object.id, group))
                && filter.kind.as_ref().is_none_or(|kind| object.kind.as_ref() == Some(kind))
                && symptom.as_ref().is_none_or(|pattern| has(object, pattern))
                && (!filter.discovered || object.discovered)
        };
        Ok(self.directory.objects().filter(matches).map(|object| self.object_line(object)).collect())
    }

    fn object_line(&self, object: &Object) -> ObjectLine {
        let page = self.pages.get(&*object.id);
        ObjectLine {
            object: object.clone(),
            groups: self.directory.groups_of(&object.id).map(|group| group.name.clone()).collect(),
            badge: self.badge_of(&object.id),
            symptoms: page.into_iter().flat_map(Page::active).map(|name| name.to_string()).collect(),
        }
    }

    fn object_page(&self, id: &str) -> Result<ObjectPage, Refused> {
        let object = self.directory.object(id).ok_or_else(|| unknown("object", id))?;
        let page = self.pages.get(id);
        let mut alerts: Vec<Alert> = page.into_iter().flat_map(Page::alerts).cloned().collect();
        alerts.sort_by(worst_first);
        Ok(ObjectPage {
            line: self.object_line(object),
            children: self.directory.children(id).map(str::to_owned).collect(),
            why: Why { groups: self.directory.memberships(id), steps: Vec::new() },
            symptoms: page.into_iter().flat_map(|page| page.symptoms.values()).map(|one| Symptom::clone(one)).collect(),
            alerts,
            history: page.map(|page| points(BadgeOf::Object, id, &page.history)).unwrap_or_default(),
            undecided: self.undecided_of(id),
        })
    }

    fn group_lines(&self) -> Vec<GroupLine> {
        self.compiled.config().groups.iter().map(|group| self.group_line(group)).collect()
    }

    fn group_line(&self, group: &Group) -> GroupLine {
        let sum = self.board.groups.get(&*group.name);
        GroupLine {
            name: group.name.clone(),
            title: group.title.clone(),
            members: self.directory.members(&group.name).map_or(0, |members| members.len()),
            violated: sum.map_or(0, |sum| sum.violated() as usize),
            badge: sum.and_then(|sum| sum.badge).unwrap_or_else(|| spotless(self.compiled.config().badge)),
        }
    }

    pub(super) fn group_page(&self, name: &str) -> Result<GroupPage, Refused> {
        let group = self.compiled.group(name).ok_or_else(|| unknown("group", name))?;
        let members = self.directory.members(name).into_iter().flatten();
        Ok(GroupPage {
            line: self.group_line(group),
            objects: members
                .filter_map(|id| self.directory.object(id))
                .map(|object| self.object_line(object))
                .collect(),
            policies: self.compiled.policies_in(name).into_iter().map(|policy| policy.name.clone()).collect(),
            history: self
                .board
                .groups
                .get(name)
                .map(|sum| points(BadgeOf::Group, name, &sum.history))
                .unwrap_or_default(),
            undecided: self.directory.undecided_in(name),
        })
    }
}

/// Open before cancelled, the worst, then the latest.
pub(super) fn worst_first(one: &Alert, other: &Alert) -> std::cmp::Ordering {
    let rank = |alert: &Alert| (alert.status, std::cmp::Reverse(alert.criticality), std::cmp::Reverse(alert.last_ns));
    rank(one).cmp(&rank(other)).then_with(|| one.id.cmp(&other.id))
}

fn points(of: BadgeOf, name: &str, history: &std::collections::VecDeque<(u64, crate::Badge)>) -> Vec<BadgePoint> {
    let point = |&(time_ns, badge): &(u64, crate::Badge)| BadgePoint { of, name: name.to_owned(), time_ns, badge };
    history.iter().map(point).collect()
}
