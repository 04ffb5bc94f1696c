//! Yes, no, or maybe: what an expression decides, fails to decide, or leaves open.

/// Whether a statement holds, where an expression that decides it can fail.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Certainty {
    /// It does not hold.
    #[default]
    No,
    /// An expression that decides it failed.
    Maybe,
    /// It holds.
    Yes,
}

impl From<bool> for Certainty {
    fn from(holds: bool) -> Self {
        if holds { Self::Yes } else { Self::No }
    }
}
