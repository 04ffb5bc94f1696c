//! Handles the requests of the control socket.

use lifesigns_compliance::{
    Command, CommandAction,
    query::{Query, QueryAnswer},
};
use lifesigns_control::{Peer, Reply, Request, Response, Rows};
use lifesigns_record::RecordReader;

use crate::{
    request::{RecorderRequest, RequestSender},
    rows,
    shared::Shared,
    status,
};

/// Answers one request.
pub(crate) fn answer(shared: &Shared, requests: &RequestSender, request: Request, peer: &Peer) -> Response {
    let outcome = match request {
        Request::Status => Ok(Reply::Status(Box::new(status::status(shared)))),
        Request::Query(query) => {
            let answer = shared.book().answer(&query);
            answer.map(|answer| Reply::Answer(Box::new(answer))).map_err(|refused| refused.to_string())
        }
        Request::Command(act) => command(shared, requests, act, peer),
        Request::Rows(Rows::Outbox(mut filter)) => {
            let status = shared.receivers.lock();
            filter.configured.extend(status.iter().map(|receiver| receiver.name.clone()));
            drop(status);
            reader(shared).and_then(|reader| rows::rows(&*reader, &Rows::Outbox(filter)))
        }
        Request::Rows(asked) => reader(shared).and_then(|reader| rows::rows(&*reader, &asked)),
        Request::Resend { ids, receiver } => {
            let outcome = requests.ask(|to| RecorderRequest::Resend(ids, receiver, to));
            outcome.and_then(|outcome| outcome).map(|count| {
                let are = if count == 1 { "1 notice is".to_owned() } else { format!("{count} notices are") };
                Reply::Done(format!("{are} sent again"))
            })
        }
        Request::DropDead { ids, receiver } => {
            let outcome = requests.ask(|to| RecorderRequest::Drop(ids, receiver, peer.who.clone(), to));
            outcome.and_then(|outcome| outcome).map(|count| Reply::Done(format!("{} dropped", letters(count))))
        }
        Request::Backup { path } => reader(shared)
            .and_then(|reader| reader.backup(&path).map_err(|error| error.to_string()))
            .map(|()| Reply::Done(format!("backed up to {}", path.display()))),
    };
    outcome.map_or_else(Response::Refused, Response::Ok)
}

fn letters(count: usize) -> String {
    if count == 1 { "1 dead letter is".to_owned() } else { format!("{count} dead letters are") }
}

fn reader(shared: &Shared) -> Result<Box<dyn RecordReader>, String> {
    shared.record.open().map_err(|error| error.to_string())
}

fn command(shared: &Shared, requests: &RequestSender, act: CommandAction, peer: &Peer) -> Result<Reply, String> {
    let command = Command { who: peer.who.clone(), time_ns: shared.clock.now_ns(), act: act.clone() };
    requests.ask(|to| RecorderRequest::Command(command, to))??;
    let done = match &act {
        CommandAction::Acknowledge { alerts, .. } => each(alerts, "acknowledged"),
        CommandAction::Unacknowledge { alerts } => each(alerts, "no longer acknowledged"),
        CommandAction::Note { alert, .. } => format!("alert {alert} has the note"),
        CommandAction::Cancel { alerts, .. } => each(alerts, "cancelled"),
        CommandAction::ClearSymptom { object, symptom, .. } => format!("symptom {symptom} of {object} is cleared"),
        CommandAction::Forget { object, .. } => format!("object {object} is forgotten"),
        CommandAction::Silence { .. } | CommandAction::Edit { .. } => return silence(shared, &act, &peer.who),
        CommandAction::Expire { silence } => format!("silence {silence} has ended"),
    };
    Ok(Reply::Done(done))
}

/// `alert 34340b68 is cancelled`, `3 alerts are cancelled`.
fn each(alerts: &[String], what: &str) -> String {
    match alerts {
        [one] => format!("alert {one} is {what}"),
        all => format!("{} alerts are {what}", all.len()),
    }
}

/// Returns the silence that was just made or changed.
fn silence(shared: &Shared, act: &CommandAction, who: &str) -> Result<Reply, String> {
    let book = shared.book();
    let id = match act {
        CommandAction::Edit { silence, .. } => Some(silence.clone()),
        CommandAction::Silence { until_ns, why, .. } => {
            let Ok(QueryAnswer::Silences(all)) = book.answer(&Query::Silences) else { return Ok(gone()) };
            let mine = all.into_iter().filter(|one| one.who == who && one.why == *why && one.until_ns == *until_ns);
            mine.max_by_key(|one| one.from_ns).map(|one| one.id)
        }
        _ => None,
    };
    match id.map(|id| book.answer(&Query::Silence(id))) {
        Some(Ok(QueryAnswer::Silence(page))) => Ok(Reply::Silence(page)),
        _ => Ok(gone()),
    }
}

/// The reply if the silence has ended already.
fn gone() -> Reply {
    Reply::Done("done; the silence has ended since".to_owned())
}
