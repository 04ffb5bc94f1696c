//! Groups: a list, and one with its members.

use lifesigns_compliance::query::{GroupDetails, GroupRow};
use lifesigns_text::visible;

use super::{
    super::table::{Style, Table, View, heading, names, score},
    cells::undecided,
    objects::objects,
    sparkline::sparkline,
};

/// Returns a list of groups.
pub(crate) fn groups(groups: &[GroupRow], view: &View) -> String {
    if groups.is_empty() {
        return "there is no group: add a [[group]] to the configuration\n".to_owned();
    }
    let mut table = Table::new(view, &["!BADGE", "!GROUP", "TITLE", ">MEMBERS", ">VIOLATED", ">ALERTS", ">ALLOWED"]);
    for line in groups {
        table.row(vec![
            score(line.badge.score),
            visible(&line.name),
            visible(&line.title),
            line.members.to_string(),
            line.violated.to_string(),
            line.badge.violations.to_string(),
            line.badge.allowed.to_string(),
        ]);
    }
    table.draw()
}

/// One group: badge, history, policies, members.
pub(crate) fn group(page: &GroupDetails, view: &View) -> String {
    let line = &page.line;
    let title = if line.title.is_empty() { &line.name } else { &line.title };
    let mut text = format!("{}  {}\n", Style::Bold.on(&visible(title)), score(line.badge.score));
    let mut table = Table::pairs(view);
    table.pair("group", visible(&line.name));
    table.pair("members", format!("{}, {} with a violation", line.members, line.violated));
    table.pair("alerts", format!("{} open, {} allowed", line.badge.violations, line.badge.allowed));
    table.pair("badge", format!("{} by the worst, {} by share", line.badge.worst, line.badge.share));
    table.pair("policies", names(&page.policies));
    table.pair("history", sparkline(&page.history, view.now_ns));
    text.push_str(&table.draw());
    text.push_str(&undecided(&page.undecided));
    text.push_str(&heading("Members"));
    text.push_str(&objects(&page.objects, view));
    text
}
