//! `lifesigns query`: a search among the events that rules were given lately.

use clap::Args;
use lifesigns_api::{EventQuery, FieldPattern};

use super::{args::TargetArgs, ask::Host, show, when, write::emit};
use crate::exit::Outcome;

/// Which events.
#[derive(Args, Clone, Debug)]
pub(crate) struct SearchArgs {
    /// A piece of the line; capital and small letters are the same.
    text: Option<String>,
    /// Only about this object; * stands for any run of characters.
    #[arg(long, value_name = "ID")]
    object: Option<String>,
    /// Only from this source; * stands for any run of characters.
    #[arg(long, value_name = "NAME")]
    source: Option<String>,
    /// Only with this field, as NAME=PATTERN; `app` is the program that wrote the line. May be repeated.
    #[arg(long = "field", value_name = "NAME=PATTERN", value_parser = field)]
    fields: Vec<FieldPattern>,
    /// From this event time on: 2h, 1d, 2026-11-28T08:00:00Z.
    #[arg(long, value_name = "TIME", value_parser = when::since)]
    since: Option<u64>,
    /// Before this event time.
    #[arg(long, value_name = "TIME", value_parser = when::since)]
    until: Option<u64>,
    /// At most this many, the latest.
    #[arg(long, value_name = "N", default_value_t = 100)]
    limit: usize,
}

fn field(text: &str) -> Result<FieldPattern, String> {
    let (name, pattern) = text.split_once('=').ok_or("write NAME=PATTERN")?;
    Ok(FieldPattern { name: name.to_owned(), pattern: pattern.to_owned() })
}

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
    let page = Host::new(place)?.ask(|host| host.find_events(&asked))?;
    emit(&page, place, |view| show::events(&page, view))
}
