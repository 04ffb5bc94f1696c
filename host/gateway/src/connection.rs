//! Connections: admitted up to a limit, each with its deadlines; a slow one delays no other.

use std::{collections::HashMap, convert::Infallible, io, net::IpAddr, sync::Arc, time::Duration};

use axum::{Router, body::Body, response::Response};
use hyper::{Request, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::{GracefulShutdown, Watcher},
    service::TowerToHyperService,
};
use lifesigns_api::ApiError;
use lifesigns_listen::peer_network;
use parking_lot::Mutex;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, UnixListener},
    sync::{OwnedSemaphorePermit, Semaphore, watch},
};
use tokio_io_timeout::TimeoutStream;
use tokio_rustls::TlsAcceptor;

use crate::{
    access::Origin, http2, limits::GatewayLimits, peer::SocketPeer, preface::Prefaced, routes, tls::CurrentTls,
};

/// Headers of one request.
const HEADERS: usize = 64;
/// After a failure to accept (too many open files), the time until the next try.
const RETRY: Duration = Duration::from_millis(100);
/// Connections beyond the limit that are answered with an error; further ones are closed.
const REFUSED_CONNECTIONS: usize = 16;
/// The deadline of those.
const REFUSED_DEADLINE: Duration = Duration::from_secs(2);

/// What connections of one way in are served with.
pub(crate) struct Connections {
    limits: GatewayLimits,
    api: Router,
    /// Ends without a value when the server stops.
    running: watch::Receiver<()>,
    admitted: Arc<Semaphore>,
    busy: Router,
    refused: Arc<Semaphore>,
    addresses: Arc<AddressCounts>,
}

impl Connections {
    pub(crate) fn new(api: Router, limits: GatewayLimits, running: watch::Receiver<()>) -> Self {
        let text = format!("the host serves {} connections already; try again in a moment", limits.connections);
        Self {
            limits,
            api,
            running,
            admitted: Arc::new(Semaphore::new(limits.connections)),
            busy: routes::refusing(ApiError::Unavailable(text)),
            refused: Arc::new(Semaphore::new(REFUSED_CONNECTIONS)),
            addresses: Arc::default(),
        }
    }

    /// Returns what a new connection is served with; `None` if it is to be closed.
    fn admit(&self, origin: Origin) -> Option<Admission> {
        let address = match origin {
            Origin::Socket(_) => None,
            Origin::Network(address) => Some(self.addresses.take(address, self.limits.connections_per_address)?),
        };
        let head_bytes = self.limits.request_bytes;
        if let Ok(permit) = Arc::clone(&self.admitted).try_acquire_owned() {
            let (read, write) = (self.limits.read_deadline, self.limits.write_deadline);
            let (router, running) = (self.api.clone(), Some(self.running.clone()));
            return Some(Admission { origin, router, read, write, running, head_bytes, permit, address });
        }
        let permit = Arc::clone(&self.refused).try_acquire_owned().ok()?;
        let (read, write) = (REFUSED_DEADLINE, REFUSED_DEADLINE);
        let router = self.busy.clone();
        Some(Admission { origin, router, read, write, running: None, head_bytes, permit, address })
    }
}

/// How one connection is served.
struct Admission {
    origin: Origin,
    router: Router,
    read: Duration,
    write: Duration,
    /// Ends when the server stops; `None` for a connection that is one too many and gets one answer.
    running: Option<watch::Receiver<()>>,
    head_bytes: usize,
    permit: OwnedSemaphorePermit,
    address: Option<AddressPermit>,
}

/// The number of connections from each peer that has any.
#[derive(Debug, Default)]
struct AddressCounts(Mutex<HashMap<IpAddr, usize>>);

impl AddressCounts {
    fn take(self: &Arc<Self>, address: IpAddr, most: usize) -> Option<AddressPermit> {
        let address = peer_network(address);
        let mut counts = self.0.lock();
        let count = counts.entry(address).or_default();
        if *count >= most {
            return None;
        }
        *count += 1;
        Some(AddressPermit { counts: Arc::clone(self), address })
    }
}

/// One connection of an address.
struct AddressPermit {
    counts: Arc<AddressCounts>,
    address: IpAddr,
}

impl Drop for AddressPermit {
    fn drop(&mut self) {
        let mut counts = self.counts.0.lock();
        let Some(count) = counts.get_mut(&self.address) else { return };
        *count -= 1;
        if *count == 0 {
            counts.remove(&self.address);
        }
    }
}

