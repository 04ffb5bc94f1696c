//! The API of a host as HTTP/1.1 with JSON over a Unix socket: the server with its bounds, and a
//! blocking client. Paths and bodies are described in `docs/api.md`.

mod address;
mod answer;
mod body;
mod client;
mod connection;
mod limits;
mod paths;
mod peer;
mod requests;
mod routes;
mod rule_routes;
mod server;
mod socket;
mod stream;

pub use client::{ConnectError, HostClient};
pub use limits::GatewayLimits;
pub use peer::{NAME_CHARS, SocketPeer, user_name};
pub use server::Gateway;
pub use socket::{ApiSocket, SocketError};
