//! The API of a host as plain data: the trait [`Service`], its requests and answers, and errors that
//! an HTTP status can be made of.

mod access;
mod error;
mod history;
mod service;
mod status;

pub use access::{Authenticate, Caller, Role, RoleSet, RouteRule, TokenRefusal};
pub use error::{ApiError, Problem};
pub use history::{
    AuditMark, AuditReport, AuditTrailRow, ChainBreak, DeliveryState, OutboxFilter, PastAlerts, PastAudit, PastBadges,
    UndeliveredNotice,
};
pub use service::{ActOutcome, NoticeSelection, Service, ServiceFactory};
pub use status::{
    AlertCounts, CompilingRule, ConfigStatus, DropStatus, EngineStatus, HostStatus, MemoryStatus, ReceiverStatus,
    RefusedRule, RuleDiff, RuleStatus, SourceState, SourceStatus, StoreState, StoreStatus, WatchStatus,
};
