//! Answers as people read them: each function draws one kind of answer, styles still as marks.

mod alert;
mod badge;
mod effect;
mod groups;
mod objects;
mod outbox;
mod pending;
mod policies;
mod route;
mod silences;
#[cfg(test)]
mod snapshots;
mod status;
mod trail;
mod why;

pub(crate) use alert::{alert, alerts, no_alerts, past_alerts};
pub(crate) use badge::{badges, group_badge, object_badge, sparkline};
pub(crate) use effect::effect;
pub(crate) use groups::{group, groups};
pub(crate) use objects::{object, objects};
pub(crate) use outbox::outbox;
pub(crate) use pending::pending;
pub(crate) use policies::policies;
pub(crate) use route::route;
pub(crate) use silences::{matches_little, preview, silence, silenced, silences};
pub(crate) use status::status;
pub(crate) use trail::{audit, verified};
pub(crate) use why::resolution;

use super::table::{self, View};

/// So many characters of an id are shown in lists; a prefix names an alert too.
const ID_CHARS: usize = 8;

/// The beginning of an id.
pub(crate) fn short(id: &str) -> String {
    lifesigns_text::visible(&id.chars().take(ID_CHARS).collect::<String>())
}

/// A time with how long ago that is.
fn stamp(time_ns: u64, view: &View) -> String {
    let ago = super::when::ago(time_ns, view.now_ns);
    let ago = if time_ns > view.now_ns { ago } else { format!("{ago} ago") };
    format!("{} {}", lifesigns_report::time(time_ns), table::Style::Dim.on(&format!("({ago})")))
}

/// `1 alert`, `2 alerts`.
fn count(number: usize, what: &str) -> String {
    crate::say::count(number as u64, what)
}
