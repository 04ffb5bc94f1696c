//! Connections of a source: admitted up to the limits, read in turns, closed when nothing comes for too long.

use std::{
    cell::RefCell,
    future::{Future, poll_fn},
    io,
    net::IpAddr,
    pin::Pin,
    rc::Rc,
    sync::Arc,
    task::Poll,
    time::Duration,
};

use lifesigns_intake::SyslogLimits;
use lifesigns_listen::TlsIdentity;
use rustix::net::sockopt;
use tokio::{
    io::{AsyncRead, ReadBuf},
    net::{TcpListener, TcpStream, UnixListener},
    sync::{Notify, watch},
    task::{spawn_local, yield_now},
    time::{sleep, timeout},
};
use tokio_rustls::TlsAcceptor;

use crate::{
    admission::{Admission, Admissions},
    batch::LineBatch,
    counters::{Counters, add},
    framing::Framer,
    race::{First, race, stopped},
};

/// What is read of a connection in one turn, before others have theirs.
const TURN_BYTES: usize = 64 << 10;
/// Turns in which a connection hands in what has arrived when the source is stopped.
const LAST_TURNS: usize = 64;
/// How long connections have for that.
const STOP_GRACE: Duration = Duration::from_secs(1);
/// The pause after a connection could not be accepted: too many files are open.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// Longest time in which both sides agree on TLS.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// After this long without data the peer is asked whether it is there.
const KEEPALIVE: Duration = Duration::from_secs(60);

/// Accepts connections.
pub(crate) enum Acceptor {
    Tcp(TcpListener),
    Tls(TcpListener, RefCell<TlsIdentity>),
    Unix(UnixListener),
}

/// The connections of a source.
pub(crate) struct Connections {
    pub(crate) batch: Rc<LineBatch>,
    counters: Arc<Counters>,
    limits: SyslogLimits,
    admissions: Rc<Admissions>,
    stopped: watch::Receiver<bool>,
    /// What is read goes here first: one turn at a time.
    scratch: RefCell<Box<[u8]>>,
    ended: Notify,
}

impl Connections {
    pub(crate) fn new(
        batch: Rc<LineBatch>,
        counters: Arc<Counters>,
        limits: SyslogLimits,
        stopped: watch::Receiver<bool>,
    ) -> Rc<Self> {
        let admissions = Admissions::new(limits.connections, limits.connections_per_peer, Arc::clone(&counters));
        let scratch = RefCell::new(vec![0; TURN_BYTES].into());
        Rc::new(Self { batch, counters, limits, admissions, stopped, scratch, ended: Notify::new() })
    }

    /// Serves connections until the source is stopped.
    pub(crate) async fn serve(self: Rc<Self>, acceptor: Acceptor) {
        let mut stop = self.stopped.clone();
        race(Rc::clone(&self).accept_all(&acceptor), stopped(&mut stop)).await;
        drop(acceptor);
        let all_ended = async {
            while self.admissions.are_open() {
                self.ended.notified().await;
            }
        };
        // Those that have not ended by then are closed.
        let _ = timeout(STOP_GRACE, all_ended).await;
    }

    async fn accept_all(self: Rc<Self>, acceptor: &Acceptor) {
        loop {
            let accepted = match acceptor {
                Acceptor::Tcp(listener) => self.accept_tcp(listener).await,
                Acceptor::Tls(listener, identity) => self.accept_tls(listener, identity).await,
                Acceptor::Unix(listener) => self.accept_unix(listener).await,
            };
            if let Err(error) = accepted
                && error.kind() != io::ErrorKind::ConnectionAborted
            {
                self.counters.note(format!("a connection cannot be accepted: {error}"));
                sleep(ACCEPT_PAUSE).await;
            }
        }
    }

    async fn accept_tcp(self: &Rc<Self>, listener: &TcpListener) -> io::Result<()> {
        let (stream, peer) = listener.accept().await?;
        let peer = peer.ip().to_canonical();
        if let Some(admission) = self.admit(Some(peer)) {
            keep_alive(&stream);
            self.spawn(Rc::clone(self).read(stream, peer.to_string()), admission);
        }
        Ok(())
    }

    async fn accept_tls(self: &Rc<Self>, listener: &TcpListener, identity: &RefCell<TlsIdentity>) -> io::Result<()> {
        let (stream, peer) = listener.accept().await?;
        let peer = peer.ip().to_canonical();
        let Some(admission) = self.admit(Some(peer)) else { return Ok(()) };
        keep_alive(&stream);
        match identity.borrow_mut().refresh() {
            Ok(false) => {}
            Ok(true) => tracing::info!("the certificate of a listener has changed, and new connections are given it"),
            Err(why) => {
                tracing::warn!("the certificate of a listener has changed and cannot be used; the last one is: {why}");
                self.counters.note(format!("the certificate has changed and cannot be used: {why}"));
            }
        }
        let acceptor = TlsAcceptor::from(identity.borrow().config());
        let this = Rc::clone(self);
        self.spawn(async move { this.read_tls(acceptor, stream, peer.to_string()).await }, admission);
        Ok(())
    }

