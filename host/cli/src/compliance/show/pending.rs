//! What waits for its time: to open, or to be cancelled.

use lifesigns_compliance::{PendingTransition, query::PendingRow};
use lifesigns_text::{time_text, visible};

use super::{
    super::{
        table::{Style, Table, View},
        when,
    },
    cells::short,
};

/// Returns a list of what waits, the next one first.
pub(crate) fn pending(waiting: &[PendingRow], view: &View) -> String {
    if waiting.is_empty() {
        return "nothing waits to open or to be cancelled\n".to_owned();
    }
    let mut table = Table::new(view, &["!OBJECT", "ALERT", "!WAITS", "!SINCE", "!UNTIL", "!DUE", "ID"]);
    for one in waiting {
        let it = &one.pending;
        table.row(vec![
            visible(&it.object),
            visible(&it.definition),
            if it.opening { "to open".to_owned() } else { "to be cancelled".to_owned() },
            when::ago(it.since_ns, view.now_ns),
            time_text(it.due_ns),
            due(it.due_ns, view),
            one.alert.as_deref().map(short).unwrap_or_default(),
        ]);
    }
    format!("{}{}\n", table.draw(), Style::Dim.on(&format!("{} waiting", waiting.len())))
}

/// What waits, a line each.
pub(super) fn of_objects(pending: &[PendingTransition], view: &View) -> String {
    let mut table = Table::new(view, &["!OBJECT", "ALERT", "!WAITS", "!SINCE", "!UNTIL", "!DUE"]);
    for it in pending {
        table.row(vec![
            visible(&it.object),
            visible(&it.definition),
            if it.opening { "to open".to_owned() } else { "to be cancelled".to_owned() },
            when::ago(it.since_ns, view.now_ns),
            time_text(it.due_ns),
            due(it.due_ns, view),
        ]);
    }
    table.draw()
}

/// Waits go by event time: one that is due by this clock is due once events come that far.
fn due(due_ns: u64, view: &View) -> String {
    if due_ns > view.now_ns { when::ago(due_ns, view.now_ns) } else { "now, once event time is there".to_owned() }
}
