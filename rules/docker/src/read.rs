//! From a log record to what Docker did.

use lifesigns_rule::Event;

use crate::{Activity, activity::clipped, bridge, call, engine, trace};

impl<'a> Activity<'a> {
    /// What Docker did here, if the record is one of the shapes in this crate's head. The rule must
    /// want [`FIELDS`](crate::FIELDS).
    pub fn of(event: &Event<'a>) -> Option<Self> {
        let message = event.message();
        let mut activity = engine::activity(event)
            .or_else(|| trace::activity(event, message))
            .or_else(|| call::activity(event, message))
            .or_else(|| bridge::bridge(message))?;
        activity.name = activity.name.map(clipped);
        activity.image = activity.image.map(clipped);
        Some(activity)
    }
}
