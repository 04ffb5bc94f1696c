//! The commands about objects, groups, policies and alerts: asked of a running host, or read from
//! its store.

mod acts;
mod agents;
mod answers;
mod args;
mod at_rest;
mod bulk;
mod decisions;
mod doctor;
mod matcher;
mod parts;
mod places;
mod remote;
mod report;
mod search;
mod search_args;
mod service_target;
pub(crate) mod show;
mod silences;
mod table;
mod tokens;
mod validate;
mod what_if;
pub(crate) mod when;
mod write;

use lifesigns::model::{Clock as _, SystemClock};
use lifesigns_api::{AlertHistoryQuery, AuditMark, AuditTrailQuery, OutboxFilter};
use lifesigns_compliance::query::{AlertFilter, ObjectFilter, Query, QueryAnswer};

use lifesigns_notifications::terminal::Colour;

use answers::{matches, query};
pub(crate) use args::{Command, Output, TargetArgs};
use parts::{
    AlertsCommand, AlertsFilter, AuditCommand, AuditFilter, GroupsCommand, ObjectsCommand, ObjectsFilter,
    OutboxCommand, PolicyCommand, RouteCommand,
};
pub(crate) use service_target::ServiceTarget;
use service_target::unexpected;
pub(crate) use validate::{environment, load as settings};
pub(crate) use write::{clear_screen, emit, emit_text};

use crate::exit::{Failure, Outcome};

/// The objects of which a table of badges is, if no limit is given: a person reads no more, and of a large fleet all
/// take long to send and to draw.
const BADGES: usize = 1000;

pub(crate) fn run(command: &Command) -> Outcome {
    match command {
        Command::Alerts { command, filter, place } => alerts(command.as_ref(), filter, place),
        Command::Token { command, place } => tokens::run(command.as_ref(), place),
        Command::Silence { command, place } => silences::run(command.as_ref(), place),
        Command::Objects { command, filter, place } => match command {
            None => list_objects(filter, place),
            Some(ObjectsCommand::List(filter)) => list_objects(filter, place),
            Some(ObjectsCommand::Show { id }) => show_object(id, place),
            Some(other) => acts::object(other, place),
        },
        Command::Groups { command, place } => groups(command.as_ref(), place),
        Command::Badge { name, limit, place } => match name {
            None => all_badges(*limit, place),
            Some(name) => one_badge(name, place),
        },
        Command::Policy { command: PolicyCommand::Why { object, alert }, place } => why(object, alert, place),
        Command::Policy { command: PolicyCommand::List, place } => decisions::policies(place),
        Command::Route { command: RouteCommand::Why { id }, place } => decisions::route(id, place),
        Command::Report { group, format, from, to, out, place } => {
            report::run(group, *format, (*from, *to), out.as_deref(), place)
        }
        Command::Audit { command, filter, place } => match command {
            None => audit(filter, place),
            Some(AuditCommand::List(filter)) => audit(filter, place),
            Some(AuditCommand::Verify { known }) => verify(known.clone(), place),
        },
        Command::Query { search, place } => search::run(search, place),
        Command::Status { place } => status(place),
        Command::Agents { command, agent, place } => agents::run(command.as_ref(), agent.as_deref(), place),
        Command::Outbox { command, place } => match command {
            None => outbox(None, false, place),
            Some(OutboxCommand::List { receiver }) => outbox(receiver.clone(), false, place),
            Some(OutboxCommand::Dead { receiver }) => outbox(receiver.clone(), true, place),
            Some(OutboxCommand::Drop { ids, receiver }) => acts::drop_dead(ids, receiver.as_deref(), place),
            Some(OutboxCommand::Resend { ids, receiver }) => acts::resend(ids, receiver.as_deref(), place),
        },
        Command::Backup { file, place } => acts::backup(file, place),
        Command::Doctor { place } if place.server.is_some() => {
            Err(Failure::Usage("`doctor` looks at the machine that it runs on, not at a --server".to_owned()))
        }
        Command::Doctor { place } => doctor::run(place),
        Command::Validate { what_if: false, place } => validate::run(place),
        Command::Validate { what_if: true, place } => what_if::run(place),
    }
}

impl Command {
    /// Whether programs read the answer.
    pub(crate) fn wants_json(&self) -> bool {
        self.place().wants_json()
    }

