//! What a restart resumes from.

use lifesigns_compliance::BookSnapshot;
use lifesigns_model::InitialState;

/// Everything that was committed and still matters.
#[derive(Clone, Debug, Default)]
pub struct RecordedState {
    /// What the book resumes from.
    pub restored: BookSnapshot,
    /// What the engine resumes from; its field `known` is empty, for the record does not know the inventory's facts apart.
    pub start: InitialState,
}
