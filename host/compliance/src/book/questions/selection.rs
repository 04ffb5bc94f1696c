//! Which alerts and objects a filter selects. A name that nothing has is refused rather than
//! answered with an empty list: a typing error must not read like good news.

use crate::{
    book::{
        ids::Id,
        questions::{
            lines::object_line,
            names::{NameFilter, Names, Subject},
        },
        state::BookState,
    },
    change::{PendingTransition, RequestError},
    query::{AlertFilter, AlertStateFilter, FilterMatches, ObjectFilter, ObjectLine, PendingLine},
    record::{Alert, AlertStatus, Object, worst_first},
};

/// A filter of alerts with its names ready to be compared.
struct Selection<'a> {
    state: &'a BookState,
    filter: &'a AlertFilter,
    object: Option<NameFilter>,
    group: Option<NameFilter>,
    alert: Option<NameFilter>,
    symptom: Option<NameFilter>,
    control: Option<NameFilter>,
    owner: Option<NameFilter>,
}

impl<'a> Selection<'a> {
    /// Returns the selection of a filter. The error says which name nothing has: of groups, objects, definitions
    /// and symptoms that is known.
    fn checked(state: &'a BookState, filter: &'a AlertFilter) -> Result<Self, RequestError> {
        Names { state }.check_each(&[
            (Subject::Group, &filter.group),
            (Subject::Object, &filter.object),
            (Subject::Alert, &filter.alert),
            (Subject::Symptom, &filter.symptom),
        ])?;
        Ok(Self {
            state,
            filter,
            object: name_filter(&filter.object),
            group: name_filter(&filter.group),
            alert: name_filter(&filter.alert),
            symptom: name_filter(&filter.symptom),
            control: name_filter(&filter.control),
            owner: name_filter(&filter.owner),
        })
    }

    /// Returns the alerts that are selected, the worst first.
    fn alerts(&self) -> Vec<&'a Alert> {
        let all = self.state.alerts.all().map(|(.., alert)| alert);
        let mut alerts: Vec<&Alert> = all.filter(|alert| self.matches(alert)).collect();
        alerts.sort_by(|one, other| worst_first(one, other));
        alerts
    }

    fn matches(&self, alert: &Alert) -> bool {
        let filter = self.filter;
        self.has_state(alert)
            && filter.impact.is_none_or(|impact| alert.impact == impact)
            && filter.criticality.is_none_or(|criticality| alert.criticality == criticality)
            && filter.at_least.is_none_or(|least| alert.criticality >= least)
            && filter.since_ns.is_none_or(|since_ns| alert.opened_ns >= since_ns)
            && filter.until_ns.is_none_or(|until_ns| alert.opened_ns < until_ns)
            && self.has_names(alert)
    }

    fn has_state(&self, alert: &Alert) -> bool {
        let filter = self.filter;
        if filter.states.is_empty() {
            return (filter.cancelled || alert.status == AlertStatus::Open) && (filter.allowed || !alert.allowed);
        }
        filter.states.iter().any(|state| state.holds(alert))
            || filter.cancelled && alert.status == AlertStatus::Cancelled
            || filter.allowed && AlertStateFilter::Allowed.holds(alert)
    }

    fn has_names(&self, alert: &Alert) -> bool {
        is_wanted(&self.object, &alert.object)
            && is_wanted(&self.alert, &alert.definition)
            && is_any_wanted(&self.symptom, &alert.symptoms)
            && is_any_wanted(&self.control, &alert.controls)
            && is_any_wanted(&self.owner, alert.owner.as_slice())
            && is_in_group(self.state, &self.group, &alert.object)
    }

    fn has_object(&self, object: &str) -> bool {
        is_wanted(&self.object, object) && is_in_group(self.state, &self.group, object)
    }
}

impl AlertStateFilter {
    fn holds(self, alert: &Alert) -> bool {
        match self {
            Self::Open => alert.is_violation(),
            Self::Acknowledged => alert.is_violation() && alert.acknowledged.is_some(),
            Self::Unacknowledged => alert.is_violation() && alert.acknowledged.is_none(),
            Self::Silenced => alert.is_violation() && alert.silenced_by.is_some(),
            Self::Inhibited => alert.is_violation() && alert.inhibited_by.is_some(),
            Self::Allowed => alert.status == AlertStatus::Open && alert.allowed,
            Self::Cancelled => alert.status == AlertStatus::Cancelled,
        }
    }
}

