//! The life of an alert: opened, reopened instead of a twin, amended, cancelled.

use std::{collections::BTreeMap, sync::Arc};

use lifesigns_model::DropKind;
use sha2::{Digest, Sha256};

use super::{Book, audit::state, judge::Case, limits, look::Trigger, page::Id, tell::Stance};
use crate::record::{Alert, AlertStatus, EndCause, EvidenceExcerpt};

/// 16 hexadecimal digits, derived from what a thing is.
pub(super) fn derived_id(parts: &[&str]) -> String {
    hex(parts, 8)
}

/// Hexadecimal digits of a digest over `parts`, each with its length so that they cannot run together.
pub(super) fn hex(parts: &[&str], bytes: usize) -> String {
    let mut digest = Sha256::new();
    for part in parts {
        digest.update((part.len() as u64).to_le_bytes());
        digest.update(part.as_bytes());
    }
    digest.finalize().iter().take(bytes).map(|byte| format!("{byte:02x}")).collect()
}

/// What opens an alert. Times are event time.
pub(super) struct Opening {
    /// Since when it holds.
    pub(super) since_ns: u64,
    /// When it opens: after its wait.
    pub(super) opened_ns: u64,
    /// What tells this opening from others.
    pub(super) opener: String,
}

impl Book {
    /// Opens the alert of `name` on `object`, or reopens the one that was cancelled a short while ago.
    pub(super) fn open(&mut self, object: &Id, name: &Id, case: &Case, opening: &Opening, trigger: &Trigger<'_>) {
        let before = self.pages.get(object).and_then(|page| page.alerts.get(name));
        let closed = before.filter(|before| before.cause == Some(EndCause::Hand)).map(|before| before.id.clone());
        let id = match &closed {
            // A case that a person closed stays closed, also if the same event would open it again.
            Some(closed) => derived_id(&[name, object, &opening.opener, closed]),
            None => derived_id(&[name, object, &opening.opener]),
        };
        let opened_ns = opening.opened_ns;
        let reopens = before.is_some_and(|before| self.is_same(before, &id, opening.since_ns));
        let counted_ns =
            before.filter(|before| reopens || closed.is_some() && !before.ceased).map(|before| before.last_ns);
        if !reopens && !self.make_room(object, name) {
            return;
        }
        let alert = match reopens {
            true => self.reopened(object, name),
            false => Some(fresh(id, object, name, opened_ns)),
        };
        let Some(mut alert) = alert else { return };
        match trigger.raise.filter(|_| closed.is_some()) {
            Some(raise) => raise.count_in(&mut alert),
            None => self.count_symptoms(&mut alert, case, counted_ns),
        }
        alert.last_ns = alert.last_ns.max(opened_ns);
        self.compose(&mut alert, object, name, case, true);
        alert.revision += 1;
        let (id, after) = (alert.id.clone(), state(&alert));
        if let Some(page) = self.pages.get_mut(object) {
            page.alerts.insert(Arc::clone(name), Arc::new(alert));
        }
        let (what, before) = match reopens {
            true => ("alert reopened", serde_json::json!({ "status": AlertStatus::Cancelled })),
            false => ("alert opened", serde_json::Value::Null),
        };
        self.note(opened_ns, trigger.who, what, &id, before, after);
        self.hush(object, name);
        self.mark(object, name);
        self.follow(object, name, &Stance::default(), false);
    }

    /// Whether an alert that has held since `since_ns` is this one again. What a person cancelled is not
    /// reopened: that case was closed.
    fn is_same(&self, before: &Alert, id: &str, since_ns: u64) -> bool {
        let Some(cancelled_ns) = before.cancelled_ns else { return false };
        let window_ns = self.compiled.config().reopen_ms.saturating_mul(1_000_000);
        before.cause != Some(EndCause::Hand) && (before.id == id || since_ns.saturating_sub(cancelled_ns) <= window_ns)
    }

    fn reopened(&mut self, object: &Id, name: &Id) -> Option<Alert> {
        let mut alert = Arc::unwrap_or_clone(self.pages.get_mut(object)?.alerts.remove(name)?);
        alert.status = AlertStatus::Open;
        alert.cancelled_ns = None;
        alert.cause = None;
        alert.acknowledged = None;
        alert.ceased = false;
        alert.reopened += 1;
        Some(alert)
    }

    /// Makes room for an alert: the one before it leaves the book, and of too many the oldest.
    fn make_room(&mut self, object: &Id, name: &Id) -> bool {
        let Some(page) = self.pages.get(object) else { return false };
        let gone = match page.alerts.contains_key(name) {
            true => Some(Arc::clone(name)),
            false if page.alerts.len() < limits::OBJECT_ALERTS => return true,
            false => {
                let cancelled = page.alerts.iter().filter(|(_, alert)| alert.status == AlertStatus::Cancelled);
                cancelled.min_by_key(|(_, alert)| alert.cancelled_ns).map(|(name, _)| Arc::clone(name))
            }
        };
        let Some(gone) = gone else {
            self.dropped.note(DropKind::Alerts, format_args!("{name} on {object}"));
            return false;
        };
        let key = (Arc::clone(object), gone);
        let alert = self.pages.get_mut(object).and_then(|page| page.alerts.remove(&key.1));
        // The store has not seen its end yet.
        if self.dirty.alerts.remove(&key) {
            self.news.alerts.extend(alert);
        }
        true
    }

