//! Cells that several kinds of answers share.

use lifesigns_compliance::{Alert, AlertStatus, UndecidedExpression};
use lifesigns_text::{count_text, visible};

use super::super::{
    table::{Style, View, heading},
    when,
};

/// Characters of an id that lists show; a prefix is enough to name an alert.
const ID_CHARS: usize = 8;

/// Returns the beginning of an id.
pub(super) fn short(id: &str) -> String {
    visible(&id.chars().take(ID_CHARS).collect::<String>())
}

/// Returns the beginning of a module's digest, if it has one.
pub(super) fn digest(digest: &str) -> Option<&str> {
    digest.strip_prefix("sha256:").and_then(|hex| hex.get(..ID_CHARS))
}

/// Returns a time and how long ago it is.
pub(super) fn stamp(time_ns: u64, view: &View) -> String {
    let ago = when::ago(time_ns, view.now_ns);
    let ago = if time_ns > view.now_ns { ago } else { format!("{ago} ago") };
    format!("{} {}", lifesigns_text::time_text(time_ns), Style::Dim.on(&format!("({ago})")))
}

/// `1 alert`, `2 alerts`.
pub(super) fn count(number: usize, what: &str) -> String {
    count_text(number as u64, what)
}

/// Returns the state of an alert, in a word.
pub(super) fn state(alert: &Alert) -> String {
    if alert.status == AlertStatus::Cancelled {
        return Style::Dim.on("cancelled");
    }
    if alert.allowed {
        return Style::Green.on("allowed");
    }
    if alert.silenced_by.is_some() {
        return Style::Dim.on("silenced");
    }
    if alert.inhibited_by.is_some() {
        return Style::Dim.on("inhibited");
    }
    if alert.acknowledged.is_some() {
        return Style::Cyan.on("acknowledged");
    }
    "open".to_owned()
}

/// Expressions that cannot be decided, under a heading; nothing if there are none.
pub(super) fn undecided(all: &[UndecidedExpression]) -> String {
    if all.is_empty() {
        return String::new();
    }
    let mut text = heading("Undecided");
    for one in all {
        text.push_str(&format!("{}\n", Style::Yellow.on(&visible(&one.to_string()))));
    }
    text
}
