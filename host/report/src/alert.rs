//! Alerts as the template of the HTML report has them.

use lifesigns_compliance::{Alert, Decision, EndCause, EvidenceLine, Membership, Note};
use serde::Serialize;

use lifesigns_text::{time_text, visible};

use crate::why;

/// An alert with all texts made safe to show; the template escapes them.
#[derive(Serialize)]
pub(crate) struct AlertCard {
    id: String,
    title: String,
    definition: String,
    object: String,
    criticality: &'static str,
    impact: &'static str,
    summary: String,
    opened: String,
    last: String,
    cancelled: String,
    cause: &'static str,
    count: u64,
    reopened: u32,
    controls: Vec<String>,
    recommendations: Vec<String>,
    evidence: Vec<EvidenceRow>,
    /// The number of raises between the first and the last evidence, which are not shown.
    left_out: u64,
    attributes: Vec<(String, String)>,
    memberships: Vec<MembershipRow>,
    decisions: Vec<DecisionRow>,
    acknowledged: String,
    owner: String,
    silenced_by: String,
    notes: Vec<NoteRow>,
}

#[derive(Serialize)]
struct EvidenceRow {
    time: String,
    place: String,
    text: String,
    /// Whether lines are left out before this one.
    gap: bool,
}

#[derive(Serialize)]
struct MembershipRow {
    name: String,
    how: String,
    place: String,
}

#[derive(Serialize)]
struct DecisionRow {
    setting: String,
    value: String,
    by: String,
    overrode: Vec<String>,
}

#[derive(Serialize)]
struct NoteRow {
    who: String,
    time: String,
    text: String,
}

impl AlertCard {
    pub(crate) fn new(alert: &Alert) -> Self {
        let all = |texts: &[String]| texts.iter().map(|text| visible(text)).collect::<Vec<_>>();
        Self {
            id: alert.id.clone(),
            title: visible(&alert.title),
            definition: visible(&alert.definition),
            object: visible(&alert.object),
            criticality: alert.criticality.as_str(),
            impact: alert.impact.as_str(),
            summary: visible(&alert.summary),
            opened: time_text(alert.opened_ns),
            last: time_text(alert.last_ns),
            cancelled: alert.cancelled_ns.map(time_text).unwrap_or_default(),
            cause: alert.cause.map(end_cause_text).unwrap_or_default(),
            count: alert.count,
            reopened: alert.reopened,
            controls: all(&alert.controls),
            recommendations: all(&alert.recommendations),
            evidence: evidence(alert),
            left_out: left_out(alert),
            attributes: alert.attributes.iter().map(|(name, value)| (visible(name), visible(value))).collect(),
            memberships: memberships(alert),
            decisions: decisions(alert),
            acknowledged: match &alert.acknowledged {
                Some(by) => format!("{}, {}", visible(&by.who), time_text(by.time_ns)),
                None => String::new(),
            },
            owner: visible(alert.owner.as_deref().unwrap_or_default()),
            silenced_by: visible(alert.silenced_by.as_deref().unwrap_or_default()),
            notes: notes(alert),
        }
    }
}

/// Returns how many raises between the first and the last evidence are not shown.
fn left_out(alert: &Alert) -> u64 {
    if alert.shown.last.is_empty() {
        return 0;
    }
    let shown = alert.shown.first.len() + alert.shown.last.len();
    alert.count.saturating_sub(shown as u64)
}

fn evidence(alert: &Alert) -> Vec<EvidenceRow> {
    let gap = left_out(alert) > 0;
    let first = alert.shown.first.iter().map(|it| (it, false));
    let last = alert.shown.last.iter().enumerate().map(|(at, it)| (it, gap && at == 0));
    first.chain(last).map(evidence_row).collect()
}

fn evidence_row((it, gap): (&EvidenceLine, bool)) -> EvidenceRow {
    EvidenceRow {
        time: time_text(it.time_ns),
        place: format!("{}:{}", visible(&it.source), it.line),
        text: visible(&it.text),
        gap,
    }
}

fn memberships(alert: &Alert) -> Vec<MembershipRow> {
    alert.why.groups.iter().map(membership_row).collect()
}

fn membership_row(it: &Membership) -> MembershipRow {
    MembershipRow { name: visible(&it.group), how: visible(&it.how), place: visible(&it.place.to_string()) }
}

fn decisions(alert: &Alert) -> Vec<DecisionRow> {
    alert.why.steps.iter().map(decision_row).collect()
}

fn decision_row(step: &Decision) -> DecisionRow {
    DecisionRow {
        setting: visible(&step.setting),
        value: visible(&step.value),
        by: visible(&why::statement_source(&step.by)),
        overrode: step
            .overrode
            .iter()
            .map(|it| visible(&format!("{} by {}", it.value, why::statement_source(it))))
            .collect(),
    }
}

fn notes(alert: &Alert) -> Vec<NoteRow> {
    alert.notes.iter().map(note_row).collect()
}

fn note_row(it: &Note) -> NoteRow {
    NoteRow { who: visible(&it.by.who), time: time_text(it.by.time_ns), text: visible(&it.text) }
}

/// Returns why an alert ended, as people read it.
pub const fn end_cause_text(cause: EndCause) -> &'static str {
    match cause {
        EndCause::Clear => "the rule cleared it",
        EndCause::Hold => "not seen again within its hold time",
        EndCause::Fact => "a fact changed",
        EndCause::Policy => "the configuration changed",
        EndCause::Hand => "a person cancelled it",
        EndCause::RuleRemoved => "its rule was removed",
        EndCause::MetricExpired => "a metric was not reported again in time",
        EndCause::ObjectForgotten => "its object was forgotten",
    }
}
