//! `lifesigns query`: a search among the events that rules were given lately.

use lifesigns_api::EventQuery;

use super::{args::TargetArgs, search_args::SearchArgs, service_target::ServiceTarget, show, write::emit};
use crate::exit::Outcome;

pub(crate) fn run(search: &SearchArgs, place: &TargetArgs) -> Outcome {
    let asked = EventQuery {
        text: search.text.clone(),
        object: search.object.clone(),
        source: search.source.clone(),
        fields: search.fields.clone(),
        since_ns: search.since,
        until_ns: search.until,
        limit: search.limit,
    };
    let page = ServiceTarget::new(place)?.ask(|host| host.find_events(&asked))?;
    emit(&page, place, |view| show::events(&page, view))
}
