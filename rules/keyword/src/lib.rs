//! Placeholder until the rule is written.
