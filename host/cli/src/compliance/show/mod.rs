//! Answers as people read them: each function draws one kind of answer, styles still as marks.

mod alert;
mod badge;
mod cells;
mod effect;
mod events;
mod explanation;
mod groups;
mod objects;
mod outbox;
mod pending;
mod policies;
mod route;
mod rule_diff;
mod rules;
mod silences;
#[cfg(test)]
mod snapshots;
mod sparkline;
mod status;
mod trail;
mod why;

pub(crate) use alert::{alert, alerts, no_alerts, past_alerts};
pub(crate) use badge::{badges, group_badge, object_badge};
pub(crate) use effect::effect;
pub(crate) use events::events;
pub(crate) use explanation::{alert_explanation, failures, line_explanation};
pub(crate) use groups::{group, groups};
pub(crate) use objects::{object, objects};
pub(crate) use outbox::outbox;
pub(crate) use pending::pending;
pub(crate) use policies::policies;
pub(crate) use route::route;
pub(crate) use rule_diff::rule_diff;
pub(crate) use rules::{by_cost, rule_history, rule_list, tap_event, top};
pub(crate) use silences::{matches_little, preview, silence, silenced, silences};
pub(crate) use status::status;
pub(crate) use trail::{audit, verified};
pub(crate) use why::resolution;
