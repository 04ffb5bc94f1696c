//! Answers to questions about the book as it is now.

use super::{Book, badge::spotless, commands::unknown, page::Page};
use crate::{
    change::RequestError,
    config::Group,
    query::{Badges, GroupLine, GroupPage, ObjectLine, ObjectPage, Query, QueryAnswer},
    record::{Alert, BadgeOf, BadgePoint, Object, SymptomState},
    why::Why,
};

impl Book {
    /// Answers a question; the error says what is not there.
    pub fn answer(&self, query: &Query) -> Result<QueryAnswer, RequestError> {
        Ok(match query {
            Query::Alerts(filter) => QueryAnswer::Alerts(self.alerts(filter)?),
            Query::Matches(filter) => QueryAnswer::Matches(Box::new(self.matches(filter)?)),
            Query::Pending(filter) => QueryAnswer::Pending(self.waiting(filter)?),
            Query::Route(id) => QueryAnswer::Route(Box::new(self.routing(id)?)),
            Query::Policies => QueryAnswer::Policies(self.compiled.policy_lines(self.clock_ns)),
            Query::Silence(id) => QueryAnswer::Silence(Box::new(self.silence_page(id)?)),
            Query::Preview(matchers) => QueryAnswer::Matches(Box::new(self.preview(matchers)?)),
            Query::Alert(id) => {
                let (object, name) = self.find(id)?;
                let alert =
                    self.pages.get(&object).and_then(|page| page.alerts.get(&name)).map(|alert| Alert::clone(alert));
                QueryAnswer::Alert(Box::new(alert.ok_or_else(|| unknown("alert", id))?))
            }
            Query::Silences => {
                let mut silences: Vec<_> = self.silences.values().cloned().collect();
                silences.sort_by(|one, other| (one.until_ns, &one.id).cmp(&(other.until_ns, &other.id)));
                QueryAnswer::Silences(silences)
            }
            Query::Objects(filter) => QueryAnswer::Objects(self.objects(filter)?),
            Query::Object(id) => QueryAnswer::Object(Box::new(self.object_page(id)?)),
            Query::Groups => QueryAnswer::Groups(self.group_lines()),
            Query::Group(name) => QueryAnswer::Group(Box::new(self.group_page(name)?)),
            Query::Badges => {
                let formula = self.compiled.config().badge;
                let mut objects: Vec<ObjectLine> =
                    self.registry.objects().map(|object| self.object_line(object)).collect();
                objects.sort_by(|one, other| {
                    (one.badge.score, &one.object.id).cmp(&(other.badge.score, &other.object.id))
                });
                let mut groups = self.group_lines();
                groups.sort_by(|one, other| one.name.cmp(&other.name));
                QueryAnswer::Badges(Box::new(Badges { formula, groups, objects }))
            }
            Query::Why { object, alert } => QueryAnswer::Why(Box::new(self.why(object, alert)?)),
            Query::Findings => QueryAnswer::Findings(self.findings()),
            Query::Report { group } => QueryAnswer::Report(Box::new(self.report(group)?)),
        })
    }

    pub(super) fn object_line(&self, object: &Object) -> ObjectLine {
        let page = self.pages.get(&*object.id);
        ObjectLine {
            object: object.clone(),
            groups: self.registry.groups_of(&object.id).map(|group| group.name.clone()).collect(),
            badge: self.badge_of(&object.id),
            symptoms: page.into_iter().flat_map(Page::active).map(|name| name.to_string()).collect(),
        }
    }

    fn object_page(&self, id: &str) -> Result<ObjectPage, RequestError> {
        let object = self.known_object(id)?;
        let page = self.pages.get(id);
        let mut alerts: Vec<Alert> = page.into_iter().flat_map(Page::alerts).cloned().collect();
        alerts.sort_by(worst_first);
        Ok(ObjectPage {
            line: self.object_line(object),
            children: self.registry.children(id).map(str::to_owned).collect(),
            why: Why { groups: self.registry.memberships(id), steps: Vec::new() },
            symptoms: page
                .into_iter()
                .flat_map(|page| page.symptoms.values())
                .map(|one| SymptomState::clone(one))
                .collect(),
            alerts,
            pending: page.into_iter().flat_map(|page| page.pending.values()).cloned().collect(),
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
            members: self.registry.members(&group.name).map_or(0, |members| members.len()),
            violated: sum.map_or(0, |sum| sum.violated() as usize),
            badge: sum.and_then(|sum| sum.badge).unwrap_or_else(|| spotless(self.compiled.config().badge)),
        }
    }

    pub(super) fn group_page(&self, name: &str) -> Result<GroupPage, RequestError> {
        let group = self.compiled.group(name).ok_or_else(|| self.no_group(name))?;
        let members = self.registry.members(name).into_iter().flatten();
        Ok(GroupPage {
            line: self.group_line(group),
            objects: members.filter_map(|id| self.registry.object(id)).map(|object| self.object_line(object)).collect(),
            policies: self.compiled.policies_in(name).into_iter().map(|policy| policy.name.clone()).collect(),
            history: self
                .board
                .groups
                .get(name)
                .map(|sum| points(BadgeOf::Group, name, &sum.history))
                .unwrap_or_default(),
            undecided: self.registry.undecided_in(name),
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
