//! What becomes of the state of rules at a swap of the rule set.

use lifesigns_model::RuleKey;

/// A change of who owns state and reminders. Both sides are identities of rules; none of them need run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StateMove {
    /// What the first holds becomes the second's, whose own is discarded.
    Move {
        /// Holds nothing afterwards.
        from: RuleKey,
        /// Its new owner.
        to: RuleKey,
    },
    /// The second gets a copy of what the first holds; its own is discarded.
    Copy {
        /// Keeps what it holds.
        from: RuleKey,
        /// The owner of the copy.
        to: RuleKey,
    },
    /// Each gets what the other holds.
    Exchange(RuleKey, RuleKey),
    /// What it holds is discarded.
    Discard(RuleKey),
}
