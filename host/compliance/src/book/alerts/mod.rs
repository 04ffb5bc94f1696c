//! The alerts, what they say, and how they open, change and end.

pub(super) mod lifecycle;
pub(super) mod lookup;
pub(super) mod render;
pub(super) mod table;
