//! The result of one look at a followed file.

/// How a look ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// There is nothing more to read now.
    Wait,
    /// There is more, but it is the turn of others: see [`Tail::turn_bytes`](crate::Tail::turn_bytes).
    More,
    /// The stop signal has ended it.
    Stopped,
    /// The receiver has ended it.
    Ended,
}
