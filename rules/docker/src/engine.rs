//! Docker Engine events, as `docker events --format '{{json .}}'` and the API write them.

use std::borrow::Cow;

use lifesigns_rule::Event;

use crate::{Activity, Trace, Verb, activity::is_id};

/// What an Engine event tells. They have no message of their own: the message is the line.
pub(crate) fn activity<'a>(event: &Event<'a>) -> Option<Activity<'a>> {
    let (kind, action) = (event.field("Type")?, event.field("Action")?);
    if !event.message().starts_with('{') {
        return None;
    }
    let actor = event.field("Actor.ID");
    let verb = match (kind, action) {
        ("container", "create") => Verb::Create,
        ("container", "start") => Verb::Start,
        ("container", "stop") => Verb::Stop,
        ("container", "kill") => Verb::Kill,
        ("container", "restart") => Verb::Restart,
        ("container", "die") => Verb::Die,
        ("container", "destroy") => Verb::Destroy,
        ("image", "pull") => Verb::Pull,
        _ => return None,
    };
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
