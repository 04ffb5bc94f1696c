//! Questions and acts whose answers several commands share.

use lifesigns_api::ActOutcome;
use lifesigns_compliance::{
    CommandAction,
    query::{AlertFilter, FilterMatches, Query, QueryAnswer},
};

use super::{
    args::TargetArgs,
    service_target::{ServiceTarget, unexpected},
    write::emit_text,
};
use crate::{
    exit::{Failure, Outcome},
    terminal,
};

/// Asks a question about the alerts, objects or configuration of the host.
pub(super) fn query(query: Query, place: &TargetArgs) -> Result<QueryAnswer, Failure> {
    ServiceTarget::new(place)?.ask(|host| host.query(&query))
}

/// Returns how much a filter matches; remarks on its names go to standard error. `None` from a host of
/// an older version.
pub(super) fn matches(filter: AlertFilter, place: &TargetArgs) -> Result<Option<FilterMatches>, Failure> {
    let QueryAnswer::Matches(matches) = query(Query::Matches(filter), place)? else { return Err(unexpected()) };
    matches.notes.iter().for_each(|note| terminal::warning(&lifesigns_text::visible(note)));
    Ok(Some(*matches))
}

/// Acts, and prints what was done, in a line.
pub(super) fn act(action: CommandAction, place: &TargetArgs) -> Outcome {
    let ActOutcome::Done(text) = ServiceTarget::new(place)?.ask(|host| host.act(action))? else {
        return Err(unexpected());
    };
    emit_text(&text, place)
}
