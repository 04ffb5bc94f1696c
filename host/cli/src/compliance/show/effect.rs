//! What another configuration would change.

use std::path::Path;

use lifesigns_compliance::{
    Alert, BadgeOwner,
    query::{BadgeChange, ConfigEffect},
};
use lifesigns_text::{count_text, visible};

use super::{
    super::table::{Style, Table, View, criticality, heading, score},
    alert::alerts,
    cells::count,
    pending,
};

/// Alerts gained and lost, badges that change, what would be sent.
pub(crate) fn effect(effect: &ConfigEffect, path: &Path, view: &View) -> String {
    let path = visible(&path.display().to_string());
    if effect.same {
        return format!("{path} is valid and already in force; it would change nothing\n");
    }
    let mut page = format!("{path} is valid; if it came into force now:\n");
    let mut table = Table::pairs(view);
    let parts = [
        ("would open", effect.opened.len()),
        ("would be cancelled", effect.cancelled.len()),
        ("would be allowed", effect.allowed.len()),
        ("would no longer be allowed", effect.forbidden.len()),
        ("would be worse or better", effect.changed.len()),
    ];
    for (what, number) in parts {
        table.row(vec![format!("  {}", count(number, "alert")), what.to_owned()]);
    }
    table.row(vec![format!("  {}", count(effect.waiting.len(), "alert")), "would begin to wait".to_owned()]);
    table.row(vec![format!("  {}", count(effect.badges.len(), "badge")), "would change".to_owned()]);
    for (receiver, number) in &effect.notices {
        table.row(vec![format!("  {}", count(*number, "notice")), format!("would go to {}", visible(receiver))]);
    }
    page.push_str(&table.draw());
    for (title, list) in [
        ("Would open", &effect.opened),
        ("Would be cancelled", &effect.cancelled),
        ("Would be allowed", &effect.allowed),
        ("Would no longer be allowed", &effect.forbidden),
    ] {
        page.push_str(&listed(title, list, view));
    }
    if !effect.changed.is_empty() {
        page.push_str(&heading("Would be worse or better"));
        let mut table = Table::pairs(view);
        for it in &effect.changed {
            let graded = format!("{} → {}", criticality(it.before), criticality(it.alert.criticality));
            table.row(vec![visible(&it.alert.object), visible(&it.alert.definition), graded]);
        }
        page.push_str(&table.draw());
    }
    if !effect.waiting.is_empty() {
        page.push_str(&heading("Would begin to wait"));
        page.push_str(&pending::of_objects(&effect.waiting, view));
    }
    page.push_str(&badges(&effect.badges, view));
    page
}

fn listed(title: &str, list: &[Alert], view: &View) -> String {
    if list.is_empty() { String::new() } else { format!("{}{}", heading(title), alerts(list, view)) }
}

fn badges(changes: &[BadgeChange], view: &View) -> String {
    if changes.is_empty() {
        return String::new();
    }
    let mut table = Table::pairs(view);
    for change in changes {
        let of = match change.of {
            BadgeOwner::Group => "group",
            BadgeOwner::Object => "object",
        };
        let shown = |badge: Option<lifesigns_compliance::Badge>| badge.map_or("none".to_owned(), |it| score(it.score));
        let counts = match (change.before, change.after) {
            (Some(was), Some(is)) => {
                let violations = count_text(u64::from(is.violations), "violation");
                format!("{} → {violations}, {} → {} allowed", was.violations, was.allowed, is.allowed)
            }
            _ => String::new(),
        };
        let turned = format!("{} → {}", shown(change.before), shown(change.after));
        table.row(vec![of.to_owned(), visible(&change.name), turned, Style::Dim.on(&counts)]);
    }
    format!("{}{}", heading("Badges"), table.draw())
}
