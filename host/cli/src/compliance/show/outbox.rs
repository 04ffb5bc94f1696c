//! Notifications that wait, and those that were given up.

use lifesigns_api::{DeliveryState, UndeliveredNotice};
use lifesigns_compliance::NoticeKind;
use lifesigns_text::visible;

use super::{
    super::{
        table::{Style, Table, View},
        when,
    },
    cells::{count, short},
};

/// Returns a list of notices: of those that were given up (`dead`), or of those that wait.
pub(crate) fn outbox(rows: &[UndeliveredNotice], dead: bool, view: &View) -> String {
    if rows.is_empty() {
        let none = if dead { "no notice was given up" } else { "nothing waits" };
        return format!("{}\n", Style::Green.on(none));
    }
    let mut table = Table::new(
        view,
        &[">NUMBER", "!RECEIVER", "!ALERT", "!OBJECT", "!WHAT", ">TRIES", "!NEXT", "!AGE", "LAST ERROR"],
    );
    for row in rows {
        let next = match row.waiting {
            DeliveryState::Dead => Style::Red.on("given up"),
            DeliveryState::Until(time_ns) if time_ns > view.now_ns => when::ago(time_ns, view.now_ns),
            DeliveryState::Until(_) => "now".to_owned(),
        };
        table.row(vec![
            row.id.to_string(),
            visible(&row.notice.receiver),
            short(&row.notice.alert.id),
            visible(&row.notice.alert.object),
            happened(row.notice.happened).to_owned(),
            row.attempts.to_string(),
            next,
            when::ago(row.notice.time_ns, view.now_ns),
            visible(&row.last_error),
        ]);
    }
    format!("{}{}\n", table.draw(), Style::Dim.on(&count(rows.len(), "notice")))
}

const fn happened(happened: NoticeKind) -> &'static str {
    match happened {
        NoticeKind::Opened => "opened",
        NoticeKind::Changed => "changed",
        NoticeKind::Repeated => "repeated",
        NoticeKind::Resolved => "resolved",
    }
}
