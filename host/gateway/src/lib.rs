//! The API of a host as HTTP/1.1 with JSON over a Unix socket and the network, and HTTP/2 for gRPC: the server with its
//! bounds and its access control, and a blocking client. Paths and bodies are described in `docs/api.md`.

mod access;
mod answer;
mod body;
mod client;
mod connection;
mod counts;
mod credentials;
mod etag;
mod events;
mod exposition;
mod failures;
mod grpc;
mod http2;
mod limits;
mod metrics;
mod openapi;
mod paths;
mod peer;
mod preface;
mod probes;
mod remote;
mod report_route;
mod requests;
mod routes;
mod rule_routes;
mod schemas;
mod server;
mod socket;
mod stream;
mod streams;
mod table;
mod tls;

pub use client::{ConnectError, HostClient};
pub use lifesigns_listen::TlsError;
pub use limits::GatewayLimits;
pub use peer::{NAME_CHARS, SocketPeer, user_name};
pub use remote::{RemoteError, RemoteHost};
pub use server::{Gateway, GatewayBuilder, ListenError, NetworkServer};
pub use socket::{ApiSocket, SocketError};
pub use table::ROUTES;
pub use tls::ServerTls;
