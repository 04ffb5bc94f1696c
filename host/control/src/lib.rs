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
mod wire;

pub use bind::{BindError, Server, Stopper};
pub use client::{AskError, Client, ConnectError};
pub use lifesigns_api::{
    AlertCounts, AuditMark, AuditRow, AuditVerification as AuditReport, ChainBreak as Break, CompilingRule,
    ConfigStatus, DeliveryState as Waiting, DropStatus, EngineStatus, HostStatus as Status, MemoryStatus, OutboxFilter,
    PastAlerts, PastAudit, PastBadges, ReceiverStatus, RefusedRule, RuleStatus, SourceState, SourceStatus, StoreState,
    StoreStatus, UndeliveredNotice as OutboxRow,
};
pub use peer::{NAME_CHARS, Peer, user_name};
pub use request::{Reply, Request, Response};
pub use rows::Rows;
pub use serve::{CONNECTIONS, REQUEST_DEADLINE_MS, WRITE_DEADLINE_MS};
pub use wire::REQUEST_BYTES;
