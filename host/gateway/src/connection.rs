//! Connections: admitted up to a limit, each with its deadlines; a slow one delays no other.

use std::{convert::Infallible, io, sync::Arc, time::Duration};

use axum::{Router, body::Body, response::Response};
use hyper::{Request, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::{GracefulShutdown, Watcher},
    service::TowerToHyperService,
};
use lifesigns_api::ApiError;
use tokio::{
    net::{UnixListener, UnixStream},
    sync::{OwnedSemaphorePermit, Semaphore},
};
use tokio_io_timeout::TimeoutStream;

use crate::{answer::Shared, limits::GatewayLimits, peer::SocketPeer, routes};

/// Headers of one request.
const HEADERS: usize = 64;
/// After a failure to accept (too many open files), the time until the next try.
const RETRY: Duration = Duration::from_millis(100);
/// Connections beyond the limit that are answered with an error; further ones are closed.
const REFUSED_CONNECTIONS: usize = 16;
/// The deadline of those.
const REFUSED_DEADLINE: Duration = Duration::from_secs(2);

/// What connections are served with.
pub(crate) struct Connections {
    limits: GatewayLimits,
    api: Router,
    admitted: Arc<Semaphore>,
    busy: Router,
    refused: Arc<Semaphore>,
}

impl Connections {
    pub(crate) fn new(shared: Arc<Shared>, limits: GatewayLimits) -> Self {
        let text = format!("the host serves {} connections already; try again in a moment", limits.connections);
        Self {
            limits,
            api: routes::api(shared),
            admitted: Arc::new(Semaphore::new(limits.connections)),
            busy: routes::refusing(ApiError::Unavailable(text)),
            refused: Arc::new(Semaphore::new(REFUSED_CONNECTIONS)),
        }
    }

    /// Returns what a new connection is served with; `None` if it is to be closed.
    fn admit(&self) -> Option<Admission> {
        if let Ok(permit) = Arc::clone(&self.admitted).try_acquire_owned() {
            let (read, write) = (self.limits.read_deadline, self.limits.write_deadline);
            return Some(Admission { router: self.api.clone(), read, write, keep_alive: true, permit });
        }
        let permit = Arc::clone(&self.refused).try_acquire_owned().ok()?;
        let (read, write) = (REFUSED_DEADLINE, REFUSED_DEADLINE);
        Some(Admission { router: self.busy.clone(), read, write, keep_alive: false, permit })
    }
}

/// How one connection is served.
struct Admission {
    router: Router,
    read: Duration,
    write: Duration,
    keep_alive: bool,
    permit: OwnedSemaphorePermit,
}

/// Accepts connections until the task is aborted.
pub(crate) async fn accept(listener: UnixListener, connections: Connections, graceful: Arc<GracefulShutdown>) {
    loop {
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => continue,
            Err(error) => {
                tracing::warn!("an API connection cannot be accepted: {error}");
                tokio::time::sleep(RETRY).await;
                continue;
            }
        };
        let peer = match SocketPeer::of(&stream) {
            Ok(peer) => peer,
            Err(error) => {
                tracing::debug!("the user of an API connection is not known: {error}");
                continue;
            }
        };
        if let Some(admission) = connections.admit() {
            tokio::spawn(serve(stream, peer, admission, connections.limits.request_bytes, graceful.watcher()));
        }
    }
}

/// Serves one connection until its client closes it, its time is up or the server stops.
async fn serve(stream: UnixStream, peer: SocketPeer, admission: Admission, head_bytes: usize, watcher: Watcher) {
    let Admission { router, read, write, keep_alive, permit } = admission;
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(write));
    let router = TowerToHyperService::new(router);
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(peer.clone());
        answer(router.clone(), request)
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(read)
        .max_headers(HEADERS)
        .max_buf_size(head_bytes.max(8192))
        .keep_alive(keep_alive)
        // A client may send its request, close its side and wait.
        .half_close(true)
        .serve_connection(TokioIo::new(Box::pin(stream)), service);
    if let Err(error) = watcher.watch(connection).await {
        tracing::debug!("an API connection ended: {error}");
    }
    drop(permit);
}

async fn answer(router: TowerToHyperService<Router>, request: Request<Incoming>) -> Result<Response<Body>, Infallible> {
    hyper::service::Service::call(&router, request).await
}
