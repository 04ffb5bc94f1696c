//! Counting what several traces tell of, without counting it twice.
//!
//! One start of a container can leave a request line, a line of its shim, two lines of containerd
//! and an Engine event, depending on versions and log levels. Each kind of trace is counted for
//! itself, and the largest count is taken: it is right as soon as one kind is complete.

use docker::{Activity, Trace, Verb};
use lifesigns_rule::State;

/// The counters of starts and of stops; one for each kind of trace.
const STARTS: [&str; 6] =
    ["start-call", "start-loop", "start-shim", "start-topic", "start-engine", "start-shim-started"];
const STOPS: [&str; 6] = ["stop-call", "stop-shim", "stop-ignored", "stop-topic", "stop-engine", "stop-shim-reaped"];
/// Containers that were started, by full id, and those that a client called by another name.
const IDS: &str = "ids";
const NAMES: &str = "names";

/// What happened within the window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) containers: u64,
    pub(crate) starts: u64,
    pub(crate) stops: u64,
}

impl Tally {
    /// Counts this activity, if there is one, and looks.
    pub(crate) fn take(state: &State<'_>, activity: Option<&Activity<'_>>, window_ms: u64) -> Self {
        let activity = activity.filter(|activity| is_dockers(state, activity, window_ms));
        let start = activity.and_then(start_counter);
        let stop = activity.and_then(stop_counter);
        let most = |counters: [&str; 6], counted: Option<&str>| {
            let count = |key: &str| state.count(key, u32::from(counted == Some(key)), window_ms);
            counters.into_iter().map(count).max().unwrap_or_default()
        };
        let (id, name) = match activity.filter(|_| start.is_some()) {
            Some(activity) => (activity.id, activity.name.as_deref().filter(|_| activity.id.is_none())),
            None => (None, None),
        };
        let different = |key: &str, value: Option<&str>| match value {
            Some(value) => state.distinct(key, value, window_ms),
            None => state.distinct_now(key, window_ms),
        };
        Self {
            containers: different(IDS, id).max(different(NAMES, name)),
            starts: most(STARTS, start),
            stops: most(STOPS, stop),
        }
    }
}

/// Whether it is Docker's container. `shim reaped` does not say whose shim it was: it counts if the
/// container was started by Docker within the window.
fn is_dockers(state: &State<'_>, activity: &Activity<'_>, window_ms: u64) -> bool {
    let Some(id) = activity.id else { return true };
    match activity.trace {
        Trace::ShimStarted => state.set(&shim(id), "", window_ms),
        Trace::ShimReaped => {
            let started = state.get(&shim(id)).is_some();
            state.delete(&shim(id));
            return started;
        }
        _ => {}
    }
    true
}

fn shim(id: &str) -> String {
    format!("shim:{id}")
}

fn start_counter(activity: &Activity<'_>) -> Option<&'static str> {
    if !matches!(activity.verb, Verb::Start | Verb::Restart) {
        return None;
    }
    Some(match activity.trace {
        Trace::Call | Trace::OldCall => STARTS[0],
        Trace::SignalLoop => STARTS[1],
        Trace::Shim => STARTS[2],
        Trace::Topic => STARTS[3],
        Trace::ShimStarted => STARTS[5],
        // An Engine's restart comes besides its die and start.
        Trace::Engine if activity.verb == Verb::Start => STARTS[4],
        _ => return None,
    })
}

fn stop_counter(activity: &Activity<'_>) -> Option<&'static str> {
    let asked = matches!(activity.verb, Verb::Stop | Verb::Kill | Verb::Restart) && activity.is_request();
    if asked {
        return Some(STOPS[0]);
    }
    if activity.verb != Verb::Die {
        return None;
    }
    Some(match activity.trace {
        Trace::ShimGone => STOPS[1],
        Trace::Ignored => STOPS[2],
        Trace::Topic => STOPS[3],
        Trace::Engine => STOPS[4],
        Trace::ShimReaped => STOPS[5],
        _ => return None,
    })
}
