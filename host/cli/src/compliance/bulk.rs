//! Acknowledging and cancelling: alerts that are named, or all that a filter matches.

use lifesigns_api::ActOutcome;
use lifesigns_compliance::{
    CommandAction,
    query::{AlertFilter, AlertStateFilter, Query, QueryAnswer},
};
use lifesigns_text::count_text;

use super::{
    answers::{matches, query},
    args::TargetArgs,
    parts::AlertSelectionArgs,
    service_target::{ServiceTarget, unexpected},
    show,
    write::{emit, emit_text},
};
use crate::exit::{Failure, Outcome};

/// Most alerts in one request.
const AT_ONCE: usize = 2000;

/// What is done to alerts.
pub(crate) enum BulkAction {
    /// With the new owner, if there is one.
    Acknowledge(Option<String>),
    Unacknowledge,
    /// With the reason.
    Cancel(String),
}

impl BulkAction {
    /// Those that it can be done to.
    fn states(&self) -> Vec<AlertStateFilter> {
        match self {
            Self::Acknowledge(_) => vec![AlertStateFilter::Unacknowledged],
            Self::Unacknowledge => vec![AlertStateFilter::Acknowledged],
            Self::Cancel(_) => vec![AlertStateFilter::Open],
        }
    }

    const fn participle(&self) -> &'static str {
        match self {
            Self::Acknowledge(_) => "acknowledged",
            Self::Unacknowledge => "no longer acknowledged",
            Self::Cancel(_) => "cancelled",
        }
    }

    fn act(&self, alerts: Vec<String>) -> CommandAction {
        match self {
            Self::Acknowledge(owner) => CommandAction::Acknowledge { alerts, owner: owner.clone() },
            Self::Unacknowledge => CommandAction::Unacknowledge { alerts },
            Self::Cancel(why) => CommandAction::Cancel { alerts, why: why.clone() },
        }
    }
}

/// Does it to the alerts that are named, or lists those that the filter matches, and does it to these
/// once it is confirmed.
pub(crate) fn run(action: &BulkAction, which: &AlertSelectionArgs, place: &TargetArgs) -> Outcome {
    let ids = match which.ids.is_empty() {
        false => which.ids.clone(),
        true => match matching(action, which, place)? {
            Some(ids) => ids,
            None => return Ok(()),
        },
    };
    let host = ServiceTarget::new(place)?;
    let mut done = 0;
    for some in ids.chunks(AT_ONCE) {
        let outcome = host.ask(|host| host.act(action.act(some.to_vec()))).map_err(|failure| match done {
            0 => failure,
            done => Failure::Failed(format!("{} {}, then: {failure}", count_text(done, "alert"), action.participle())),
        })?;
        let ActOutcome::Done(text) = outcome else { return Err(unexpected()) };
        done += some.len() as u64;
        if ids.len() <= AT_ONCE {
            return emit_text(&text, place);
        }
    }
    emit_text(&format!("{} are {}", count_text(done, "alert"), action.participle()), place)
}

/// Returns the ids of what the filter matches; `None` if that is nothing. Without the confirmation they are shown, and
/// it is a failure that nothing was done.
fn matching(
    action: &BulkAction,
    which: &AlertSelectionArgs,
    place: &TargetArgs,
) -> Result<Option<Vec<String>>, Failure> {
    let filter = AlertFilter { states: action.states(), ..which.selection.filter() };
    let QueryAnswer::Alerts(alerts) = query(Query::Alerts(filter.clone()), place)? else { return Err(unexpected()) };
    if alerts.is_empty() {
        if let Some(matches) = matches(filter, place)? {
            emit(&alerts, place, |_| show::no_alerts(&matches))?;
        }
        return Ok(None);
    }
    if which.yes {
        return Ok(Some(alerts.iter().map(|alert| alert.id.clone()).collect()));
    }
    emit(&alerts, place, |view| show::alerts(&alerts, view))?;
    let count = count_text(alerts.len() as u64, "alert");
    let (is, it) = if alerts.len() == 1 { ("is", "it") } else { ("are", "they") };
    let what = action.participle();
    Err(Failure::Failed(format!("nothing was done: {count} {is} matched; with --yes, {it} would be {what}")))
}
