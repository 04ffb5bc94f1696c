//! The report as the template has it.

use std::collections::BTreeMap;

use lifesigns_compliance::{
    Alert,
    query::{ComplianceReport, Control, ObjectRow, ReportPeriod},
};
use serde::Serialize;

use lifesigns_text::{time_text, visible};

use crate::{alert::AlertCard, chart::Chart};

/// The most resolved alerts that the page lists; CSV and JSON have all of them.
pub const RESOLVED_SHOWN: usize = 1000;

#[derive(Serialize)]
pub(crate) struct ReportPage {
    version: String,
    made: String,
    group: String,
    title: String,
    score: u8,
    colour: &'static str,
    worst: u8,
    share: u8,
    members: Vec<MemberRow>,
    violated: usize,
    policies: Vec<String>,
    chart: Option<Chart>,
    controls: Vec<ControlRow>,
    findings: Vec<AlertCard>,
    exceptions: Vec<AlertCard>,
    resolved: Vec<AlertCard>,
    resolved_count: usize,
    counts: Vec<(&'static str, usize)>,
    period: Option<PeriodSection>,
}

/// The period of the report.
#[derive(Serialize)]
struct PeriodSection {
    from: String,
    to: String,
    chart: Option<Chart>,
    parts: Vec<(&'static str, &'static str, Vec<AlertCard>)>,
}

#[derive(Serialize)]
struct MemberRow {
    id: String,
    kind: String,
    discovered: bool,
    groups: String,
    score: u8,
    colour: &'static str,
    violations: u32,
    allowed: u32,
    symptoms: String,
}

#[derive(Serialize)]
struct ControlRow {
    framework: String,
    id: String,
    state: &'static str,
    violations: Vec<AlertLink>,
    exceptions: Vec<AlertLink>,
}

#[derive(Serialize)]
struct AlertLink {
    id: String,
    text: String,
}

impl ReportPage {
    pub(crate) fn new(report: &ComplianceReport, version: &str) -> Self {
        let line = &report.group.line;
        let cards = |alerts: &[Alert]| alerts.iter().map(AlertCard::new).collect::<Vec<_>>();
        let objects: BTreeMap<&str, &str> =
            report.findings.iter().chain(&report.exceptions).map(|it| (it.id.as_str(), it.object.as_str())).collect();
        Self {
            version: version.to_owned(),
            made: time_text(report.time_ns),
            group: visible(&line.name),
            title: visible(if line.title.is_empty() { &line.name } else { &line.title }),
            score: line.badge.score,
            colour: colour(line.badge.score),
            worst: line.badge.worst,
            share: line.badge.share,
            members: report.group.objects.iter().map(member).collect(),
            violated: line.violated,
            policies: report.group.policies.iter().map(|it| visible(it)).collect(),
            chart: Chart::new(&report.group.history, report.time_ns),
            controls: report.controls.iter().map(|it| control(it, &objects)).collect(),
            findings: cards(&report.findings),
            exceptions: cards(&report.exceptions),
            resolved: cards(report.resolved.get(..RESOLVED_SHOWN).unwrap_or(&report.resolved)),
            resolved_count: report.resolved.len(),
            counts: counts(&report.findings),
            period: report.period.as_ref().map(period_section),
        }
    }
}

fn period_section(period: &ReportPeriod) -> PeriodSection {
    let cards = |alerts: &[Alert]| alerts.iter().map(AlertCard::new).collect::<Vec<_>>();
    PeriodSection {
        from: time_text(period.from_ns),
        to: time_text(period.to_ns),
        chart: Chart::new(&period.badges, period.to_ns),
        parts: vec![
            ("Opened in it", "Nothing opened.", cards(&period.opened)),
            ("Ended in it", "Nothing ended.", cards(&period.ended)),
            ("Open all through it", "Nothing was open all through it.", cards(&period.throughout)),
        ],
    }
}

fn member(line: &ObjectRow) -> MemberRow {
    MemberRow {
        id: visible(&line.object.id),
        kind: visible(line.object.kind.as_deref().unwrap_or_default()),
        discovered: line.object.discovered,
        groups: visible(&line.groups.join(", ")),
        score: line.badge.score,
        colour: colour(line.badge.score),
        violations: line.badge.violations,
        allowed: line.badge.allowed,
        symptoms: visible(&line.symptoms.join(", ")),
    }
}

fn control(control: &Control, objects: &BTreeMap<&str, &str>) -> ControlRow {
    let (framework, id) = control.id.split_once(':').unwrap_or(("", &control.id));
    let state = match (control.violations.is_empty(), control.exceptions.is_empty()) {
        (false, _) => "breached",
        (true, false) => "allowed",
        (true, true) => "met",
    };
    ControlRow {
        framework: visible(framework),
        id: visible(id),
        state,
        violations: links(&control.violations, objects),
        exceptions: links(&control.exceptions, objects),
    }
}

fn links(ids: &[String], objects: &BTreeMap<&str, &str>) -> Vec<AlertLink> {
    let text = |id: &str| visible(objects.get(id).copied().unwrap_or(id));
    ids.iter().map(|id| AlertLink { id: id.clone(), text: text(id) }).collect()
}

/// Returns the number of findings by criticality, the worst first.
fn counts(findings: &[Alert]) -> Vec<(&'static str, usize)> {
    let mut counts: BTreeMap<_, usize> = BTreeMap::new();
    for alert in findings {
        *counts.entry(alert.criticality).or_default() += 1;
    }
    counts.into_iter().rev().map(|(criticality, count)| (criticality.as_str(), count)).collect()
}

/// Returns the colour of a score, by VMware's steps.
const fn colour(score: u8) -> &'static str {
    match score {
        100.. => "green",
        75..=99 => "yellow",
        25..=74 => "orange",
        _ => "red",
    }
}