/// Accepts connections at the control socket until the task is aborted.
pub(crate) async fn accept_local(listener: UnixListener, connections: Connections, graceful: Arc<GracefulShutdown>) {
    loop {
        let Some((stream, _)) = accepted(listener.accept().await).await else { continue };
        let peer = match SocketPeer::of(&stream) {
            Ok(peer) => peer,
            Err(error) => {
                tracing::debug!("the user of an API connection is not known: {error}");
                continue;
            }
        };
        if let Some(admission) = connections.admit(Origin::Socket(peer)) {
            tokio::spawn(serve(stream, admission, graceful.watcher()));
        }
    }
}

/// Accepts connections from the network until the task is aborted, with TLS if there is a certificate.
pub(crate) async fn accept_remote(
    listener: TcpListener,
    tls: Option<CurrentTls>,
    connections: Arc<Connections>,
    graceful: Arc<GracefulShutdown>,
) {
    loop {
        let Some((stream, address)) = accepted(listener.accept().await).await else { continue };
        let Some(admission) = connections.admit(Origin::Network(address.ip().to_canonical())) else {
            tracing::debug!(%address, "too many connections from this address");
            continue;
        };
        // Answers are small and awaited.
        let _ = stream.set_nodelay(true);
        let watcher = graceful.watcher();
        match tls.as_ref().map(CurrentTls::acceptor) {
            None => _ = tokio::spawn(serve(stream, admission, watcher)),
            Some(tls) => _ = tokio::spawn(serve_tls(stream, tls, admission, watcher)),
        }
    }
}

async fn accepted<T>(accepted: io::Result<T>) -> Option<T> {
    match accepted {
        Ok(accepted) => Some(accepted),
        Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => None,
        Err(error) => {
            tracing::warn!("an API connection cannot be accepted: {error}");
            tokio::time::sleep(RETRY).await;
            None
        }
    }
}

/// Shakes hands within the deadline of a head, then serves.
async fn serve_tls(stream: tokio::net::TcpStream, tls: TlsAcceptor, admission: Admission, watcher: Watcher) {
    match tokio::time::timeout(admission.read, tls.accept(stream)).await {
        Ok(Ok(stream)) => serve(stream, admission, watcher).await,
        Ok(Err(error)) => tracing::debug!("a TLS handshake failed: {error}"),
        Err(_) => tracing::debug!("a TLS handshake was not over in time"),
    }
}

/// Serves one connection until its client closes it, its time is up or the server stops.
async fn serve<S>(stream: S, admission: Admission, watcher: Watcher)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let Admission { origin, router, read, write, running, head_bytes, permit, address } = admission;
    let Ok(Ok(stream)) = tokio::time::timeout(read, Prefaced::read(stream)).await else { return };
    let is_http2 = stream.is_http2();
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(write));
    let stream = Box::pin(stream);
    if is_http2 {
        // One that is one too many is closed: its client tries again later.
        let Some(running) = running else { return };
        let served = http2::serve(stream, origin, router, head_bytes, read, running).await;
        note(served);
        drop((watcher, permit, address));
        return;
    }
    let router = TowerToHyperService::new(router);
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(origin.clone());
        answer(router.clone(), request)
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(read)
        .max_headers(HEADERS)
        .max_buf_size(head_bytes.max(8192))
        .keep_alive(running.is_some())
        // A client may send its request, close its side and wait.
        .half_close(true)
        .serve_connection(TokioIo::new(stream), service);
    note(watcher.watch(connection).await);
    drop((permit, address));
}

fn note(served: hyper::Result<()>) {
    if let Err(error) = served {
        tracing::debug!("an API connection ended: {error}");
    }
}

async fn answer(router: TowerToHyperService<Router>, request: Request<Incoming>) -> Result<Response<Body>, Infallible> {
    hyper::service::Service::call(&router, request).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_of_an_address_are_counted_while_they_last() {
        let (counts, address) = (Arc::<AddressCounts>::default(), IpAddr::from([192, 0, 2, 7]));
        let first = counts.take(address, 2).expect("there is room");
        let second = counts.take(address, 2).expect("there is room");
        assert!(counts.take(address, 2).is_none());
        assert!(counts.take(IpAddr::from([192, 0, 2, 8]), 2).is_some());
        drop(first);
        assert!(counts.take(address, 2).is_some());
        drop(second);
        assert!(counts.0.lock().is_empty());
    }
}