    fn place(&self) -> &TargetArgs {
        match self {
            Self::Alerts { place, .. }
            | Self::Silence { place, .. }
            | Self::Objects { place, .. }
            | Self::Groups { place, .. }
            | Self::Badge { place, .. }
            | Self::Policy { place, .. }
            | Self::Route { place, .. }
            | Self::Report { place, .. }
            | Self::Audit { place, .. }
            | Self::Query { place, .. }
            | Self::Status { place }
            | Self::Agents { place, .. }
            | Self::Outbox { place, .. }
            | Self::Backup { place, .. }
            | Self::Doctor { place }
            | Self::Token { place, .. }
            | Self::Validate { place, .. } => place,
        }
    }
}

fn alerts(command: Option<&AlertsCommand>, filter: &AlertsFilter, place: &TargetArgs) -> Outcome {
    match command {
        None => list_alerts(filter, place),
        Some(AlertsCommand::List(filter)) => list_alerts(filter, place),
        Some(AlertsCommand::Show { id }) => show_alert(id, place),
        Some(AlertsCommand::History { object, alert, since, until, limit }) => {
            let past = AlertHistoryQuery {
                object: object.clone(),
                alert: alert.clone(),
                from_ns: *since,
                until_ns: *until,
                limit: *limit,
                cursor: None,
            };
            past_alerts(past, place)
        }
        Some(AlertsCommand::Note { id, text }) => acts::note(id, text, place),
        Some(AlertsCommand::Ack { which, owner }) => {
            bulk::run(&bulk::BulkAction::Acknowledge(owner.clone()), which, place)
        }
        Some(AlertsCommand::Unack { which }) => bulk::run(&bulk::BulkAction::Unacknowledge, which, place),
        Some(AlertsCommand::Cancel { which, why }) => bulk::run(&bulk::BulkAction::Cancel(why.clone()), which, place),
    }
}

fn list_alerts(filter: &AlertsFilter, place: &TargetArgs) -> Outcome {
    let asked = filter.filter();
    if filter.pending {
        let QueryAnswer::Pending(waiting) = query(Query::Pending(asked), place)? else { return Err(unexpected()) };
        return emit(&waiting, place, |view| show::pending(&waiting, view));
    }
    let QueryAnswer::Alerts(alerts) = query(Query::Alerts(asked.clone()), place)? else { return Err(unexpected()) };
    // An empty list says what it is an empty list of.
    let none = if alerts.is_empty() { matches(asked, place)? } else { None };
    emit(&alerts, place, |view| match &none {
        Some(matches) => show::no_alerts(matches),
        None => show::alerts(&alerts, view),
    })
}

fn show_alert(id: &str, place: &TargetArgs) -> Outcome {
    let QueryAnswer::Alert(alert) = query(Query::Alert(id.to_owned()), place)? else { return Err(unexpected()) };
    let waiting = decisions::undelivered(&alert.id, place)?;
    emit(&alert, place, |view| show::alert(&alert, &waiting, view))
}

fn past_alerts(past: AlertHistoryQuery, place: &TargetArgs) -> Outcome {
    let filter = AlertFilter { object: past.object.clone(), alert: past.alert.clone(), ..AlertFilter::default() };
    let alerts = ServiceTarget::new(place)?.ask(|host| host.past_alerts(&past))?;
    if alerts.is_empty() {
        // Names that nothing has are refused here too.
        matches(filter, place)?;
    }
    emit(&alerts, place, |view| show::past_alerts(&alerts, view))
}

fn list_objects(filter: &ObjectsFilter, place: &TargetArgs) -> Outcome {
    let filter = filter.clone();
    let asked = ObjectFilter {
        object: filter.object,
        group: filter.group,
        kind: filter.kind,
        symptom: filter.symptom,
        discovered: filter.discovered,
        ..ObjectFilter::default()
    };
    let QueryAnswer::Objects(objects) = query(Query::Objects(asked), place)? else { return Err(unexpected()) };
    emit(&objects, place, |view| show::objects(&objects, view))
}

fn show_object(id: &str, place: &TargetArgs) -> Outcome {
    let QueryAnswer::Object(page) = query(Query::Object(id.to_owned()), place)? else { return Err(unexpected()) };
    emit(&page, place, |view| show::object(&page, view))
}

