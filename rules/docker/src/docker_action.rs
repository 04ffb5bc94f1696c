//! What Docker did last, in a form that a rule can keep as state.

use lifesigns_rule::{Event, Raised};

use crate::{Activity, Verb};

/// One thing that Docker did, and when. Empty text: not known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DockerAction {
    /// Event time.
    pub time_ns: u64,
    /// [`Verb::as_str`](crate::Verb::as_str).
    pub verb: String,
    /// Name or id.
    pub container: String,
    /// As the client wrote it.
    pub image: String,
}

impl DockerAction {
    /// What this record tells.
    pub fn of(event: &Event<'_>, activity: &Activity<'_>) -> Self {
        // One line each: a line end separates.
        let text = |part: Option<&str>| part.unwrap_or_default().replace('\n', " ");
        Self {
            time_ns: event.time_ns(),
            verb: activity.verb.as_str().to_owned(),
            container: text(activity.container()),
            image: text(activity.image.as_deref()),
        }
    }

    /// For the state.
    pub fn to_text(&self) -> String {
        format!("{}\n{}\n{}\n{}", self.time_ns, self.verb, self.container, self.image)
    }

    /// From the state.
    pub fn of_text(text: &str) -> Option<Self> {
        let mut lines = text.split('\n');
        let time_ns = lines.next()?.parse().ok()?;
        let mut line = || lines.next().map(str::to_owned);
        Some(Self { time_ns, verb: line()?, container: line()?, image: line()? })
    }

    /// For a sentence: `create web-1 from busybox`, `pull busybox`.
    pub fn words(&self) -> String {
        let container = crate::activity::short(&self.container);
        let space = if container.is_empty() { "" } else { " " };
        let from = match (self.image.is_empty(), self.verb == Verb::Pull.as_str()) {
            (true, _) => "",
            (false, true) => " ",
            (false, false) => " from ",
        };
        format!("{}{space}{container}{from}{}", self.verb, self.image)
    }

    /// As attributes: `verb`, and `container` and `image` where they are known.
    pub fn attributes<'a>(&self, alert: Raised<'a>) -> Raised<'a> {
        let known = |text: &String| (!text.is_empty()).then(|| text.clone());
        alert
            .attribute("verb", &*self.verb)
            .maybe("container", known(&self.container))
            .maybe("image", known(&self.image))
    }
}
