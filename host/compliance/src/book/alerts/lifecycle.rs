//! The lifecycle of an alert: opened, reopened instead of a second one, amended, cancelled.

use std::{collections::BTreeMap, sync::Arc};

use serde_json::{Value, json};

use lifesigns_model::NS_PER_MS;

use crate::{
    book::{
        alerts::table::{Alerts, Room},
        digest::derived_id,
        evaluation::{context::Context, outcome::Evaluation},
        ids::Id,
        journal::{ALERT_CANCELLED, Journal, audited_alert},
        notify::state::NotifyState,
        trigger::{Raise, Trigger},
    },
    evidence::EvidenceExcerpt,
    record::{Alert, AlertStatus, EndCause},
    shared_text::{SharedList, SharedText},
};

/// Opens, amends and cancels alerts. Each change is audited and returned: it is for the caller to publish it.
pub(crate) struct Lifecycle<'a> {
    pub(crate) context: Context<'a>,
    pub(crate) alerts: &'a mut Alerts,
    pub(crate) journal: &'a mut Journal,
}

/// What opens an alert. Times are event time.
pub(crate) struct Opening {
    /// Since when the definition holds.
    pub(crate) since_ns: u64,
    /// When the alert opens: after the definition's wait.
    pub(crate) opened_ns: u64,
    /// What tells this opening from others.
    pub(crate) opener: String,
}

/// A change of an alert that receivers, badges and the object's children may have to know of.
#[must_use]
#[derive(Debug)]
pub(crate) struct AlertChange {
    pub(crate) object: Id,
    pub(crate) name: Id,
    pub(crate) before: NotifyState,
    /// The alert may be routed to others now.
    pub(crate) reroute: bool,
    /// Another silence or parent's alert may suppress it now.
    pub(crate) resuppress: bool,
}

/// The outcome of opening an alert.
#[must_use]
pub(crate) enum Opened {
    Opened(AlertChange),
    /// The object has too many alerts, and none that is cancelled.
    NoRoom,
}

