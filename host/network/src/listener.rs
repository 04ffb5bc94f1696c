//! One source that listens, on its thread: until it is stopped, or nothing is taken any more.

use std::{cell::RefCell, io, rc::Rc, sync::Arc, thread, time::Duration};

use lifesigns_intake::SyslogSettings;
use lifesigns_model::{WakeSignal, Wakeup};
use lifesigns_sources::{SourceError, SourceFeed};
use tokio::{
    net::{TcpListener, UdpSocket, UnixDatagram, UnixListener},
    runtime::{Builder, Runtime},
    sync::watch,
    task::{LocalSet, spawn_local},
};

use crate::{
    batch::LineBatch,
    bind::ListeningSocket,
    connection::{Acceptor, Connections},
    counters::Counters,
    datagrams::Datagrams,
};

/// A stop ends this wait.
const LONG: Duration = Duration::from_secs(3600);

/// What a source listens with.
pub(crate) struct Listener<'a> {
    pub(crate) settings: &'a SyslogSettings,
    /// Lines without `<PRI>` are malformed.
    pub(crate) has_priorities: bool,
    pub(crate) feed: &'a SourceFeed,
    pub(crate) counters: Arc<Counters>,
}

impl Listener<'_> {
    /// Reads until the source is stopped or the sink is closed.
    pub(crate) fn run(self, socket: ListeningSocket) -> Result<(), SourceError> {
        let failed = |cause| SourceError::Read { source_name: self.feed.name().to_owned(), cause };
        let (runtime, stop, stopped) = runtime_of(self.feed).map_err(failed)?;
        LocalSet::new().block_on(&runtime, self.serve(socket, stop, stopped)).map_err(failed)
    }

    async fn serve(
        &self,
        socket: ListeningSocket,
        stop: watch::Sender<bool>,
        stopped: watch::Receiver<bool>,
    ) -> io::Result<()> {
        let (counters, limits) = (Arc::clone(&self.counters), self.settings.limits);
        let batch = LineBatch::new(self.feed.clone(), Arc::clone(&counters), self.has_priorities, stop);
        let flushing = spawn_local(Rc::clone(&batch).flush_when_idle());
        let (of_datagrams, of_connections) = (Rc::clone(&batch), Rc::clone(&batch));
        let datagrams =
            Datagrams { batch: of_datagrams, counters: Arc::clone(&counters), line_bytes: limits.line_bytes };
        let connections = Connections::new(of_connections, counters, limits, stopped.clone());
        match socket {
            ListeningSocket::Udp(socket) => datagrams.read_udp(UdpSocket::from_std(socket)?, stopped).await,
            ListeningSocket::UnixDatagram(socket, _file) => {
                datagrams.read_unix(UnixDatagram::from_std(socket)?, stopped).await;
            }
            ListeningSocket::Tcp(listener) => {
                connections.serve(Acceptor::Tcp(TcpListener::from_std(listener)?)).await;
            }
            ListeningSocket::Tls(listener, identity) => {
                let listener = TcpListener::from_std(listener)?;
                connections.serve(Acceptor::Tls(listener, RefCell::new(identity))).await;
            }
            ListeningSocket::Unix(listener, _file) => {
                connections.serve(Acceptor::Unix(UnixListener::from_std(listener)?)).await;
            }
        }
        flushing.abort();
        batch.flush();
        Ok(())
    }
}

/// Returns a runtime for the thread of a source, and the stop of what runs on it, which follows that of the source.
pub(crate) fn runtime_of(feed: &SourceFeed) -> io::Result<(Runtime, watch::Sender<bool>, watch::Receiver<bool>)> {
    let runtime = Builder::new_current_thread().enable_io().enable_time().build()?;
    let (stop, stopped) = watch::channel(false);
    forward_stop(feed.stop().clone(), stop.clone())?;
    Ok((runtime, stop, stopped))
}

/// Passes the stop of a source on to its runtime.
fn forward_stop(stop: WakeSignal, stopped: watch::Sender<bool>) -> io::Result<()> {
    let forward = move || {
        while stop.wait(LONG) != Wakeup::Stopped {}
        stopped.send_replace(true);
    };
    thread::Builder::new().name("lifesigns-stop".into()).spawn(forward).map(drop)
}
