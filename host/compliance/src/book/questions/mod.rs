//! Questions about the book as a view has it, which change nothing.

pub(super) mod answers;
pub(super) mod findings;
pub(super) mod lines;
pub(super) mod matcher_check;
pub(super) mod names;
pub(super) mod notified;
pub(super) mod outlook;
pub(super) mod report;
pub(super) mod routing;
pub(super) mod selection;
pub(super) mod unmet;
pub(super) mod what_if;
pub(super) mod why;

use super::view::BookView;
use crate::{
    change::{Notice, RequestError},
    query::{AnswerPage, Query, QueryAnswer},
    record::Alert,
};

impl BookView {
    /// Answers a question. The error says what is not there.
    pub fn answer(&self, query: &Query) -> Result<QueryAnswer, RequestError> {
        Ok(self.page(query)?.answer)
    }

    /// Answers a question, and says where the list goes on if the question's limit cut it short.
    pub fn page(&self, query: &Query) -> Result<AnswerPage, RequestError> {
        answers::page(self, query)
    }

    /// Returns whether a notice that was made is not to be sent now: its alert has been silenced, or inhibited
    /// for its receiver, since then. That an alert is over is never withheld.
    pub fn withholds(&self, notice: &Notice) -> bool {
        notified::withholds(self, notice)
    }

    /// Returns the open alerts that a receiver knows of and is to be reminded of: neither silenced nor inhibited.
    pub fn known_to(&self, receiver: &str) -> Vec<Alert> {
        notified::known_to(self, receiver)
    }
}
