//! Which alerts and objects a filter selects. A name that nothing has is refused rather than
//! answered with an empty list: a typing error must not read like good news.

use std::sync::Arc;

use crate::{
    alert_rank::AlertRank,
    book::{
        ids::Id,
        lookup::invalid,
        questions::{
            lines::object_line,
            names::{NameFilter, NameKind, NameLookup},
        },
        view::BookView,
    },
    change::{PendingTransition, RequestError},
    query::{AlertFilter, AlertStateFilter, FilterMatches, ObjectFilter, ObjectRow, PendingRow},
    record::{Alert, AlertStatus, Object},
};

/// A part of a list, and the cursor that it goes on with.
pub(crate) struct ListPart<T> {
    pub(crate) items: Vec<T>,
    pub(crate) next: Option<String>,
}

/// A filter of alerts with its names ready to be compared.
struct Selection<'a> {
    view: &'a BookView,
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
    fn checked(view: &'a BookView, filter: &'a AlertFilter) -> Result<Self, RequestError> {
        NameLookup { view }.check_each(&[
            (NameKind::Group, &filter.group),
            (NameKind::Object, &filter.object),
            (NameKind::Alert, &filter.alert),
            (NameKind::Symptom, &filter.symptom),
        ])?;
        Ok(Self {
            view,
            filter,
            object: name_filter(&filter.object),
            group: name_filter(&filter.group),
            alert: name_filter(&filter.alert),
            symptom: name_filter(&filter.symptom),
            control: name_filter(&filter.control),
            owner: name_filter(&filter.owner),
        })
    }

    /// Returns the alerts that are selected, the worst first; with a limit or a cursor a part of them.
    fn alerts(&self) -> Result<ListPart<Arc<Alert>>, RequestError> {
        let after = alert_cursor(self.filter)?;
        let is_next = |alert: &Alert| after.is_none_or(|after| AlertRank::of(alert) > after);
        let all = self.view.alerts.all_shared();
        let mut alerts: Vec<&Arc<Alert>> = all.filter(|alert| self.matches(alert) && is_next(alert)).collect();
        let limit = self.filter.limit;
        let is_cut = limit > 0 && alerts.len() > limit;
        if is_cut {
            // Only what is returned has to be sorted.
            alerts.select_nth_unstable_by_key(limit, |alert| AlertRank::of(alert));
            alerts.truncate(limit);
        }
        alerts.sort_unstable_by_key(|alert| AlertRank::of(alert));
        let last = alerts.last().filter(|_| is_cut);
        let next = last.map(|alert| AlertRank::of(alert).cursor());
        Ok(ListPart { items: alerts.into_iter().cloned().collect(), next })
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
            && is_in_group(self.view, &self.group, &alert.object)
    }

    fn has_object(&self, object: &str) -> bool {
        is_wanted(&self.object, object) && is_in_group(self.view, &self.group, object)
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

fn is_any_wanted(wanted: &Option<NameFilter>, names: &[impl AsRef<str>]) -> bool {
    wanted.as_ref().is_none_or(|wanted| names.iter().any(|name| wanted.matches(name.as_ref())))
}

/// Returns whether an object is in a group that is wanted, if one is.
fn is_in_group(view: &BookView, wanted: &Option<NameFilter>, object: &str) -> bool {
    let Some(wanted) = wanted else { return true };
    view.registry.groups().of(object).any(|group| wanted.matches(&group.name))
}

/// Returns the alerts that a filter selects, the worst first.
pub(crate) fn alerts(view: &BookView, filter: &AlertFilter) -> Result<ListPart<Arc<Alert>>, RequestError> {
    Selection::checked(view, filter)?.alerts()
}

fn alert_cursor(filter: &AlertFilter) -> Result<Option<AlertRank<'_>>, RequestError> {
    let Some(cursor) = &filter.cursor else { return Ok(None) };
    match AlertRank::parse(cursor) {
        Some(rank) => Ok(Some(rank)),
        None => invalid("the cursor is none: it is the `next` of the page before"),
    }
}

