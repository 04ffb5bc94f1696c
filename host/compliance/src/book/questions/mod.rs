//! Questions about the book, which change nothing.

pub(super) mod answers;
pub(super) mod findings;
pub(super) mod lines;
pub(super) mod matcher_check;
pub(super) mod names;
pub(super) mod outlook;
pub(super) mod report;
pub(super) mod routing;
pub(super) mod selection;
pub(super) mod unmet;
pub(super) mod what_if;
pub(super) mod why;
