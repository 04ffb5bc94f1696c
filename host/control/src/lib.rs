//! How the command line reaches a running host: a Unix socket beside its store. One line of JSON
//! asks, one line of JSON answers; who asks is what the kernel says, not what the client says.

mod address;
mod bind;
mod client;
mod connections;
mod peer;
mod request;
mod rows;
mod serve;
mod status;
mod wire;

pub use bind::{BindError, Server, Stopper};
pub use client::{AskError, Client, ConnectError};
pub use peer::{NAME_CHARS, Peer, user_name};
pub use request::{Reply, Request, Response};
pub use rows::{
    AuditMark, AuditReport, AuditRow, Break, OutboxFilter, OutboxRow, PastAlerts, PastAudit, PastBadges, Rows, Waiting,
};
pub use serve::{CONNECTIONS, REQUEST_DEADLINE_MS, WRITE_DEADLINE_MS};
pub use status::{
    AlertCounts, CompilingRule, ConfigStatus, DropStatus, EngineStatus, MemoryStatus, ReceiverStatus, RefusedRule,
    RuleStatus, SourceState, SourceStatus, Status, StoreState, StoreStatus,
};
pub use wire::REQUEST_BYTES;
