//! Policies in the order in which they are evaluated.

use lifesigns_compliance::query::PolicyRow;
use lifesigns_text::visible;

use super::super::table::{Style, Table, View, names};

/// Each policy with what it says; what is above wins.
pub(crate) fn policies(lines: &[PolicyRow], view: &View) -> String {
    if lines.is_empty() {
        return "there is no policy: add a [[policy]] to the configuration\n".to_owned();
    }
    let mut page = String::new();
    for (at, line) in lines.iter().enumerate() {
        let place = Style::Dim.on(&visible(&line.place.to_string()));
        page.push_str(&format!(
            "{}. {}  priority {}  {place}\n",
            at + 1,
            Style::Bold.on(&visible(&line.name)),
            line.priority
        ));
        let groups = if line.groups.is_empty() { "all objects".to_owned() } else { names(&line.groups) };
        page.push_str(&format!("   for {groups}; {}\n", hours(line)));
        let mut table = Table::pairs(view);
        for say in &line.entries {
            table.row(vec![
                format!("     {}", visible(&format!("{} = {}", say.setting, say.value))),
                visible(&say.pattern),
                Style::Dim.on(&visible(&say.place.to_string())),
            ]);
        }
        page.push_str(&table.draw());
    }
    page.push_str(&Style::Dim.on("for each setting of an alert, the first policy that has it decides"));
    page.push('\n');
    page
}

fn hours(line: &PolicyRow) -> String {
    if line.hours.is_empty() {
        return "always in force".to_owned();
    }
    let now = if line.in_force { Style::Green.on("in force now") } else { Style::Yellow.on("not in force now") };
    format!("{} {}, {now}", visible(&line.hours.join(", ")), visible(&line.zone))
}
