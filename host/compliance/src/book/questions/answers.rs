//! Answers to questions about the book as it is now.

use std::sync::Arc;

use crate::{
    alert_rank::worst_first,
    book::{
        questions::{
            findings,
            lines::{object_line, undecided_on},
            matcher_check::MatcherCheck,
            names::NameLookup,
            report, routing, selection, why,
        },
        view::BookView,
    },
    change::RequestError,
    config::Group,
    query::{
        AnswerPage, Badges, DefinitionRow, GroupDetails, GroupRow, ObjectDetails, Query, QueryAnswer, SilenceDetails,
    },
    record::{Alert, BadgeOwner, SymptomState},
    why::Why,
};

/// Answers a question. The error says what is not there.
pub(crate) fn page(view: &BookView, query: &Query) -> Result<AnswerPage, RequestError> {
    let mut next = None;
    let answer = match query {
        Query::Alerts(filter) => {
            let part = selection::alerts(view, filter)?;
            next = part.next;
            QueryAnswer::Alerts(part.items)
        }
        Query::Matches(filter) => QueryAnswer::Matches(Box::new(selection::matches(view, filter)?)),
        Query::Pending(filter) => QueryAnswer::Pending(selection::waiting(view, filter)?),
        Query::Route(id) => QueryAnswer::Route(Box::new(routing::routing(view, id)?)),
        Query::Policies => QueryAnswer::Policies(view.compiled.policy_lines(view.wall_ns)),
        Query::Definitions => {
            QueryAnswer::Definitions(view.config().definitions.iter().map(DefinitionRow::from).collect())
        }
        Query::Silence(id) => QueryAnswer::Silence(Box::new(silence_page(view, id)?)),
        Query::Preview(matchers) => QueryAnswer::Matches(Box::new(MatcherCheck { view }.preview(matchers)?)),
        Query::Alert(id) => {
            let (object, name) = view.alerts.find(id)?;
            QueryAnswer::Alert(Box::new(view.alerts.existing(&object, &name).clone()))
        }
        Query::Silences => QueryAnswer::Silences(view.silences.by_end()),
        Query::Objects(filter) => {
            let part = selection::objects(view, filter)?;
            next = part.next;
            QueryAnswer::Objects(part.items)
        }
        Query::Object(id) => QueryAnswer::Object(Box::new(object_page(view, id)?)),
        Query::Groups => QueryAnswer::Groups(group_lines(view)),
        Query::Group(name) => QueryAnswer::Group(Box::new(group_page(view, name)?)),
        Query::Badges { limit } => QueryAnswer::Badges(Box::new(badges(view, *limit))),
        Query::Why { object, alert } => QueryAnswer::Why(Box::new(why::why(view, object, alert)?)),
        Query::Findings => QueryAnswer::Findings(findings::findings(view)),
        Query::Report { group } => QueryAnswer::Report(Box::new(report::report(view, group_page(view, group)?))),
    };
    Ok(AnswerPage { answer, next })
}

fn object_page(view: &BookView, id: &str) -> Result<ObjectDetails, RequestError> {
    let object = NameLookup { view }.object(id)?;
    let mut alerts: Vec<Alert> = view.alerts.of(id).map(|(_, alert)| alert.clone()).collect();
    alerts.sort_by(worst_first);
    Ok(ObjectDetails {
        line: object_line(view, object),
        children: view.registry.children(id).map(str::to_owned).collect(),
        why: Why { groups: view.registry.groups().memberships(id), steps: Vec::new() },
        symptoms: view.objects.symptoms(id).map(|(_, symptom)| SymptomState::clone(symptom)).collect(),
        alerts,
        pending: view.alerts.pending_of(id).map(|(_, pending)| pending.clone()).collect(),
        history: view.badges.history(BadgeOwner::Object, id),
        undecided: undecided_on(view, id),
    })
}

fn group_lines(view: &BookView) -> Vec<GroupRow> {
    view.config().groups.iter().map(|group| group_line(view, group)).collect()
}

fn group_line(view: &BookView, group: &Group) -> GroupRow {
    let (badge, violated) = view.badges.of_group(&group.name, view.config().badge);
    GroupRow {
        name: group.name.clone(),
        title: group.title.clone(),
        members: view.registry.groups().member_count(&group.name),
        violated,
        badge,
    }
}

fn group_page(view: &BookView, name: &str) -> Result<GroupDetails, RequestError> {
    let Some(group) = view.compiled.group(name) else { return Err(NameLookup { view }.no_group(name)) };
    let members = view.registry.groups().members(name).into_iter().flatten();
    let objects = members.filter_map(|id| view.registry.object(id));
    Ok(GroupDetails {
        line: group_line(view, group),
        objects: objects.map(|object| object_line(view, object)).collect(),
        policies: view.compiled.policies_in(name).into_iter().map(|policy| policy.name.clone()).collect(),
        history: view.badges.history(BadgeOwner::Group, name),
        undecided: view.registry.groups().undecided_in(name),
    })
}

/// Returns the badges of all groups, by name, and of objects, the worst first; 0 is no limit.
fn badges(view: &BookView, limit: usize) -> Badges {
    let mut groups = group_lines(view);
    groups.sort_by(|one, other| one.name.cmp(&other.name));
    // Objects come by id: of those with one score, the number in the list decides.
    let scores = view.badges.scores(view.registry.objects().ids(), view.config().badge);
    let mut worst: Vec<(u8, usize, &Arc<str>)> =
        scores.enumerate().map(|(number, (id, score))| (score, number, id)).collect();
    let left_out = if limit == 0 { 0 } else { worst.len().saturating_sub(limit) };
    if left_out > 0 {
        // Only what is returned has to be sorted.
        worst.select_nth_unstable_by_key(limit, |(score, number, _)| (*score, *number));
        worst.truncate(limit);
    }
    worst.sort_unstable_by_key(|(score, number, _)| (*score, *number));
    let objects = worst.into_iter().filter_map(|(.., id)| view.registry.object(id));
    let objects = objects.map(|object| object_line(view, object)).collect();
    Badges { formula: view.config().badge, groups, objects, left_out }
}

/// Returns a silence with what it matches.
fn silence_page(view: &BookView, id: &str) -> Result<SilenceDetails, RequestError> {
    let silence = view.silences.find(id)?;
    let in_force = silence.is_in_force(view.wall_ns);
    let matches = MatcherCheck { view }.matched(&silence.matchers);
    Ok(SilenceDetails { silence: silence.clone(), in_force, matches })
}