fn name_filter(text: &Option<String>) -> Option<NameFilter> {
    text.as_deref().map(NameFilter::new)
}

fn is_wanted(wanted: &Option<NameFilter>, name: &str) -> bool {
    wanted.as_ref().is_none_or(|wanted| wanted.matches(name))
}

fn is_any_wanted(wanted: &Option<NameFilter>, names: &[String]) -> bool {
    wanted.as_ref().is_none_or(|wanted| names.iter().any(|name| wanted.matches(name)))
}

/// Returns whether an object is in a group that is wanted, if one is.
fn is_in_group(state: &BookState, wanted: &Option<NameFilter>, object: &str) -> bool {
    let Some(wanted) = wanted else { return true };
    state.registry.groups_of(object).any(|group| wanted.matches(&group.name))
}

/// Returns the alerts that a filter selects, the worst first.
pub(crate) fn alerts(state: &BookState, filter: &AlertFilter) -> Result<Vec<Alert>, RequestError> {
    let mut alerts = Selection::checked(state, filter)?.alerts();
    if filter.limit > 0 {
        alerts.truncate(filter.limit);
    }
    Ok(alerts.into_iter().cloned().collect())
}

/// Returns what a filter matches, with remarks on its names that nothing has so far.
pub(crate) fn matches(state: &BookState, filter: &AlertFilter) -> Result<FilterMatches, RequestError> {
    let selection = Selection::checked(state, filter)?;
    let mut notes = Vec::new();
    for (subject, text) in [
        (Subject::Symptom, &filter.symptom),
        (Subject::Control, &filter.control),
        (Subject::Owner, &filter.owner),
        (Subject::Alert, &filter.alert),
    ] {
        notes.extend(text.as_ref().and_then(|text| Names { state }.remark(subject, text)));
    }
    Ok(FilterMatches {
        objects: state.registry.objects().filter(|object| selection.has_object(&object.id)).count(),
        alerts: selection.alerts().into_iter().cloned().collect(),
        notes,
    })
}

/// Returns the objects that a filter selects, by id.
pub(crate) fn objects(state: &BookState, filter: &ObjectFilter) -> Result<Vec<ObjectLine>, RequestError> {
    Names { state }.check_each(&[
        (Subject::Group, &filter.group),
        (Subject::Object, &filter.object),
        (Subject::Kind, &filter.kind),
        (Subject::Symptom, &filter.symptom),
    ])?;
    let (id, group) = (name_filter(&filter.object), name_filter(&filter.group));
    let (kind, symptom) = (name_filter(&filter.kind), name_filter(&filter.symptom));
    let mut lines = Vec::new();
    for object in state.registry.objects() {
        let is_selected = is_wanted(&id, &object.id)
            && is_in_group(state, &group, &object.id)
            && is_any_wanted(&kind, object.kind.as_slice())
            && has_symptom(state, &symptom, object)
            && (!filter.discovered || object.discovered);
        if is_selected {
            lines.push(object_line(state, object));
        }
    }
    Ok(lines)
}

fn has_symptom(state: &BookState, wanted: &Option<NameFilter>, object: &Object) -> bool {
    let Some(wanted) = wanted else { return true };
    state.objects.active(&object.id).any(|name| wanted.matches(name))
}

/// Returns what waits to open or to be cancelled, the next one first.
pub(crate) fn waiting(state: &BookState, filter: &AlertFilter) -> Result<Vec<PendingLine>, RequestError> {
    let selection = Selection::checked(state, filter)?;
    let mut pending: Vec<(&Id, &Id, &PendingTransition)> = state.alerts.all_pending().collect();
    pending.retain(|(object, name, _)| selection.has_object(object) && is_wanted(&selection.alert, name));
    pending.sort_by_key(|(_, _, pending)| pending.due_ns);
    if filter.limit > 0 {
        pending.truncate(filter.limit);
    }
    Ok(pending.into_iter().map(|(object, name, pending)| waiting_line(state, object, name, pending)).collect())
}

fn waiting_line(state: &BookState, object: &Id, name: &Id, pending: &PendingTransition) -> PendingLine {
    PendingLine {
        pending: pending.clone(),
        title: state.compiled.definition(name).map(|one| one.title.clone()).unwrap_or_default(),
        groups: state.registry.groups_of(object).map(|group| group.name.clone()).collect(),
        alert: state.alerts.open(object, name).map(|alert| alert.id.clone()),
    }
}