    /// The first raises and what shows them: those of the symptoms that make the alert. Up to
    /// `counted_ns` they were counted before: by the alert that is reopened, or by the one that a person
    /// cancelled, of which a new one goes on from what is shown since then.
    fn count_symptoms(&self, alert: &mut Alert, case: &Case, counted_ns: Option<u64>) {
        let symptoms =
            case.found.symptoms.iter().filter_map(|(object, name)| self.pages.get(object)?.symptoms.get(name));
        let mut shown = Vec::new();
        for symptom in symptoms.filter(|symptom| counted_ns.is_none_or(|counted_ns| symptom.last_ns > counted_ns)) {
            let lines = symptom.shown.first.iter().chain(&symptom.shown.last);
            let goes_on = alert.reopened == 0 && counted_ns.is_some_and(|counted_ns| symptom.since_ns <= counted_ns);
            let lines = lines.filter(|line| !goes_on || counted_ns.is_none_or(|counted_ns| line.time_ns > counted_ns));
            let before = shown.len();
            shown.extend(lines.cloned());
            alert.count += if goes_on { (shown.len() - before) as u64 } else { symptom.count };
            alert.last_ns = alert.last_ns.max(symptom.last_ns);
        }
        shown.sort_by(|one, other| {
            (one.time_ns, &one.source, one.line).cmp(&(other.time_ns, &other.source, other.line))
        });
        shown.dedup();
        shown.into_iter().for_each(|evidence| alert.shown.add(evidence));
    }

    /// It is still open; something about it changed.
    pub(super) fn amend(&mut self, object: &Id, name: &Id, case: &Case, trigger: &Trigger<'_>) {
        let Some(mut shared) = self.pages.get_mut(object).and_then(|page| page.alerts.remove(name)) else { return };
        let before = Stance::of(&shared);
        let was = Arc::clone(&shared);
        let alert = Arc::make_mut(&mut shared);
        if let Some(raise) = trigger.raise.filter(|raise| case.found.has(&raise.object, &raise.symptom)) {
            raise.count_in(alert);
        }
        self.compose(alert, object, name, case, trigger.review);
        if alert.allowed != was.allowed {
            alert.cause = alert.allowed.then_some(trigger.cause);
        }
        let noted = (alert.allowed, alert.criticality) != (was.allowed, was.criticality);
        if noted || (&alert.symptoms, &alert.groups, &alert.why) != (&was.symptoms, &was.groups, &was.why) {
            alert.revision += 1;
        }
        if noted {
            let what = match (was.allowed, alert.allowed) {
                (false, true) => "alert allowed",
                (true, false) => "alert no longer allowed",
                _ => "alert changed",
            };
            self.note(trigger.time_ns, trigger.who, what, &alert.id, state(&was), state(alert));
        }
        let changed = *alert != *was;
        if let Some(page) = self.pages.get_mut(object) {
            // What did not change stays shared.
            page.alerts.insert(Arc::clone(name), if changed { shared } else { was });
        }
        if changed || trigger.review {
            if self.hush(object, name) || changed {
                self.mark(object, name);
            }
            self.follow(object, name, &before, trigger.review);
        }
    }

    /// It is over.
    pub(super) fn cancel(&mut self, object: &Id, name: &Id, cause: EndCause, time_ns: u64, who: &str) {
        let Some(alert) = self.pages.get_mut(object).and_then(|page| page.alert_mut(name)) else { return };
        if alert.status == AlertStatus::Cancelled {
            return;
        }
        let (before, was) = (Stance::of(alert), state(alert));
        alert.status = AlertStatus::Cancelled;
        alert.cancelled_ns = Some(time_ns.max(alert.opened_ns));
        alert.cause = Some(cause);
        alert.ceased = true;
        alert.silenced_by = None;
        alert.inhibited_by = None;
        alert.revision += 1;
        let (id, after) = (alert.id.clone(), state(alert));
        self.note(time_ns, who, "alert cancelled", &id, was, after);
        self.mark(object, name);
        self.follow(object, name, &before, false);
    }
}

fn fresh(id: String, object: &Id, name: &Id, opened_ns: u64) -> Alert {
    Alert {
        id,
        definition: name.to_string(),
        title: String::new(),
        object: object.to_string(),
        status: AlertStatus::Open,
        allowed: false,
        criticality: lifesigns_model::Criticality::Warning,
        impact: lifesigns_model::Impact::Risk,
        opened_ns,
        last_ns: 0,
        cancelled_ns: None,
        cause: None,
        count: 0,
        reopened: 0,
        symptoms: Vec::new(),
        summary: String::new(),
        attributes: Vec::new(),
        recommendations: Vec::new(),
        controls: Vec::new(),
        shown: EvidenceExcerpt::default(),
        groups: Vec::new(),
        uncertain_groups: Vec::new(),
        undecided: None,
        why: crate::why::Why::default(),
        acknowledged: None,
        owner: None,
        notes: Vec::new(),
        silenced_by: None,
        inhibited_by: None,
        revision: 0,
        told: BTreeMap::new(),
        withheld: BTreeMap::new(),
        ceased: false,
    }
}
