//! Badges: of everything, and one over time.

use lifesigns_compliance::{
    Badge, BadgePoint,
    config::BadgeFormula,
    query::{Badges, GroupDetails, ObjectDetails},
};
use lifesigns_text::{count_text, visible};

use super::{
    super::table::{Style, Table, View, heading, names, score},
    groups::groups,
    sparkline::sparkline,
};

/// All groups, then all objects, the worst first.
pub(crate) fn badges(badges: &Badges, view: &View) -> String {
    let mut page = groups(&badges.groups, view);
    page.push_str(&heading("Objects"));
    let mut table = Table::new(view, &["!BADGE", "!OBJECT", "KIND", ">VIOLATIONS", ">ALLOWED", "GROUPS"]);
    for line in &badges.objects {
        table.row(vec![
            score(line.badge.score),
            visible(&line.object.id),
            visible(line.object.kind.as_deref().unwrap_or_default()),
            line.badge.violations.to_string(),
            line.badge.allowed.to_string(),
            names(&line.groups),
        ]);
    }
    page.push_str(&table.draw());
    if badges.left_out > 0 {
        let rest = format!("and {} more, none of them worse; --limit 0 lists all", badges.left_out);
        page.push_str(&format!("{}\n", Style::Dim.on(&rest)));
    }
    let formula = match badges.formula {
        BadgeFormula::Worst => "badges by the worst open violation: 100 none, 75 warning, 25 immediate, 0 critical",
        BadgeFormula::Share => "badges by the share of what is not violated",
    };
    page.push_str(&format!("\n{}\n", Style::Dim.on(formula)));
    page
}

/// Returns a group's badge with its history.
pub(crate) fn group_badge(page: &GroupDetails, view: &View) -> String {
    let members = count_text(page.line.members as u64, "member");
    let counts = format!("{} of {members} with a violation", page.line.violated);
    one(&page.line.name, &page.line.badge, &counts, &page.history, view)
}

/// Returns an object's badge with its history.
pub(crate) fn object_badge(page: &ObjectDetails, view: &View) -> String {
    one(&page.line.object.id, &page.line.badge, "", &page.history, view)
}

fn one(name: &str, badge: &Badge, members: &str, history: &[BadgePoint], view: &View) -> String {
    let mut text = format!("{}  {}\n", Style::Bold.on(&visible(name)), score(badge.score));
    let mut table = Table::pairs(view);
    table.pair("alerts", format!("{} open, {} allowed", badge.violations, badge.allowed));
    table.pair("members", members.to_owned());
    table.pair("badge", format!("{} by the worst, {} by share", badge.worst, badge.share));
    table.pair("history", sparkline(history, view.now_ns));
    text.push_str(&table.draw());
    text
}
