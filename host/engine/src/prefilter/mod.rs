//! One pass for all rules' literals.
