//! Answers to questions about the book as it is now.

use crate::{
    book::{
        questions::{
            findings,
            lines::{object_line, undecided_on},
            matcher_check::MatcherCheck,
            names::Names,
            report, routing, selection, why,
        },
        state::BookState,
    },
    change::RequestError,
    config::Group,
    query::{Badges, GroupDetails, GroupLine, ObjectDetails, ObjectLine, Query, QueryAnswer, SilenceDetails},
    record::{Alert, BadgeOwner, SymptomState, worst_first},
    why::Why,
};

/// Answers a question. The error says what is not there.
pub(crate) fn answer(state: &BookState, query: &Query) -> Result<QueryAnswer, RequestError> {
    Ok(match query {
        Query::Alerts(filter) => QueryAnswer::Alerts(selection::alerts(state, filter)?),
        Query::Matches(filter) => QueryAnswer::Matches(Box::new(selection::matches(state, filter)?)),
        Query::Pending(filter) => QueryAnswer::Pending(selection::waiting(state, filter)?),
        Query::Route(id) => QueryAnswer::Route(Box::new(routing::routing(state, id)?)),
        Query::Policies => QueryAnswer::Policies(state.compiled.policy_lines(state.clock.wall_ns())),
        Query::Silence(id) => QueryAnswer::Silence(Box::new(silence_page(state, id)?)),
        Query::Preview(matchers) => QueryAnswer::Matches(Box::new(MatcherCheck { state }.preview(matchers)?)),
        Query::Alert(id) => {
            let (object, name) = state.alerts.find(id)?;
            QueryAnswer::Alert(Box::new(state.alerts.existing(&object, &name).clone()))
        }
        Query::Silences => QueryAnswer::Silences(state.silences.by_end()),
        Query::Objects(filter) => QueryAnswer::Objects(selection::objects(state, filter)?),
        Query::Object(id) => QueryAnswer::Object(Box::new(object_page(state, id)?)),
        Query::Groups => QueryAnswer::Groups(group_lines(state)),
        Query::Group(name) => QueryAnswer::Group(Box::new(group_page(state, name)?)),
        Query::Badges => QueryAnswer::Badges(Box::new(badges(state))),
        Query::Why { object, alert } => QueryAnswer::Why(Box::new(why::why(state, object, alert)?)),
        Query::Findings => QueryAnswer::Findings(findings::findings(state)),
        Query::Report { group } => QueryAnswer::Report(Box::new(report::report(state, group_page(state, group)?))),
    })
}

fn object_page(state: &BookState, id: &str) -> Result<ObjectDetails, RequestError> {
    let object = Names { state }.object(id)?;
    let mut alerts: Vec<Alert> = state.alerts.of(id).map(|(_, alert)| alert.clone()).collect();
    alerts.sort_by(worst_first);
    Ok(ObjectDetails {
        line: object_line(state, object),
        children: state.registry.children(id).map(str::to_owned).collect(),
        why: Why { groups: state.registry.memberships(id), steps: Vec::new() },
        symptoms: state.objects.symptoms(id).map(|(_, symptom)| SymptomState::clone(symptom)).collect(),
        alerts,
        pending: state.alerts.pending_of(id).map(|(_, pending)| pending.clone()).collect(),
        history: state.badges.history(BadgeOwner::Object, id),
        undecided: undecided_on(state, id),
    })
}

fn group_lines(state: &BookState) -> Vec<GroupLine> {
    state.config().groups.iter().map(|group| group_line(state, group)).collect()
}

fn group_line(state: &BookState, group: &Group) -> GroupLine {
    let (badge, violated) = state.badges.of_group(&group.name, state.config().badge);
    GroupLine {
        name: group.name.clone(),
        title: group.title.clone(),
        members: state.registry.members(&group.name).map_or(0, |members| members.len()),
        violated,
        badge,
    }
}

fn group_page(state: &BookState, name: &str) -> Result<GroupDetails, RequestError> {
    let Some(group) = state.compiled.group(name) else { return Err(Names { state }.no_group(name)) };
    let members = state.registry.members(name).into_iter().flatten();
    let objects = members.filter_map(|id| state.registry.object(id));
    Ok(GroupDetails {
        line: group_line(state, group),
        objects: objects.map(|object| object_line(state, object)).collect(),
        policies: state.compiled.policies_in(name).into_iter().map(|policy| policy.name.clone()).collect(),
        history: state.badges.history(BadgeOwner::Group, name),
        undecided: state.registry.undecided_in(name),
    })
}

/// Returns the badges of all groups, by name, and of all objects, the worst first.
fn badges(state: &BookState) -> Badges {
    let mut groups = group_lines(state);
    groups.sort_by(|one, other| one.name.cmp(&other.name));
    let mut objects: Vec<ObjectLine> = state.registry.objects().map(|object| object_line(state, object)).collect();
    objects.sort_by(|one, other| (one.badge.score, &one.object.id).cmp(&(other.badge.score, &other.object.id)));
    Badges { formula: state.config().badge, groups, objects }
}

/// Returns a silence with what it matches.
fn silence_page(state: &BookState, id: &str) -> Result<SilenceDetails, RequestError> {
    let silence = state.silences.find(id)?;
    let in_force = silence.is_in_force(state.clock.wall_ns());
    let matches = MatcherCheck { state }.matched(&silence.matchers);
    Ok(SilenceDetails { silence: silence.clone(), in_force, matches })
}
