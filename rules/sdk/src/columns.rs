//! A batch of events as the contract lays it out: columns over one text.

/// A batch, borrowed. The layout is that of `record batch` in `wit/types.wit`.
#[derive(Clone, Copy)]
pub struct Columns<'a> {
    /// What the spans point into.
    pub text: &'a str,
    /// Event times.
    pub times_ns: &'a [u64],
    /// Kinds as numbers.
    pub kinds: &'a [u8],
    /// Offsets and lengths.
    pub spans: &'a [u32],
    /// Metrics.
    pub numbers: &'a [f64],
}
