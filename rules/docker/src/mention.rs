//! Images that the daemon's log and the Engine's events name.

use std::borrow::Cow;

use lifesigns_rule::{Event, text};

use crate::{
    Activity,
    activity::clipped,
    call::Request,
    engine,
    image::{is_image_id, of_create, of_form, pulled},
};

/// An image that was named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mention<'a> {
    /// As the client wrote it: `registry.example/team/app:1.2`. Not an image's id.
    pub image: Cow<'a, str>,
    /// Where: `images-create`, `pull`, `form-data` or `engine-event`.
    pub via: &'static str,
}

/// The image that this record names, if Docker pulls it or makes a container of it. The rule must
/// want [`FIELDS`](crate::FIELDS).
pub fn mention<'a>(event: &Event<'a>) -> Option<Mention<'a>> {
    let message = event.message();
    let (image, via) = if let Some(engine) = engine::activity(event).filter(Activity::is_work) {
        (engine.image?, "engine-event")
    } else if let Some(form) = message.strip_prefix("form data: ") {
        event.field("level").filter(|level| *level == "debug")?;
        (Cow::Owned(of_form(form)?), "form-data")
    } else if let Some(rest) = message.strip_prefix("Trying to pull ") {
        event.field("level").filter(|level| *level == "debug")?;
        let (repository, endpoint) = text::split_once(rest, " from ")?;
        if repository.contains(' ') || !endpoint.starts_with("http") {
            return None;
        }
        (Cow::Borrowed(repository), "pull")
    } else {
        let Request { uri, .. } = Request::of(event, message)?;
        match uri.path {
            "images/create" => (pulled(&uri)?, "images-create"),
            "containers/create" => (of_create(event, &uri)?, "form-data"),
            _ => return None,
        }
    };
    (!is_image_id(&image)).then(|| Mention { image: clipped(image), via })
}