    /// Reads a connection by TLS, once the two have agreed on it.
    async fn read_tls(self: Rc<Self>, acceptor: TlsAcceptor, stream: TcpStream, peer: String) {
        let why = match timeout(HANDSHAKE, acceptor.accept(stream)).await {
            Ok(Ok(stream)) => return self.read(stream, peer).await,
            Ok(Err(error)) => error.to_string(),
            Err(_) => format!("it took longer than {} s", HANDSHAKE.as_secs()),
        };
        add(&self.counters.refused, 1);
        self.counters.note(format!("TLS with {peer} failed: {why}"));
    }

    async fn accept_unix(self: &Rc<Self>, listener: &UnixListener) -> io::Result<()> {
        let (stream, _) = listener.accept().await?;
        if let Some(admission) = self.admit(None) {
            self.spawn(Rc::clone(self).read(stream, String::new()), admission);
        }
        Ok(())
    }

    fn admit(&self, peer: Option<IpAddr>) -> Option<Admission> {
        let admission = self.admissions.admit(peer);
        if admission.is_none() {
            add(&self.counters.refused, 1);
            let peer = peer.map(|peer| format!(" of {peer}")).unwrap_or_default();
            self.counters.note(format!("a connection{peer} was refused: too many are open"));
        }
        admission
    }

    fn spawn(self: &Rc<Self>, work: impl Future<Output = ()> + 'static, admission: Admission) {
        let this = Rc::clone(self);
        spawn_local(async move {
            work.await;
            drop(admission);
            this.ended.notify_one();
        });
    }

    /// Reads a connection to its end. Its lines are about `object` if they name none.
    async fn read<S: AsyncRead + Unpin>(self: Rc<Self>, mut stream: S, object: String) {
        let (mut framer, mut stop) = (Framer::new(self.limits.line_bytes), self.stopped.clone());
        let idle = Duration::from_millis(self.limits.idle_ms);
        loop {
            let turn = race(self.turn(&mut stream, &mut framer, &object), stopped(&mut stop));
            match timeout(idle, turn).await {
                Ok(First::One(Ok(bytes))) if bytes > 0 => yield_now().await,
                Ok(First::One(_)) => break,
                Ok(First::Other(())) => {
                    self.last_turns(&mut stream, &mut framer, &object).await;
                    break;
                }
                Err(_) => {
                    let peer = if object.is_empty() { "a peer" } else { &object };
                    self.counters.note(format!("a connection of {peer} was closed: nothing came for too long"));
                    break;
                }
            }
        }
        framer.end(|line| self.batch.push(&object, line));
    }

    /// Hands in what has arrived, without waiting for more.
    async fn last_turns<S: AsyncRead + Unpin>(&self, stream: &mut S, framer: &mut Framer, object: &str) {
        for _ in 0..LAST_TURNS {
            // What has arrived is known after a poll.
            yield_now().await;
            let mut turn = std::pin::pin!(self.turn(stream, framer, object));
            let now = poll_fn(|context| Poll::Ready(turn.as_mut().poll(context))).await;
            if !matches!(now, Poll::Ready(Ok(bytes)) if bytes > 0) {
                return;
            }
        }
    }

    /// Reads once, and returns the number of bytes; 0 at the end.
    async fn turn<S: AsyncRead + Unpin>(&self, stream: &mut S, framer: &mut Framer, object: &str) -> io::Result<usize> {
        poll_fn(|context| {
            let mut scratch = self.scratch.borrow_mut();
            let mut buffer = ReadBuf::new(&mut scratch);
            match Pin::new(&mut *stream).poll_read(context, &mut buffer) {
                Poll::Pending => Poll::Pending,
                Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
                Poll::Ready(Ok(())) => {
                    let bytes = buffer.filled();
                    add(&self.counters.bytes, bytes.len() as u64);
                    framer.feed(bytes, |line| self.batch.push(object, line));
                    Poll::Ready(Ok(bytes.len()))
                }
            }
        })
        .await
    }
}

/// Lets the system find out that a peer is gone: without that, its connection would stay until it was idle for too long.
fn keep_alive(stream: &TcpStream) {
    let _ = sockopt::set_socket_keepalive(stream, true);
    let _ = sockopt::set_tcp_keepidle(stream, KEEPALIVE);
}
