//! The audit log.

use lifesigns_api::{AuditReport, AuditTrailRow};
use lifesigns_text::{count_text, time_text, visible, visible_short};
use serde_json::Value;

use super::super::table::{Style, Table, View};

/// Longest value before and after that is shown in a list; JSON has all of it.
const VALUE_CHARS: usize = 60;

/// Returns a list of entries, the latest last.
pub(crate) fn audit(rows: &[AuditTrailRow], view: &View) -> String {
    if rows.is_empty() {
        return "no entries\n".to_owned();
    }
    let mut table = Table::new(view, &[">NUMBER", "!TIME", "WHO", "WHAT", "SUBJECT", "CHANGE"]);
    for row in rows {
        table.row(vec![
            row.number.to_string(),
            time_text(row.audit.time_ns),
            visible(&row.audit.who),
            visible(&row.audit.what),
            visible(&row.audit.subject),
            change(&row.audit.before, &row.audit.after),
        ]);
    }
    table.draw()
}

fn change(before: &Value, after: &Value) -> String {
    match (before.is_null(), after.is_null()) {
        (true, true) => String::new(),
        (true, false) => brief(after),
        (false, true) => format!("{} {} nothing", brief(before), Style::Dim.on("→")),
        (false, false) => format!("{} {} {}", brief(before), Style::Dim.on("→"), brief(after)),
    }
}

fn brief(value: &Value) -> String {
    visible_short(&value.to_string(), VALUE_CHARS)
}

/// What checking the chain came to.
pub(crate) fn verified(report: &AuditReport) -> String {
    match &report.broken {
        Some(broken) if broken.number == 0 => {
            format!("{} {}\n", Style::Red.on("the audit log cannot be relied on:"), visible(&broken.what))
        }
        Some(broken) => format!(
            "{} entry {} does not fit: {}\n",
            Style::Red.on("the audit log was changed:"),
            broken.number,
            visible(&broken.what)
        ),
        None if report.entries == 0 => "the audit log is empty\n".to_owned(),
        None => format!(
            "{} {}, {} to {}, each fits the one before\nthe last one: {}:{}\n{}\n",
            Style::Green.on("the audit log is as it was written:"),
            count_text(report.entries, "entry|entries"),
            report.first,
            report.last,
            report.last,
            visible(&report.hash),
            Style::Dim.on("kept elsewhere and given to `audit verify --known`, it shows whether the log was cut short"),
        ),
    }
}

#[cfg(test)]
mod tests {
    use lifesigns_notifications::terminal::Colour;
    use serde_json::json;

    use super::{super::super::table::paint, *};

    #[test]
    fn changes_are_brief_and_harmless() {
        let long = json!({ "text": "é".repeat(200), "bad": "\u{1b}[2J" });
        let text = paint(&change(&Value::Null, &long), Colour::Off);
        assert_eq!(text.chars().count(), VALUE_CHARS + 1);
        assert!(!text.contains('\u{1b}'));
        assert_eq!(paint(&change(&json!("a"), &json!(1)), Colour::Off), "\"a\" → 1");
        assert_eq!(change(&Value::Null, &Value::Null), "");
    }
}
