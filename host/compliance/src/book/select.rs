//! Which alerts and objects a filter selects. A name that nothing has is refused rather than
//! answered with an empty list: a typing error must not read like good news.

use std::sync::Arc;

use super::{
    Book,
    answer::worst_first,
    names::{Subject, Wanted},
    page::Page,
};
use crate::{
    change::RequestError,
    query::{AlertFilter, AlertStateFilter, FilterMatches, ObjectFilter, ObjectLine, PendingLine},
    record::{Alert, AlertStatus, Object},
};

/// The names of a filter, ready to be compared.
struct Selection<'a> {
    filter: &'a AlertFilter,
    object: Option<Wanted>,
    group: Option<Wanted>,
    alert: Option<Wanted>,
    symptom: Option<Wanted>,
    control: Option<Wanted>,
    owner: Option<Wanted>,
}

impl<'a> Selection<'a> {
    fn of(filter: &'a AlertFilter) -> Self {
        let wanted = |text: &Option<String>| text.as_deref().map(Wanted::new);
        Self {
            filter,
            object: wanted(&filter.object),
            group: wanted(&filter.group),
            alert: wanted(&filter.alert),
            symptom: wanted(&filter.symptom),
            control: wanted(&filter.control),
            owner: wanted(&filter.owner),
        }
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

    fn has_names(&self, book: &Book, alert: &Alert) -> bool {
        let among = |wanted: &Option<Wanted>, all: &[String]| {
            wanted.as_ref().is_none_or(|wanted| all.iter().any(|one| wanted.matches(one)))
        };
        let is = |wanted: &Option<Wanted>, one: &str| wanted.as_ref().is_none_or(|wanted| wanted.matches(one));
        is(&self.object, &alert.object)
            && is(&self.alert, &alert.definition)
            && among(&self.symptom, &alert.symptoms)
            && among(&self.control, &alert.controls)
            && self.owner.as_ref().is_none_or(|wanted| alert.owner.as_ref().is_some_and(|one| wanted.matches(one)))
            && book.is_in(&alert.object, self.group.as_ref())
    }

    fn matches(&self, book: &Book, alert: &Alert) -> bool {
        let filter = self.filter;
        self.has_state(alert)
            && filter.impact.is_none_or(|impact| alert.impact == impact)
            && filter.criticality.is_none_or(|criticality| alert.criticality == criticality)
            && filter.at_least.is_none_or(|least| alert.criticality >= least)
            && filter.since_ns.is_none_or(|since_ns| alert.opened_ns >= since_ns)
            && filter.until_ns.is_none_or(|until_ns| alert.opened_ns < until_ns)
            && self.has_names(book, alert)
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

impl Book {
    /// Alerts that the filter selects, the worst first.
    pub(super) fn alerts(&self, filter: &AlertFilter) -> Result<Vec<Alert>, RequestError> {
        self.check_filter(filter)?;
        let mut alerts = self.selected(filter);
        if filter.limit > 0 {
            alerts.truncate(filter.limit);
        }
        Ok(alerts.into_iter().cloned().collect())
    }

    fn selected(&self, filter: &AlertFilter) -> Vec<&Alert> {
        let selection = Selection::of(filter);
        let all = self.pages.values().flat_map(Page::alerts);
        let mut alerts: Vec<&Alert> = all.filter(|alert| selection.matches(self, alert)).collect();
        alerts.sort_by(|one, other| worst_first(one, other));
        alerts
    }

    /// What the filter matches, with remarks on names in it that nothing has so far.
    pub(super) fn matches(&self, filter: &AlertFilter) -> Result<FilterMatches, RequestError> {
        self.check_filter(filter)?;
        let selection = Selection::of(filter);
        let meant = |object: &&Object| {
            selection.object.as_ref().is_none_or(|wanted| wanted.matches(&object.id))
                && self.is_in(&object.id, selection.group.as_ref())
        };
        let mut notes = Vec::new();
        for (subject, text) in
            [(Subject::Symptom, &filter.symptom), (Subject::Control, &filter.control), (Subject::Owner, &filter.owner)]
        {
            notes.extend(text.as_ref().and_then(|text| self.remark(subject, text)));
        }
        notes.extend(filter.alert.as_ref().and_then(|text| self.remark(Subject::Alert, text)));
        Ok(FilterMatches {
            objects: self.registry.objects().filter(meant).count(),
            alerts: self.selected(filter).into_iter().cloned().collect(),
            notes,
        })
    }

    /// Refuses names that can be known to be wrong: of groups, of objects, of definitions.
    pub(super) fn check_filter(&self, filter: &AlertFilter) -> Result<(), RequestError> {
        for (subject, text) in
            [(Subject::Group, &filter.group), (Subject::Object, &filter.object), (Subject::Alert, &filter.alert)]
        {
            text.as_ref().map_or(Ok(()), |text| self.check_name(subject, text))?;
        }
        filter.symptom.as_ref().map_or(Ok(()), |text| self.check_name(Subject::Symptom, text))
    }

    /// Objects that the filter selects, by id.
    pub(super) fn objects(&self, filter: &ObjectFilter) -> Result<Vec<ObjectLine>, RequestError> {
        for (subject, text) in [
            (Subject::Group, &filter.group),
            (Subject::Object, &filter.object),
            (Subject::Kind, &filter.kind),
            (Subject::Symptom, &filter.symptom),
        ] {
            text.as_ref().map_or(Ok(()), |text| self.check_name(subject, text))?;
        }
        let wanted = |text: &Option<String>| text.as_deref().map(Wanted::new);
        let (id, group) = (wanted(&filter.object), wanted(&filter.group));
        let (kind, symptom) = (wanted(&filter.kind), wanted(&filter.symptom));
        let has = |object: &Object, wanted: &Wanted| {
            self.pages.get(&*object.id).is_some_and(|page| page.active().any(|name| wanted.matches(name)))
        };
        let matches = |object: &&Object| {
            id.as_ref().is_none_or(|wanted| wanted.matches(&object.id))
                && self.is_in(&object.id, group.as_ref())
                && kind.as_ref().is_none_or(|wanted| object.kind.as_ref().is_some_and(|one| wanted.matches(one)))
                && symptom.as_ref().is_none_or(|wanted| has(object, wanted))
                && (!filter.discovered || object.discovered)
        };
        Ok(self.registry.objects().filter(matches).map(|object| self.object_line(object)).collect())
    }

    /// What waits to open or to be cancelled, the next one first.
    pub(super) fn waiting(&self, filter: &AlertFilter) -> Result<Vec<PendingLine>, RequestError> {
        self.check_filter(filter)?;
        let selection = Selection::of(filter);
        let mut all = Vec::new();
        for (object, page) in &self.pages {
            if selection.object.as_ref().is_some_and(|wanted| !wanted.matches(object))
                || !self.is_in(object, selection.group.as_ref())
            {
                continue;
            }
            let meant = page
                .pending
                .iter()
                .filter(|(name, _)| selection.alert.as_ref().is_none_or(|wanted| wanted.matches(name)));
            for (name, pending) in meant {
                all.push(PendingLine {
                    pending: pending.clone(),
                    title: self.compiled.definition(name).map(|one| one.title.clone()).unwrap_or_default(),
                    groups: self.registry.groups_of(object).map(|group| group.name.clone()).collect(),
                    alert: page.open(name).map(|alert| alert.id.clone()),
                });
            }
        }
        all.sort_by(|one, other| {
            let key = |it: &PendingLine| (it.pending.due_ns, it.pending.object.clone(), it.pending.definition.clone());
            key(one).cmp(&key(other))
        });
        if filter.limit > 0 {
            all.truncate(filter.limit);
        }
        Ok(all)
    }

    /// Whether the object is in a group that is wanted, if one is.
    fn is_in(&self, object: &str, group: Option<&Wanted>) -> bool {
        group.is_none_or(|wanted| self.registry.groups_of(object).any(|group| wanted.matches(&group.name)))
    }

    /// Definitions that name the symptom as something that must be there: it is no alert of its own.
    pub(super) fn named_by(&self, symptom: &str) -> Vec<&str> {
        let definitions = self.compiled.config().definitions.iter();
        definitions.filter(|one| names(&one.when, symptom)).map(|one| one.name.as_str()).collect()
    }

    /// Names of symptoms that the book has heard of: raised by a rule, or named in the configuration.
    pub(super) fn known_symptoms(&self) -> std::collections::BTreeSet<Arc<str>> {
        let raised = self.pages.values().flat_map(|page| page.symptoms.keys().cloned());
        let mut known: std::collections::BTreeSet<Arc<str>> = raised.collect();
        for definition in &self.compiled.config().definitions {
            literals(&definition.when, &mut known);
        }
        known
    }
}

/// Whether the condition is met by the symptom.
fn names(condition: &crate::config::AlertCondition, symptom: &str) -> bool {
    use crate::config::AlertCondition;
    match condition {
        AlertCondition::All(all) | AlertCondition::Any(all) | AlertCondition::Count(_, all) => {
            all.iter().any(|one| names(one, symptom))
        }
        AlertCondition::Symptom(pattern, _) => pattern.matches(symptom),
        AlertCondition::Not(_) | AlertCondition::Fact(..) => false,
    }
}

fn literals(condition: &crate::config::AlertCondition, known: &mut std::collections::BTreeSet<Arc<str>>) {
    use crate::config::AlertCondition;
    match condition {
        AlertCondition::All(all) | AlertCondition::Any(all) | AlertCondition::Count(_, all) => {
            all.iter().for_each(|one| literals(one, known));
        }
        AlertCondition::Not(one) => literals(one, known),
        AlertCondition::Symptom(pattern, _) if pattern.is_literal() => drop(known.insert(pattern.as_str().into())),
        AlertCondition::Symptom(..) | AlertCondition::Fact(..) => {}
    }
}
