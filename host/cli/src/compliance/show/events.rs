//! Events that a search found.

use lifesigns_api::EventPage;
use lifesigns_text::{count_text, time_text, visible};

use super::super::table::{Table, View};

/// Returns the events, the latest first, and how far back the host's memory goes.
pub(crate) fn events(page: &EventPage, view: &View) -> String {
    let mut text = String::new();
    if !page.events.is_empty() {
        let mut table = Table::new(view, &["!TIME", "OBJECT", "SOURCE", ">LINE", "TEXT"]);
        for event in &page.events {
            table.row(vec![
                time_text(event.time_ns),
                visible(&event.object),
                visible(&event.source),
                event.line.to_string(),
                visible(&event.text),
            ]);
        }
        text = table.draw();
    }
    let found = count_text(page.events.len() as u64, "event");
    let more = if page.more { ", and there are more" } else { "" };
    let kept = &page.kept;
    let since = time_text(kept.since_ns);
    let events = count_text(kept.events, "event");
    text.push_str(&format!("{found}{more}; {events} kept of those that rules were given since {since}\n"));
    text
}
