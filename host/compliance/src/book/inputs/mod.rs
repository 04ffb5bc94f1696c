//! The inputs of the book, and what follows from each.

pub(super) mod affected;
pub(super) mod commands;
pub(super) mod due;
pub(super) mod event_time;
pub(super) mod facts;
pub(super) mod reevaluator;
pub(super) mod restore;
pub(super) mod review;
pub(super) mod rules;
pub(super) mod silence_changes;
pub(super) mod silence_commands;
pub(super) mod symptoms;
pub(super) mod wall_clock;
