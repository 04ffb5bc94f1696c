//! What the docker rules ask the host for.

use lifesigns_rule::{Interest, Test};

use crate::{Verb, trace::NAMESPACE};

/// The fields that [`Activity::of`](crate::Activity::of) and [`mention`](crate::mention) read.
pub const FIELDS: [&str; 18] = [
    "level",
    "request-url",
    "form-data",
    "form-data.Image",
    "namespace",
    "ns",
    "path",
    "topic",
    "id",
    "container",
    "Type",
    "Action",
    "Actor.ID",
    "Actor.Attributes.name",
    "Actor.Attributes.image",
    "from",
    "status",
    "address",
];

/// Stands in every Engine event, and is rare elsewhere.
const ENGINE: &str = "\"Attributes\"";
/// The request line from Docker 28 on.
const HANDLING: &str = "handling POST request";

/// The interests that deliver the traces of these verbs, and hardly anything else: what the
/// literals let through besides, [`Activity::of`](crate::Activity::of) turns down.
pub fn interests(verbs: &[Verb]) -> Vec<Interest> {
    let mut interests: Vec<Interest> = verbs.iter().flat_map(|verb| of_verb(*verb)).collect();
    let actions = |kind: &str| {
        let of_kind =
            verbs.iter().filter(|verb| **verb != Verb::Present && (**verb == Verb::Pull) == (kind == "image"));
        of_kind.map(|verb| verb.as_str()).collect::<Vec<_>>()
    };
    for kind in ["container", "image"] {
        if !actions(kind).is_empty() {
            interests.push(engine(kind, &actions(kind)));
            interests.push(engine_text(kind, &actions(kind)));
            interests.push(engine_old(&actions(kind)));
        }
    }
    interests
}

/// The interests that deliver images that are named.
pub fn images() -> Vec<Interest> {
    let mut interests = interests(&[Verb::Create, Verb::Start, Verb::Pull]);
    // A start names an image only in an Engine event.
    interests.retain(|interest| {
        !interest.contains.iter().any(|literal| literal.contains("shim") || literal.contains("loop"))
    });
    interests
        .push(Interest::log().contains(["form data: {", "Trying to pull "]).field("level", Test::one_of(["debug"])));
    interests
}

/// The interests that deliver everything that [`Activity::of`](crate::Activity::of) knows of
/// containers that start and end, requests and debug traces too.
pub fn starts_and_ends() -> Vec<Interest> {
    let mut interests = interests(&[Verb::Start, Verb::Die]);
    interests.extend([
        Interest::log().contains(["Calling POST /"]).field("level", Test::one_of(["debug"])),
        Interest::log().contains(["POST /v1."]).field("level", Test::one_of(["info"])),
        Interest::log()
            .contains([HANDLING])
            .field("request-url", Test::containing(["/start", "/stop", "/kill", "/restart"])),
        Interest::log()
            .contains(["event forwarded"])
            .field("ns", Test::one_of([NAMESPACE]))
            .field("topic", Test::one_of(["/tasks/start", "/tasks/delete"])),
    ]);
    interests
}

fn engine(kind: &str, actions: &[&str]) -> Interest {
    Interest::log().contains([ENGINE]).field("Type", Test::one_of([kind])).field("Action", Test::one_of(actions))
}

/// As `docker events` writes them for people.
fn engine_text(kind: &str, actions: &[&str]) -> Interest {
    let mut literals: Vec<String> = actions.iter().map(|action| format!("{kind} {action} ")).collect();
    if kind == "container" {
        literals.push(": (from ".to_owned());
    }
    Interest::log().contains(literals).field("Type", Test::one_of([kind])).field("Action", Test::one_of(actions))
}

/// Up to Docker 1.9. `status` alone stands in every other log of JSON.
fn engine_old(actions: &[&str]) -> Interest {
    let literals =
        actions.iter().flat_map(|action| [format!("\"status\":\"{action}\""), format!("\"status\": \"{action}\"")]);
    Interest::log().contains(literals.collect::<Vec<_>>()).field("status", Test::one_of(actions))
}

fn of_verb(verb: Verb) -> Vec<Interest> {
    let handling = |path: &str| Interest::log().contains([HANDLING]).field("request-url", Test::containing([path]));
    match verb {
        Verb::Create => vec![Interest::log().contains(["/containers/create"]), handling("/containers/create")],
        Verb::Pull => vec![Interest::log().contains(["/images/create?"]), handling("/images/create?")],
        Verb::Start => vec![
            Interest::log()
                .contains(["starting signal loop", "connecting to shim "])
                .field("namespace", Test::one_of([NAMESPACE])),
            Interest::log().contains(["containerd-shim started"]).field("address", Test::containing(["/moby/"])),
        ],
        Verb::Die => vec![
            Interest::log()
                .contains(["cleaning up after shim disconnected", "ignoring event"])
                .field("namespace", Test::one_of([NAMESPACE])),
            Interest::log().contains(["shim reaped"]),
        ],
        Verb::Present => vec![Interest::log().contains(["docker0"])],
        Verb::Stop | Verb::Kill | Verb::Restart | Verb::Destroy => Vec::new(),
    }
}
