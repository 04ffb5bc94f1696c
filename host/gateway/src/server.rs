//! The server: a small runtime of its own accepts and reads, at the control socket and from the network; answers are
//! made on threads where waiting is allowed.

use std::{
    io,
    net::{SocketAddr, TcpListener},
    sync::Arc,
    thread::JoinHandle,
};

use axum::{Router, middleware::from_fn_with_state};
use hyper_util::server::graceful::GracefulShutdown;
use lifesigns_api::{Authenticate, ChangeFeed, RoleSet, RouteRule, ServiceFactory};
use lifesigns_listen::listen_tcp;
use tokio::{
    runtime::Runtime,
    sync::{Semaphore, oneshot, watch},
    task::JoinSet,
};

use crate::{
    access::{Access, guard},
    answer::RouterState,
    connection::{Connections, accept_local, accept_remote},
    counts::Requests,
    limits::GatewayLimits,
    openapi, routes,
    socket::ApiSocket,
    streams::Streams,
    suite_api::{self, SUITE_API_ROUTES},
    table::ROUTES,
    tls::{CurrentTls, ServerTls},
};

/// Threads that read and write; what waits has threads of its own.
const WORKERS: usize = 2;
/// Probes that are answered at one time.
const PROBES: usize = 4;
/// Threads of the latter kind for routers that are mounted.
const MOUNTED_THREADS: usize = 64;

/// A server that runs. It stops when this value is dropped.
#[derive(Debug)]
pub struct Gateway {
    /// Dropped to stop.
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// Addresses in the network that clients can connect to. They are answered once a gateway serves.
#[derive(Debug)]
pub struct NetworkServer {
    listeners: Vec<TcpListener>,
    tls: Option<ServerTls>,
    anonymous: RoleSet,
    limits: GatewayLimits,
}

/// An address cannot be listened at.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen at {address}: {error}")]
pub struct ListenError {
    address: SocketAddr,
    #[source]
    error: io::Error,
}

impl NetworkServer {
    /// Listens at all of `addresses`; with TLS if there is an identity. Callers without a token have the roles
    /// `anonymous`, which may be none.
    ///
    /// # Errors
    /// See [`ListenError`].
    pub fn bind(
        addresses: &[SocketAddr],
        tls: Option<ServerTls>,
        anonymous: RoleSet,
        limits: GatewayLimits,
    ) -> Result<Self, ListenError> {
        let mut listeners = Vec::new();
        for address in addresses {
            listeners.push(listen_tcp(*address).map_err(|error| ListenError { address: *address, error })?);
        }
        Ok(Self { listeners, tls, anonymous, limits })
    }

    /// Returns the addresses, with the ports that the system chose.
    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.listeners.iter().filter_map(|listener| listener.local_addr().ok()).collect()
    }
}

/// What a gateway serves, and where.
pub struct GatewayBuilder {
    services: ServiceFactory,
    socket: Option<(ApiSocket, GatewayLimits)>,
    network: Option<NetworkServer>,
    authenticate: Option<Authenticate>,
    mounted: Router,
    rules: Vec<RouteRule>,
    requests: Arc<Requests>,
    changes: Option<Arc<dyn ChangeFeed>>,
    has_suite_api: bool,
}

impl Gateway {
    /// Begins a gateway that answers with what `services` makes for each caller.
    pub fn builder(services: ServiceFactory) -> GatewayBuilder {
        GatewayBuilder {
            services,
            socket: None,
            network: None,
            authenticate: None,
            mounted: Router::new(),
            rules: ROUTES.to_vec(),
            requests: Arc::default(),
            changes: None,
            has_suite_api: false,
        }
    }

    /// Takes no further requests, lets answers that are on the way finish, and removes the socket.
    pub fn stop(self) {
        // See `drop`.
    }
}

impl ApiSocket {
    /// Answers at this socket alone; see [`Gateway::builder`].
    ///
    /// # Errors
    ///
    /// If the system gives no thread or no poll.
    pub fn serve(self, services: ServiceFactory, limits: GatewayLimits) -> io::Result<Gateway> {
        Gateway::builder(services).socket(self, limits).serve()
    }
}

impl GatewayBuilder {
    /// Answers at the control socket; every caller there is an admin.
    #[must_use]
    pub fn socket(mut self, socket: ApiSocket, limits: GatewayLimits) -> Self {
        self.socket = Some((socket, limits));
        self
    }

    /// Answers in the network, callers with a token that `authenticate` knows.
    #[must_use]
    pub fn network(mut self, network: NetworkServer, authenticate: Authenticate) -> Self {
        (self.network, self.authenticate) = (Some(network), Some(authenticate));
        self
    }

    /// Serves the changes of `feed` as a stream.
    #[must_use]
    pub fn changes(mut self, feed: Arc<dyn ChangeFeed>) -> Self {
        self.changes = Some(feed);
        self
    }

    /// Serves a subset of VMware's API too, the routes of [`SUITE_API_ROUTES`].
    #[must_use]
    pub fn suite_api(mut self) -> Self {
        self.has_suite_api = true;
        self.rules.extend_from_slice(SUITE_API_ROUTES);
        self
    }

    /// Mounts further routes, such as those that take events, at their own paths beside the API's. `rules` says which
    /// role each of them needs; a route without a rule is refused. Handlers find the extension
    /// [`lifesigns_api::Caller`], and bound their bodies themselves: the gateway bounds heads, connections and idle
    /// time. They wait only in what is asynchronous, or in `spawn_blocking`. The router has no fallback of its own.
    #[must_use]
    pub fn mount(mut self, router: Router, rules: &[RouteRule]) -> Self {
        self.mounted = self.mounted.merge(router);
        self.rules.extend_from_slice(rules);
        self
    }

