//! Requests to the daemon's API, as dockerd writes them down.

use std::borrow::Cow;

use lifesigns_rule::Event;

use crate::{Activity, Trace, Verb, image, uri::Uri};

/// A request line, whichever version of Docker wrote it.
pub(crate) struct Request<'a> {
    pub(crate) uri: Uri<'a>,
    pub(crate) trace: Trace,
}

impl<'a> Request<'a> {
    /// The POST request that the record tells of. The daemon's lines have a level; text that merely
    /// looks like the message of one has not.
    pub(crate) fn of(event: &Event<'a>, message: &'a str) -> Option<Self> {
        if message == "handling POST request" {
            let uri = Uri::parse(event.field("request-url")?)?;
            return Some(Self { uri, trace: Trace::Call });
        }
        let level = event.field("level")?;
        let (text, old) = match message.strip_prefix("Calling POST ") {
            Some(text) => (text, false),
            None => (message.strip_prefix("POST ")?, true),
        };
        if level != if old { "info" } else { "debug" } {
            return None;
        }
        let uri = Uri::parse(text)?;
        let route = uri.version.is_none() && uri.query.is_none();
        let trace = match (old, route) {
            (true, _) => Trace::OldCall,
            (false, true) => Trace::Route,
            (false, false) => Trace::Call,
        };
        Some(Self { uri, trace })
    }
}

/// A request that does something to containers, or pulls an image.
pub(crate) fn activity<'a>(event: &Event<'a>, message: &'a str) -> Option<Activity<'a>> {
    let Request { uri, trace } = Request::of(event, message)?;
    let (verb, name) = match uri.path {
        "containers/create" => (Verb::Create, uri.parameter("name").map(without_slash)),
        "images/create" => (Verb::Pull, None),
        path => {
            let (name, verb) = path.strip_prefix("containers/")?.split_once('/')?;
            let verb = match verb {
                "start" => Verb::Start,
                "stop" => Verb::Stop,
                "kill" => Verb::Kill,
                "restart" => Verb::Restart,
                _ => return None,
            };
            // A brace: the route, not the request (Docker up to 1.9 at debug level).
            if name.is_empty() || name.contains('{') {
                return None;
            }
            (verb, Some(crate::uri::decoded(name)))
        }
    };
    let image = match verb {
        Verb::Pull => Some(image::pulled(&uri)?),
        Verb::Create => image::of_create(event, &uri),
        _ => None,
    };
    let mut activity = Activity { name, image, api: uri.version, ..Activity::new(verb, trace) };
    if let Some(Cow::Borrowed(name)) = activity.name
        && crate::activity::is_id(name)
    {
        (activity.id, activity.name) = (Some(name), None);
    }
    Some(activity)
}

/// Clients may write `name=/web`.
fn without_slash(name: Cow<'_, str>) -> Cow<'_, str> {
    match name {
        Cow::Borrowed(name) => Cow::Borrowed(name.trim_start_matches('/')),
        Cow::Owned(name) => Cow::Owned(name.trim_start_matches('/').to_owned()),
    }
}
