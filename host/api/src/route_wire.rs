//! How a route speaks that is not one of the API's own: what it takes and answers, for the documentation.

/// See the module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RouteWire {
    /// The protocol, under which routes are listed together.
    pub protocol: &'static str,
    /// The bodies that it takes; empty for none.
    pub takes: &'static [WireBody],
    /// What it reads of the query and the head.
    pub parameters: &'static [WireParameter],
    /// What it answers when all is well.
    pub answers: &'static [WireAnswer],
    /// The media types of its errors; that of the API's own if there are none.
    pub errors: &'static [&'static str],
}

/// A body that a route takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WireBody {
    /// Its media type.
    pub media_type: &'static str,
    /// Its schema, as JSON.
    pub schema: &'static str,
}

/// A parameter that a route reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WireParameter {
    /// Its name.
    pub name: &'static str,
    /// Where it stands: `query` or `header`.
    pub place: &'static str,
    /// What it means.
    pub description: &'static str,
}

/// An answer of a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WireAnswer {
    /// The status.
    pub status: u16,
    /// The media type; empty if there is no body.
    pub media_type: &'static str,
}
