//! Telling a second trace of the same thing from the same thing happening again.
//!
//! Each kind of trace counts for itself, and what the most diligent of them has counted is what has
//! happened: a trace that only catches up with another one brings no news.

use lifesigns_rule::{Event, State};

use crate::{Activity, Trace, Verb};

/// Traces of the same thing are hardly ever further apart.
const TOGETHER_MS: u64 = 10_000;
/// Docker up to 1.9 writes route and request within the same instant.
const ROUTE_MS: u64 = 1000;
const TRACES: usize = 12;

/// Whether this record is the first to tell of this creation or start on this object. Everything
/// else is always news.
pub fn is_news(event: &Event<'_>, activity: &Activity<'_>) -> bool {
    let state = event.state();
    match (activity.verb, activity.id) {
        (Verb::Create, _) => creation_is_news(&state, activity),
        (Verb::Start, Some(id)) => counts_up(&state, &format!("start:{id}"), activity.trace, TOGETHER_MS),
        _ => true,
    }
}

fn creation_is_news(state: &State<'_>, activity: &Activity<'_>) -> bool {
    const UNNAMED: &str = "create:";
    const ROUTE: &str = "route";
    const ANY: &str = "created";
    match activity.trace {
        Trace::Route => {
            counts_up(state, ROUTE, Trace::Route, ROUTE_MS);
        }
        // Only catching up with the route.
        Trace::OldCall if state.get(ROUTE).is_some() && !counts_up(state, ROUTE, Trace::OldCall, ROUTE_MS) => {
            return false;
        }
        _ => {}
    }
    // Up to Docker 1.9 the Engine's event has no name, whatever the call said.
    let nameless = activity.trace == Trace::Engine && activity.name.is_none();
    if nameless || activity.is_request() {
        let trace = if nameless { Trace::Engine } else { Trace::Call };
        let first = counts_up(state, ANY, trace, TOGETHER_MS);
        if nameless {
            return first;
        }
    }
    let named = activity.name.as_ref().map(|name| format!("{UNNAMED}{name}"));
    let key = match &named {
        // The daemon gave it a name only after the call.
        Some(named)
            if activity.trace == Trace::Engine && state.get(named).is_none() && state.get(UNNAMED).is_some() =>
        {
            UNNAMED
        }
        Some(named) => named,
        None => UNNAMED,
    };
    let trace = match activity.trace {
        Trace::Route | Trace::OldCall => Trace::Call,
        trace => trace,
    };
    counts_up(state, key, trace, TOGETHER_MS)
}

/// Counts one trace; whether it is now ahead of all others.
fn counts_up(state: &State<'_>, key: &str, trace: Trace, within_ms: u64) -> bool {
    let mut counts = [0u8; TRACES];
    if let Some(known) = state.get(key).filter(|known| known.len() == TRACES) {
        counts.copy_from_slice(&known);
    }
    if counts[trace as usize] == u8::MAX {
        counts = [0; TRACES];
    }
    let most = counts.iter().max().copied().unwrap_or_default();
    counts[trace as usize] += 1;
    state.set(key, counts, within_ms);
    counts[trace as usize] > most
}
