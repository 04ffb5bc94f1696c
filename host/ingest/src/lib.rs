//! Events in over HTTP and gRPC: the protocols that shippers speak, as decoders and as one router for a server to mount.
//! A request is answered when its events are committed. Paths and answers are described in `docs/ingest.md`.

mod agents;
mod answers;
mod batch;
mod body;
mod counters;
mod decode;
mod error;
mod grpc;
mod incoming;
mod ingest;
mod journal_upload;
mod keys;
mod limits;
mod protobuf;
mod receiver;
mod routes;
mod seen_entries;
#[cfg(test)]
mod tests;
mod unpacked;

pub use agents::{AgentRegistry, KnownAgentChange, agent_route_rules, agent_router};
pub use ingest::Ingest;
pub use limits::IngestLimits;
pub use routes::{route_rules, router};
