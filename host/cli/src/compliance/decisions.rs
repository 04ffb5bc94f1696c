//! What the operators decided, as it is asked about: policies in their order, the way of an alert to
//! its receivers.

use lifesigns_api::{OutboxFilter, UndeliveredNotice};
use lifesigns_compliance::query::{Query, QueryAnswer};
use serde::Serialize;

use super::{
    answers::query,
    args::TargetArgs,
    service_target::{ServiceTarget, unexpected},
    show,
    write::emit,
};
use crate::exit::{Failure, Outcome};

/// All policies in the order of evaluation.
pub(crate) fn policies(place: &TargetArgs) -> Outcome {
    let QueryAnswer::Policies(lines) = query(Query::Policies, place)? else { return Err(unexpected()) };
    emit(&lines, place, |view| show::policies(&lines, view))
}

/// Who is notified of an alert.
#[derive(Serialize)]
struct AlertRouting {
    #[serde(flatten)]
    routing: lifesigns_compliance::query::Routing,
    /// Notices of it that are not delivered.
    undelivered: Vec<UndeliveredNotice>,
}

/// Who is notified of an alert, why, and what has become of it.
pub(crate) fn route(id: &str, place: &TargetArgs) -> Outcome {
    let QueryAnswer::Route(routing) = query(Query::Route(id.to_owned()), place)? else { return Err(unexpected()) };
    let undelivered = undelivered(&routing.alert.id, place)?;
    let way = AlertRouting { routing: *routing, undelivered };
    emit(&way, place, |view| show::route(&way.routing, &way.undelivered, view))
}

/// Notices of an alert that wait or were given up.
pub(crate) fn undelivered(alert: &str, place: &TargetArgs) -> Result<Vec<UndeliveredNotice>, Failure> {
    let host = ServiceTarget::new(place)?;
    let mut all = Vec::new();
    for dead in [false, true] {
        let asked = OutboxFilter { dead, alert: Some(alert.to_owned()), ..OutboxFilter::default() };
        all.extend(host.ask(|host| host.outbox(&asked))?);
    }
    Ok(all)
}
