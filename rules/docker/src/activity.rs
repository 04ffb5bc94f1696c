//! One thing that Docker did.

use std::borrow::Cow;

/// What was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// A container was asked for (API) or created (Engine event).
    Create,
    /// A container was started.
    Start,
    /// A container was asked to stop.
    Stop,
    /// A signal was sent to a container.
    Kill,
    /// A container was asked to restart.
    Restart,
    /// A container's process ended.
    Die,
    /// A container was removed.
    Destroy,
    /// An image was pulled, or asked for.
    Pull,
    /// The bridge `docker0` was named.
    Present,
}

impl Verb {
    /// As in Docker's own words.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Start => "start",
            Self::Stop => "stop",
            Self::Kill => "kill",
            Self::Restart => "restart",
            Self::Die => "die",
            Self::Destroy => "destroy",
            Self::Pull => "pull",
            Self::Present => "docker0",
        }
    }
}

/// Which trace tells of it. One and the same start can leave several.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trace {
    /// Request line of Docker 1.10 and later, at debug level.
    Call,
    /// Request line of Docker up to 1.9, at info level.
    OldCall,
    /// `Calling POST /containers/create` with neither version nor query: Docker up to 1.9 writes
    /// the route at debug level, just before the request line; later versions write it for a
    /// client that names no version.
    Route,
    /// `starting signal loop`, written by a container's shim.
    SignalLoop,
    /// `connecting to shim`, written by containerd 2.
    Shim,
    /// `shim … started`, written by containerd 1.0 to 1.2 (Docker 17.12 to 19.03).
    ShimStarted,
    /// `cleaning up after shim disconnected`, written by containerd.
    ShimGone,
    /// `shim reaped`, written by containerd 1.0 to 1.2.
    ShimReaped,
    /// `ignoring event`, written by dockerd about an ended task.
    Ignored,
    /// `event forwarded`, written by containerd at debug level; it names no container.
    Topic,
    /// A Docker Engine event.
    Engine,
    /// A message that names `docker0`.
    Bridge,
}

impl Trace {
    /// For the attribute `via`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Call | Self::OldCall | Self::Route => "api-call",
            Self::SignalLoop | Self::Shim | Self::ShimStarted | Self::ShimGone | Self::ShimReaped | Self::Topic => {
                "containerd"
            }
            Self::Ignored => "dockerd",
            Self::Engine => "engine-event",
            Self::Bridge => "docker0",
        }
    }
}

/// One thing that Docker did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Activity<'a> {
    /// What.
    pub verb: Verb,
    /// Known from what.
    pub trace: Trace,
    /// The container's full id, 64 hexadecimal digits.
    pub id: Option<&'a str>,
    /// What the client or the event calls the container: its name, or an id that a client wrote.
    pub name: Option<Cow<'a, str>>,
    /// The image.
    pub image: Option<Cow<'a, str>>,
    /// The API version that the client spoke, `1.41`.
    pub api: Option<&'a str>,
}

impl<'a> Activity<'a> {
    pub(crate) fn new(verb: Verb, trace: Trace) -> Self {
        Self { verb, trace, id: None, name: None, image: None, api: None }
    }

    /// The container's name, or else its id.
    pub fn container(&self) -> Option<&str> {
        self.name.as_deref().or(self.id)
    }

    /// The container for a sentence: its name, or the 12 digits of the id that Docker shows.
    pub fn container_short(&self) -> Option<&str> {
        self.container().map(short)
    }

    /// A client asked the daemon for it, which may have failed.
    pub fn is_request(&self) -> bool {
        matches!(self.trace, Trace::Call | Trace::OldCall | Trace::Route)
    }

    /// Docker is at work here: something came or was fetched. Ends and removals do not count.
    pub fn is_work(&self) -> bool {
        matches!(self.verb, Verb::Create | Verb::Start | Verb::Restart | Verb::Pull | Verb::Present)
    }
}

/// Docker's own names and references are shorter; what a client may write is not bounded, and an
/// answer over the host's limits would be discarded.
pub(crate) fn clipped(text: Cow<'_, str>) -> Cow<'_, str> {
    const MOST_BYTES: usize = 512;
    if text.len() <= MOST_BYTES {
        return text;
    }
    let end = text.floor_char_boundary(MOST_BYTES);
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.get(..end).unwrap_or_default()),
        Cow::Owned(mut text) => {
            text.truncate(end);
            Cow::Owned(text)
        }
    }
}

/// The digits of an id that Docker shows; a name as it is.
pub(crate) fn short(container: &str) -> &str {
    if is_id(container) { container.get(..12).unwrap_or(container) } else { container }
}

/// A full container id.
pub(crate) fn is_id(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}
