//! The report for spreadsheets: one table with a line for each member and each alert. A field that a
//! spreadsheet would evaluate as a formula is prefixed with an apostrophe (OWASP: CSV injection).

use std::{borrow::Cow, io::Write};

use csv::Writer;
use lifesigns_compliance::{
    Alert, BadgePoint,
    query::{ComplianceReport, ObjectRow},
};

use lifesigns_text::{time_text, visible};

use crate::{error::WriteError, why};

/// The header.
const COLUMNS: [&str; 24] = [
    "row",
    "object",
    "kind",
    "groups",
    "badge",
    "violations",
    "allowed",
    "alert",
    "id",
    "title",
    "criticality",
    "impact",
    "controls",
    "opened",
    "last",
    "cancelled",
    "cause",
    "count",
    "summary",
    "recommendations",
    "evidence",
    "acknowledged",
    "owner",
    "why",
];

pub(crate) fn write(report: &ComplianceReport, out: &mut impl Write) -> Result<(), WriteError> {
    let mut writer = Writer::from_writer(out);
    writer.write_record(COLUMNS).map_err(WriteError::new)?;
    for member in &report.group.objects {
        record(&mut writer, of_member(member))?;
    }
    for (row, alerts) in
        [("finding", &report.findings), ("exception", &report.exceptions), ("resolved", &report.resolved)]
    {
        for alert in alerts {
            record(&mut writer, of_alert(row, alert))?;
        }
    }
    if let Some(period) = &report.period {
        let parts = [
            ("opened-in-period", &period.opened),
            ("ended-in-period", &period.ended),
            ("open-throughout", &period.throughout),
        ];
        for (row, alerts) in parts {
            for alert in alerts {
                record(&mut writer, of_alert(row, alert))?;
            }
        }
        for point in &period.badges {
            record(&mut writer, of_badge(point))?;
        }
    }
    writer.flush().map_err(WriteError::new)
}

/// Returns the line of the group's badge from a time on.
fn of_badge(point: &BadgePoint) -> [String; COLUMNS.len()] {
    let mut fields: [String; COLUMNS.len()] = Default::default();
    let values = [
        (0, "badge".to_owned()),
        (3, visible(&point.name)),
        (4, point.badge.score.to_string()),
        (5, point.badge.violations.to_string()),
        (6, point.badge.allowed.to_string()),
        (13, time_text(point.time_ns)),
    ];
    for (at, value) in values {
        fields[at] = value;
    }
    fields
}

fn record<W: Write>(writer: &mut Writer<W>, fields: [String; COLUMNS.len()]) -> Result<(), WriteError> {
    writer.write_record(fields.iter().map(|field| harmless(field).into_owned())).map_err(WriteError::new)
}

/// Returns `field` as text that no spreadsheet evaluates.
fn harmless(field: &str) -> Cow<'_, str> {
    match field.trim_start().chars().next() {
        Some('=' | '+' | '-' | '@' | '＝' | '＋' | '－' | '＠' | '|' | '%') => Cow::Owned(format!("'{field}")),
        _ => Cow::Borrowed(field),
    }
}

fn of_member(line: &ObjectRow) -> [String; COLUMNS.len()] {
    let mut fields: [String; COLUMNS.len()] = Default::default();
    let values = [
        "member".to_owned(),
        visible(&line.object.id),
        visible(line.object.kind.as_deref().unwrap_or_default()),
        list(&line.groups),
        line.badge.score.to_string(),
        line.badge.violations.to_string(),
        line.badge.allowed.to_string(),
    ];
    for (field, value) in fields.iter_mut().zip(values) {
        *field = value;
    }
    fields
}

fn of_alert(row: &str, alert: &Alert) -> [String; COLUMNS.len()] {
    let time = |time: Option<u64>| time.map(time_text).unwrap_or_default();
    let evidence: Vec<String> = alert
        .shown
        .first
        .iter()
        .chain(&alert.shown.last)
        .map(|it| format!("{}:{}: {}", it.source, it.line, it.text))
        .collect();
    [
        row.to_owned(),
        visible(&alert.object),
        String::new(),
        list(&alert.groups),
        String::new(),
        String::new(),
        String::new(),
        visible(&alert.definition),
        alert.id.clone(),
        visible(&alert.title),
        alert.criticality.to_string(),
        alert.impact.as_str().to_owned(),
        list(&alert.controls),
        time_text(alert.opened_ns),
        time_text(alert.last_ns),
        time(alert.cancelled_ns),
        alert.cause.map(crate::alert::end_cause_text).unwrap_or_default().to_owned(),
        alert.count.to_string(),
        visible(&alert.summary),
        list(&alert.recommendations),
        list(&evidence),
        alert.acknowledged.as_ref().map(|by| visible(&by.who)).unwrap_or_default(),
        visible(alert.owner.as_deref().unwrap_or_default()),
        visible(&why::why_in_a_line(&alert.why)),
    ]
}

/// Joins several values into one field.
fn list(values: &[String]) -> String {
    values.iter().map(|value| visible(value)).collect::<Vec<_>>().join(" | ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_are_defused_and_words_are_not_touched() {
        for formula in ["=1+1", "+1", "-2+3", "@SUM(A1)", " =1", "\u{ff1d}1", "|cmd", "%0"] {
            assert_eq!(harmless(formula), format!("'{formula}"));
        }
        for word in ["vm-7", "a=b", "", "10", "'quoted"] {
            assert_eq!(harmless(word), word);
        }
    }
}