fn groups(command: Option<&GroupsCommand>, place: &TargetArgs) -> Outcome {
    let (name, whole) = match command {
        None | Some(GroupsCommand::List) => {
            let QueryAnswer::Groups(groups) = query(Query::Groups, place)? else { return Err(unexpected()) };
            return emit(&groups, place, |view| show::groups(&groups, view));
        }
        Some(GroupsCommand::Show { name }) => (name, true),
        Some(GroupsCommand::Members { name }) => (name, false),
    };
    let QueryAnswer::Group(page) = query(Query::Group(name.clone()), place)? else { return Err(unexpected()) };
    if whole {
        emit(&page, place, |view| show::group(&page, view))
    } else {
        emit(&page.objects, place, |view| show::objects(&page.objects, view))
    }
}

fn all_badges(limit: Option<usize>, place: &TargetArgs) -> Outcome {
    let limit = limit.unwrap_or(if place.wants_json() { 0 } else { BADGES });
    let QueryAnswer::Badges(badges) = query(Query::Badges { limit }, place)? else { return Err(unexpected()) };
    emit(&badges, place, |view| show::badges(&badges, view))
}

/// A group's badge, or an object's.
fn one_badge(name: &str, place: &TargetArgs) -> Outcome {
    let host = ServiceTarget::new(place)?;
    let group = host.ask(|host| host.query(&Query::Group(name.to_owned())));
    if let Ok(QueryAnswer::Group(page)) = &group {
        return emit(&(&page.line, &page.history), place, |view| show::group_badge(page, view));
    }
    match host.ask(|host| host.query(&Query::Object(name.to_owned()))) {
        Ok(QueryAnswer::Object(page)) => {
            emit(&(&page.line, &page.history), place, |view| show::object_badge(&page, view))
        }
        Ok(_) => Err(unexpected()),
        // Neither: what was said of the group is said of the object too, in its own words.
        Err(object) => Err(match group {
            Err(group) => Failure::Failed(format!("{group}; {object}")),
            Ok(_) => object,
        }),
    }
}

fn why(object: &str, alert: &str, place: &TargetArgs) -> Outcome {
    let asked = Query::Why { object: object.to_owned(), alert: alert.to_owned() };
    let QueryAnswer::Why(resolution) = query(asked, place)? else { return Err(unexpected()) };
    emit(&resolution, place, |_| show::resolution(&resolution))
}

fn audit(filter: &AuditFilter, place: &TargetArgs) -> Outcome {
    let asked = AuditTrailQuery {
        subject: filter.subject.clone(),
        who: filter.who.clone(),
        since_ns: filter.since.unwrap_or(0),
        limit: filter.limit,
        ..AuditTrailQuery::default()
    };
    let rows = ServiceTarget::new(place)?.ask(|host| host.audit(&asked))?;
    emit(&rows, place, |view| show::audit(&rows, view))
}

fn verify(known: Option<AuditMark>, place: &TargetArgs) -> Outcome {
    let report = ServiceTarget::new(place)?.patient().ask(|host| host.verify_audit(known.as_ref()))?;
    emit(&report, place, |_| show::verified(&report))?;
    match report.broken {
        None => Ok(()),
        Some(broken) if broken.number == 0 => Err(Failure::Failed("the audit log cannot be relied on".to_owned())),
        Some(broken) => Err(Failure::Failed(format!("audit entry {} does not fit", broken.number))),
    }
}

fn status(place: &TargetArgs) -> Outcome {
    let status = ServiceTarget::new(place)?.ask(|host| host.status())?;
    emit(&status, place, |view| show::status(&status, view))
}

fn outbox(receiver: Option<String>, dead: bool, place: &TargetArgs) -> Outcome {
    let host = ServiceTarget::new(place)?;
    let asked = OutboxFilter { receiver, configured: host.places().receivers(), dead, ..OutboxFilter::default() };
    let rows = host.ask(|host| host.outbox(&asked))?;
    emit(&rows, place, |view| show::outbox(&rows, dead, view))
}

/// All badges as `lifesigns badge` shows them.
pub(crate) fn drawn_badges(badges: &lifesigns_compliance::query::Badges, colour: Colour) -> String {
    let view = table::View { colour, width: None, now_ns: SystemClock.now_ns() };
    table::paint(&show::badges(badges, &view), colour)
}
