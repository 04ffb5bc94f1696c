//! What containerd, shims and the kernel write about containers at their default level.

use lifesigns_rule::{Event, text};

use crate::{Activity, Trace, Verb, activity::is_id};

/// The namespace in which Docker's containers live in containerd. Kubernetes' live in `k8s.io`.
pub(crate) const NAMESPACE: &str = "moby";

/// The shim's program, in Docker's own packages and in others.
const SHIMS: [&str; 2] = ["docker-containerd-shim", "containerd-shim"];

/// A trace of a started or ended container.
pub(crate) fn activity<'a>(event: &Event<'a>, message: &'a str) -> Option<Activity<'a>> {
    let (verb, trace, id) = match message {
        "starting signal loop" => {
            let (_, id) = text::rsplit_once(moby(event, "namespace")?.field("path")?, "/moby/")?;
            (Verb::Start, Trace::SignalLoop, Some(id))
        }
        "cleaning up after shim disconnected" => {
            (Verb::Die, Trace::ShimGone, Some(moby(event, "namespace")?.field("id")?))
        }
        "ignoring event" => match moby(event, "namespace")?.field("topic")? {
            "/tasks/delete" => (Verb::Die, Trace::Ignored, Some(event.field("container")?)),
            _ => return None,
        },
        "event forwarded" => match moby(event, "ns")?.field("topic")? {
            "/tasks/start" => (Verb::Start, Trace::Topic, None),
            // Not `/tasks/exit`: an ended `docker exec` leaves that too.
            "/tasks/delete" => (Verb::Die, Trace::Topic, None),
            _ => return None,
        },
        // It names no namespace: whose shim it was, only its start says.
        "shim reaped" => (Verb::Die, Trace::ShimReaped, Some(event.field("id")?)),
        _ if message.starts_with("shim ") => {
            message.strip_prefix("shim ")?.strip_suffix(" started").filter(|shim| SHIMS.contains(shim))?;
            let (_, id) = text::rsplit_once(event.field("address")?.strip_suffix("/shim.sock")?, "/moby/")?;
            (Verb::Start, Trace::ShimStarted, Some(id))
        }
        _ => {
            let id = message.strip_prefix("connecting to shim ")?;
            moby(event, "namespace")?;
            (Verb::Start, Trace::Shim, Some(id))
        }
    };
    if id.is_some_and(|id| !is_id(id)) {
        return None;
    }
    Some(Activity { id, ..Activity::new(verb, trace) })
}

fn moby<'e, 'a>(event: &'e Event<'a>, field: &str) -> Option<&'e Event<'a>> {
    (event.field(field) == Some(NAMESPACE)).then_some(event)
}
