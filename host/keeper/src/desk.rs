//! Answers what is asked over the control socket.

use std::time::Duration;

use crossbeam_channel::{RecvTimeoutError, Sender, bounded};
use lifesigns_compliance::{Act, Command};
use lifesigns_control::{Peer, Reply, Request, Response};
use lifesigns_store::Reader;

use crate::{Shared, clock::now_ns, order::Order, rows, status};

/// An order is done after the next commit; the store has this long.
const DEADLINE: Duration = Duration::from_secs(30);

/// What asks the keeper and waits for its answer.
#[derive(Clone)]
pub(crate) struct Orders(pub(crate) Sender<Order>);

impl Orders {
    /// Hands an order in and waits until it is committed.
    pub(crate) fn ask<T>(&self, order: impl FnOnce(Sender<T>) -> Order) -> Result<T, String> {
        let (to, answer) = bounded(1);
        self.0.send(order(to)).map_err(|_| "the host is stopping".to_owned())?;
        answer.recv_timeout(DEADLINE).map_err(|error| match error {
            RecvTimeoutError::Disconnected => "the host is stopping".to_owned(),
            RecvTimeoutError::Timeout => {
                format!("not done within {} s; it may still be, see `lifesigns status`", DEADLINE.as_secs())
            }
        })
    }
}

/// Answers one request.
pub(crate) fn answer(shared: &Shared, orders: &Orders, request: Request, peer: &Peer) -> Response {
    let outcome = match request {
        Request::Status => Ok(Reply::Status(Box::new(status::status(shared)))),
        Request::Query(query) => {
            let answer = shared.book().answer(&query);
            answer.map(|answer| Reply::Answer(Box::new(answer))).map_err(|refused| refused.to_string())
        }
        Request::Command(act) => command(orders, act, peer),
        Request::Rows(asked) => reader(shared).and_then(|reader| rows::rows(&reader, &asked)),
        Request::Resend { ids, receiver } => {
            let outcome = orders.ask(|to| Order::Resend(ids, receiver, to));
            outcome.and_then(|outcome| outcome).map(|count| Reply::Done(format!("{count} notices are sent again")))
        }
        Request::Backup { path } => reader(shared)
            .and_then(|reader| reader.backup(&path, |_| ()).map_err(|error| error.to_string()))
            .map(|()| Reply::Done(format!("backed up to {}", path.display()))),
    };
    outcome.map_or_else(Response::Refused, Response::Ok)
}

fn reader(shared: &Shared) -> Result<Reader, String> {
    Reader::open(&shared.store).map_err(|error| error.to_string())
}

fn command(orders: &Orders, act: Act, peer: &Peer) -> Result<Reply, String> {
    let done = match &act {
        Act::Acknowledge { alert, .. } => format!("alert {alert} is acknowledged"),
        Act::Note { alert, .. } => format!("alert {alert} has the note"),
        Act::Cancel { alert, .. } => format!("alert {alert} is cancelled"),
        Act::Silence { .. } => "the silence is in force".to_owned(),
        Act::Expire { silence } => format!("silence {silence} has ended"),
    };
    let command = Command { who: peer.who.clone(), time_ns: now_ns(), act };
    orders.ask(|to| Order::Command(command, to))??;
    Ok(Reply::Done(done))
}
