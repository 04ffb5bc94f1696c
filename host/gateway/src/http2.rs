//! Connections by HTTP/2, which gRPC needs: for its calls alone, each connection with few streams, and closed when
//! nothing was asked for a while.

use std::{convert::Infallible, pin::pin, time::Duration};

use axum::{Router, body::Body, http::StatusCode, response::Response};
use hyper::{Request, body::Incoming, server::conn::http2, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use lifesigns_api::Problem;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::watch,
};

use crate::{access::Origin, answer::problem, grpc};

/// Calls of one connection at one time; a client lets further ones wait.
const STREAMS: u32 = 64;
/// What a client may send of one call, and of all of a connection, before it is read.
const STREAM_WINDOW: u32 = 256 << 10;
const CONNECTION_WINDOW: u32 = 1 << 20;
/// What is made of answers before the client takes it.
const SEND_BYTES: usize = 64 << 10;

/// Serves calls until the client closes the connection, `idle` passes without one, or the server stops.
pub(crate) async fn serve<S>(
    stream: S,
    origin: Origin,
    router: Router,
    head_bytes: usize,
    idle: Duration,
    mut running: watch::Receiver<()>,
) -> hyper::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let calls = watch::Sender::new(0_usize);
    let router = TowerToHyperService::new(router);
    let (counted, mut open) = (calls.clone(), calls.subscribe());
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(origin.clone());
        let (router, call) = (router.clone(), OpenCall::begin(&counted));
        async move {
            let response = answer(router, request).await;
            drop(call);
            response
        }
    });
    let connection = http2::Builder::new(TokioExecutor::new())
        .timer(TokioTimer::new())
        .max_concurrent_streams(STREAMS)
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_header_list_size(u32::try_from(head_bytes).unwrap_or(u32::MAX))
        .max_send_buf_size(SEND_BYTES)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = pin!(connection);
    tokio::select! {
        ended = connection.as_mut() => return ended,
        () = unused(&mut open, idle) => {}
        // It ends without a value: the sender is dropped.
        _ = running.changed() => {}
    }
    connection.as_mut().graceful_shutdown();
    // A client that does not take leave is not waited for.
    tokio::time::timeout(idle, connection).await.unwrap_or(Ok(()))
}

/// Returns once no call was open for as long as `idle`.
async fn unused(open: &mut watch::Receiver<usize>, idle: Duration) {
    loop {
        if open.wait_for(|open| *open == 0).await.is_err() {
            return;
        }
        if tokio::time::timeout(idle, open.changed()).await.is_err() {
            return;
        }
    }
}

/// Counts a call while it lasts.
struct OpenCall(watch::Sender<usize>);

impl OpenCall {
    fn begin(calls: &watch::Sender<usize>) -> Self {
        calls.send_modify(|open| *open += 1);
        Self(calls.clone())
    }
}

impl Drop for OpenCall {
    fn drop(&mut self) {
        self.0.send_modify(|open| *open -= 1);
    }
}

async fn answer(router: TowerToHyperService<Router>, request: Request<Incoming>) -> Result<Response<Body>, Infallible> {
    if !grpc::is_call(request.headers()) {
        let detail = "over HTTP/2 there is gRPC alone; ask by HTTP/1.1".to_owned();
        let status = StatusCode::HTTP_VERSION_NOT_SUPPORTED.as_u16();
        return Ok(problem(&Problem::new(status, "HTTP version not supported", detail)));
    }
    hyper::service::Service::call(&router, request).await
}
