//! The objects with their symptoms, and the rules that raise these.

pub(super) mod known_rules;
pub(super) mod states;
pub(super) mod symptom;
