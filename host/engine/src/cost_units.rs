//! What scanners do for a rule, in units: a unit is the cost of looking through about one byte.

/// The cost of a condition beside the value that it looks through.
pub(crate) const CONDITION_UNITS: u64 = 16;
/// The cost of a literal that was found, for each interest that names it.
pub(crate) const LITERAL_UNITS: u64 = 16;
/// The units of one rule that a line pays for.
pub(crate) const FREE_UNITS: u64 = 1024;
