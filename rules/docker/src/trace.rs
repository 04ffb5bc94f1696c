//! What containerd, shims and the kernel write about containers at their default level.

use lifesigns_rule::Event;

use crate::{Activity, Trace, Verb, activity::is_id};

/// The namespace in which Docker's containers live in containerd. Kubernetes' live in `k8s.io`.
pub(crate) const NAMESPACE: &str = "moby";

/// A trace of a started or ended container.
pub(crate) fn activity<'a>(event: &Event<'a>, message: &'a str) -> Option<Activity<'a>> {
    let (verb, trace, id) = match message {
        "starting signal loop" => {
            let (_, id) = moby(event, "namespace")?.field("path")?.rsplit_once("/moby/")?;
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

/// A message that names the bridge `docker0`, as a word of its own: `docker01` is a host.
pub(crate) fn bridge<'a>(message: &str) -> Option<Activity<'a>> {
    const BRIDGE: &str = "docker0";
    let bytes = message.as_bytes();
    let part_of_name = |at: Option<usize>| {
        at.and_then(|at| bytes.get(at))
            .is_some_and(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(byte) || *byte >= 0x80)
    };
    let alone = |at: usize| {
        let end = at + BRIDGE.len();
        let dotted = bytes.get(end) == Some(&b'.') && part_of_name(Some(end + 1));
        let after_dot = at >= 2 && bytes[at - 1] == b'.' && part_of_name(Some(at - 2));
        !part_of_name(at.checked_sub(1)) && !part_of_name(Some(end)) && !dotted && !after_dot
    };
    message.match_indices(BRIDGE).any(|(at, _)| alone(at)).then(|| Activity::new(Verb::Present, Trace::Bridge))
}
