//! Questions and acts whose answers several commands share.

use lifesigns_compliance::query::{AlertFilter, FilterMatches, Query, QueryAnswer};
use lifesigns_control::{Reply, Request};

use super::{
    args::Where,
    ask::{Host, unexpected},
    write::emit_text,
};
use crate::{
    exit::{Failure, Outcome},
    terminal,
};

/// Asks a question about the alerts, objects or configuration of the host.
pub(super) fn query(query: Query, place: &Where) -> Result<QueryAnswer, Failure> {
    match Host::new(place)?.ask(&Request::Query(query))? {
        Reply::Answer(answer) => Ok(*answer),
        _ => Err(unexpected()),
    }
}

/// Returns how much a filter matches; remarks on its names go to standard error. `None` from a host of
/// an older version.
pub(super) fn matches(filter: AlertFilter, place: &Where) -> Result<Option<FilterMatches>, Failure> {
    let QueryAnswer::Matches(matches) = query(Query::Matches(filter), place)? else { return Err(unexpected()) };
    matches.notes.iter().for_each(|note| terminal::warning(&lifesigns_text::visible(note)));
    Ok(Some(*matches))
}

/// Prints what was done, in a line.
pub(super) fn done(reply: &Reply, place: &Where) -> Outcome {
    let Reply::Done(text) = reply else { return Err(unexpected()) };
    emit_text(text, place)
}