impl Lifecycle<'_> {
    /// Opens the alert of `name` on `object`, or reopens the one that was cancelled a short while ago.
    pub(crate) fn open(
        &mut self,
        object: &Id,
        name: &Id,
        evaluation: &Evaluation,
        opening: &Opening,
        trigger: &Trigger<'_>,
    ) -> Opened {
        let before = self.alerts.get(object, name);
        let closed = before.filter(|before| before.cause == Some(EndCause::Hand));
        let id = match closed {
            // A case that a person closed stays closed, also if the same event would open it again.
            Some(closed) => derived_id(&[name, object, &opening.opener, &closed.id]),
            None => derived_id(&[name, object, &opening.opener]),
        };
        let was_closed = closed.is_some();
        let reopens = before.is_some_and(|before| self.is_reopening(before, &id, opening.since_ns));
        let continued = before.filter(|before| reopens || was_closed && !before.ceased);
        let counted_ns = continued.map(|before| before.last_ns);
        let mut alert = if reopens {
            reopened(self.alerts.take(object, name))
        } else if self.alerts.make_room(object, name) == Room::Made {
            new_alert(id, object, name, opening.opened_ns)
        } else {
            return Opened::NoRoom;
        };
        match trigger.raise.filter(|_| was_closed) {
            Some(raise) => raise.count_in(&mut alert),
            None => self.count_symptoms(&mut alert, evaluation, counted_ns),
        }
        alert.last_ns = alert.last_ns.max(opening.opened_ns);
        self.context.render(&mut alert, object, name, evaluation, true);
        alert.revision += 1;
        let after = audited_alert(&alert);
        if reopens {
            let before = json!({ "status": AlertStatus::Cancelled });
            self.journal.audit(opening.opened_ns, trigger.who, "alert reopened", &alert.id, before, after);
        } else {
            self.journal.audit(opening.opened_ns, trigger.who, "alert opened", &alert.id, Value::Null, after);
        }
        self.alerts.put(object, name, alert);
        Opened::Opened(AlertChange {
            object: object.clone(),
            name: name.clone(),
            before: NotifyState::default(),
            reroute: false,
            resuppress: true,
        })
    }

    /// Returns whether an alert that has held since `since_ns` is the alert `before` again. An alert that a
    /// person cancelled is not reopened: that case was closed.
    fn is_reopening(&self, before: &Alert, id: &str, since_ns: u64) -> bool {
        let Some(cancelled_ns) = before.cancelled_ns else { return false };
        let window_ns = self.context.compiled.config().reopen_ms.saturating_mul(NS_PER_MS);
        let in_window = since_ns.saturating_sub(cancelled_ns) <= window_ns;
        before.cause != Some(EndCause::Hand) && (before.id == id || in_window)
    }

    /// Counts the raises of the symptoms that make the alert, and adds the lines that show them. Those up to
    /// `counted_ns` were counted before: by the alert that is reopened, or by the one that a person
    /// cancelled, of which a new one goes on from what is shown since then.
    fn count_symptoms(&self, alert: &mut Alert, evaluation: &Evaluation, counted_ns: Option<u64>) {
        let mut shown = Vec::new();
        for (object, name) in &evaluation.matched.first {
            let Some(symptom) = self.context.objects.symptom(object, name) else { continue };
            if counted_ns.is_some_and(|counted_ns| symptom.last_ns <= counted_ns) {
                continue;
            }
            let lines = symptom.shown.first.iter().chain(&symptom.shown.last);
            let continued_ns = counted_ns.filter(|counted_ns| alert.reopened == 0 && symptom.since_ns <= *counted_ns);
            match continued_ns {
                Some(counted_ns) => {
                    let before = shown.len();
                    shown.extend(lines.filter(|line| line.time_ns > counted_ns).cloned());
                    alert.count += (shown.len() - before) as u64;
                }
                None => {
                    shown.extend(lines.cloned());
                    alert.count += symptom.count;
                }
            }
            alert.last_ns = alert.last_ns.max(symptom.last_ns);
        }
        shown.sort_by(|one, other| {
            (one.time_ns, &one.source, one.line).cmp(&(other.time_ns, &other.source, other.line))
        });
        shown.dedup();
        shown.into_iter().for_each(|evidence| alert.shown.add(evidence));
    }

    /// Amends an alert that is still open. Returns the change, if others may have to know of it.
    pub(crate) fn amend(
        &mut self,
        object: &Id,
        name: &Id,
        evaluation: &Evaluation,
        trigger: &Trigger<'_>,
    ) -> Option<AlertChange> {
        let was = self.alerts.existing(object, name);
        let before = NotifyState::of(was);
        let mut alert = was.clone();
        let matches = |raise: &&Raise| evaluation.matched.contains(&raise.object, &raise.symptom);
        if let Some(raise) = trigger.raise.filter(matches) {
            raise.count_in(&mut alert);
        }
        self.context.render(&mut alert, object, name, evaluation, trigger.review);
        if alert.allowed != was.allowed {
            alert.cause = alert.allowed.then_some(trigger.cause);
        }
        let decided_otherwise = alert.allowed != was.allowed || alert.criticality != was.criticality;
        let explained_otherwise = alert.symptoms != was.symptoms || alert.groups != was.groups || alert.why != was.why;
        if decided_otherwise || explained_otherwise {
            alert.revision += 1;
        }
        if decided_otherwise {
            let what = match (was.allowed, alert.allowed) {
                (false, true) => "alert allowed",
                (true, false) => "alert no longer allowed",
                _ => "alert changed",
            };
            let (was, after) = (audited_alert(was), audited_alert(&alert));
            self.journal.audit(trigger.time_ns, trigger.who, what, &alert.id, was, after);
        }
        let changed = alert != *was;
        if changed {
            self.alerts.put(object, name, alert);
        }
        (changed || trigger.review).then(|| AlertChange {
            object: object.clone(),
            name: name.clone(),
            before,
            reroute: trigger.review,
            resuppress: true,
        })
    }

    /// Cancels an alert. Returns the change, if the alert was open.
    pub(crate) fn cancel(
        &mut self,
        object: &Id,
        name: &Id,
        cause: EndCause,
        time_ns: u64,
        who: &str,
    ) -> Option<AlertChange> {
        let was = self.alerts.open(object, name)?;
        let before = NotifyState::of(was);
        let audited_before = audited_alert(was);
        let (id, audited_after) = self.alerts.change(object, name, |alert| {
            alert.status = AlertStatus::Cancelled;
            alert.cancelled_ns = Some(time_ns.max(alert.opened_ns));
            alert.cause = Some(cause);
            alert.ceased = true;
            alert.silenced_by = None;
            alert.inhibited_by = None;
            alert.revision += 1;
            (alert.id.clone(), audited_alert(alert))
        });
        self.journal.audit(time_ns, who, ALERT_CANCELLED, &id, audited_before, audited_after);
        Some(AlertChange { object: object.clone(), name: name.clone(), before, reroute: false, resuppress: false })
    }
}

fn reopened(mut alert: Alert) -> Alert {
    alert.status = AlertStatus::Open;
    alert.cancelled_ns = None;
    alert.cause = None;
    alert.acknowledged = None;
    alert.ceased = false;
    alert.reopened += 1;
    alert
}

fn new_alert(id: String, object: &Id, name: &Id, opened_ns: u64) -> Alert {
    Alert {
        id,
        definition: name.into(),
        title: SharedText::default(),
        object: object.into(),
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
        symptoms: SharedList::default(),
        summary: SharedText::default(),
        attributes: SharedList::default(),
        recommendations: SharedList::default(),
        controls: SharedList::default(),
        shown: EvidenceExcerpt::default(),
        groups: SharedList::default(),
        uncertain_groups: Vec::new(),
        undecided: None,
        why: Arc::default(),
        acknowledged: None,
        owner: None,
        notes: Vec::new(),
        silenced_by: None,
        inhibited_by: None,
        revision: 0,
        notified: BTreeMap::new(),
        ceased: false,
    }
}
