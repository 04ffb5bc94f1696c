//! The server: one thread with a small runtime accepts and reads; answers are made on threads where
//! waiting is allowed.

use std::{io, sync::Arc, thread::JoinHandle};

use hyper_util::server::graceful::GracefulShutdown;
use lifesigns_api::ServiceFactory;
use tokio::{
    net::UnixListener,
    runtime::Runtime,
    sync::{Semaphore, oneshot},
};

use crate::{
    answer::Shared,
    connection::{Connections, accept},
    limits::GatewayLimits,
    socket::{ApiSocket, SocketGuard},
};

/// A server that runs. It stops when this value is dropped.
#[derive(Debug)]
pub struct Gateway {
    /// Dropped to stop.
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl ApiSocket {
    /// Answers on a thread of its own, with what `services` makes for each caller.
    ///
    /// # Errors
    ///
    /// If the system gives no thread or no poll.
    pub fn serve(self, services: ServiceFactory, limits: GatewayLimits) -> io::Result<Gateway> {
        let Self { listener, guard } = self;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_io()
            .enable_time()
            .thread_name("lifesigns-api")
            .max_blocking_threads(limits.connections.max(1))
            .build()?;
        let listener = {
            let _inside = runtime.enter();
            UnixListener::from_std(listener)?
        };
        let (stop, stopped) = oneshot::channel();
        let work = move || run(runtime, listener, guard, services, limits, stopped);
        let thread = std::thread::Builder::new().name("lifesigns-gateway".into()).spawn(work)?;
        Ok(Gateway { stop: Some(stop), thread: Some(thread) })
    }
}

/// Serves until `stopped` ends, then until the answers on the way are taken or their time is up.
fn run(
    runtime: Runtime,
    listener: UnixListener,
    guard: SocketGuard,
    services: ServiceFactory,
    limits: GatewayLimits,
    stopped: oneshot::Receiver<()>,
) {
    let shared = Shared {
        services,
        body_bytes: limits.request_bytes,
        uploads: Arc::new(Semaphore::new(1)),
        read_deadline: limits.read_deadline,
    };
    runtime.block_on(async {
        let graceful = Arc::new(GracefulShutdown::new());
        let connections = Connections::new(Arc::new(shared), limits);
        let accepting = tokio::spawn(accept(listener, connections, Arc::clone(&graceful)));
        // It ends without a value: the sender is dropped.
        let _ = stopped.await;
        accepting.abort();
        let _ = accepting.await;
        if let Some(graceful) = Arc::into_inner(graceful) {
            let _ = tokio::time::timeout(limits.stop_deadline, graceful.shutdown()).await;
        }
    });
    // Connections are closed; requests that are still carried out come to their end first.
    drop(runtime);
    drop(guard);
}

impl Gateway {
    /// Takes no further requests, lets answers that are on the way finish, and removes the socket.
    pub fn stop(self) {
        // See `drop`.
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
