//! Whether definitions hold on an object, and what policy decides about their alerts.

pub(super) mod condition;
pub(super) mod context;
pub(super) mod definition_index;
pub(super) mod evaluator;
pub(super) mod matched_symptoms;
pub(super) mod outcome;
pub(super) mod policy_cache;
pub(super) mod policy_decision;
pub(super) mod undecided_log;
