//! The badges of objects and groups.

pub(super) mod counts;
pub(super) mod index;