/// Refuses a cursor where there are no pages: what is ignored would match too much.
fn check_unpaged(filter: &AlertFilter) -> Result<(), RequestError> {
    if filter.cursor.is_some() {
        return invalid("only lists of alerts and objects have pages");
    }
    Ok(())
}

/// Returns what a filter matches, with remarks on its names that nothing has so far.
pub(crate) fn matches(view: &BookView, filter: &AlertFilter) -> Result<FilterMatches, RequestError> {
    check_unpaged(filter)?;
    // What matches is counted, so it is never a part.
    let whole = AlertFilter { limit: 0, ..filter.clone() };
    let selection = Selection::checked(view, &whole)?;
    let mut notes = Vec::new();
    for (subject, text) in [
        (NameKind::Symptom, &filter.symptom),
        (NameKind::Control, &filter.control),
        (NameKind::Owner, &filter.owner),
        (NameKind::Alert, &filter.alert),
    ] {
        notes.extend(text.as_ref().and_then(|text| NameLookup { view }.remark(subject, text)));
    }
    Ok(FilterMatches {
        objects: view.registry.objects().iter().filter(|object| selection.has_object(&object.id)).count(),
        alerts: selection.alerts()?.items,
        notes,
    })
}

/// Returns the objects that a filter selects, by id.
pub(crate) fn objects(view: &BookView, filter: &ObjectFilter) -> Result<ListPart<ObjectRow>, RequestError> {
    NameLookup { view }.check_each(&[
        (NameKind::Group, &filter.group),
        (NameKind::Object, &filter.object),
        (NameKind::Kind, &filter.kind),
        (NameKind::Symptom, &filter.symptom),
    ])?;
    let (id, group) = (name_filter(&filter.object), name_filter(&filter.group));
    let (kind, symptom) = (name_filter(&filter.kind), name_filter(&filter.symptom));
    let mut lines: Vec<ObjectRow> = Vec::new();
    for object in view.registry.objects().after(filter.cursor.as_deref()) {
        let is_selected = is_wanted(&id, &object.id)
            && is_in_group(view, &group, &object.id)
            && is_any_wanted(&kind, object.kind.as_slice())
            && has_symptom(view, &symptom, object)
            && (!filter.discovered || object.discovered);
        if is_selected && filter.limit > 0 && lines.len() >= filter.limit {
            // There is one more.
            let next = lines.last().map(|line| line.object.id.to_string());
            return Ok(ListPart { items: lines, next });
        }
        if is_selected {
            lines.push(object_line(view, object));
        }
    }
    Ok(ListPart { items: lines, next: None })
}

fn has_symptom(view: &BookView, wanted: &Option<NameFilter>, object: &Object) -> bool {
    let Some(wanted) = wanted else { return true };
    view.objects.active(&object.id).any(|name| wanted.matches(name))
}

/// Returns what waits to open or to be cancelled, the next one first.
pub(crate) fn waiting(view: &BookView, filter: &AlertFilter) -> Result<Vec<PendingRow>, RequestError> {
    check_unpaged(filter)?;
    let selection = Selection::checked(view, filter)?;
    let mut pending: Vec<(&Id, &Id, &PendingTransition)> = view.alerts.all_pending().collect();
    pending.retain(|(object, name, _)| selection.has_object(object) && is_wanted(&selection.alert, name));
    pending.sort_by_key(|(_, _, pending)| pending.due_ns);
    if filter.limit > 0 {
        pending.truncate(filter.limit);
    }
    Ok(pending.into_iter().map(|(object, name, pending)| waiting_line(view, object, name, pending)).collect())
}

fn waiting_line(view: &BookView, object: &Id, name: &Id, pending: &PendingTransition) -> PendingRow {
    PendingRow {
        pending: pending.clone(),
        title: view.compiled.definition(name).map(|one| one.title.clone()).unwrap_or_default(),
        groups: view.registry.groups().of(object).map(|group| group.name.clone()).collect(),
        alert: view.alerts.open(object, name).map(|alert| alert.id.clone()),
    }
}
