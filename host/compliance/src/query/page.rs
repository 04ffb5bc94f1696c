//! An answer that may be a part of a list.

use serde::{Deserialize, Serialize};

use super::QueryAnswer;

/// An answer, and where its list goes on if a limit cut it short.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AnswerPage {
    /// The answer.
    #[serde(flatten)]
    pub answer: QueryAnswer,
    /// The cursor to ask for the next page with; `None` at the end of the list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}
