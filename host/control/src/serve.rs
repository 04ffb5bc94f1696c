//! Answering: a thread a connection, so that one slow client delays nobody else.

use std::{
    io,
    os::unix::net::UnixStream,
    panic::{AssertUnwindSafe, catch_unwind},
    thread,
    time::Duration,
};

use rustix::event::{PollFd, PollFlags, poll};

use crate::{
    bind::{Server, Stopper},
    connections::{Connections, Place},
    peer::Peer,
    request::{Asked, Request, Response},
    wire::{self, Line, Lines},
};

/// Connections at one time; more are told so and closed.
pub const CONNECTIONS: usize = 32;
/// A request has to be whole within this long after the connection or the last answer.
pub const REQUEST_DEADLINE_MS: u64 = 30_000;
/// A client that takes nothing for this long is gone.
pub const WRITE_DEADLINE_MS: u64 = 30_000;
/// After the stop, an answer that is on the way has this long to be taken.
const GRACE_MS: u64 = 5_000;
/// After a failure to accept (too many open files), this long until the next try.
const RETRY_MS: u64 = 100;

impl Server {
    /// Answers until it is stopped (see [`Server::stopper`]), then until the answers that are on
    /// the way are finished. Requests of one connection are answered one after another, those of
    /// several at the same time.
    ///
    /// A `handler` that panics costs its connection a refusal and nothing more.
    ///
    /// # Errors
    ///
    /// If the system no longer lets it wait for connections.
    pub fn serve(&self, handler: impl Fn(Request, &Peer) -> Response + Send + Sync) -> io::Result<()> {
        let stopper = self.stopper();
        let connections = Connections::default();
        thread::scope(|scope| {
            let ended = loop {
                if let Err(error) = self.wait() {
                    break Err(error);
                }
                if stopper.is_stopped() {
                    break Ok(());
                }
                let stream = match self.listener.accept() {
                    Ok((stream, _)) => stream,
                    Err(error) if is_nothing(&error) => continue,
                    Err(error) => {
                        tracing::warn!("a control connection cannot be accepted: {error}");
                        thread::sleep(Duration::from_millis(RETRY_MS));
                        continue;
                    }
                };
                let Some((stream, place)) = admit(stream, &connections) else { continue };
                let (handler, stopper) = (&handler, stopper.clone());
                let spawned = thread::Builder::new().name("control".into()).spawn_scoped(scope, move || {
                    let _place = place;
                    if let Err(error) = converse(&stream, handler, &stopper) {
                        tracing::debug!("a control connection ended: {error}");
                    }
                });
                if let Err(error) = spawned {
                    tracing::warn!("a control connection gets no thread: {error}");
                }
            };
            connections.close(Duration::from_millis(GRACE_MS));
            ended
        })
    }

    /// Waits for a client, or for the end.
    fn wait(&self) -> io::Result<()> {
        let mut both = [PollFd::new(&self.listener, PollFlags::IN), PollFd::new(&self.wake, PollFlags::IN)];
        match poll(&mut both, None) {
            Ok(_) | Err(rustix::io::Errno::INTR) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

fn is_nothing(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted | io::ErrorKind::ConnectionAborted)
}

/// Makes room for a connection, or says why there is none.
fn admit(stream: UnixStream, connections: &Connections) -> Option<(UnixStream, Place<'_>)> {
    let prepared = stream
        .set_nonblocking(false)
        .and_then(|()| stream.set_write_timeout(Some(Duration::from_millis(WRITE_DEADLINE_MS))));
    let place = match prepared.and_then(|()| connections.enter(&stream, CONNECTIONS)) {
        Ok(place) => place,
        Err(error) => {
            tracing::warn!("a control connection cannot be prepared: {error}");
            return None;
        }
    };
    let Some(place) = place else {
        let busy = format!("the host serves {CONNECTIONS} connections already; try again in a moment");
        // It fits into any socket's buffer, so a client that does not read holds nothing up.
        let _ = wire::write(&stream, &Response::Refused(busy));
        return None;
    };
    Some((stream, place))
}

/// Answers one client until it is gone.
fn converse(
    stream: &UnixStream,
    handler: &(impl Fn(Request, &Peer) -> Response + Sync),
    stopper: &Stopper,
) -> io::Result<()> {
    let peer = Peer::of(stream)?;
    let mut lines = Lines::new(stream);
    while !stopper.is_stopped() {
        let refuse = |why: String| wire::write(stream, &Response::Refused(why));
        let line = match lines.next(Duration::from_millis(REQUEST_DEADLINE_MS))? {
            Line::Whole(line) => line,
            Line::End => return Ok(()),
            // Where the next request begins is not known, so these end it.
            Line::TooLong => return refuse(format!("a request has at most {} bytes", wire::REQUEST_BYTES)),
            Line::TooLate => return refuse(format!("no whole request within {REQUEST_DEADLINE_MS} ms")),
        };
        match understand(&line, &peer) {
            Ok((request, peer)) => wire::write(stream, &answer(handler, request, &peer))?,
            Err(why) => refuse(why)?,
        }
    }
    Ok(())
}

/// What is asked for, and by whom.
fn understand(line: &[u8], peer: &Peer) -> Result<(Request, Peer), String> {
    let asked: Asked = serde_json::from_slice(line).map_err(|error| {
        let version = env!("CARGO_PKG_VERSION");
        format!(
            "this host (lifesigns {version}) does not understand the request; is the client of another version? {error}"
        )
    })?;
    let peer = match asked.name {
        Some(name) => peer.clone().acting_as(&name)?,
        None => peer.clone(),
    };
    Ok((asked.ask, peer))
}

fn answer(handler: &impl Fn(Request, &Peer) -> Response, request: Request, peer: &Peer) -> Response {
    catch_unwind(AssertUnwindSafe(|| handler(request, peer))).unwrap_or_else(|_| {
        tracing::error!("answering a control request panicked");
        Response::Refused("the host failed to answer that; its log says more".to_owned())
    })
}
