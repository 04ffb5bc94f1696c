//! Docker Engine events, as `docker events --format '{{json .}}'` and the API write them.

use std::borrow::Cow;

use lifesigns_rule::{Event, text};

use crate::{Activity, Trace, Verb, activity::is_id};

/// What an Engine event tells. They have no message of their own: the message is the line, or the
/// text that `docker events` writes.
pub(crate) fn activity<'a>(event: &Event<'a>) -> Option<Activity<'a>> {
    let message = event.message();
    let (kind, action) = match (event.field("Type"), event.field("Action")) {
        (Some(kind), Some(action)) if message.starts_with('{') || is_text(message, kind, action) => (kind, action),
        (Some(_), _) | (_, Some(_)) => return None,
        (None, None) => return old(event, message),
    };
    let verb = match (kind, action) {
        ("image", "pull") => Verb::Pull,
        ("container", action) => verb(action)?,
        _ => return None,
    };
    let actor = event.field("Actor.ID");
    let mut activity = Activity::new(verb, Trace::Engine);
    if verb == Verb::Pull {
        activity.image = actor.or_else(|| event.field("Actor.Attributes.name")).map(Cow::Borrowed);
    } else {
        activity.id = actor.or_else(|| event.field("id")).filter(|id| is_id(id));
        activity.name = event.field("Actor.Attributes.name").map(Cow::Borrowed);
        activity.image = event.field("Actor.Attributes.image").or_else(|| event.field("from")).map(Cow::Borrowed);
    }
    Some(activity)
}

fn verb(action: &str) -> Option<Verb> {
    Some(match action {
        "create" => Verb::Create,
        "start" => Verb::Start,
        "stop" => Verb::Stop,
        "kill" => Verb::Kill,
        "restart" => Verb::Restart,
        "die" => Verb::Die,
        "destroy" => Verb::Destroy,
        _ => return None,
    })
}

/// `… container create ID (image=…)`, and up to Docker 1.9 `… ID: (from IMAGE) create`.
fn is_text(message: &str, kind: &str, action: &str) -> bool {
    let after_kind = |at: usize| {
        let after = message.get(at + kind.len()..).and_then(|rest| rest.strip_prefix(' '));
        after.is_some_and(|rest| rest.starts_with(action))
    };
    text::positions(message, kind).any(after_kind)
        || message
            .strip_suffix(action)
            .is_some_and(|before| before.ends_with(") ") && text::contains(before, ": (from "))
}

/// Up to Docker 1.9: `{"status":"create","id":"…","from":"busybox","time":…}`, and nothing that tells
/// that a container is meant but its id.
fn old<'a>(event: &Event<'a>, message: &str) -> Option<Activity<'a>> {
    let (status, id) = (event.field("status")?, event.field("id")?);
    let written = message.strip_prefix("{\"status\":")?.trim_start().strip_prefix('"')?;
    if !written.starts_with(status) {
        return None;
    }
    if status == "pull" && event.field("from").is_none() {
        return Some(Activity { image: Some(Cow::Borrowed(id)), ..Activity::new(Verb::Pull, Trace::Engine) });
    }
    let image = Cow::Borrowed(event.field("from")?);
    is_id(id).then_some(id)?;
    Some(Activity { id: Some(id), image: Some(image), ..Activity::new(verb(status)?, Trace::Engine) })
}