    /// Answers, on threads of its own.
    ///
    /// # Errors
    /// If the system gives no thread or no poll, or the certificate cannot be used.
    pub fn serve(mut self) -> io::Result<Gateway> {
        let local = self.socket.as_ref().map_or(0, |(_, limits)| limits.requests);
        let remote = self.network.as_ref().map_or(0, |network| network.limits.requests);
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(WORKERS)
            .enable_io()
            .enable_time()
            .thread_name("lifesigns-api")
            .max_blocking_threads(local + remote + 2 * PROBES + MOUNTED_THREADS)
            .build()?;
        let tls = self.network.as_ref().and_then(|network| network.tls.as_ref()).map(ServerTls::current);
        let (stop, stopped) = oneshot::channel();
        let parts = Parts {
            anonymous: self.network.as_ref().map_or(RoleSet::default(), |network| network.anonymous),
            socket: self.socket.take(),
            network: self.network.take(),
            tls,
        };
        let work = move || run(runtime, parts, &self, stopped);
        let thread = std::thread::Builder::new().name("lifesigns-gateway".into()).spawn(work)?;
        Ok(Gateway { stop: Some(stop), thread: Some(thread) })
    }

    /// Returns what the connections of one way in are served with.
    fn router(&self, access: &Arc<Access>, streams: Option<&Arc<Streams>>, limits: &GatewayLimits) -> Router {
        let shared = RouterState {
            services: Arc::clone(&self.services),
            working: Arc::new(Semaphore::new(limits.requests)),
            probing: Arc::new(Semaphore::new(PROBES)),
            requests: Arc::clone(&self.requests),
            described: openapi::document(&self.rules).to_string().into(),
            streams: streams.cloned(),
            uploads: Arc::new(Semaphore::new(1)),
            body_bytes: limits.request_bytes,
            read_deadline: limits.read_deadline,
        };
        let suite_api = self.has_suite_api.then(|| suite_api::routes(Arc::clone(access)));
        let all = routes::api(Arc::new(shared), suite_api, self.mounted.clone());
        all.layer(from_fn_with_state(Arc::clone(access), guard))
    }
}

/// What is served where.
struct Parts {
    anonymous: RoleSet,
    socket: Option<(ApiSocket, GatewayLimits)>,
    network: Option<NetworkServer>,
    tls: Option<CurrentTls>,
}

/// Serves until `stopped` ends, then until the answers on the way are taken or their time is up.
fn run(runtime: Runtime, parts: Parts, builder: &GatewayBuilder, stopped: oneshot::Receiver<()>) {
    let Parts { anonymous, socket, network, tls } = parts;
    let access = Access::new(&builder.rules, builder.authenticate.clone(), anonymous, Arc::clone(&builder.requests));
    let access = Arc::new(access);
    let mut guard = None;
    let (stopping, running) = watch::channel(());
    let streams = builder.changes.clone().map(|feed| Arc::new(Streams::new(feed, running.clone())));
    runtime.block_on(async {
        let graceful = Arc::new(GracefulShutdown::new());
        let (mut accepting, mut grace) = (JoinSet::new(), GatewayLimits::default().stop_deadline);
        if let Some((socket, limits)) = socket {
            grace = limits.stop_deadline;
            guard = Some(socket.guard);
            let connections =
                Connections::new(builder.router(&access, streams.as_ref(), &limits), limits, running.clone());
            match tokio::net::UnixListener::from_std(socket.listener) {
                Ok(listener) => _ = accepting.spawn(accept_local(listener, connections, Arc::clone(&graceful))),
                Err(error) => tracing::error!("the control socket cannot be served: {error}"),
            }
        }
        if let Some(network) = network {
            let router = builder.router(&access, streams.as_ref(), &network.limits);
            let connections = Connections::new(router, network.limits, running.clone());
            let connections = Arc::new(connections);
            listen(&mut accepting, network, tls.as_ref(), &connections, &graceful);
        }
        // It ends without a value: the sender is dropped.
        let _ = stopped.await;
        // Streams, and connections by HTTP/2, end by themselves then.
        drop(stopping);
        accepting.shutdown().await;
        if let Some(graceful) = Arc::into_inner(graceful) {
            let _ = tokio::time::timeout(grace, graceful.shutdown()).await;
        }
    });
    // Connections are closed; requests that are still carried out come to their end first.
    drop(runtime);
    drop(guard);
}

/// Accepts connections at the addresses of the network.
fn listen(
    accepting: &mut JoinSet<()>,
    network: NetworkServer,
    tls: Option<&CurrentTls>,
    connections: &Arc<Connections>,
    graceful: &Arc<GracefulShutdown>,
) {
    for listener in network.listeners {
        match tokio::net::TcpListener::from_std(listener) {
            Ok(listener) => {
                let (connections, graceful) = (Arc::clone(connections), Arc::clone(graceful));
                accepting.spawn(accept_remote(listener, tls.cloned(), connections, graceful));
            }
            Err(error) => tracing::error!("an address of the server cannot be served: {error}"),
        }
    }
    if let Some(tls) = network.tls {
        accepting.spawn(tls.follow());
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        self.stop.take();
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the gateway's thread has failed");
        }
    }
}
